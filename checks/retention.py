"""How long evidence is kept: two years beyond the term (clause 九, reading R16: the longer period applies)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from checks.contract import Term
from checks.coverage import Version, in_force

YEARS = 2


class Kept(NamedTuple):
    """A file on record: when it was taken, relative path, SHA-256."""

    at: datetime
    path: str
    sha256: str


def expires(term: Term) -> date:
    """The first day on which what was kept under this term may go. 民法典 201: the start day is excluded."""
    end = term.end
    leap_day = (end.month, end.day) == (2, 29)
    return date(end.year + YEARS, 3, 1) if leap_day else end.replace(year=end.year + YEARS)


def expired(files: Iterable[Kept], versions: Sequence[Version], today: date) -> dict[str, str]:
    """The files that may go, SHA-256 by path. One that also proves something younger stays."""
    old, young = {}, set()
    for file in files:
        if expires(in_force(versions, file.at).term) < today:
            old[file.path] = file.sha256
        else:
            young.add(file.path)
    return {path: sha256 for path, sha256 in sorted(old.items()) if path not in young}
