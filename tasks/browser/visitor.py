"""Visits one system in sessions of its own: logs in once, then looks at one journey after the other."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, Self

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright

from checks.contract import Journey, Limits, Login, System
from checks.finding import Reason
from checks.journey import Goto
from checks.page_check import Part, needs_login
from checks.pages.right_page import error_trait
from checks.secrecy import Redactor
from checks.visit import Obstacle, Visit
from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserGoneError
from tasks.browser.look import Look, bad_masks, look, picture
from tasks.browser.recorded import play
from tasks.browser.session import Session
from tasks.browser.steps import Stopped, Walker
from tasks.browser.watch import Watch

# Steps' times that a visit may take: each step has the limit; so has what is done before, between and after them.
_RECORDED, _BESIDE = 40, 10


class SetupError(Exception):
    """Something in the contract cannot be used in a browser: a mask, a device. `what` is for the operator."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


class Seen(NamedTuple):
    """The facts of a visit, and the pictures taken in it: masked JPEGs."""

    visit: Visit
    pictures: list[bytes]


@dataclass
class _Notes:
    """What the windows showed, gathered before each was closed."""

    texts: list[str] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    password_field: bool = False


class Visitor:
    """One system, one session held in memory. Its visits are made one after the other.

    Raises:
        BrowserError: no browser can be started.
        SetupError: a mask of the contract cannot be used.
    """

    def __init__(self, system: System, folder: Path, secrets: Mapping[str, str], chromium: Chromium) -> None:
        self._system, self._folder, self._secrets = system, folder, secrets
        self._redactor = Redactor(secrets.values())
        self._held: Session | None = None
        self._chromium = chromium

    def __enter__(self) -> Self:
        self._running = self._chromium.ready()
        self._certificate = self._running.certificates.get(self._system.id)
        self._running.do(self._come)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrowserGoneError):  # then nothing is left to be closed
            self._running.do(lambda *_: self._go())

    def visit(self, part: Part, attempt: int) -> Seen:
        """Visit a journey, or log in. Never raises for what the site does; that is what the facts are for.

        Raises:
            BrowserGoneError: the browser was killed; enter a new Visitor.
        """

        def work(*_: object) -> Seen:
            with self._alive():
                return self._visit(part, attempt)

        steps = len(part.steps) if part.steps else _RECORDED
        return self._running.do(work, (steps + _BESIDE) * self._system.limits_of(part).down)

    def _come(self, playwright: Playwright, browser: Browser) -> None:
        self._playwright, self._browser = playwright, browser
        with self._alive():
            try:
                self._check_masks()
            except SetupError:
                self._go()  # whoever does not get in is not asked to leave
                raise

    def _go(self) -> None:
        if self._held:
            with suppress(Error):  # it may be gone already
                self._held.close()

    def _visit(self, part: Part, attempt: int) -> Seen:
        started, began = datetime.now(UTC), time.monotonic()
        limits, masks = self._system.limits_of(part), self._masks(part)
        session, notes = self._session_for(part), _Notes()
        page = session.open(limits.down, empty=not _opens_a_page(part))
        context, watch = session.context, session.watch
        walker = Walker(
            str(self._system.url),
            limits,
            self._secrets,
            watch,
            lambda window: self._note(window, watch, masks, notes, limits, failed=False),
            lambda: self._learn(context, watch, masks),
        )
        obstacle = self._walk(part, walker, page, watch, notes)
        for window in context.pages:
            self._note(window, watch, masks, notes, limits, failed=obstacle is not None)
        noted = watch.facts()
        if session is self._held:
            # What a recorded file or a visit that failed leaves in its window is not known: it gets no second visit.
            session.tidy(keep=obstacle is None and not (isinstance(part, Journey) and part.recorded))
        else:
            session.close()
        if obstacle is None and notes.password_field and self._needs_session(part):
            obstacle = _at_login_page(part.title)
        visit = Visit(
            target=self._system.target(part),
            attempt=attempt,
            started_at=started,
            seconds=round(time.monotonic() - began, 3),
            steps=walker.stopwatch.steps,
            error_text=error_trait("\n".join(notes.texts), self._system.error_texts),
            password_field=notes.password_field,
            pictures=len(notes.pictures),
            certificate=self._certificate,
            obstacle=obstacle,
            expectations=walker.expectations,
            attachments=walker.attachments,
            **noted,
        )
        return Seen(self._redacted(visit), notes.pictures)

    def _walk(self, part: Part, walker: Walker, page: Page, watch: Watch, notes: _Notes) -> Obstacle | None:
        try:
            if isinstance(part, Journey) and part.recorded:
                source = (self._folder / part.recorded).read_text(encoding="utf-8")
                play(source, part.recorded, page, self._playwright, walker, self._secrets)
            else:
                walker.walk(page, part.steps)
            walker.stopwatch.stop()
        except Stopped as stopped:
            return self._explain(stopped.obstacle, part, page, watch, submitted=walker.submitted)
        return None

    def _explain(self, obstacle: Obstacle, part: Part, page: Page, watch: Watch, *, submitted: bool) -> Obstacle:
        """A step that failed on a login page means: refused, once the secret was sent, or sent back there."""
        if obstacle.kind not in ("failed", "not-found"):
            return obstacle
        windows = [window for window in page.context.pages if not watch.blank(window)]
        at_login = any(self._shows_password_field(window) for window in windows)
        if at_login and isinstance(part, Login) and submitted:
            message = "登录没有成功，仍停在登录页；请核对巡检账号的用户名和口令"
            return Obstacle(kind="unknown", step=obstacle.step, message=message, reason=Reason.AUTHENTICATION)
        return _at_login_page(obstacle.step) if at_login and self._needs_session(part) else obstacle

    def _needs_session(self, part: Part) -> bool:
        return needs_login(self._system, part) and not (isinstance(part, Journey) and part.logs_out)

    def _shows_password_field(self, window: Page) -> bool:
        with suppress(Error):  # a window on its way elsewhere shows nothing yet
            return look(window, []).password_field
        return False

    def _learn(self, context: BrowserContext, watch: Watch, masks: list[str]) -> None:
        """Remember what must not be written of the windows as they are now."""
        for window in context.pages:
            if not watch.blank(window):
                with suppress(Error):  # on its way elsewhere
                    self._look(window, watch, masks)

    def _look(self, window: Page, watch: Watch, masks: list[str]) -> Look:
        """Look at a window, and note what must not be written, and what its document is."""
        seen = look(window, masks)
        self._redactor.learn(seen.masked)
        watch.describe(window.url, seen.title, seen.times)
        return seen

    def _note(
        self, window: Page, watch: Watch, masks: list[str], notes: _Notes, limits: Limits, *, failed: bool
    ) -> None:
        """Read a window and take its picture, in this order: what is masked must be known first."""
        if watch.blank(window):
            return
        try:
            seen = self._look(window, watch, masks)
            notes.texts.append(seen.text)
            notes.password_field = notes.password_field or seen.password_field
            notes.pictures.append(picture(window, masks, full_page=failed, timeout=limits.down))
        except Error:
            if not self._browser.is_connected():
                raise
            notes.texts.append("")  # a window that cannot be read gives no picture: better none than one unmasked

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Whatever Playwright says once there is no browser any more means just that."""
        try:
            yield
        except Error as error:
            if self._browser.is_connected() and "crashed" not in error.message:
                raise
            raise BrowserGoneError from error

    def _session_for(self, part: Part) -> Session:
        """The session held; at a login a new one, and one of its own for a journey that needs none."""
        if isinstance(part, Journey) and not part.login:
            return Session(self._new_context())
        if isinstance(part, Login) and self._held and self._held.used:
            self._held.close()
            self._held = None
        self._held = self._held or Session(self._new_context())
        return self._held

    def _new_context(self) -> BrowserContext:
        screen = self._system.screen
        options: dict[str, Any] = {}
        if screen.device:
            if screen.device not in self._playwright.devices:
                close = get_close_matches(screen.device, self._playwright.devices, 1)
                hint = f"，是不是 {close[0]}？" if close else ""
                raise SetupError(f"系统 {self._system.id} 的 screen.device：没有设备 {screen.device}{hint}")
            options = {**self._playwright.devices[screen.device]}
            options.pop("default_browser_type", None)
        else:
            options["viewport"] = screen.viewport.model_dump()
        if screen.user_agent:
            options["user_agent"] = screen.user_agent
        return self._browser.new_context(locale="zh-CN", **options)

    def _masks(self, part: Part) -> list[str]:
        return [*self._system.masks, *(part.masks if isinstance(part, Journey) else [])]

    def _check_masks(self) -> None:
        self._held = Session(self._new_context())
        masks = dict.fromkeys(mask for part in self._system.targets() for mask in self._masks(part))
        if bad := bad_masks(self._held.open(self._system.limits.down, empty=False), list(masks)):
            raise SetupError(f"系统 {self._system.id} 的遮盖不是正确的 CSS 选择器：{'、'.join(bad)}")

    def _redacted(self, visit: Visit) -> Visit:
        """Everything that came from a page, or may quote a secret, goes through the redactor before it leaves here."""
        clean, own = self._redactor.clean, self._redactor.clean_own
        return visit.model_copy(
            update={
                "documents": [
                    one.model_copy(update={"url": clean(one.url), "title": clean(one.title)}) for one in visit.documents
                ],
                "steps": [one.model_copy(update={"what": own(one.what)}) for one in visit.steps],
                "expectations": [
                    one.model_copy(update={"expected": own(one.expected), "actual": clean(one.actual)})
                    for one in visit.expectations
                ],
                "attachments": [one.model_copy(update={"name": clean(one.name)}) for one in visit.attachments],
                "script_errors": [clean(one) for one in visit.script_errors],
                "failed_requests": [clean(one) for one in visit.failed_requests],
                "obstacle": visit.obstacle
                and visit.obstacle.model_copy(
                    update={"step": own(visit.obstacle.step), "detail": clean(visit.obstacle.detail)}
                ),
            }
        )


def _opens_a_page(part: Part) -> bool:
    """What it does first is to open a page. A recorded file is played from an empty window, as it was recorded."""
    return not (isinstance(part, Journey) and part.recorded) and isinstance(part.steps[0], Goto)


def _at_login_page(step: str) -> Obstacle:
    return Obstacle(kind="login-page", step=step, message="回到了登录页")
