"""What is to be masked is in no picture, whatever the page does while the picture is taken."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tasks.browser.chromium import Chromium
from tasks.browser.look import look, picture
from tasks.settings import Settings

RED = "color: #f00; font-size: 40px; position: absolute"
PHONE = "138" + "0" * 8
# Some words move to where no cover was laid, and new ones come.
RESTLESS = f"""<!doctype html><meta charset="utf-8"><div id="moves" class="secret">WORDS</div>
<script>
  let turn = 0, last = null;
  moves.style = '{RED}';
  const go = () => {{
    moves.style.left = (turn = (turn + 137) % 900) + 'px';
    moves.firstChild.data = 'WORDS';
    last?.remove();
    last = document.createElement('p');
    last.style = '{RED}; top: ' + (100 + turn / 4) + 'px';
    last.className = 'secret';
    last.innerHTML = '<b style="visibility: visible">WORDS</b>';
    document.body.append(last);
    requestAnimationFrame(go);
  }};
  go();
</script>"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(Settings(home=tmp_path_factory.mktemp("look"))) as chromium:
        yield chromium


def red(jpeg: bytes) -> int:
    """How many pixels show the words."""
    colours = Image.open(io.BytesIO(jpeg)).convert("RGB").getcolors(1 << 24) or []
    return sum(number for number, (r, g, b) in colours if r > 180 and g < 120 and b < 120)


@pytest.mark.parametrize(
    ("words", "masks", "policy"),
    [("公文标题", [".secret"], ""), (PHONE, [], ""), ("公文标题", [".secret"], "style-src 'none'")],
    ids=["what the contract names", "what has the shape of a personal number", "where the page allows no styles"],
)
def test_what_moves_and_what_comes_late_is_masked(
    chromium: Chromium, words: str, masks: list[str], policy: str
) -> None:
    assert pictured(chromium, words, masks, policy) == [0, 0]


@pytest.mark.parametrize("policy", ["", "style-src 'none'"])
def test_what_is_not_to_be_masked_is_seen(chromium: Chromium, policy: str) -> None:
    """The positive control: the same page, of which nothing is masked."""
    assert min(pictured(chromium, "公开的", [], policy)) > 100


def test_the_page_is_as_it_was_when_the_picture_is_taken(chromium: Chromium) -> None:
    """Given a picture with masks, when the next is taken without, then all is seen: steps go on with this page."""

    def work(_: Playwright, browser: Browser) -> list[int]:
        with browser.new_context() as context:
            page = opened(context, "公开的", "")
            return [red(picture(page, masks, full_page=False, timeout=30)) for masks in ([".secret"], [])]

    masked, seen = chromium.ready().do(work)
    assert masked == 0
    assert seen > 100


def opened(context: BrowserContext, words: str, policy: str) -> Page:
    """The restless page, with a Content-Security-Policy."""
    page = context.new_page()
    body, headers = RESTLESS.replace("WORDS", words), {"Content-Security-Policy": policy} if policy else {}
    page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html", headers=headers))
    page.goto("http://127.0.0.1/")
    return page


def pictured(chromium: Chromium, words: str, masks: list[str], policy: str) -> list[int]:
    """How many pixels show the words, in a picture of the window and in one of the whole page."""

    def work(_: Playwright, browser: Browser) -> list[int]:
        with browser.new_context() as context:
            page, found = opened(context, words, policy), []
            for full_page in (False, True):
                look(page, masks)
                found.append(red(picture(page, masks, full_page=full_page, timeout=30)))
            return found

    return chromium.ready().do(work)
