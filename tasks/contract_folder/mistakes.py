"""What is wrong in a contract folder: file, line, field, and what to do."""

from typing import NamedTuple

Where = tuple[str | int, ...]
"""A path of keys and indexes in a file."""


class FolderError(NamedTuple):
    """One mistake: where it stands, what is wrong, what to do. `line` counts from 1; `field` may be empty."""

    file: str
    line: int
    field: str
    what: str
    remedy: str


class ContractError(Exception):
    """The contract folder cannot be used. `errors` holds every mistake found, in order of files and lines."""

    def __init__(self, errors: list[FolderError]) -> None:
        super().__init__("\n".join(f"{e.file}:{e.line} {e.field} {e.what}；{e.remedy}" for e in errors))
        self.errors = errors


def dotted(path: Where) -> str:
    """A path as an operator sees it: `journeys[2].steps[0].fill.label`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
