"""Why a backup could not be looked at, in words for the operator."""

from checks.finding import Reason


class PlaceError(Exception):
    """A place cannot be reached, or what lies there not be read. `what` is one line of Chinese, ready to be shown."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason, self.what = reason, what
