"""What is wrong with a copy itself."""


class CopyError(Exception):
    """The copy is broken, or not what it should be. `what` is one line of Chinese without anything of its content."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class BrokenOffError(CopyError):
    """It ends before its end."""


class StrangerError(CopyError):
    """It is of another kind than the contract says, damaged or not."""
