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

    def due(self, now: datetime) -> datetime | None:
        """When the limit is up, as far as can be told: while somebody waits for a third party, it moves on."""
        return self._gone_at(1, now)

    def stands(self, now: datetime) -> str:
        """Where it stands, for operators: what is left, or how long it took, or by how much it was late."""
        if self.started is None or self.started > now:
            return "还没有开始计时"
        spent = self.spent(now)
        if over := max(timedelta(), spent - self.limit):
            return f"超时 {duration(over)}" if self.done else f"已超时 {duration(over)}，未完成"
        if self.done:
            return f"按时，用了 {duration(spent)}" if spent >= timedelta(seconds=1) else "按时"
        waiting = any(wait.start <= now and wait.end is None for wait in self.waits)
        return f"还剩 {duration(self.limit - spent)}" + ("，第三方处理中不计时" if waiting else "")

    def reaches(self, share: float, now: datetime) -> datetime | None:
        """When this share of the limit was gone; None if it is not yet, or the clock was done before."""
        at = self._gone_at(share, now)
        if at is None or at > now or (self.done is not None and self.done <= at):
            return None
        return None if share >= 1 and at == now else at  # exactly on time is not over it

    def _gone_at(self, share: float, now: datetime) -> datetime | None:
        """When this share of the limit is gone if nothing is done before; a wait on the very limit still puts it off,
        one after it changes nothing."""
        if self.started is None:
            return None
        at = self.started + self.limit * share
        for wait in self.waits:
            start, end = max(wait.start, self.started), wait.end or now
            if end > start and (start < at or (share >= 1 and start == at)):
                at += end - start
        return at


class Case(NamedTuple):
    """An incident with its clocks."""

    incident: Incident
    notified_at: datetime | None
    clocks: tuple[Clock, ...]


def duration(time: timedelta) -> str:
    """3 小时 05 分, 12 分, 50 秒: cut off, so that nobody is told of more time than there is."""
    if time < timedelta(minutes=1):
        return f"{time.seconds} 秒" if time.seconds else "不到 1 秒"
    hours, minutes = divmod(time // timedelta(minutes=1), 60)
    if not hours:
        return f"{minutes} 分"
    return f"{hours} 小时" + (f" {minutes:02} 分" if minutes else "")


def clocks(incident: Incident, notified_at: datetime | None, deadlines: Deadlines) -> tuple[Clock, ...]:
    """The clocks of an incident.

    Args:
        notified_at: when the first message of it was delivered.
        deadlines: those of the contract; the ones that were in force while the incident was open go before.
    """
    one, deadlines = incident, incident.limits or deadlines
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
