"""Turns locators and expectations of the contract into Playwright's locators and readings."""

import re
from collections.abc import Callable
from urllib.parse import unquote

from playwright.sync_api import FrameLocator, Locator, Page

from checks import journey as words
from tasks.browser.watch import Watch

_INTEGER = re.compile(r"-?\d+")


def locate(scope: Page | FrameLocator, where: words.Locator | words.ExpectWhat) -> Locator:
    """Turn a locator of the contract into Playwright's."""
    match where.ways[0]:
        case "role":
            found = scope.get_by_role(where.role, name=where.name, exact=where.exact)  # type: ignore[arg-type]
        case "label":
            found = scope.get_by_label(where.label or "", exact=where.exact)
        case "placeholder":
            found = scope.get_by_placeholder(where.placeholder or "", exact=where.exact)
        case "test_id":
            found = scope.get_by_test_id(where.test_id or "")
        case "text":
            found = scope.get_by_text(getattr(where, "text", None) or "", exact=where.exact)
        case _:
            found = scope.locator(where.css or "")
    return found if where.nth is None else found.nth(where.nth)


def reading(
    scope: Page | FrameLocator, what: words.ExpectWhat, page: Page, watch: Watch
) -> tuple[str, str, Callable[[], tuple[str, bool]]]:
    """Return the name of an expectation, what is expected, and how to read the actual."""
    found = locate(scope, what) if what.ways else scope.locator("body")
    one = found if what.nth is not None else found.first

    def words_of() -> str:
        return " ".join("".join(filter(None, one.all_inner_texts())).split())  # a drawing (SVG) has none

    def texts(wanted: str) -> tuple[str, bool]:
        actual = words_of()
        met = " ".join(wanted.split()) in actual
        # Of a whole page only the verdict is kept, never its words.
        return ("有" if met else "没有") if not what.ways else actual[:80] or "（空）", met

    def number() -> tuple[str, bool]:
        digits = _INTEGER.search(words_of())
        return (digits.group(), _holds(what.number, int(digits.group()))) if digits else ("没有数字", False)

    def count() -> tuple[str, bool]:
        actual = found.count()
        return f"{actual}", _holds(what.count, actual)

    def without() -> tuple[str, bool]:
        has = " ".join((what.not_text or "").split()) in words_of()
        return "有" if has else "没有", not has

    def value() -> tuple[str, bool]:
        actual = one.input_value(timeout=1000) if one.count() else ""
        return actual, actual == what.value

    def visible() -> tuple[str, bool]:
        actual = one.is_visible()
        return ("可见" if actual else "不可见" if one.count() else "没有找到"), actual is what.visible

    readings: dict[str, tuple[str, str, Callable[[], tuple[str, bool]]]] = {
        "text": (f"{what}的文字", f"含“{what.text}”", lambda: texts(what.text or "")),
        "not_text": (f"{what}的文字", f"不含“{what.not_text}”", without),
        "url": ("网址", f"含 {what.url}", lambda: (unquote(page.url.partition("?")[0]), (what.url or "") in page.url)),
        "title": ("标题", f"含“{what.title}”", lambda: (page.title(), (what.title or "") in page.title())),
        "status": ("状态码", f"{what.status}", lambda: (f"{watch.status}", watch.status == what.status)),
        "count": (f"{what}的个数", f"{what.count}", count),
        "number": (f"{what}的数字", f"{what.number}", number),
        "value": (f"{what}的值", f"{what.value}", value),
        "visible": (f"{what}", "可见" if what.visible else "不可见", visible),
    }
    return readings[what.fact]


def _holds(count: words.Count | int | None, actual: int) -> bool:
    return isinstance(count, words.Count) and count.holds(actual)
