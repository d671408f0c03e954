"""The measure: the pages of rehearsal/contract visited by a plain Playwright script, as one would write it by hand.

One browser, one context per system, one page after another; the same steps, assertions, masks and screenshots as the
contract asks for. No ledger, no facts, no retry, no report.
"""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


class Script:
    """The three systems, one method each."""

    def __init__(
        self, browser: Browser, phone: dict[str, Any], base_port: int, secrets: Path, masks: dict[str, str], out: Path
    ) -> None:
        self.browser, self.phone, self.base_port = browser, phone, base_port
        self.secrets, self.masks, self.out = secrets, masks, out

    def oa(self) -> None:
        url = f"https://127.0.0.1:{self.base_port + 1}"
        context = self.browser.new_context(
            locale="zh-CN", viewport={"width": 1280, "height": 800}, ignore_https_errors=True
        )
        page = context.new_page()

        page.goto(f"{url}/login")
        self.log_in(page, "oa")
        page.wait_for_url("**/portal*")
        expect(content(page).get_by_role("heading", name="工作台")).to_be_visible()
        self.shoot(page, "oa", "login")

        response = page.goto(f"{url}/home")
        assert response
        assert response.status == 200
        positive(page.get_by_test_id("home-count").inner_text())
        self.shoot(page, "oa", "home")

        page.goto(f"{url}/portal")
        page.frame_locator('frame[name="menu"]').get_by_role("link", name="待办事项").click()
        positive(content(page).get_by_test_id("todo-count").inner_text())
        expect(content(page).get_by_test_id("todo-row")).not_to_have_count(0)
        with page.expect_event("dialog") as asked:
            page.once("dialog", lambda dialog: dialog.dismiss())
            content(page).get_by_role("button", name="标记已读").nth(0).click()
        assert "标记" in asked.value.message
        self.shoot(page, "oa", "todo")

        page.goto(f"{url}/incoming")
        positive(page.get_by_test_id("incoming-count").inner_text())
        expect(page.get_by_test_id("incoming-row")).not_to_have_count(0)
        self.shoot(page, "oa", "incoming")

        page.goto(f"{url}/outgoing")
        expect(page.get_by_test_id("outgoing-row")).not_to_have_count(0)
        self.shoot(page, "oa", "outgoing")

        page.goto(f"{url}/notices")
        expect(page.get_by_test_id("notice-row")).not_to_have_count(0)
        self.shoot(page, "oa", "notices")

        page.goto(f"{url}/search")
        page.get_by_label("关键词").fill("样本")
        page.get_by_label("公文类型").select_option(label="收文")
        page.get_by_role("button", name="查询").click()
        expect(page.get_by_test_id("result-row")).not_to_have_count(0)
        expect(page.get_by_label("关键词")).to_have_value("样本")
        self.shoot(page, "oa", "search")

        page.goto(f"{url}/portal")
        page.frame_locator('frame[name="menu"]').get_by_role("link", name="督办事项").click()
        expect(content(page).get_by_test_id("supervision")).to_be_visible()
        self.shoot(page, "oa", "supervision")

        page.goto(f"{url}/incoming")
        with page.expect_popup() as opened:
            page.locator('[data-testid="incoming-row"] a').nth(0).click()
        popup = opened.value
        expect(popup.get_by_role("heading", name="公文流转")).to_be_visible()
        assert popup.locator('[data-testid="steps"] tbody tr').count() >= 2
        self.fetch(popup, popup.get_by_test_id("attachment-pdf"))
        self.shoot(popup, "oa", "attachment-window")
        popup.close()
        self.shoot(page, "oa", "attachment")

        page.goto(f"{url}/portal")
        page.once("dialog", lambda dialog: dialog.accept())
        page.frame_locator('frame[name="top"]').get_by_role("link", name="退出").click()
        expect(page.get_by_text("您已安全退出")).to_be_visible()
        self.shoot(page, "oa", "logout")
        context.close()

    def mobile(self) -> None:
        url = f"https://127.0.0.1:{self.base_port + 2}"
        context = self.browser.new_context(**self.phone, locale="zh-CN", ignore_https_errors=True)
        page = context.new_page()

        page.goto(url)
        self.log_in(page, "mobile")
        expect(page.locator(".grid a").nth(3)).to_be_visible()
        self.shoot(page, "mobile", "login")

        response = page.goto(f"{url}/api/gateway/health")
        assert response
        assert response.status == 200
        expect(page.locator("body")).to_contain_text('"status":"UP"')
        self.shoot(page, "mobile", "gateway")

        page.goto(f"{url}/#/home")
        expect(page.locator(".grid a").nth(3)).to_be_visible()
        self.shoot(page, "mobile", "home")

        page.goto(f"{url}/#/todo")
        positive(page.get_by_test_id("todo-count").inner_text())
        expect(page.get_by_test_id("todo-row")).not_to_have_count(0)
        self.shoot(page, "mobile", "todo")

        page.goto(f"{url}/#/document/oa-in-01")
        expect(page.locator("#heading")).to_contain_text("公文详情")
        page.locator('[data-testid="attachment"] a').nth(0).click()
        expect(page.get_by_test_id("preview-page")).to_be_visible()
        self.fetch(page, page.get_by_role("link", name="下载附件"))
        self.shoot(page, "mobile", "attachment")

        page.goto(f"{url}/#/notices")
        expect(page.get_by_test_id("notice-row")).not_to_have_count(0)
        self.shoot(page, "mobile", "notices")

        page.goto(f"{url}/#/schedule")
        expect(page.get_by_test_id("schedule-row")).not_to_have_count(0)
        self.shoot(page, "mobile", "schedule")

        page.goto(f"{url}/#/contacts")
        positive(page.get_by_test_id("contact-count").inner_text())
        expect(page.get_by_test_id("contact-row")).not_to_have_count(0)
        self.shoot(page, "mobile", "contacts")
        context.close()

    def archive(self) -> None:
        url = f"http://127.0.0.1:{self.base_port + 3}"
        context = self.browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
        page = context.new_page()

        page.goto(f"{url}/login")
        self.log_in(page, "archive")
        expect(page.get_by_text("馆藏概况")).to_be_visible()
        self.shoot(page, "archive", "login")

        page.goto(f"{url}/home")
        positive(page.get_by_test_id("record-total").inner_text())
        expect(page.get_by_test_id("recent-row")).not_to_have_count(0)
        self.shoot(page, "archive", "home")

        page.goto(f"{url}/search")
        page.get_by_placeholder("请输入档号").fill("DA-CS-0001")
        page.get_by_placeholder("请输入档号").press("Enter")
        expect(page.get_by_test_id("result-count")).to_contain_text("1")
        expect(page.get_by_test_id("result-row")).to_have_count(1)
        self.shoot(page, "archive", "search")

        page.goto(f"{url}/preview/da-01")
        expect(page.get_by_role("heading", name="原文预览")).to_be_visible()
        self.fetch(page, page.get_by_role("link", name="下载原文"))
        self.shoot(page, "archive", "preview")

        page.goto(f"{url}/borrow")
        expect(page.get_by_role("heading", name="借阅管理")).to_be_visible()
        expect(page.get_by_test_id("borrow-row")).not_to_have_count(0)
        self.shoot(page, "archive", "borrow")

        page.goto(f"{url}/home")
        page.get_by_role("link", name="统计分析").click()
        expect(page.get_by_role("heading", name="统计分析")).to_be_visible()
        expect(page.get_by_test_id("stats-category")).to_be_visible()
        self.shoot(page, "archive", "stats")
        context.close()

    def log_in(self, page: Page, system: str) -> None:
        for label, kind in (("用户名", "username"), ("密码", "password")):
            page.get_by_label(label).fill((self.secrets / f"{system}-inspector.{kind}").read_text(encoding="utf-8"))
        page.get_by_role("button", name="登录").click()

    def fetch(self, page: Page, link: Locator) -> None:
        with page.expect_download() as download:
            link.click()
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(b"%PDF")
        assert len(content) >= 500

    def shoot(self, page: Page, system: str, name: str) -> None:
        page.screenshot(
            path=self.out / f"{system}-{name}.jpg",
            type="jpeg",
            quality=60,
            mask=[frame.locator(self.masks[system]) for frame in page.frames],
            mask_color="#222222",
            animations="disabled",
        )


def content(page: Page) -> FrameLocator:
    return page.frame_locator('frame[name="main"]').frame_locator('iframe[name="content"]')


def positive(text: str) -> None:
    assert int("".join(filter(str.isdigit, text))) >= 1


def visit(base_port: int, secrets: Path, masks: dict[str, str], out: Path, executable: Path) -> None:
    """From launching the browser to closing it. `masks`: a CSS selector for each system."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        phone = {key: value for key, value in playwright.devices["iPhone 13"].items() if key != "default_browser_type"}
        script = Script(browser, phone, base_port, secrets, masks, out)
        script.oa()
        script.mobile()
        script.archive()
        browser.close()
