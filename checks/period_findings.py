"""The register of security findings over a period: what came in, what was mended and verified, what stands at its end.

Events count by when they were entered: what was known in the period, and not what somebody wrote of it later.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from checks.number import Number, count, row
from checks.period_lines import SeverityLine
from checks.records import EventRecord
from checks.security_finding import CHINA, SecurityFinding, Severity, register


class PeriodFindings(NamedTuple):
    """`known`: the register as the period ended."""

    known: list[SecurityFinding]
    new: list[SecurityFinding]
    mended: list[SecurityFinding]
    verified: list[SecurityFinding]
    open: list[SecurityFinding]
    overdue: list[SecurityFinding]


def over(
    events: Iterable[EventRecord], start: datetime, end: datetime, day: date, zone: ZoneInfo = CHINA
) -> PeriodFindings:
    """The register over [start, end).

    Args:
        events: all of kind SECURITY_FINDING, as they were entered.
        day: as of which its end is told: the last one, or that of the last entry where it is not over.
    """
    events = [one for one in events if one.entered_at < end]
    before = {one.id: one for one in register([one for one in events if one.entered_at < start], day, zone)}
    known = register(events, day, zone)

    def new(one: SecurityFinding, what: str) -> bool:
        """It was not so before: what time was written says nothing of when it became known."""
        at = getattr(one, what)
        return at is not None and at != getattr(before.get(one.id), what, None)

    return PeriodFindings(
        known=known,
        new=[one for one in known if one.id not in before],
        mended=[one for one in known if one.fixers and new(one, "fixed_at")],
        verified=[one for one in known if new(one, "verified_at")],
        open=[one for one in known if one.is_open],
        overdue=[one for one in known if one.overdue(day)],
    )


def by_severity(found: PeriodFindings) -> list[SeverityLine]:
    """One line each, the highest first, where there is anything to say."""
    lines = []
    for severity in Severity:
        counted = {
            name: counted_of([one for one in getattr(found, name) if one.severity is severity])
            for name in ("new", "mended", "verified", "open", "overdue")
        }
        if any(counted.values()):
            lines.append(SeverityLine(severity=severity.value, **counted))
    return lines


def counted_of(those: Iterable[SecurityFinding]) -> Number:
    """How many; each by the event that put it on record."""
    return count("", [row_of(one) for one in those])


def row_of(one: SecurityFinding) -> str:
    """The event that put it on record."""
    return row("event", one.events[0].id)
