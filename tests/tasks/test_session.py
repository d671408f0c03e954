"""What is left in a window from one visit to the next, in a real Chromium: it must never count for the next one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from checks.finding import State
from checks.records import RunRecord
from tasks.settings import Settings

BUSY = """<h1>忙</h1><script>
    setInterval(() => { fetch('/poll'); console.error('前一页的错误') }, 20);
    setTimeout(() => location.href = '/elsewhere', 1500);
</script><iframe srcdoc="<script>setInterval(() => fetch('/poll'), 20)</script>"></iframe>"""
REFRESH = "<meta http-equiv=refresh content=1><h1>自动刷新</h1>"
MOVING = """<h1>等</h1><script>
    const n = Number(new URLSearchParams(location.search).get('n'));
    if (n < 40) setTimeout(() => location.href = `/moving?n=${n + 1}`, n % 20); else document.write('到了');
</script>"""
AWAY = """<h1>走了</h1><script>setInterval(() => location.href = '/away?' + Math.random(), 7)</script>"""
APP = "<h1>应用</h1><script>document.body.append(location.hash)</script>"


class Site:
    """Pages that go on working by themselves, slow ones and one that never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        pages = {
            "/busy": BUSY,
            "/refresh": REFRESH,
            "/app": APP,
            "/moving": MOVING,
            "/away": AWAY,
            "/elsewhere": "<h1>别处</h1>",
        }
        routes = [Route(path, self.page(text)) for path, text in pages.items()]
        routes += [Route("/poll", self.poll), Route("/slow", self.page("<h1>慢</h1>", 3)), Route("/hang", self.hang)]
        self.app = Starlette(routes=routes)

    def page(self, text: str, delay: float = 0) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self.asked.append(request.url.path)
            await asyncio.sleep(delay)
            return HTMLResponse(f"<!doctype html><meta charset=utf-8>{text}")

        return answer

    async def poll(self, _: Request) -> Response:
        self.asked.append("/poll")
        return Response(status_code=500)

    async def hang(self, _: Request) -> Response:
        await asyncio.sleep(30)
        return Response()


@pytest.fixture
def visit(serve: Callable[..., str], helpers: Any, tmp_path: Path) -> Callable[..., tuple[Site, RunRecord]]:
    """Visit paths one after the other in one session; the journeys are called 1, 2, …"""

    def run(*journeys: tuple[str, str], down: int = 6) -> tuple[Site, RunRecord]:
        site = Site()
        parts = [
            {"id": f"n{number}", "title": path, "steps": [{"goto": path}, {"expect": {"css": "body", "text": text}}]}
            for number, (path, text) in enumerate(journeys, 1)
        ]
        limits = {"warn": down - 2, "crit": down - 1, "down": down}
        login = {"steps": [{"goto": "/elsewhere"}, {"expect": {"text": "别处"}}]}
        system = {"id": "site", "url": serve(site.app), "limits": limits, "account": "site", "login": login}
        contract = helpers.write_contract(tmp_path / "contract", {**system, "journeys": parts})
        return site, helpers.inspect(Settings(home=tmp_path, contract=contract), "site")

    return run


def states(run: RunRecord, target: str) -> set[State]:
    return {record.finding.state for record in run.latest() if record.target == target}


def test_the_page_before_goes_to_rest(visit: Callable[..., tuple[Site, RunRecord]]) -> None:
    """Given a page that polls, complains and moves on by itself, when a slow one is visited next, then that one is
    well, and nothing of the first stands in its facts."""
    site, run = visit(("/busy", "忙"), ("/slow", "慢"))
    [busy, slow] = [visit for visit in run.visits if visit.target in ("site/n1", "site/n2") and visit.attempt == 1]
    assert busy.failed_requests
    assert states(run, "site/n2") == {State.OK}
    assert (slow.failed_requests, slow.script_errors) == ([], [])
    assert [one.url.rpartition("/")[2] for one in slow.documents] == ["slow"]
    assert site.asked.index("/slow") > max(n for n, path in enumerate(site.asked) if path == "/poll") - 5


def test_a_page_that_refreshes_itself_does_not_break_into_the_next(
    visit: Callable[..., tuple[Site, RunRecord]],
) -> None:
    site, run = visit(("/refresh", "自动刷新"), ("/slow", "慢"))
    assert states(run, "site/n2") == {State.OK}
    assert site.asked[-1] == "/slow"


def test_a_page_that_is_read_while_the_next_takes_its_place_is_read_again(
    visit: Callable[..., tuple[Site, RunRecord]],
) -> None:
    """Given a page that sends on forty times, when its text is waited for, then only the last one counts."""
    site, run = visit(("/moving", "到了"), down=60)  # how long forty pages take is not the question
    assert states(run, "site/n1") == {State.OK}
    assert site.asked.count("/moving") == 41, "looked at once"


def test_a_page_that_fails_while_it_goes_elsewhere_can_be_closed(
    visit: Callable[..., tuple[Site, RunRecord]],
) -> None:
    """Given a page that goes on and on, when something is expected of it in vain, then the visit ends, and the next is
    well: Chromium may forget to close a page that is on its way, and nobody may wait for that."""
    _, run = visit(("/away", "没有的内容"), ("/app", "应用"))
    assert State.CRIT in states(run, "site/n1")
    assert states(run, "site/n2") == {State.OK}


def test_a_page_that_does_not_come_is_not_shown_as_the_one_before(
    visit: Callable[..., tuple[Site, RunRecord]],
) -> None:
    """Given a page that was well, when the next one hangs, then there is no picture of the first under its name."""
    _, run = visit(("/app", "应用"), ("/hang", "什么"))
    pictures = [file.target for file in run.evidence]
    assert ("site/n1" in pictures, "site/n2" in pictures) == (True, False)
    assert State.CRIT in states(run, "site/n2")
    [first, _] = [visit for visit in run.visits if visit.target == "site/n2"]
    assert (first.documents, first.password_field, first.error_text) == ([], False, "")


def test_a_place_in_the_same_app_is_loaded_anew(visit: Callable[..., tuple[Site, RunRecord]]) -> None:
    site, run = visit(("/app#/one", "#/one"), ("/app#/two", "#/two"))
    assert states(run, "site/n2") == {State.OK}
    assert site.asked.count("/app") == 2
