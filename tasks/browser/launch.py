"""Finds and starts Chromium."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from tasks.fonts import missing_cjk_font
from tasks.leftovers import TEMPORARY
from tasks.settings import Settings

_QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--renderer-process-limit=1",
    # No --disable-features: of two, Chromium obeys the last, and Playwright has one of its own that it needs.
]
_SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_REMEDY = "请安装 Chromium（Debian：apt-get install chromium libatomic1），或用 XUNJIAN_BROWSER 指明可执行文件"


class BrowserError(Exception):
    """No browser, or it would not start; the message is for the operator."""


class BrowserGoneError(Exception):
    """The browser was killed or crashed."""

    def __init__(self) -> None:
        super().__init__("浏览器被关闭或崩溃")


def chromium_path(playwright: Playwright, settings: Settings) -> Path:
    """The path from the settings, Playwright's own Chromium, or the system's, in this order.

    Raises:
        BrowserError: there is none.
    """
    if settings.browser:
        if not os.access(settings.browser, os.X_OK):
            raise BrowserError(f"XUNJIAN_BROWSER 指的文件不存在或不可执行：{settings.browser}。{_REMEDY}")
        return settings.browser
    own = Path(playwright.chromium.executable_path)
    system = next((found for name in _SYSTEM if (found := shutil.which(name))), None)
    if own.exists():
        return own
    if system:
        return Path(system)
    raise BrowserError(f"没有找到 Chromium 浏览器。{_REMEDY}")


@contextmanager
def launched(settings: Settings, trusted_keys: Future[list[str]] | None = None) -> Iterator[tuple[Playwright, Browser]]:
    """Run a browser in this thread; downloads go to a folder that goes with it.

    Args:
        trusted_keys: base64 SHA-256 of public keys whose certificate we have verified ourselves. Chromium on
            Linux does not read the system's certification authorities, so it is told key by key.

    Raises:
        BrowserError: there is no browser, it does not start, or it could not draw Chinese.
    """
    _see_chinese()
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as downloads, sync_playwright() as playwright:
        path = chromium_path(playwright, settings)
        arguments = [*_QUIET]
        if keys := trusted_keys and trusted_keys.result():
            arguments.append(f"--ignore-certificate-errors-spki-list={','.join(keys)}")
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        try:
            browser = playwright.chromium.launch(executable_path=path, args=arguments, downloads_path=downloads)
        except Error as error:
            raise BrowserError(f"浏览器启动失败（{path}）：{error.message.splitlines()[0]}。{_REMEDY}") from error
        try:
            yield playwright, browser
        finally:
            with suppress(Error):  # it may be gone already
                browser.close()


@cache  # a font that is there stays; that there is none is asked anew each time, since exceptions are not cached
def _see_chinese() -> None:
    if warning := missing_cjk_font():
        raise BrowserError(warning)
