"""What is to be masked is in no picture, whatever the page does while the picture is taken."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Playwright

from tasks.browser.chromium import Chromium
from tasks.browser.look import look, picture
from tasks.settings import Settings

RED = "color: #f00; font-size: 40px; position: absolute"
PHONE = "138" + "0" * 8
# Some words move to where no cover was laid, and new ones come.
RESTLESS = f"""<body><div style="{RED}" id="moves" class="secret">WORDS</div>
<script>
  let turn = 0, last = null;
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
    ("words", "masks"),
    [("公文标题", [".secret"]), (PHONE, [])],
    ids=["what the contract names", "what has the shape of a personal number"],
)
def test_what_moves_and_what_comes_late_is_masked(chromium: Chromium, words: str, masks: list[str]) -> None:
    def work(_: Playwright, browser: Browser) -> list[int]:
        with browser.new_context() as context:
            page = context.new_page()
            page.set_content(RESTLESS.replace("WORDS", words))
            found = []
            for full_page in (False, True):
                look(page, masks)
                found.append(red(picture(page, masks, full_page=full_page, timeout=30)))
            return found

    assert chromium.ready().do(work) == [0, 0]


def test_what_is_not_to_be_masked_is_seen(chromium: Chromium) -> None:
    """The positive control: the same page, of which nothing is masked."""

    def work(_: Playwright, browser: Browser) -> int:
        with browser.new_context() as context:
            page = context.new_page()
            page.set_content(RESTLESS.replace("WORDS", "公开的"))
            look(page, [])
            return red(picture(page, [], full_page=True, timeout=30))

    assert chromium.ready().do(work) > 100
