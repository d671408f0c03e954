"""Incidents of a period: what was discovered in it, what was cleared, what was left; which deadlines were missed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from checks.clocks import Case


class PeriodCases(NamedTuple):
    """Void incidents are left out everywhere. `still`: open at the end of the period, whenever they began."""

    opened: list[Case]
    cleared: list[Case]
    still: list[Case]


def during(known: Iterable[Case], start: datetime, end: datetime) -> PeriodCases:
    """Sort all known incidents by what happened to them in [start, end)."""
    real = [one for one in known if not one.incident.void]
    return PeriodCases(
        opened=[one for one in real if start <= one.incident.discovered_at < end],
        cleared=[one for one in real if one.incident.cleared_at and start <= one.incident.cleared_at < end],
        still=[
            one
            for one in real
            if one.incident.discovered_at < end and (one.incident.cleared_at is None or one.incident.cleared_at >= end)
        ],
    )


def breached(case: Case, clock: str, at: datetime) -> bool:
    """Whether the clock of this name ("report", "response", "dispatch", "repair") was over its limit at a moment."""
    return any(one.name == clock and one.breached(at) for one in case.clocks)


def running(case: Case, clock: str, at: datetime) -> bool:
    """Whether the deadline of this name was still ahead at a moment: not met yet, and not missed."""
    return any(
        one.name == clock and not one.breached(at) and (one.done is None or one.done > at) for one in case.clocks
    )


def longest_repair(those: Sequence[Case], at: datetime) -> timedelta | None:
    """The longest repair among those that are repaired; None where none is."""
    clocks = [clock for one in those for clock in one.clocks if clock.name == "repair"]
    return max((clock.spent(at) for clock in clocks if clock.done and clock.started), default=None)
