"""HTML to PDF on A4, with the margins and the page number of GB/T 9704."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, Playwright, Route

from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError, BrowserGoneError

_MARGINS = {"top": "37mm", "left": "28mm", "bottom": "35mm", "right": "26mm"}
# 14 pt, 7 mm below the text. Chromium shrinks what stands in a margin by 3/4.
_FOOTER = (
    "<div style=\"width:100%;height:25mm;font:18.7px 'Times New Roman',SimSun,serif;text-align:center\">"
    '–<span class="pageNumber"></span>–</div>'
)
_TIMEOUT = 120_000  # ms; a report of a year has hundreds of pictures


class PdfError(Exception):
    """The PDF could not be made; the message is for the operator."""


def pdf(html: Callable[[], str], out: Path, chromium: Chromium) -> None:
    """Print a self-contained document to `out`. It runs no script and reaches no network.

    Args:
        html: gives the document; asked when the browser is ready for it.

    Raises:
        BrowserError: there is no browser, or it is killed twice.
        PdfError: it fails.
    """
    for attempts_left in (1, 0):
        running = chromium.ready()
        try:
            page = running.do(_open)
            document = html()
            out.write_bytes(running.do(lambda *_, page=page, document=document: _print(page, document)))
        except (BrowserGoneError, Error) as error:
            if not running.gone:
                raise PdfError(f"PDF 没有生成，浏览器报错：{f'{error}'.splitlines()[0]}") from error
            if not attempts_left:
                raise BrowserError("打印时浏览器两次被关闭或崩溃") from error
        else:
            return


def _open(_: Playwright, browser: Browser) -> Page:
    context = browser.new_context(java_script_enabled=False, offline=True)
    context.set_default_timeout(_TIMEOUT)
    context.route("**/*", _only_data)
    return context.new_page()


def _print(page: Page, document: str) -> bytes:
    with page.context:
        page.set_content(document, wait_until="load")
        return page.pdf(
            format="A4",
            margin=_MARGINS,  # type: ignore[arg-type]  # a TypedDict that Playwright does not export
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=_FOOTER,
            tagged=True,
            outline=True,
        )


def _only_data(route: Route) -> None:
    if route.request.url.startswith("data:"):
        route.continue_()
    else:
        route.abort()
