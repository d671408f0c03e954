"""What the logs of a host came to: templates and counts, never lines. Kept for a year."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from checks.visit import Facts

DAY = 86_400
WEEK = 7 * DAY


class Template(Facts):
    """A kind of message. `key` stays the same for as long as it is known, even when `text` becomes more general."""

    key: str
    source: str  # a path, or "journal"
    level: str  # "error" or "warning"
    text: str  # redacted, numbers and names masked
    count: int = 0  # in this reading; 0: known from before
    new: bool = False  # its source had been read before, and it had not been there
    seen: int = 0  # Unix time of the reading that last found it
    first: str = ""  # redacted examples
    last: str = ""


class LogFile(Facts):
    """How far a file was read: the next reading goes on from here."""

    path: str
    inode: int
    size: int


class Logs(Facts):
    """One reading. Unix times; `since` is 0 when it is the first."""

    since: int
    until: int
    files: tuple[LogFile, ...] = ()
    journal: bool = False
    missing: tuple[str, ...] = ()  # named in the contract, not on the host
    denied: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()  # sources of which older lines were left out
    gaps: tuple[str, ...] = ()  # sources rotated away before they were read to their end
    templates: tuple[Template, ...] = ()
    others: int = 0  # lines beyond the number of kinds that is kept

    @property
    def sources(self) -> set[str]:
        """What was read."""
        return {file.path for file in self.files} | ({"journal"} if self.journal else set())

    @property
    def lines(self) -> int:
        """How many errors and warnings there were."""
        return sum(one.count for one in self.templates) + self.others


class Counted(NamedTuple):
    """A template of this reading beside the week before. `per_day` is None where there is nothing to compare with."""

    template: Template
    before: int
    per_day: float | None


def compared(now: Logs, past: Sequence[Logs]) -> list[Counted]:
    """Each template that was found, beside its count in the seven days before, or the last reading if that is older.

    Readings without a known beginning (the first) have no rate and are left out.
    """
    dated = [one for one in past if 0 < one.since < one.until]
    week = [one for one in dated if one.until > now.since - WEEK] or dated[-1:]
    days = sum(one.until - one.since for one in week) / DAY
    before = counts(week)
    return [
        Counted(one, before.get(one.key, 0), before.get(one.key, 0) / days if days else None)
        for one in now.templates
        if one.count
    ]


def counts(readings: Iterable[Logs]) -> dict[str, int]:
    """How often each template was found in all of them, by key."""
    total: dict[str, int] = {}
    for one in readings:
        for template in one.templates:
            total[template.key] = total.get(template.key, 0) + template.count
    return total
