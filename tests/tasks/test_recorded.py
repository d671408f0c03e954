"""Recorded journeys as text: what is refused, and what `scrub` changes.

The two samples have the shape that Playwright 1.65's Python generator gives them (driver, PythonLanguageGenerator).
"""

import ast

import pytest

from tasks import recorded
from tasks.recorded import problems, scrub, secret_names

PASSWORD = 'K7-密·x\\9"q'
KNOWN = {"oa-inspector.username": "oa-inspector", "oa-inspector.password": PASSWORD}

LIBRARY = """\
import re
from playwright.sync_api import Playwright, sync_playwright, expect


def run(playwright: Playwright) -> None:
    browser = playwright.chromium.launch(headless=False)
    context = browser.new_context()
    page = context.new_page()
    page.goto("https://127.0.0.1:18401/login")
    page.get_by_role("textbox", name="用户名").fill("secret:oa-inspector.username")
    page.get_by_role("textbox", name="密码").fill("secret:oa-inspector.password")
    page.get_by_role("button", name="登录").click()
    with page.expect_popup() as page1_info:
        page.get_by_role("link", name="公告").click()
    page1 = page1_info.value
    expect(page1.get_by_role("heading")).to_contain_text("公告")
    page1.close()

    # ---------------------
    context.close()
    browser.close()


with sync_playwright() as playwright:
    run(playwright)
"""

PYTEST = """\
import re
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.goto("https://127.0.0.1:18401/")
    page.locator("#kw").fill("通知")
    expect(page.get_by_text("公告")).to_be_visible()
"""


def with_line(line: str) -> str:
    """The pytest sample with one more line, its ninth."""
    return f"{PYTEST}    {line}\n"


def whats(source: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.what) for problem in problems(source, KNOWN)]


@pytest.mark.parametrize("source", [LIBRARY, PYTEST, LIBRARY.replace("\n", "\r\n")])
def test_what_codegen_writes_is_accepted(source: str) -> None:
    assert problems(source, KNOWN) == []


class TestShape:
    def test_not_python(self) -> None:
        assert whats("def run(playwright:\n")[0][1].startswith("不是合法的 Python")

    def test_not_python_and_with_a_secret(self) -> None:
        assert (2, "第 2 行含有口令 oa-inspector.username") in whats("def run(\n# oa-inspector\n")

    def test_no_entry(self) -> None:
        assert "没有 run(playwright)" in whats(PYTEST.replace("test_example", "example"))[0][1]

    def test_async(self) -> None:
        assert whats(LIBRARY.replace("def run", "async def run")) == [(5, "是异步写法")]

    def test_two_entries(self) -> None:
        assert whats(PYTEST + PYTEST.replace("test_example", "test_two")) == [(13, "有 2 个入口函数")]

    def test_entry_is_named(self) -> None:
        assert recorded.entry(ast.parse(LIBRARY)) == "run"
        assert recorded.entry(ast.parse(PYTEST)) == "test_example"

    @pytest.mark.parametrize("line", ["", "    expect(page)\n", "    # expect(page).to_have_url('/')\n"])
    def test_asserts_nothing(self, line: str) -> None:
        source = "".join(PYTEST.splitlines(keepends=True)[:-1]) + line
        assert whats(source) == [(1, "没有期望任何内容（没有 expect）")]

    @pytest.mark.parametrize(
        "line", ["expect(page).not_to_have_title('x')", "assert page.title() == 'x'", "page.expect_download()"]
    )
    def test_asserts_something(self, line: str) -> None:
        source = "".join(PYTEST.splitlines(keepends=True)[:-1]) + f"    {line}\n"
        assert whats(source) == []


class TestSecrets:
    @pytest.mark.parametrize(
        "line",
        [
            'page.locator("#kw").fill("oa-inspector")',
            "# user: oa-inspector",
            'page.goto(f"/u/{1}/oa-inspector")',
            'page.goto("/u?name=oa%2Dinspector")',
            'page.locator("#kw").fill("oa-" + "inspector")',
            'page.locator("#kw").fill("oa-" "inspector")',
            'page.locator("#kw").fill("".join(["oa-", "inspector"]))',
            'page.locator("#kw").fill("oa-\\x69nspector")',
            'page.locator("#kw").fill(f"oa-{\'inspector\'}")',
            'page.locator("#kw").fill("secret:oa-inspector")',
        ],
    )
    def test_a_known_secret_is_found_however_it_is_written(self, line: str) -> None:
        assert whats(with_line(line)) == [(9, "第 9 行含有口令 oa-inspector.username")]

    def test_values_are_not_shown(self) -> None:
        source = with_line(f'page.locator("#kw").fill({PASSWORD!r})')
        assert problems(source, KNOWN)
        assert PASSWORD not in str(problems(source, KNOWN))

    def test_short_values_turn_up_by_chance(self) -> None:
        assert problems(PYTEST, {"x": "通知", "y": "公告"}) == []

    def test_the_remedy_works(self) -> None:
        # Given
        source = with_line('page.locator("#kw").fill("oa-inspector")')
        assert "journey scrub" in problems(source, KNOWN)[0].remedy
        # When
        clean, names = scrub(source, KNOWN)
        # Then
        assert problems(clean, KNOWN) == []
        assert names == ["oa-inspector.username"]


class TestPasswordFields:
    @pytest.mark.parametrize(
        "line",
        [
            'page.get_by_label("密码").fill("abc")',
            'page.get_by_label("登录口令").type("abc")',
            'page.get_by_placeholder("Password").press_sequentially("abc")',
            'page.get_by_role("textbox", name="用户密码", exact=True).fill("abc")',
            'page.get_by_role("textbox", name=re.compile("PWD")).fill("abc")',
            "page.locator('input[type=\"password\"]').first.fill(value='abc')",
            'page.frame_locator("#f").locator("#pwd").fill("abc")',
            'page.fill("#password", "abc")',
            'page.fill(selector="#password", value="abc")',
            'page.get_by_label("密码").fill(f"abc{1}")',
            'expect(page.get_by_label("密码")).to_have_value("abc")',
            'b.new_context(http_credentials={"username": "u", "password": "abc"})',
        ],
    )
    def test_a_literal_is_refused(self, line: str) -> None:
        assert whats(with_line(line)) == [(9, "密码框里写了口令本身")]

    @pytest.mark.parametrize(
        "line",
        [
            'page.get_by_label("密码").fill("secret:oa-inspector.password")',
            'page.fill("#password", "secret:oa-inspector.password")',
            'page.get_by_label("密码").fill("")',
            'page.get_by_label("密码").press("Enter")',
            'page.get_by_label("查询").fill("密码")',
        ],
    )
    def test_names_and_other_fields_are_fine(self, line: str) -> None:
        assert whats(with_line(line)) == []

    def test_a_name_must_be_one(self) -> None:
        assert whats(with_line('page.locator("#kw").fill("secret:OA 口令")')) == [(9, "口令名写法不对")]


@pytest.mark.parametrize(
    "line",
    [
        'browser.new_context(storage_state="auth.json")',
        'page.context.storage_state(path="auth.json")',
        'playwright.chromium.launch_persistent_context("profile")',
        'page.route_from_har("x.har")',
        'page.screenshot(path="x.png")',
        'download.save_as("x.pdf")',
        'browser.new_context(record_har_path="x.har")',
    ],
)
def test_nothing_goes_to_disk(line: str) -> None:
    assert [at for at, _ in whats(with_line(line))] == [9]


def test_no_storage_state_is_fine() -> None:
    assert whats(with_line("browser.new_context(storage_state=None)")) == []


class TestScrub:
    def test_only_whole_literals_change(self) -> None:
        # Given: Chinese before it on the line, another literal after it, comments, odd spacing, CRLF
        source = LIBRARY.replace('"secret:oa-inspector.password"', f"  {PASSWORD!r} ,timeout=3_0  ").replace(
            "\n", "\r\n"
        )
        source = source.replace('fill("secret:oa-inspector.username")', 'fill(r"oa-inspector")  # 说明：“x”')
        # When
        clean, names = scrub(source, KNOWN)
        # Then
        want = source.replace(repr(PASSWORD), '"secret:oa-inspector.password"')
        want = want.replace('r"oa-inspector"', '"secret:oa-inspector.username"')
        assert clean == want
        assert names == ["oa-inspector.username", "oa-inspector.password"]
        assert scrub(clean, KNOWN) == (clean, [])

    def test_two_on_a_line_and_one_over_two_lines(self) -> None:
        # Given
        source = 'x("密", "oa-inspector", "口", "oa-inspector")\ny("oa-"\n  "inspector", 1)\n'
        # When
        clean, _ = scrub(source, KNOWN)
        # Then
        name = '"secret:oa-inspector.username"'
        assert clean == f'x("密", {name}, "口", {name})\ny({name}, 1)\n'

    def test_what_it_cannot_change_it_leaves_to_problems(self) -> None:
        source = with_line('page.goto(f"/oa-inspector/{1}")')
        assert scrub(source, KNOWN) == (source, [])
        assert "手工" in problems(source, KNOWN)[0].remedy

    def test_not_python(self) -> None:
        with pytest.raises(ValueError, match="第 1 行"):
            scrub("def (", KNOWN)


def test_secret_names() -> None:
    assert secret_names(LIBRARY) == ["oa-inspector.username", "oa-inspector.password"]
    assert secret_names(PYTEST) == []
    assert secret_names("def (") == []
