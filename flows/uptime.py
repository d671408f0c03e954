"""How long each system was up in a period, from what the ledger holds: probes, reported outages, planned downtime.

Annex 4: 信息系统可用性, and of each support period (重保) by a scale of its own.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from checks.availability import Outage, Piece, Seconds, Span, Stretch, clip, joined, merge, outages, pieces, summed
from checks.bands import GENERAL_SUPPORT, KEY_SUPPORT, SYSTEMS, Scale, Verdict, judge
from checks.contract import Contract
from checks.downtime import DOWNTIME, SUPPORT, SupportPeriod, Window, support_periods, windows
from checks.incidents import INCIDENT, Incident, incidents
from checks.periods import Period
from checks.slots import RequestError
from tasks.ledger import Ledger

_AROUND = timedelta(hours=1)  # a reading at the edge is confirmed by its neighbours


class Line(NamedTuple):
    """One system. `verdict`: None where no time counts; `planned`: the time that is not counted."""

    system: str
    name: str
    seconds: Seconds
    verdict: Verdict | None
    pieces: list[Piece]
    outages: list[Outage]
    planned: list[Span]


class Support(NamedTuple):
    """One system in a support period (重保): all of the period's own time that has passed, whatever was asked for."""

    period: SupportPeriod
    line: Line
    over: bool


class Measured(NamedTuple):
    """A period, as far as it lies within the contract's term; `span`: as far as it has come."""

    first: date
    last: date
    span: Span
    lines: list[Line]
    supports: list[Support]
    zone: ZoneInfo


class _Record(NamedTuple):
    """What is on record, as availability is counted from it."""

    ledger: Ledger
    names: dict[str, str]
    planned: list[Window]
    reported: list[Incident]
    now: datetime

    def line(self, system: str, start: datetime, end: datetime, scale: Scale) -> Line:
        """One system over a time."""
        period = _span(start, end)
        hours = self.ledger.seen_hours(system, start - _AROUND, end + _AROUND)
        seen = joined(one for hour in hours for one in hour.stretches())
        told = [
            _span(since, until or self.now)
            for one in self.reported
            if one.system == system and not one.void
            for since, until in one.down
        ]
        excluded = [_span(*one.excluded) for one in self.planned if one.excluded and system in one.systems]
        parts = pieces(seen, told, excluded, period)
        found, were = summed(parts), _within(seen, told, period)
        name = self.names.get(system, system)
        return Line(system, name, found, judge(found, scale), parts, were, merge(excluded))


def measured(ledger: Ledger, contract: Contract, days: Period, now: datetime) -> Measured:
    """Count every second of a period that has passed, within the contract's term.

    Raises:
        RequestError: nothing of the period has passed, or nothing of it is within the term.
    """
    term = contract.term
    first, last = max(days.first, term.start), min(days.last, term.end)
    asked = days_of(*days)
    if first > last:
        raise RequestError(f"{asked} 不在服务期限内；写 {term.start} 至 {term.end} 之间的期间")
    start = datetime.combine(first, time(), contract.tz)
    if start >= now:
        raise RequestError(f"{asked} 还没有到，没有可用率；到 {now.astimezone(contract.tz).date()} 为止的才有")
    ends = datetime.combine(last + timedelta(days=1), time(), contract.tz)
    end = min(ends, now)
    record = _Record(
        ledger,
        {system.id: system.name for system in contract.systems},
        windows(ledger.events(DOWNTIME)),
        incidents(ledger.events(INCIDENT)),
        now,
    )
    lines = [record.line(system.id, start, end, SYSTEMS) for system in contract.systems]
    supports = [
        one
        for period in support_periods(ledger.events(SUPPORT))
        if period.lasts and period.lasts[0] < ends and period.lasts[1] > start
        for one in _supported(record, period, *period.lasts)
    ]
    return Measured(first, last, _span(start, end), lines, supports, contract.tz)


def _supported(record: _Record, period: SupportPeriod, start: datetime, end: datetime) -> Iterator[Support]:
    scale = KEY_SUPPORT if period.important else GENERAL_SUPPORT
    passed = max(start, min(end, record.now))
    for system in period.systems:
        yield Support(period, record.line(system, start, passed, scale), end <= record.now)


def _span(start: datetime, end: datetime) -> Span:
    return Span(int(start.timestamp()), int(end.timestamp()))


def days_of(first: date, last: date) -> str:
    """Days in words."""
    return f"{first}" if first == last else f"{first} 至 {last}"


def _within(seen: list[Stretch], told: Iterable[Span], period: Span) -> list[Outage]:
    """Outages that touch a period, as they were: those that people reported are joined with what was seen."""
    were = outages(seen)
    open_ones = [one for one in were if one.end is None]
    ended = merge([*(Span(one.start, one.end) for one in were if one.end is not None), *told])
    found = [Outage(*one) for one in ended] + open_ones
    return [one for one in found if [*clip([Span(one.start, one.end or period.end)], period)]]
