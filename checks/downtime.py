"""DowntimeLine downtime and support periods: asked for, approved, recorded as events; what counts is computed.

Clause 七2(2): planned downtime is excepted. R4: approved before it starts, or it excludes nothing until the client has
signed it; an overrun counts as downtime. Annex 4, 特殊时段保障: the plan is on record before the period starts.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from checks.contract import Contract
from checks.records import EventRecord, standing
from checks.slots import RequestError

DOWNTIME, SUPPORT = "downtime", "support"
_LONGEST = timedelta(days=31)


class Move(StrEnum):
    """What an event says of a window or of a support period."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SIGNED = "signed"
    CANCELLED = "cancelled"
    PLANNED = "planned"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _MOVES[self]


_MOVES = {
    Move.REQUESTED: "申请",
    Move.APPROVED: "批准",
    Move.SIGNED: "甲方补签",
    Move.CANCELLED: "取消",
    Move.PLANNED: "登记保障计划",
}


class Window(NamedTuple):
    """One planned downtime. The times of request, approval and signature are those at which they were put on record:
    what somebody claims to have said before is not proven by saying so."""

    id: str
    systems: tuple[str, ...]
    start: datetime
    end: datetime
    why: str
    requested_at: datetime
    approved_at: datetime | None = None
    signed_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def excluded(self) -> tuple[datetime, datetime] | None:
        """The time that leaves the denominator; None while it excludes nothing."""
        in_time = self.approved_at is not None and self.approved_at < self.start
        end = min(self.end, self.cancelled_at) if self.cancelled_at else self.end
        return (self.start, end) if (in_time or self.signed_at) and end > self.start else None

    def state(self, now: datetime) -> str:
        """Where it stands, in the operator's word."""
        if self.cancelled_at:
            return "提前结束" if self.excluded else "已取消"
        if self.excluded is None:
            late = self.approved_at is not None or now >= self.start
            return "事后登记，待甲方补签，不扣除" if late else "待批准"
        return "已批准" if now < self.start else "进行中" if now < self.end else "已结束"


class SupportPeriod(NamedTuple):
    """A time of special care (重保). `planned_at`: when its plan was put on record."""

    id: str
    name: str
    important: bool
    systems: tuple[str, ...]
    start: datetime
    end: datetime
    planned_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def lasts(self) -> tuple[datetime, datetime] | None:
        """Its time: up to its cancellation; None if it was cancelled before it started."""
        end = min(self.end, self.cancelled_at) if self.cancelled_at else self.end
        return (self.start, end) if end > self.start else None

    @property
    def plan(self) -> str:
        """How it stands with its plan, in the operator's word."""
        if self.lasts is None:
            return "已取消"
        return "有" if self.has_plan else "事后才有" if self.planned_at else "没有"

    @property
    def has_plan(self) -> bool:
        """Whether the plan was there before it started."""
        return self.planned_at is not None and self.planned_at < self.start

    def covers(self, system: str, at: datetime) -> bool:
        """Whether a system is under special care at a moment."""
        return self.lasts is not None and system in self.systems and self.lasts[0] <= at < self.lasts[1]


def windows(events: Iterable[EventRecord]) -> list[Window]:
    """The planned downtimes on record, by start."""
    told: dict[str, Window] = {}
    for event in standing(events):
        body, at = event.body, event.entered_at
        match Move(body["move"]):
            case Move.REQUESTED:
                told[event.subject] = Window(event.subject, tuple(body["systems"]), *_span(body), event.why, at)
            case Move.APPROVED if event.subject in told:
                told[event.subject] = told[event.subject]._replace(approved_at=told[event.subject].approved_at or at)
            case Move.SIGNED if event.subject in told:
                told[event.subject] = told[event.subject]._replace(signed_at=told[event.subject].signed_at or at)
            case Move.CANCELLED if event.subject in told:
                told[event.subject] = told[event.subject]._replace(cancelled_at=at)
    return sorted(told.values(), key=lambda one: (one.start, one.id))


def support_periods(events: Iterable[EventRecord]) -> list[SupportPeriod]:
    """The support periods on record, by start."""
    told: dict[str, SupportPeriod] = {}
    for event in standing(events):
        body, at = event.body, event.entered_at
        match Move(body["move"]):
            case Move.REQUESTED:
                name, important, systems = body["name"], body["important"], tuple(body["systems"])
                told[event.subject] = SupportPeriod(event.subject, name, important, systems, *_span(body))
            case Move.PLANNED if event.subject in told:
                told[event.subject] = told[event.subject]._replace(planned_at=told[event.subject].planned_at or at)
            case Move.CANCELLED if event.subject in told:
                told[event.subject] = told[event.subject]._replace(cancelled_at=at)
    return sorted(told.values(), key=lambda one: (one.start, one.id))


def _span(body: Mapping[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(body["start"]), datetime.fromisoformat(body["end"])


class DowntimeLine(NamedTuple):
    """A planned downtime in which something was inspected, for a report."""

    system: str  # its name
    number: str
    start: datetime
    end: datetime
    why: str


def planned_during(
    contract: Contract, known: Iterable[Window], inspections: Iterable[tuple[str, datetime, datetime | None]]
) -> tuple[DowntimeLine, ...]:
    """The planned downtimes that count and in which inspections fell: what those saw is to be read accordingly.

    Args:
        inspections: system, start, end; None for one that came to no end.
    """
    looks, found = list(inspections), []
    for one in known:
        if one.excluded is None:
            continue
        first, last = one.excluded
        for system in contract.systems:
            fell = any(name == system.id and start < last and first <= (end or start) for name, start, end in looks)
            if system.id in one.systems and fell:
                start, end = first.astimezone(contract.tz), last.astimezone(contract.tz)
                found.append(DowntimeLine(system.name, one.id, start, end, one.why))
    return tuple(found)


def check_span(contract: Contract, systems: Iterable[str], start: datetime, end: datetime) -> None:
    """Refuse what makes no sense.

    Raises:
        RequestError: an unknown system, an end that is not after the start, not within the term, more than a month.
    """
    known = [system.id for system in contract.systems]
    if unknown := [one for one in systems if one not in known]:
        raise RequestError(f"合同里没有系统 {'、'.join(unknown)}；可选：{'、'.join(known)}")
    if end <= start:
        raise RequestError("止要晚于起；起止写成 2026-11-22 20:00 的样子")
    first, last = start.astimezone(contract.tz).date(), end.astimezone(contract.tz).date()
    if last < contract.term.start or first > contract.term.end:
        raise RequestError(f"不在服务期限内（{contract.term.start} 至 {contract.term.end}）；核对起止的年份")
    if end - start > _LONGEST:
        raise RequestError(f"一次至多 {_LONGEST.days} 天；更长的分几次登记")
