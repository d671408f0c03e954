"""Carries out declared steps on a page, in Playwright's words, and notes times and expectations."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn
from urllib.parse import urljoin

from playwright.sync_api import Dialog as NativeDialog
from playwright.sync_api import Download, Error, FrameLocator, Page
from playwright.sync_api import Locator as Found

from checks import journey as words
from checks.contract import Limits
from checks.finding import Reason
from checks.visit import Attachment, Expectation, Obstacle, Step
from tasks.browser import network
from tasks.browser.downloads import attachment
from tasks.browser.launch import BrowserGoneError
from tasks.browser.reading import locate, reading
from tasks.browser.watch import Watch

# With nothing under way for this long, what is not there will not come: a visitor would have given up.
SETTLED = 3.0
_POLL = 50  # ms
_BAD_SELECTOR = ("while parsing css selector", "is not a valid selector", "Unknown engine", "Unexpected token")
_MOVED_ON = "Execution context was destroyed"


class Stopped(Exception):
    """The visit cannot go on."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.message)
        self.obstacle = obstacle


class Stopwatch:
    """Times actions: one lasts from its start until the next one starts, so until what it led to was seen."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._running: tuple[str, float] | None = None

    def start(self, what: str) -> None:
        """Begin an action, which ends the one before."""
        self.stop()
        self._running = (what, time.monotonic())

    def stop(self) -> None:
        """End the action under way."""
        if self._running:
            what, started = self._running
            self.steps.append(Step(what=what, seconds=round(time.monotonic() - started, 3)))
            self._running = None


class Walker:
    """Walks through the steps of one journey.

    Args:
        close_window: called with every pop-up before it is closed.
        leave: called before every action that may leave what is shown: then its masked words are still there.
    """

    def __init__(
        self,
        base: str,
        limits: Limits,
        secrets: Mapping[str, str],
        watch: Watch,
        close_window: Callable[[Page], None],
        leave: Callable[[], None],
    ) -> None:
        self._base, self._limits, self._secrets, self._watch = base, limits, secrets, watch
        self._close_window, self._leave = close_window, leave
        self.stopwatch = Stopwatch()
        self.submitted = False  # something was clicked or pressed after a secret had been typed
        self._secret_typed = False
        self.expectations: list[Expectation] = []
        self.attachments: list[Attachment] = []

    def walk(self, page: Page, steps: list[words.Step], within: FrameLocator | None = None) -> None:
        """Do the steps in order.

        Raises:
            Stopped: a step could not be done, or an expectation was not met.
            BrowserGoneError: there is no browser any more.
        """
        for step in steps:
            self._do(step, page, within)

    def begin(self, what: str) -> None:
        """Begin an action, which ends the one before."""
        self.stopwatch.stop()
        self._leave()
        self.stopwatch.start(what)

    def close(self, window: Page) -> None:
        """Close a pop-up, after it has been read and its picture taken."""
        if not window.is_closed():
            self._close_window(window)
            window.close()

    def type(self, field: Found, text: str, *, secret: bool) -> None:
        """Type into a field. One that holds a secret is never on a picture."""
        field.fill(text)
        if secret:
            self._secret_typed = True
            field.evaluate("field => field.setAttribute('data-xunjian-mask', '')")

    def _do(self, step: words.Step, page: Page, within: FrameLocator | None) -> None:
        scope = within or page
        match step:
            case words.Goto():
                self._goto(page, step.goto)
            case words.Fill():
                what = step.fill
                text = what.value if what.secret is None else self._secrets[what.secret]
                with self.acting(f"填写{what}", page):
                    self.type(self._present(scope, what, page), text or "", secret=what.secret is not None)
            case words.Click():
                self.begin(f"点击{step.click}")
                self._click(scope, step.click, page)
            case words.Select():
                self.begin(f"选择{step.select}")
                with self.acting(f"选择{step.select}", page):
                    self._present(scope, step.select, page).select_option(label=step.select.option)
            case words.Press():
                self.begin(f"按键 {step.press.key}")
                with self.acting(f"按键 {step.press.key}", page):
                    self._present(scope, step.press, page).press(step.press.key)
                self.submitted = self._secret_typed
            case words.Expect():
                self._expect(scope, step.expect, page)
            case words.Download():
                self._download(scope, step.download, page)
            case words.Popup():
                self._popup(scope, step.popup, page)
            case words.InFrame():
                self.walk(page, step.frame.steps, scope.frame_locator(step.frame.selector))
            case words.Dialog():
                self._dialog(scope, step.dialog, page)

    def _goto(self, page: Page, path: str) -> None:
        self.begin(f"打开 {path.partition('?')[0]}")
        with self.acting(f"打开 {path.partition('?')[0]}", page):
            url = urljoin(_folder(self._base), path)
            if "#" in url and self._watch.blank(page) and page.url.partition("#")[0] == url.partition("#")[0]:
                # The page left behind is the same document, which `goto` would scroll and not load.
                page.evaluate("url => history.replaceState(null, '', url)", url)
                self._watch.begin(page)
                page.reload()
            else:
                page.goto(url)

    def _click(self, scope: Page | FrameLocator, where: words.Locator, page: Page) -> None:
        with self.acting(f"点击{where}", page):
            self._present(scope, where, page).click()
        self.submitted = self._secret_typed

    def _popup(self, scope: Page | FrameLocator, what: words.PopupWhat, page: Page) -> None:
        self.begin(f"弹出窗口{what.click}")
        with self.acting(f"弹出窗口{what.click}", page):
            found = self._present(scope, what.click, page)
            with page.expect_popup() as opened:
                found.click()
        self.walk(opened.value, what.steps)
        self.stopwatch.stop()
        self.close(opened.value)

    def _dialog(self, scope: Page | FrameLocator, what: words.DialogWhat, page: Page) -> None:
        self.begin(f"对话框{what.click}")
        messages: list[str] = []

        def answer(dialog: NativeDialog) -> None:
            messages.append(dialog.message)
            if what.accept:
                dialog.accept()
            else:
                dialog.dismiss()

        page.once("dialog", answer)
        self._click(scope, what.click, page)
        expected = f"含“{what.text}”" if what.text else "出现"
        self.await_that(
            f"对话框{what.click}",
            expected,
            lambda: (messages[0], (what.text or "") in messages[0]) if messages else ("没有出现", False),
            page,
        )

    def _download(self, scope: Page | FrameLocator, what: words.DownloadWhat, page: Page) -> None:
        name = f"下载{what.click}"
        self.begin(name)
        started: list[Download] = []
        page.once("download", lambda download: started.append(download))
        self._click(scope, what.click, page)
        self._poll(
            lambda: (f"没有开始下载（状态码 {self._watch.status}）", bool(started)),
            page,
            lambda actual, late: self._stop("no-download", name, actual, late=late),
        )
        with self.acting(name, page):
            self.attachments.append(attachment(started[0], what))

    def _expect(self, scope: Page | FrameLocator, what: words.ExpectWhat, page: Page) -> None:
        name, expected, read = reading(scope, what, page, self._watch)
        self.await_that(name, expected, read, page)

    def _present(self, scope: Page | FrameLocator, where: words.Locator, page: Page) -> Found:
        """Wait until the element can be seen; a page that loads late is given its time."""
        found = locate(scope, where)
        if where.nth is None:
            found = found.first

        def seen() -> tuple[str, bool]:
            return ("", True) if found.is_visible() else ("不可见" if found.count() else "没有找到", False)

        self._poll(seen, page, lambda actual, late: self._stop("not-found", f"{where}", f"{actual}{where}", late=late))
        return found

    def await_that(self, what: str, expected: str, read: Callable[[], tuple[str, bool]], page: Page) -> None:
        """Wait until something is as expected, and note it either way.

        Raises:
            Stopped: it is not, and will not be.
        """

        def unmet(actual: str, late: bool) -> None:
            self.expectations.append(Expectation(what=what, expected=expected, actual=actual, met=False))
            self._stop("failed", what, f"不符合期望（{expected}）", late=late)

        actual = self._poll(read, page, unmet)
        self.expectations.append(Expectation(what=what, expected=expected, actual=actual, met=True))

    def _poll(self, read: Callable[[], tuple[str, bool]], page: Page, give_up: Callable[[str, bool], None]) -> str:
        """Read until it is as it should be, the limit is over, or nothing has moved for SETTLED seconds."""
        started = quiet_since = time.monotonic()
        while True:
            with self.acting("读取页面", page):
                try:
                    actual, met = read()
                except Error as error:
                    if _MOVED_ON not in error.message:
                        raise
                    actual, met = "页面一直在跳转，没有找到", False  # while it was read, the next one took its place
            if met:
                return actual
            now = time.monotonic()
            if self._watch.busy:
                quiet_since = now
            late = now - started > self._limits.down
            if late or now - quiet_since > SETTLED or self._watch.navigation_failure:
                give_up(actual, late)
            with self.acting("等待页面", page):
                page.wait_for_timeout(_POLL)

    @contextmanager
    def acting(self, what: str, page: Page) -> Iterator[None]:
        """Turn Playwright's errors into what they mean for the visit."""
        try:
            yield
        except Error as error:
            first = error.message.splitlines()[0] if error.message else type(error).__name__
            if not page.context.browser or not page.context.browser.is_connected() or "crashed" in first:
                raise BrowserGoneError from error
            if any(trait in error.message for trait in _BAD_SELECTOR):
                mistake = f"{what}：选择器写错了，请改合同目录里的这一步"
                raise Stopped(
                    Obstacle(kind="unknown", step=what, message=mistake, reason=Reason.CONFIGURATION)
                ) from error
            late = "Timeout" in first
            message = f"{self._limits.down:g} 秒内没有完成" if late else "浏览器报告："
            self._stop("failed", what, message, "" if late else first, late=late)

    def _stop(self, kind: str, step: str, message: str, detail: str = "", *, late: bool) -> NoReturn:
        """Say what is behind a step that failed: the network first, then the step itself."""
        failure = self._watch.navigation_failure or (detail if "net::ERR" in detail else "")
        if failure:
            raise Stopped(network.obstacle(failure, step))
        if late and self._watch.navigating:
            raise Stopped(Obstacle(kind="down", step=step, message=f"{self._limits.down:g} 秒内没有打开"))
        raise Stopped(Obstacle(kind=kind, step=step, message=message, detail=detail))


def _folder(base: str) -> str:
    """A system under a path: what is opened lies below it, whether or not the contract wrote the last slash."""
    return base if base.endswith("/") or "." in base.rpartition("/")[2] else f"{base}/"
