import re
from playwright.sync_api import Playwright, sync_playwright, expect


def run(playwright: Playwright) -> None:
    browser = playwright.chromium.launch(headless=False)
    context = browser.new_context()
    page = context.new_page()
    page.goto("https://127.0.0.1:18401/portal")
    page.locator("frame[name=\"menu\"]").content_frame.get_by_role("link", name="督办事项").click()
    expect(page.locator("frame[name=\"main\"]").content_frame.locator("iframe[name=\"content\"]").content_frame.get_by_test_id("supervision")).to_be_visible()
    page.close()

    # ---------------------
    context.close()
    browser.close()


with sync_playwright() as playwright:
    run(playwright)
