"""A session with one system: the context that holds its cookies, what listens to it, and its window."""

from contextlib import suppress

from playwright.sync_api import BrowserContext, Error, Page

from tasks.browser.watch import Watch


class Session:
    """Held in memory, from one login to the next.

    Window and listeners stay from visit to visit: a new window costs 0.3 s and a process, a listener a round trip.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context, self.watch = context, Watch(context)
        self.used = False
        self._window: Page | None = None

    def open(self, patience: float) -> Page:
        """An empty window for a visit; what is noted begins anew.

        Args:
            patience: seconds to wait for anything in it.
        """
        self.context.set_default_timeout(patience * 1000)
        self.watch.begin()
        self._window = self._window or self.context.new_page()
        return self._window

    def tidy(self, *, keep: bool) -> None:
        """Leave of a visit nothing but the window, empty; and that only if it may be kept."""
        self.used = True
        window, self._window = self._window, None
        for each in self.context.pages:
            if each is window and keep and _emptied(each):
                self._window = each
            else:
                each.close()

    def close(self) -> None:
        """End it: the system forgets nothing, but we do."""
        self.context.close()


def _emptied(window: Page) -> bool:
    with suppress(Error):
        window.goto("about:blank", wait_until="commit")
        return True
    return False
