"""One Chromium for a whole run, used from several threads (docs/decisions/0004).

Playwright's sync API belongs to the thread that started it. So the browser has a thread of its own; what the others
want done runs there, each piece of work in a greenlet: while one waits for its page, another goes on.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from threading import Lock, Thread
from typing import Any, Self, TypeVar

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Error, Playwright

from checks import os_words
from checks.contract import System
from checks.visit import Certificate
from tasks.browser.launch import BrowserError, BrowserGoneError, launched
from tasks.crypto import tls
from tasks.settings import Settings

T = TypeVar("T")
_PATIENCE = 30.0  # seconds for a browser to close
_LONGEST = 120.0  # seconds for one piece of work, unless its caller knows better


class Chromium:
    """Starts in the background when entered, and once more when it is gone and needed.

    Args:
        systems: those that will be visited; what the contract accepts of their certificates, it accepts.
    """

    def __init__(self, settings: Settings, systems: Sequence[System] = ()) -> None:
        self._settings, self._systems = settings, systems
        self._lock = Lock()
        self._running: Running | None = None
        self._closed = False

    def __enter__(self) -> Self:
        self._running = Running(self._settings, self._systems)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            if self._running:
                self._running.close()

    def ready(self) -> "Running":
        """The running browser.

        Raises:
            BrowserError: there is none and none can be started.
        """
        with self._lock:
            if self._closed:
                raise BrowserError("巡检已经停止")
            if not self._running or self._running.gone:
                self._running = Running(self._settings, self._systems)
            running = self._running
        running.wait()
        return running


class Running:
    """One browser process and its thread."""

    certificates: Mapping[str, Certificate]  # by system; of those that showed one

    def __init__(self, settings: Settings, systems: Sequence[System]) -> None:
        self._settings, self._systems = settings, systems
        self._lock = Lock()  # over what callers and the thread both change: these two
        self._unanswered: set[Future[Any]] = set()
        self._over = False
        self._jobs: set[greenlet] = set()
        self._leaving = False
        self._started: Future[None] = Future()
        self._thread = Thread(target=self._live, name="chromium", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until it can be asked for something.

        Raises:
            BrowserError: it does not start.
        """
        self._started.result()

    @property
    def gone(self) -> bool:
        """It is of no use any more."""
        return self._over or (self._started.done() and not self._browser.is_connected())

    def do(self, work: Callable[[Playwright, Browser], T], patience: float = _LONGEST) -> T:
        """Run `work` in the browser's thread, beside the work of others, and wait for what it returns.

        Args:
            patience: seconds. Some of Playwright's calls have no limit of their own, and a page can keep them waiting
                for ever; then the browser is given up.

        Raises:
            BrowserGoneError: there is no browser any more, or it has not answered in time.
        """
        answer: Future[T] = Future()
        with self._lock:
            if self._over:
                raise BrowserGoneError
            self._unanswered.add(answer)
            self._loop.call_soon_threadsafe(self._begin, work, answer)
        if not wait([answer], patience).done:
            self._give_up()
            raise BrowserGoneError
        return answer.result()

    def _give_up(self) -> None:
        with self._lock:
            if not self._over:
                self._over = True
                self._loop.call_soon_threadsafe(self._leave)

    def close(self) -> None:
        """End it. Whoever still waits gets a BrowserGoneError."""
        wait([self._started])
        with self._lock:
            if not self._over:
                self._loop.call_soon_threadsafe(self._leave)
        self._thread.join(_PATIENCE)

    def _live(self) -> None:
        """The thread: start the browser, let Playwright's loop run until it is time to leave, close."""
        try:
            with (
                ThreadPoolExecutor(1) as pool,
                launched(self._settings, pool.submit(self._trusted_keys)) as (self._playwright, self._browser),
            ):
                self._loop, self._main = asyncio.get_running_loop(), getcurrent()
                # Playwright runs its loop in a greenlet that it does not show; a callback of the loop is inside it.
                loops: list[greenlet] = []
                self._loop.call_soon(lambda: loops.append(getcurrent()))
                self._browser.new_context().close()
                self._browser.on("disconnected", self._disconnected)
                self._started.set_result(None)
                try:
                    while not self._leaving and not loops[0].dead:
                        loops[0].switch()
                finally:
                    self._retire()
        except BaseException as error:
            self._retire()
            if self._started.done():
                raise
            self._started.set_exception(_in_words(error))
        finally:
            self._settle()

    def _retire(self) -> None:
        """Take no more work. Before anybody is told, so that nobody comes back to what is over."""
        with self._lock:
            self._over = True

    def _trusted_keys(self) -> list[str]:
        seen = _look_at_certificates(self._systems, self._settings)
        self.certificates = {name: look.certificate for name, look in seen.items()}
        return [seen[one.id].key for one in self._systems if one.id in seen and _accepted(one, seen[one.id])]

    def _disconnected(self, _: Browser) -> None:
        self._loop.call_soon(self._leave)

    def _leave(self) -> None:
        if not self._leaving:
            self._leaving = True
            self._main.switch()

    def _begin(self, work: Callable[[Playwright, Browser], T], answer: Future[T]) -> None:
        job = greenlet(self._work)
        self._jobs.add(job)
        job.switch(work, answer)

    def _work(self, work: Callable[[Playwright, Browser], T], answer: Future[T]) -> None:
        try:
            give = partial(answer.set_result, work(self._playwright, self._browser))
        except asyncio.CancelledError:  # Playwright's driver is gone, and its loop with it
            give = partial(answer.set_exception, BrowserGoneError())
        except BaseException as error:
            give = partial(answer.set_exception, error)
        self._jobs.discard(getcurrent())
        with self._lock:
            if answer in self._unanswered:  # otherwise the caller has been told that the browser is gone
                self._unanswered.discard(answer)
                give()

    def _settle(self) -> None:
        """There is no loop any more: nobody may wait for it."""
        with self._lock:
            for answer in self._unanswered:
                answer.set_exception(BrowserGoneError())
            self._unanswered.clear()
        for job in list(self._jobs):
            with suppress(BrowserGoneError, Error):
                job.throw(BrowserGoneError())


def _in_words(error: BaseException) -> BaseException:
    """Why it did not start, for the operator."""
    if isinstance(error, Error):
        return BrowserError("浏览器刚启动就被关闭或崩溃；请查本机内存是否不足")
    if isinstance(error, tls.AuthorityError):
        return BrowserError(f"{error}")
    if isinstance(error, OSError):
        return BrowserError(f"浏览器启动失败：{error.filename or '系统'}（{os_words.say(error)}）")
    return error


def _look_at_certificates(systems: Sequence[System], settings: Settings) -> dict[str, tls.Seen]:
    """By system; where nobody answers there is none, and the visit itself will say why."""
    trusted = tls.trusting(settings.ca_dir)

    def look(system: System) -> tls.Seen | None:
        url, patience = system.url, system.limits.down
        if url.scheme != "https" or not url.host:
            return None
        with suppress(OSError):
            return tls.certificate(url.host, url.port or 443, trusted, patience, datetime.now(UTC))
        return None

    with ThreadPoolExecutor(len(systems) or 1) as pool:
        found = pool.map(look, systems)
        return {system.id: seen for system, seen in zip(systems, found, strict=True) if seen}


def _accepted(system: System, seen: tls.Seen) -> bool:
    certificate = seen.certificate
    trusted = certificate.trusted or (certificate.self_signed and system.certificate.allow_self_signed)
    return trusted and certificate.days_left > 0
