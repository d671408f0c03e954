"""Visits to small real sites that have the manners and the faults of the real kind, in a real Chromium.

A contract of a few systems is inspected as in earnest (`flows.page_visits`); each test looks at what is on record then.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from checks.finding import Finding, Reason, State
from checks.records import RunRecord
from checks.visit import Visit
from rehearsal.certs import make_certificates
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
PASSWORD = "s3cret-kouling-4711"
PDF = b"%PDF-1.7\n" + b"0" * 4000 + b"\n%%EOF\n"
SHORT = {"warn": 0.5, "crit": 1, "down": 2}

PAGES = {
    "/frames": "<iframe name=outer src=/outer></iframe>",
    "/outer": "<iframe name=inner src=/inner></iframe>",
    "/inner": "<p data-testid=deep>最里层</p>",
    "/popup": "<a target=_blank href=/window>打开</a>",
    "/window": "<h1>新窗口</h1>",
    "/dialogs": """<p data-testid=answer>未答</p><script>
        const say = word => document.querySelector('[data-testid=answer]').textContent = word;</script>
        <button onclick="say(confirm('确认删除吗？') ? '确定了' : '取消了')">删除</button>
        <button onclick="alert('已经送出'); say('送出')">送出</button>""",
    "/files": "<a href=/good.pdf>完整</a> <a href=/cut.pdf>截断</a> <a href=/fake.pdf>假的</a>",
    "/late": """<div id=app>加载中</div><script>
        const show = data => { document.querySelector('#app').textContent = data.word };
        fetch('/slow').then(answer => answer.json()).then(show)</script>""",
    "/never": "<h1>有标题，没有按钮</h1>",
    "/error": "<h1>系统错误</h1><p>请联系管理员</p>",
    "/form": """<form onsubmit="fetch('/check', {method: 'POST', body: this.word.value}).then(r => r.text())
        .then(t => document.querySelector('output').textContent = t); return false">
        <label>口令<input name=word></label><button>提交</button></form><output></output>""",
    "/hostile": """<title>标题 | `x` {{ 7*7 }}</title><p class=secret>张三丰的考核材料</p><script>
        document.title = '张三丰的考核材料 \\ud800 13900000000'; console.error('张三丰的考核材料\\n\\u202e出错');
        fetch('/gone/张三丰的考核材料?token=t0ken')
            .then(() => document.body.append('已回答'))</script>
        <p data-testid=echo>有关张三丰的考核材料的说明</p>""",
}  # fmt: skip


class Site:
    """A site with pages for everybody, and a part behind a login. Notes every request."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.session = 0  # the number of the session that is alive
        self.expiring = {"/private/b"}  # the session ends at the first visit here
        self.kills = {"/kill-once": 1, "/kill-twice": 2}
        paths = {**dict.fromkeys(PAGES, self.page), **dict.fromkeys(self.kills, self.kill)}
        paths |= {"/good.pdf": self.file, "/cut.pdf": self.file, "/fake.pdf": self.file}
        paths |= {"/login": self.login, "/private/{name}": self.private, "/check": self.check}
        paths |= {"/hang": self.hang, "/loop": self.loop, "/gbk": self.gbk, "/slow": self.slow}
        paths |= {"/broken": self.broken}
        routes = [Route(path, self.noted(do), methods=["GET", "POST"]) for path, do in paths.items()]
        self.app = Starlette(routes=routes)

    def noted(self, do: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(request: Request) -> Response:
            self.log.append(f"{request.method} {request.url.path}")
            return await do(request)

        return handle

    async def page(self, request: Request) -> Response:
        return HTMLResponse(f"<!doctype html><meta charset=utf-8>{PAGES[request.url.path]}")

    async def file(self, request: Request) -> Response:
        content = {"/good.pdf": PDF, "/cut.pdf": PDF[:2000], "/fake.pdf": b"<html>404</html>"}[request.url.path]
        headers = {"content-disposition": f'attachment; filename="{request.url.path[1:]}"'}
        return Response(content, media_type="application/pdf", headers=headers)

    async def slow(self, request: Request) -> Response:
        await asyncio.sleep(1.5)
        return JSONResponse({"word": "终于来了"})

    async def hang(self, request: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    async def loop(self, request: Request) -> Response:
        return RedirectResponse("/loop")

    async def gbk(self, request: Request) -> Response:
        text = "<h1>收文管理</h1><p>共有若干份文件等待办理</p>"
        return Response(text.encode("gbk"), media_type="text/html; charset=utf-8")

    async def broken(self, request: Request) -> Response:
        return HTMLResponse("<h1>看上去正常</h1>", status_code=500)

    async def check(self, request: Request) -> Response:
        return Response("口令正确" if (await request.body()).decode() == PASSWORD else "口令错误")

    async def kill(self, request: Request) -> Response:
        """Kill the browser that asks, as the kernel does when memory runs out."""
        path = request.url.path
        if self.kills[path]:
            self.kills[path] -= 1
            for child in psutil.Process().children(recursive=True):
                line = " ".join(child.cmdline())
                if "--remote-debugging" in line and "--type=" not in line:
                    child.send_signal(signal.SIGKILL)
            await asyncio.sleep(5)
        return HTMLResponse("<meta charset=utf-8><h1>还在</h1>")

    async def login(self, request: Request) -> Response:
        said = ""
        if request.method == "POST":
            if PASSWORD in (await request.body()).decode():
                self.session += 1
                answer = RedirectResponse("/private/home", status_code=303)
                answer.set_cookie("session", str(self.session))
                return answer
            said = "用户名或密码错误"
        return HTMLResponse(
            f"<!doctype html><meta charset=utf-8><form method=post><p>{said}</p>"
            "<label>密码<input type=password name=word></label><button>登录</button></form>"
        )

    async def private(self, request: Request) -> Response:
        path = request.url.path
        if path in self.expiring:
            self.expiring.remove(path)
            self.session += 1
        if request.cookies.get("session") != str(self.session):
            return RedirectResponse("/login")
        if path == "/private/pretends":
            return await self.login(request)
        return HTMLResponse(f"<meta charset=utf-8><h1>内页 {request.path_params['name']}</h1>")


def journey(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "login": False, "steps": list(steps), **more}


def text(words: str) -> dict[str, Any]:
    return {"expect": {"text": words}}


def download(link: str) -> dict[str, Any]:
    return {"download": {"click": {"role": "link", "name": link}, "magic": "pdf", "min_bytes": 500}}


def dialog(button: str, says: str, **more: Any) -> dict[str, Any]:
    return {"dialog": {"click": {"role": "button", "name": button}, "text": says, **more}}


DEEP = {"frame": {"name": "outer", "steps": [{"frame": {"name": "inner", "steps": [text("最里层")]}}]}}
LOGIN = {
    "steps": [
        {"goto": "/login"},
        {"fill": {"label": "密码", "secret": "site.password"}},
        {"click": {"role": "button", "name": "登录"}},
        text("内页 home"),
    ]
}
TOUR = [
    journey("frames", {"goto": "/frames"}, DEEP),
    journey(
        "popup",
        {"goto": "/popup"},
        {"popup": {"click": {"role": "link", "name": "打开"}, "steps": [text("新窗口")]}},
        text("打开"),
    ),
    journey("dismiss", {"goto": "/dialogs"}, dialog("删除", "确认删除"), text("取消了")),
    journey("accept", {"goto": "/dialogs"}, dialog("删除", "确认删除", accept=True), text("确定了")),
    journey("alert", {"goto": "/dialogs"}, dialog("送出", "已经送出"), text("送出")),
    journey("good-file", {"goto": "/files"}, download("完整")),
    journey("cut-file", {"goto": "/files"}, download("截断")),
    journey("fake-file", {"goto": "/files"}, download("假的")),
    journey("late", {"goto": "/late"}, text("终于来了")),
    journey(
        "never",
        {"goto": "/never"},
        {"click": {"role": "button", "name": "办理"}},
        text("x"),
        limits={"warn": 3, "crit": 10, "down": 60},
    ),
    journey("hang", {"goto": "/hang"}, text("x"), limits=SHORT),
    journey("loop", {"goto": "/loop"}, text("x")),
    journey("error", {"goto": "/error"}, text("系统")),
    journey("broken", {"goto": "/broken"}, text("看上去正常")),
    journey("gbk", {"goto": "/gbk"}, {"expect": {"css": "h1", "count": 1}}),
    journey(
        "hostile",
        {"goto": "/hostile"},
        {"expect": {"test_id": "echo", "text": "说明"}},
        text("已回答"),  # or the next step might leave before the request has failed
        {"goto": "/never"},
        text("有标题"),
    ),
    {"id": "recorded", "title": "recorded", "login": False, "recorded": "journeys/recorded.py"},
    {"id": "pytest", "title": "pytest", "login": False, "recorded": "journeys/test_recorded.py"},
    {"id": "unmet", "title": "unmet", "login": False, "recorded": "journeys/unmet.py", "limits": SHORT},
]

RECORDED = """\
import re
from playwright.sync_api import Playwright, sync_playwright, expect


def run(playwright: Playwright) -> None:
    browser = playwright.chromium.launch(headless=False)
    context = browser.new_context()
    page = context.new_page()
    page.goto("BASE/popup")
    with page.expect_popup() as page1_info:
        page.get_by_role("link", name="打开").click()
    page1 = page1_info.value
    expect(page1.get_by_role("heading")).to_contain_text("新窗口")
    page1.close()
    page.goto("BASE/dialogs")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="删除").click()
    expect(page.get_by_test_id("answer")).to_contain_text("取消了")
    page.goto("BASE/files")
    with page.expect_download() as download_info:
        page.get_by_role("link", name="完整").click()
    download = download_info.value
    page.close()

    # ---------------------
    context.close()
    browser.close()


with sync_playwright() as playwright:
    run(playwright)
"""
RECORDED_TEST = """\
import re
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.goto("BASE/form")
    page.get_by_role("textbox", name="口令").click()
    page.get_by_role("textbox", name="口令").fill("secret:site.password")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("status")).to_have_text("口令正确")
    expect(page.get_by_role("textbox", name="口令")).to_have_value("secret:site.password")
"""
UNMET = """\
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.goto("BASE/window")
    expect(page.get_by_role("heading")).to_have_text("旧窗口")
"""


class World(NamedTuple):
    """The site, and what is on record of each system that was inspected."""

    site: Site
    run: Callable[[str], RunRecord]
    settings: Settings


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., str], helpers: Any) -> World:
    home = tmp_path_factory.mktemp("browser")
    make_certificates(home / "certs", datetime.now(UTC))
    (home / "ca").mkdir()
    (home / "ca/ca.pem").write_bytes((home / "certs/ca.pem").read_bytes())
    site = Site()
    base = serve(site.app)
    tls = {kind: serve(site.app, home / f"certs/{kind}.pem") for kind in ("self-signed", "expired", "valid")}
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}"
    page = journey("page", {"goto": "/window"}, text("新窗口"))
    inner = [journey(name, {"goto": f"/private/{name}"}, text(f"内页 {name}"), login=True) for name in ("a", "b", "c")]
    pretends = journey("pretends", {"goto": "/private/pretends"}, text("登录"), login=True)
    kill = [
        journey(name, {"goto": f"/{name}"}, text("还在"), **more)
        for name, more in {"kill-once": {}, "kill-twice": {}}.items()
    ]
    wrong = {"fill": {"label": "密码", "secret": "site.wrong"}}
    members = {"account": "site", "login": LOGIN}
    contract = helpers.write_contract(
        home / "contract",
        {"id": "tour", "url": base, "masks": [".secret"], "journeys": TOUR},
        {"id": "members", "url": base, **members, "journeys": [*inner, pretends]},
        {"id": "kills", "url": base, **members, "journeys": [*kill, page]},
        {"id": "wrong", "url": base, "journeys": inner, "account": "site",
         "login": {"steps": [LOGIN["steps"][0], wrong, *LOGIN["steps"][2:]]}},
        {"id": "captcha", "url": base, "account": "site", "login": {**LOGIN, "semi_manual": True}, "journeys": inner},
        {"id": "phone", "url": base, "screen": {"device": "iPhone 13"}, "journeys": [page]},
        {"id": "nowhere", "url": "http://does-not-exist.invalid", "journeys": [page]},
        {"id": "refused", "url": refused, "journeys": [page]},
        {"id": "masks", "url": base, "masks": [".fine", "[["], "journeys": [page, {**page, "id": "second"}]},
        {"id": "valid", "url": tls["valid"], "journeys": [page]},
        {"id": "expired", "url": tls["expired"], "journeys": [page]},
        {"id": "selfsigned", "url": tls["self-signed"], "journeys": [page]},
        {"id": "accepted", "url": tls["self-signed"], "certificate": {"allow_self_signed": True}, "journeys": [page]},
    )  # fmt: skip
    for name, source in {"recorded": RECORDED, "test_recorded": RECORDED_TEST, "unmet": UNMET}.items():
        (contract / f"journeys/{name}.py").write_text(source.replace("BASE", base), encoding="utf-8")
    helpers.write_secret(home / "secrets", "site.password", PASSWORD)
    helpers.write_secret(home / "secrets", "site.wrong", "another-word")
    settings = Settings(home=home, contract=contract)
    return World(site, cache(lambda system: helpers.inspect(settings, system)), settings)


def finding(run: RunRecord, target: str, check: str) -> Finding:
    """The last verdict."""
    return next(r.finding for r in run.latest() if (r.target, r.finding.check) == (target, check))


def states(run: RunRecord, target: str) -> set[State]:
    return {record.finding.state for record in run.latest() if record.target == target}


def visits(run: RunRecord, target: str) -> list[Visit]:
    return [visit for visit in run.visits if visit.target == target]


class TestManners:
    @pytest.mark.parametrize("name", ["frames", "popup", "dismiss", "accept", "alert", "good-file", "late"])
    def test_all_is_well(self, world: World, name: str) -> None:
        # When
        run = world.run("tour")
        # Then
        assert states(run, f"tour/{name}") == {State.OK}
        assert len(visits(run, f"tour/{name}")) == 1

    def test_every_window_is_on_a_picture(self, world: World) -> None:
        kept = [file for file in world.run("tour").evidence if file.target == "tour/popup"]
        assert len(kept) == 2
        assert all((world.settings.evidence_dir / file.path).stat().st_size == file.size for file in kept)

    def test_an_attachment_is_looked_at_and_thrown_away(self, world: World) -> None:
        # When
        [file] = visits(world.run("tour"), "tour/good-file")[0].attachments
        # Then
        assert (file.magic, file.size, file.complete) == ("pdf", len(PDF), True)
        assert not [path for path in world.settings.root.rglob("*.pdf") if "reports" not in path.parts]

    @pytest.mark.parametrize(("name", "said"), [("cut-file", "中断"), ("fake-file", "实际 html")])
    def test_an_attachment_that_is_not_what_it_claims(self, world: World, name: str, said: str) -> None:
        found = finding(world.run("tour"), f"tour/{name}", "PG08")
        assert found.state is State.CRIT
        assert said in found.summary

    def test_a_late_page_is_timed_until_it_can_be_seen(self, world: World) -> None:
        [visit] = visits(world.run("tour"), "tour/late")
        assert visit.steps[0].seconds >= 1.5

    def test_device(self, world: World) -> None:
        # When
        run = world.run("phone")
        # Then: 390 CSS pixels, three device pixels each
        from PIL import Image

        with Image.open(world.settings.evidence_dir / run.evidence[0].path) as picture:
            assert picture.width == 390 * 3


class TestFaults:
    def test_what_never_comes_is_given_up_when_all_is_quiet(self, world: World) -> None:
        # When
        run = world.run("tour")
        # Then: the limit is 60 seconds
        found = finding(run, "tour/never", "PG05")
        assert found.state is State.CRIT
        assert "没有找到" in found.summary
        assert [visit.attempt for visit in visits(run, "tour/never")] == [1, 2]
        assert all(visit.seconds < 20 for visit in visits(run, "tour/never"))

    @pytest.mark.parametrize(
        ("name", "check", "said"),
        [
            ("hang", "PG01", "2 秒内没有打开"),
            ("loop", "PG01", "重定向循环"),
            ("broken", "PG01", "实际 500"),
            ("error", "PG04", "系统错误"),
            ("gbk", "PG04", "乱码"),
        ],
    )
    def test_is_critical_and_says_why(self, world: World, name: str, check: str, said: str) -> None:
        # When
        found = finding(world.run("tour"), f"tour/{name}", check)
        # Then
        assert found.state is State.CRIT
        assert said in found.summary
        assert len(visits(world.run("tour"), f"tour/{name}")) == 2

    def test_refused_is_down(self, world: World) -> None:
        found = finding(world.run("refused"), "refused/page", "PG01")
        assert (found.state, "连接被拒绝" in found.summary) == (State.CRIT, True)

    def test_a_name_that_does_not_resolve_is_not_down(self, world: World) -> None:
        run = world.run("nowhere")
        assert {(r.finding.state, r.finding.reason) for r in run.latest()} == {(State.UNKNOWN, Reason.UNREACHABLE)}
        assert "域名无法解析" in finding(run, "nowhere/page", "PG01").summary


class TestCertificates:
    def test_trusted(self, world: World) -> None:
        assert states(world.run("valid"), "valid/page") == {State.OK}

    def test_self_signed_is_refused(self, world: World) -> None:
        run = world.run("selfsigned")
        assert finding(run, "selfsigned/page", "PG03").state is State.CRIT
        assert finding(run, "selfsigned/page", "PG01").state is State.UNKNOWN

    def test_self_signed_is_a_warning_where_the_contract_accepts_it(self, world: World) -> None:
        run = world.run("accepted")
        assert finding(run, "accepted/page", "PG03").state is State.WARN
        assert finding(run, "accepted/page", "PG05").state is State.OK

    def test_expired_is_critical_and_tried_once(self, world: World) -> None:
        run = world.run("expired")
        assert "已过期" in finding(run, "expired/page", "PG03").summary
        assert finding(run, "expired/page", "PG05").state is State.UNKNOWN


class TestLogin:
    def test_a_session_that_expires_is_opened_again(self, world: World) -> None:
        # When
        run = world.run("members")
        # Then: both attempts are on record, and the session goes on
        assert [visit.obstacle.kind if visit.obstacle else None for visit in visits(run, "members/b")] == [
            "login-page",
            None,
        ]
        assert states(run, "members/b") == {State.OK}
        assert [visit.attempt for visit in visits(run, "members/c")] == [1]
        assert [visit.attempt for visit in visits(run, "members/login")] == [1]

    def test_a_login_page_with_200_is_not_the_page(self, world: World) -> None:
        """Even where the journey's own expectation is met on it."""
        found = finding(world.run("members"), "members/pretends", "PG04")
        assert found.state is State.CRIT
        assert "登录页" in found.summary

    def test_a_wrong_password(self, world: World) -> None:
        # When
        run = world.run("wrong")
        # Then
        assert finding(run, "wrong/login", "PG05").reason is Reason.AUTHENTICATION
        assert {(r.finding.state, r.finding.reason) for r in run.latest() if r.target != "wrong/login"} == {
            (State.UNKNOWN, Reason.AUTHENTICATION)
        }
        assert len({r.target for r in run.latest()}) == 4

    def test_a_captcha_is_left_to_a_person(self, world: World) -> None:
        # Given
        before = len(world.site.log)
        # When
        run = world.run("captcha")
        # Then: the site was not asked for anything
        assert world.site.log[before:] == []
        assert {(r.finding.check, r.finding.reason) for r in run.latest()} == {("PG00", Reason.MANUAL)}
        assert len(run.latest()) == 4


class TestRecorded:
    @pytest.mark.parametrize("name", ["recorded", "pytest"])
    def test_is_played_unedited(self, world: World, name: str) -> None:
        run = world.run("tour")
        assert states(run, f"tour/{name}") == {State.OK}
        [visit] = visits(run, f"tour/{name}")
        assert len(visit.expectations) == 2
        assert all(step.what.startswith("第 ") for step in visit.steps)

    def test_the_pop_up_is_photographed_before_it_closes(self, world: World) -> None:
        assert len([file for file in world.run("tour").evidence if file.target == "tour/recorded"]) == 2

    def test_an_unmet_expectation(self, world: World) -> None:
        found = finding(world.run("tour"), "tour/unmet", "PG05")
        assert found.state is State.CRIT
        assert "旧窗口" in found.summary
        assert "新窗口" in found.summary

    def test_a_secret_is_never_on_record(self, world: World) -> None:
        for system in ("tour", "members", "wrong"):
            assert PASSWORD not in world.run(system).model_dump_json()
            assert "another-word" not in world.run(system).model_dump_json()


class TestWords:
    def test_masked_words_stay_out_even_of_pages_left_behind(self, world: World) -> None:
        # When
        run = world.run("tour")
        [visit] = visits(run, "tour/hostile")[:1]
        # Then
        said = visit.model_dump_json()
        for word in ("张三丰", "13900000000", "t0ken"):
            assert word not in said
            assert word not in run.model_dump_json()
        assert "▇▇" in visit.expectations[0].actual
        assert "▇▇" in visit.script_errors[0]
        assert visit.failed_requests

    def test_a_mask_that_cannot_be_read_means_no_picture(self, world: World) -> None:
        # When
        run = world.run("masks")
        # Then
        assert {(r.finding.state, r.finding.reason) for r in run.latest()} == {(State.UNKNOWN, Reason.CONFIGURATION)}
        assert "[[" in run.latest()[0].finding.summary
        assert {r.target for r in run.latest()} == {"masks/page", "masks/second"}
        assert run.evidence == ()


class TestKilled:
    def test_once(self, world: World) -> None:
        # When
        run = world.run("kills")
        # Then: on record, and again in a new browser
        reasons = [r.finding.reason for r in run.findings if r.target == "kills/kill-once" and r.attempt == 1]
        assert set(reasons) == {Reason.NO_BROWSER}
        assert states(run, "kills/kill-once") == {State.OK}

    def test_twice(self, world: World) -> None:
        run = world.run("kills")
        assert {r.finding.reason for r in run.latest() if r.target == "kills/kill-twice"} == {Reason.NO_BROWSER}
        assert states(run, "kills/page") == {State.OK}


SCRIPT = """
import json, os, sys
given = dict(os.environ)
sys.path.insert(0, {tests!r})
from conftest import inspect
os.environ.update(given)
from tasks.settings import Settings
try:
    run = inspect(Settings(), "phone")
except Exception as error:
    print(type(error).__name__, error)
else:
    print(json.dumps([[r.finding.state, r.finding.reason, r.finding.summary] for r in run.latest()]))
"""


def elsewhere(world: World, command: list[str], **variables: object) -> str:
    """Inspect in a process of its own, and return what it says."""
    env = {**os.environ, "XUNJIAN_CONTRACT": str(world.settings.contract), "XUNJIAN_HOME": str(world.settings.root)}
    env |= {name: str(value) for name, value in variables.items()}
    script = SCRIPT.format(tests=str(ROOT / "tests"))
    done = subprocess.run(
        [*command, sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestMachine:
    def test_without_a_chinese_font_nothing_is_looked_at(self, world: World, tmp_path: Path) -> None:
        # Given
        empty = tmp_path / "fonts.conf"
        empty.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
        # When
        found = json.loads(elsewhere(world, [], FONTCONFIG_FILE=empty))
        # Then
        assert {(state, reason) for state, reason, _ in found} == {("UNKNOWN", "no-browser")}
        assert "fonts-noto-cjk" in found[0][2]

    def test_without_a_browser(self, world: World, tmp_path: Path) -> None:
        found = json.loads(elsewhere(world, [], XUNJIAN_BROWSER=tmp_path / "none"))
        assert {(state, reason) for state, reason, _ in found} == {("UNKNOWN", "no-browser")}
        assert "apt-get install chromium" in found[0][2]

    def test_an_evidence_folder_that_cannot_be(self, world: World, tmp_path: Path) -> None:
        # Given
        (tmp_path / "file").write_text("x")
        # When
        said = elsewhere(world, [], XUNJIAN_EVIDENCE=tmp_path / "file" / "evidence")
        # Then
        assert said.startswith("EvidenceError")
        assert "XUNJIAN_EVIDENCE" in said

    def test_a_full_disk(self, world: World, tmp_path: Path) -> None:
        # Given a disk of its own with room for the first look and not for a picture
        disk = tmp_path / "disk"
        disk.mkdir()
        (tmp_path / "mount").write_text(f'#!/bin/sh\nmount -t tmpfs -o size=8k tmpfs {disk} && exec "$@"\n')
        # When
        command = ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-m", "sh", str(tmp_path / "mount")]
        found = json.loads(elsewhere(world, command, XUNJIAN_EVIDENCE=disk))
        # Then: what was seen cannot be shown, so it does not count as seen; and that is on record
        assert {(state, reason) for state, reason, _ in found} == {("UNKNOWN", "permission")}
        assert "空间" in found[0][2]
