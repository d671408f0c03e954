"""Listens to a browser context during one visit and notes what happens: documents, requests, script errors."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Frame, Page, Request, Response, WebError

from checks.visit import Document


def bare(url: str) -> str:
    """A URL without query, fragment and user: what may stand in the ledger."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{unquote(parts.path)}" if host else f"{parts.scheme}:"


class Watch:
    """What was seen in a context since the visit began. Nothing here is redacted yet."""

    def __init__(self, context: BrowserContext) -> None:
        self.begin(None)
        for event, listener in self._listeners():
            context.on(event, listener)  # type: ignore[call-overload]

    def begin(self, window: Page | None) -> None:
        """Start a visit: nothing from before counts, nor what the page still shown in the window may do."""
        self._window = window
        self._arrived = window is None or window.url == "about:blank"
        self.documents: list[Document] = []
        self.script_errors: list[str] = []
        self.failed_requests: list[str] = []
        self._failures: dict[Frame | None, str] = {}  # Chromium's net error, by frame
        self._pending: set[Request] = set()

    def arrive(self, frame: Frame) -> None:
        """A frame of the window shows another document."""
        self._arrived = self._arrived or frame.parent_frame is None

    def blank(self, window: Page) -> bool:
        """A window shows nothing of this visit."""
        return window.url == "about:blank" or (window is self._window and not self._arrived)

    @property
    def busy(self) -> bool:
        """Requests are under way."""
        return bool(self._pending)

    @property
    def navigating(self) -> bool:
        """A document of a window or frame is still on its way."""
        return any(request.is_navigation_request() for request in self._pending)

    @property
    def navigation_failure(self) -> str:
        """Chromium's net error of a document that did not arrive."""
        return next(iter(self._failures.values()), "")

    @property
    def status(self) -> int | None:
        """The status of the last document that arrived."""
        return next((one.status for one in reversed(self.documents) if one.status is not None), None)

    def describe(self, url: str, title: str, times: Mapping[str, float | None]) -> None:
        """Add title and times to the last document of a window that was looked at."""
        for index in range(len(self.documents) - 1, -1, -1):
            if self.documents[index].url == bare(url):
                self.documents[index] = self.documents[index].model_copy(update={"title": title, **times})
                break

    def facts(self) -> dict[str, Any]:
        """What was noted, under the names that a visit's facts have; not yet redacted."""
        return {
            "documents": self.documents,
            "script_errors": self.script_errors,
            "failed_requests": self.failed_requests,
        }

    def _listeners(self) -> tuple[tuple[str, object], ...]:
        return (
            ("request", self._on_request),
            ("requestfinished", self._on_finished),
            ("requestfailed", self._on_failed),
            ("response", self._on_response),
            ("console", self._on_console),
            ("weberror", self._on_web_error),
        )

    def _counts(self, request: Request) -> bool:
        if self._arrived or not self._window:
            return True
        return request.is_navigation_request() and _frame(request) is self._window.main_frame

    def _on_request(self, request: Request) -> None:
        if self._counts(request):
            self._pending.add(request)

    def _on_finished(self, request: Request) -> None:
        self._pending.discard(request)

    def _on_failed(self, request: Request) -> None:
        self._pending.discard(request)
        failure = request.failure or ""
        if "ERR_ABORTED" in failure or not self._counts(request):  # a download, or a page left before all had arrived
            return
        if request.is_navigation_request():
            self._failures[_frame(request)] = failure
        self.failed_requests.append(f"{failure.removeprefix('net::')} {request.method} {bare(request.url)}")

    def _on_response(self, response: Response) -> None:
        request = response.request
        if not self._counts(request):
            return
        if request.is_navigation_request():
            if not 300 <= response.status < 400:
                self._failures.pop(_frame(request), None)
                self.documents.append(Document(url=bare(response.url), status=response.status))
        elif response.status >= 400:
            self._pending.discard(request)  # a script that leaves the error's body unread never finishes it
            self.failed_requests.append(f"{response.status} {request.method} {bare(response.url)}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # "Failed to load resource" repeats what is noted as a failed request.
        if self._arrived and message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.script_errors.append(message.text)

    def _on_web_error(self, error: WebError) -> None:
        if self._arrived:
            self.script_errors.append(str(error.error))


def _frame(request: Request) -> Frame | None:
    with suppress(Error):  # the first document of a new window has no frame yet
        return request.frame
    return None
