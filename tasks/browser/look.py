"""Looks at a window as it is now: its words, what must be masked, and a picture that was masked first."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from playwright.sync_api import Error, Frame, Page

# One round trip per frame. Text shaped like an identity number or a phone is masked whatever the contract says.
_LOOK = r"""(mask) => {
    const personal = /(?<!\d)(\d{17}[\dXx]|1[3-9]\d{9})(?![\dXx])/;
    const mark = root => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node = root; node; node = walker.nextNode())
            if (personal.test(node.data ?? '')) node.parentElement?.setAttribute('data-xunjian-mask', '');
    };
    mark(document);
    if (!document.xunjian) {  // what comes between this look and the picture is marked before it is painted
        document.xunjian = new MutationObserver(changes => {
            for (const {type, target, addedNodes} of changes)
                type === 'characterData' ? mark(target) : addedNodes.forEach(mark);
        });
        document.xunjian.observe(document, {subtree: true, childList: true, characterData: true});
    }
    for (const field of document.querySelectorAll('input, textarea'))
        if (personal.test(field.value)) field.setAttribute('data-xunjian-mask', '');
    const switches = ['checkbox', 'radio', 'submit', 'button', 'reset', 'image'];
    const typed = field => !switches.includes(field.type);
    const masked = [];
    for (const element of document.querySelectorAll(mask))
        for (const part of [element, ...element.querySelectorAll('*')])
            masked.push(part.textContent, typed(part) ? part.value : '', part.title, part.alt, part.placeholder);
    const entry = performance.getEntriesByType('navigation')[0];
    const seconds = ms => ms > 0 ? ms / 1000 : null;
    const visible = element => element.checkVisibility() && element.getClientRects().length > 0;
    return {
        text: (document.body?.innerText ?? '').slice(0, 20000),
        masked: masked.filter(text => typeof text === 'string' && text.trim()),
        password: [...document.querySelectorAll('input[type=password]')].some(visible),
        title: document.title,
        times: entry ? {
            first_byte: seconds(entry.responseStart), dom_ready: seconds(entry.domContentLoadedEventEnd),
            load: seconds(entry.loadEventEnd),
        } : {},
    };
}"""

# A style sheet that a page's Content-Security-Policy does not keep out, as it does a <style>.
_HIDE = """rule => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rule);
    document.adoptedStyleSheets.push(sheet);
    return sheet;
}"""
_SHOW = "sheet => document.adoptedStyleSheets = document.adoptedStyleSheets.filter(one => one !== sheet)"

# A document shown by a viewer inside the page is business data and cannot be masked word by word.
_ALWAYS = ("[data-xunjian-mask]", "input[type=password]", "embed", "object")


class Look(NamedTuple):
    """What stands in a window, all frames together."""

    text: str
    masked: list[str]
    password_field: bool
    title: str
    times: dict[str, float | None]  # seconds, of the window's own document: first_byte, dom_ready, load


def look(page: Page, masks: list[str]) -> Look:
    """Read all frames of a window, and mark what is to be masked.

    Raises:
        Error: a frame that is there cannot be read; no picture may then be taken.
    """
    texts: list[str] = []
    masked: list[str] = []
    password = False
    title, times = "", {}
    for frame in _frames(page):
        try:
            seen = frame.evaluate(_LOOK, _selector(masks))
        except Error:
            if not frame.is_detached():
                raise
            continue  # it went away while the page settled: what is gone is not in the picture
        texts.append(seen["text"])
        masked.extend(seen["masked"])
        password = password or seen["password"]
        if frame is page.main_frame:
            title, times = seen["title"], seen["times"]
    return Look("\n".join(texts), masked, password, title, times)


def picture(page: Page, masks: list[str], *, full_page: bool, timeout: float) -> bytes:
    """A JPEG of the window in which every element to be masked is covered before the picture is taken.

    A cover lies where its element was when it was laid. What moves or comes later is not painted at all.
    """
    selector = _selector(masks)
    rule = f":is({selector}), :is({selector}) * {{ visibility: hidden !important }}"
    with _hidden(page, rule):
        return page.screenshot(
            type="jpeg",
            quality=60,
            full_page=full_page,
            mask=[frame.locator(selector) for frame in _frames(page)],
            mask_color="#222222",
            style=rule,  # reaches into shadow trees and into frames that come later
            animations="disabled",
            timeout=timeout * 1000,
        )


@contextmanager
def _hidden(page: Page, rule: str) -> Iterator[None]:
    """The page's frames with a rule of style, until the end of the block.

    Raises:
        Error: a frame that is there cannot be reached; no picture may then be taken.
    """
    sheets = []
    try:
        for frame in _frames(page):
            try:
                sheets.append((frame, frame.evaluate_handle(_HIDE, rule)))
            except Error:
                if not frame.is_detached():
                    raise
        yield
    finally:
        for frame, sheet in sheets:
            with suppress(Error):  # the document has gone, and the sheet with it
                frame.evaluate(_SHOW, sheet)


def _frames(page: Page) -> list[Frame]:
    """All frames but those of Chromium's own PDF viewer, which is masked as a whole."""
    return [frame for frame in page.frames if not frame.url.startswith("chrome-extension://")]


def bad_masks(page: Page, masks: list[str]) -> list[str]:
    """The masks that are no CSS selectors: an unreadable mask must never mean an unmasked picture."""
    invalid = "mask => { try { document.querySelector(mask); return false } catch { return true } }"
    bad: list[str] = page.evaluate(f"masks => masks.filter({invalid})", masks)
    return bad


def _selector(masks: list[str]) -> str:
    return ", ".join((*masks, *_ALWAYS))
