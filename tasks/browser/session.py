"""A session with one system: the context that holds its cookies, what listens to it, and its window."""

from contextlib import suppress

from playwright.sync_api import BrowserContext, Error, Page

from tasks.browser.watch import Watch

# What a page left behind must not do any more: load, come back to itself, ask the server again.
_REST = "() => { window.stop(); for (let id = setTimeout(() => {}); id > 0; id--) clearTimeout(id); }"

_ASKED_AGAIN = 100  # milliseconds


class Session:
    """Held in memory, from one login to the next.

    Window and listeners stay from visit to visit: a new window costs 0.3 s and a process, a listener a round trip.
    So does the page last shown: the next one of the same site opens faster from it than from an empty window.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context, self.watch = context, Watch(context)
        self.used = False
        self._window: Page | None = None

    def open(self, patience: float, *, empty: bool) -> Page:
        """A window for a visit; what is noted begins anew.

        Args:
            patience: seconds to wait for anything in it.
            empty: for a visit that does not begin with a page of its own.
        """
        self.context.set_default_timeout(patience * 1000)
        if not self._window:
            self._window = self.context.new_page()
            self._window.on("framenavigated", self.watch.arrive)
        elif empty:
            self._window.goto("about:blank")
        self.watch.begin(self._window)
        return self._window

    def tidy(self, *, keep: bool) -> None:
        """Leave of a visit nothing but the window, at rest; and that only if it may be kept."""
        self.used = True
        window, self._window = self._window, None
        for each in self.context.pages:
            if each is window and keep and _at_rest(each):
                self._window = each
            else:
                _close(each)

    def close(self) -> None:
        """End it: the system forgets nothing, but we do."""
        self.context.close()


def _close(window: Page) -> None:
    """Chromium may forget to close a page that is just going to another place (crbug.com/536385539), and Playwright
    waits for it for ever (its #41900). So it is asked again until it has."""
    with suppress(Error):  # it is closed
        protocol = window.context.new_cdp_session(window)
        while not window.is_closed():
            protocol.send("Page.close")
            window.wait_for_timeout(_ASKED_AGAIN)


def _at_rest(window: Page) -> bool:
    with suppress(Error):
        for frame in window.frames:
            frame.evaluate(_REST)
        return True
    return False
