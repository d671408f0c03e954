"""In a real browser: every piece of business data stands under a selector of MASKS, in every frame and pop-up."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from estate_client import MOBILE_AGENT, password
from playwright.sync_api import Browser, Page, sync_playwright

from rehearsal.canary import MASKS, Canary
from rehearsal.estate import Estate
from rehearsal.layout import ACCOUNT
from rehearsal.web.data import PEOPLE, Holdings

UNMASKED = """([needles, masks]) => {
  const found = [];
  const walker = document.createTreeWalker(document.body || document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const name = node.parentElement && node.parentElement.tagName;
    if (name === "SCRIPT" || name === "STYLE") continue;
    if (needles.some((needle) => node.textContent.includes(needle)) && !node.parentElement.closest(masks))
      found.push(node.textContent.trim());
  }
  return found;
}"""
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = CHROMIUM if Path(CHROMIUM).exists() else None
    with sync_playwright() as driver:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def business_data() -> list[str]:
    data = Holdings(Canary())
    documents = data.documents.values()
    words = {word for row in documents for word in (row.title, row.number, row.person_id)}
    return [*words, *(row.title for row in data.records), *(row.number for row in data.records), *PEOPLE,
            *(loan.number for loan in data.loans), "分机 0"]  # fmt: skip


def unmasked(page: Page) -> list[str]:
    frames = [frame for frame in page.frames if not frame.url.startswith("chrome-extension:")]
    return [text for frame in frames for text in frame.evaluate(UNMASKED, [business_data(), ",".join(MASKS)])]


def sign_in(page: Page, estate: Estate, system: str) -> None:
    page.goto(estate.url(system))
    page.get_by_label("用户名").fill(ACCOUNT[system])
    page.get_by_label("密码").fill(password(estate, system))
    page.get_by_role("button", name="登录").click()


def test_oa(estate: Estate, browser: Browser):
    with browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        errors: list[object] = []
        page.on("pageerror", lambda error: errors.append(error))
        sign_in(page, estate, "oa")
        content = page.frame_locator("frame[name=main]").frame_locator("iframe[name=content]")
        content.get_by_role("heading", name="工作台").wait_for()
        assert unmasked(page) == []
        for name in ("待办事项", "发文管理", "公文检索", "通知公告", "督办事项", "收文管理"):
            page.frame_locator("frame[name=menu]").get_by_role("link", name=name).click()
            content.get_by_role("heading", name=name).wait_for()
            if name == "督办事项":
                content.get_by_test_id("supervision").wait_for()
            assert unmasked(page) == [], name
        with page.expect_popup() as opened:
            content.get_by_test_id("incoming-row").first.get_by_role("link").click()
        opened.value.get_by_test_id("steps").wait_for()
        assert opened.value.title() == Canary().document_title
        assert unmasked(opened.value) == []
        assert errors == []


def test_mobile(estate: Estate, browser: Browser):
    shape = {"width": 390, "height": 844}
    with browser.new_context(ignore_https_errors=True, user_agent=MOBILE_AGENT, viewport=shape) as context:
        page = context.new_page()
        sign_in(page, estate, "mobile")
        page.get_by_role("link", name="日程").wait_for()
        for place, landmark in (
            ("todo", "待办"), ("notices", "通知"), ("schedule", "日程"), ("contacts", "通讯录"), ("me", "我的"),
            ("document/oa-in-01", "公文详情"), ("preview/oa-in-01.pdf", "附件预览"),
        ):  # fmt: skip
            page.goto(f"{estate.url('mobile')}/#/{place}")
            page.get_by_role("heading", name=landmark, exact=True).wait_for()
            page.get_by_text("加载中").wait_for(state="detached")
            assert unmasked(page) == [], place


def test_archive(estate: Estate, browser: Browser):
    with browser.new_context() as context:
        page = context.new_page()
        sign_in(page, estate, "archive")
        page.get_by_test_id("record-total").wait_for()
        for path in ("/home", "/search?title=", "/record/da-01", "/preview/da-01", "/borrow", "/stats"):
            page.goto(estate.url("archive") + path)
            assert unmasked(page) == [], path


def test_script_errors_reach_the_browser(estate: Estate, browser: Browser):
    with browser.new_context(ignore_https_errors=True, user_agent=MOBILE_AGENT) as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        sign_in(page, estate, "mobile")
        page.get_by_role("link", name="日程").wait_for()
        estate.fault("mobile-script-error")
        page.goto(f"{estate.url('mobile')}/#/contacts")
        page.get_by_test_id("contact-count").wait_for()
        page.wait_for_timeout(100)
        assert len(errors) == 1
        assert "undefined" in errors[0]
