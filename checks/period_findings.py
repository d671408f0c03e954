"""The register of security findings over a period: what came in, what was mended and verified, what stands at its end.

Events count by when they were entered: what was known in the period, and not what somebody wrote of it later.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from checks.number import Number, count, row
from checks.period_lines import SeverityLine
from checks.records import EventRecord
from checks.security_finding import CHINA, SecurityFinding, Severity, Tested, register


class PeriodFindings(NamedTuple):
    """`known`: the register as the period ended. `tests`: of the period, with their finding's number."""

    known: list[SecurityFinding]
    new: list[SecurityFinding]
    mended: list[SecurityFinding]
    verified: list[SecurityFinding]
    tests: list[tuple[str, Tested]]
    open: list[SecurityFinding]
    overdue: list[SecurityFinding]


def over(events: Iterable[EventRecord], start: datetime, end: datetime, zone: ZoneInfo = CHINA) -> PeriodFindings:
    """The register over [start, end).

    Args:
        events: all of kind SECURITY_FINDING, as they were entered.
    """
    events = list(events)
    day = (end - timedelta(microseconds=1)).astimezone(zone).date()
    before = {one.id for one in register([one for one in events if one.entered_at < start], day, zone)}
    known = register([one for one in events if one.entered_at < end], day, zone)
    return PeriodFindings(
        known=known,
        new=[one for one in known if one.id not in before],
        mended=[one for one in known if one.fixers and one.fixed_at and start <= one.fixed_at < end],
        verified=[one for one in known if one.verified_at and start <= one.verified_at < end],
        tests=[(one.id, test) for one in known for test in one.tests if start <= test.at < end],
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
