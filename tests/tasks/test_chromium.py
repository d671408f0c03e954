"""One real Chromium that several threads use at once, and what becomes of them when it is killed or closed."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Error, Playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError, BrowserGoneError
from tasks.settings import Settings

PATIENCE = 30


class Meeting:
    """A page that answers when two have asked for it, and one that never does."""

    def __init__(self) -> None:
        self.here = 0
        self.asked = threading.Event()
        routes = [Route("/meet", self.meet), Route("/never", self.never), Route("/", self.plain)]
        self.app = Starlette(routes=routes)

    async def plain(self, _: Request) -> Response:
        return HTMLResponse("<title>到了</title>")

    async def meet(self, _: Request) -> Response:
        self.here += 1
        while self.here < 2:
            await asyncio.sleep(0.05)
        return HTMLResponse("<title>见到了</title>")

    async def never(self, _: Request) -> Response:
        self.asked.set()
        await asyncio.sleep(PATIENCE)
        return Response()


def title_of(url: str) -> Callable[[Playwright, Browser], str]:
    def work(_: Playwright, browser: Browser) -> str:
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(url)
            return page.title()

    return work


@pytest.fixture
def site(serve: Callable[..., str]) -> tuple[Meeting, str]:
    meeting = Meeting()
    return meeting, serve(meeting.app)


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    with Chromium(Settings(home=tmp_path)) as chromium:
        yield chromium


@pytest.fixture
def waiting(site: tuple[Meeting, str], chromium: Chromium) -> Iterator[Future[str]]:
    """A caller that waits for a page that never comes."""
    meeting, base = site
    with ThreadPoolExecutor(1) as pool:
        running = chromium.ready()
        caller = pool.submit(running.do, title_of(f"{base}/never"))
        assert meeting.asked.wait(PATIENCE)
        yield caller


def command_lines() -> dict[psutil.Process, list[str]]:
    lines = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            lines[child] = child.cmdline()
    return lines


def browsers() -> list[psutil.Process]:
    def is_one(line: list[str]) -> bool:
        return any("--remote-debugging" in word for word in line) and not any(w.startswith("--type") for w in line)

    return [process for process, line in command_lines().items() if is_one(line)]


def drivers() -> list[psutil.Process]:
    return [process for process, line in command_lines().items() if "run-driver" in line]


def test_while_one_waits_another_goes_on(site: tuple[Meeting, str], chromium: Chromium) -> None:
    """Given a page that answers only when it is asked for twice, when two threads ask, then both are answered."""
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(chromium.ready().do, title_of(f"{site[1]}/meet")) for _ in range(2)]
        assert [one.result(PATIENCE) for one in both] == ["见到了", "见到了"]
    assert len(browsers()) == 1


def test_what_goes_wrong_in_the_work_is_told_to_its_caller_alone(site: tuple[Meeting, str], chromium: Chromium) -> None:
    running = chromium.ready()

    def wrong(*_: Any) -> None:
        raise ValueError("mistake")

    with pytest.raises(ValueError, match="mistake"):
        running.do(wrong)
    assert running.do(title_of(site[1])) == "到了"


@pytest.mark.parametrize("victims", [browsers, drivers])
def test_when_it_is_killed_nobody_waits_for_ever_and_the_next_gets_another(
    site: tuple[Meeting, str], chromium: Chromium, waiting: Future[str], victims: Callable[[], list[psutil.Process]]
) -> None:
    # When
    first = chromium.ready()
    [victim] = victims()
    victim.kill()
    # Then
    with pytest.raises((Error, BrowserGoneError)):
        waiting.result(PATIENCE)
    second = chromium.ready()
    assert second is not first
    assert second.do(title_of(site[1])) == "到了"


def test_what_never_answers_is_given_up_and_the_next_gets_another(
    site: tuple[Meeting, str], chromium: Chromium
) -> None:
    """Given a call of Playwright's that has no limit, when the page keeps it waiting, then its caller is told."""

    def hang(_: Playwright, browser: Browser) -> None:
        browser.new_page().evaluate("() => new Promise(() => {})")

    first = chromium.ready()
    with pytest.raises(BrowserGoneError):
        first.do(hang, patience=1)
    assert first.gone
    assert chromium.ready().do(title_of(site[1])) == "到了"


def test_closing_it_sends_everybody_home(chromium: Chromium, waiting: Future[str]) -> None:
    # When
    running = chromium.ready()
    chromium.__exit__()
    # Then
    with pytest.raises((Error, BrowserGoneError)):
        waiting.result(PATIENCE)
    with pytest.raises(BrowserGoneError):
        running.do(title_of("about:blank"))
    with pytest.raises(BrowserError, match="停止"):
        chromium.ready()
    assert browsers() + drivers() == []


def test_one_that_cannot_start_says_so_each_time(tmp_path: Path) -> None:
    with Chromium(Settings(home=tmp_path, browser=tmp_path / "none")) as chromium:
        for _ in range(2):
            with pytest.raises(BrowserError, match="XUNJIAN_BROWSER"):
                chromium.ready()


def test_a_disk_without_room_for_it_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with Chromium(Settings(home=tmp_path)) as chromium, pytest.raises(BrowserError, match="浏览器启动失败"):
        chromium.ready()


def test_an_authority_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("no certificate")
    with Chromium(Settings(home=tmp_path, ca=tmp_path)) as chromium, pytest.raises(BrowserError, match=r"broken\.pem"):
        chromium.ready()
