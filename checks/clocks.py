"""The clocks of an incident: what has to happen within which time, counted from the events alone.

Clause 七2(6), Annex 4: reported within 15 minutes of discovery, answered within 30 minutes, mended within 8 hours of
notice (time with a third party excepted). Exactly on time is in time (R12).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from checks.escalation import Deadlines
from checks.incidents import Incident, Wait


class Clock(NamedTuple):
    """One deadline of one incident. `started`: None while it does not run yet; `done`: None while it is open."""

    name: str
    title: str
    limit: timedelta
    started: datetime | None
    done: datetime | None
    waits: tuple[Wait, ...] = ()

    def spent(self, now: datetime) -> timedelta:
        """The time that counts, up to now or to its end; never negative, whatever order was entered."""
        if self.started is None:
            return timedelta()
        end = min(self.done, now) if self.done else now
        counted = end - self.started - _paused(self.waits, self.started, end)
        return max(timedelta(), counted)

    def breached(self, now: datetime) -> bool:
        """More than the limit has gone."""
        return self.spent(now) > self.limit

    def reaches(self, share: float, now: datetime) -> datetime | None:
        """When this share of the limit was gone; None if it is not yet, or the clock was done before."""
        if self.started is None:
            return None
        at = self.started + self.limit * share
        for wait in sorted(self.waits):
            start, end = max(wait.start, self.started), wait.end or now
            if start < at and end > start:
                at += end - start
        if at > now or (share >= 1 and at == now) or (self.done is not None and self.done <= at):
            return None
        waiting = any(wait.end is None and wait.start <= at for wait in self.waits)
        return None if waiting else at


def clocks(incident: Incident, notified_at: datetime | None, deadlines: Deadlines) -> tuple[Clock, ...]:
    """The clocks of an incident.

    Args:
        notified_at: when the first message of it was delivered.
    """
    one = incident
    at_latest = one.discovered_at + timedelta(minutes=deadlines.report)  # a message that never left stops no clock
    notice = min(at for at in (one.received_at, notified_at, at_latest) if at)
    answered = min((at for at in (one.responded_at, one.dispatched_at, one.restored_at) if at), default=None)
    reported = min((at for at in (notified_at, one.received_at) if at), default=None)
    found = [
        Clock("report", "上报", timedelta(minutes=deadlines.report), one.discovered_at, reported),
        Clock("response", "响应", timedelta(minutes=deadlines.response), notice, answered),
        Clock("repair", "修复", timedelta(minutes=deadlines.repair), notice, one.restored_at, one.waits),
    ]
    if one.dispatched_at:  # whoever was on site could not help: feedback or the second line in time
        passed_on = min(at for at in (one.responded_at, one.dispatched_at) if at)
        found.insert(2, Clock("dispatch", "派工", timedelta(minutes=deadlines.dispatch), notice, passed_on))
    return tuple(found)


def _paused(waits: Sequence[Wait], start: datetime, end: datetime) -> timedelta:
    """How much of a time was spent waiting; the waits of an incident follow each other."""
    spans = ((max(wait.start, start), min(wait.end or end, end)) for wait in waits)
    return sum((last - first for first, last in spans if last > first), timedelta())
