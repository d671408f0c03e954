"""How long each system was up in a period, from what the ledger holds: probes, reported outages, planned downtime."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from checks.availability import Outage, Piece, Seconds, Span, Stretch, clip, merge, outages, pieces
from checks.availability import seconds as counted
from checks.bands import SYSTEMS, Verdict, judge, percent
from checks.contract import Contract
from checks.downtime import DOWNTIME, windows
from checks.incidents import INCIDENT, incidents
from checks.periods import Period
from tasks.ledger import Ledger

HEADS = ["系统", "可用率", "正常", "中断", "计划内停机", "不明", "考核", "分"]
_AROUND = timedelta(hours=1)  # a reading at the edge is confirmed by its neighbours


class Line(NamedTuple):
    """One system. `verdict`: None where no time counts."""

    system: str
    name: str
    seconds: Seconds
    verdict: Verdict | None
    pieces: list[Piece]
    outages: list[Outage]


class Measured(NamedTuple):
    """A period, as far as it has come."""

    first: date
    last: date
    span: Span
    lines: list[Line]
    zone: ZoneInfo


def measured(ledger: Ledger, contract: Contract, days: Period, now: datetime) -> Measured:
    """Count every second of a period that has passed, within the contract's term."""
    first, last = max(days.first, contract.term.start), min(days.last, contract.term.end)
    start = datetime.combine(first, time(), contract.tz)
    end = max(start, min(datetime.combine(last + timedelta(days=1), time(), contract.tz), now))
    period = Span(int(start.timestamp()), int(end.timestamp()))
    planned, reported = windows(ledger.events(DOWNTIME)), incidents(ledger.events(INCIDENT))
    lines = []
    for system in contract.systems:
        hours = ledger.probe_hours(system.id, start - _AROUND, end + _AROUND)
        seen: list[Stretch] = [one for hour in hours for one in hour.stretches()]
        told = [
            _span(one.started_at, one.restored_at or now)
            for one in reported
            if one.system == system.id and one.reported_down and not one.void
        ]
        excluded = [_span(*one.excluded) for one in planned if one.excluded and system.id in one.systems]
        found = counted(seen, told, excluded, period)
        parts = pieces(seen, told, excluded, period)
        lines.append(Line(system.id, system.name, found, judge(found, SYSTEMS), parts, _within(seen, told, period)))
    return Measured(days.first, days.last, period, lines, contract.tz)


def _span(start: datetime, end: datetime) -> Span:
    return Span(int(start.timestamp()), int(end.timestamp()))


def _within(seen: list[Stretch], told: Iterable[Span], period: Span) -> list[Outage]:
    """Outages that touch a period, as they were: those that people reported are joined with what was seen."""
    open_ones = [one for one in outages(seen) if one.end is None]
    ended = merge([*(Span(one.start, one.end) for one in outages(seen) if one.end is not None), *told])
    found = [Outage(*one) for one in ended] + open_ones
    return [one for one in found if [*clip([Span(one.start, one.end or period.end)], period)]]


def cells(line: Line) -> list[str]:
    """A line of the table."""
    low, high, verdict = line.seconds.low, line.seconds.high, line.verdict
    if low is None or high is None or verdict is None:
        share, judged, points = "不适用", "没有计入的时间", "—"
    else:
        share = percent(low) if low == high else f"{percent(low)} 至 {percent(high)}"
        judged = verdict.label + ("（正在界线上，须甲方认定）" if verdict.flagged else "")
        points = f"{verdict.points:+}" if verdict.points is not None else "待定"
    times = (line.seconds.up, line.seconds.down, line.seconds.planned, line.seconds.unknown)
    return [line.name, share, *(clock(one) for one in times), judged, points]


def fine(found: Measured) -> bool:
    """Whether every system is known to have reached the best band."""
    best = SYSTEMS.bands[0]
    return all(line.verdict is not None and line.verdict.low_band == best for line in found.lines)


def as_json(found: Measured) -> dict[str, Any]:
    """For other programs: whole seconds, and shares as exact fractions in text."""
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "systems": [
            {
                "id": line.system,
                "name": line.name,
                **line.seconds._asdict(),
                "low": str(line.seconds.low),
                "high": str(line.seconds.high),
                "points": str(line.verdict.points) if line.verdict and line.verdict.determined else None,
                "outages": [one._asdict() for one in line.outages],
            }
            for line in found.lines
        ],
    }


def outage_lines(found: Measured) -> list[str]:
    """Every outage in words."""
    said = []
    for line in found.lines:
        for one in line.outages:
            start = datetime.fromtimestamp(one.start, found.zone)
            if one.end is None:
                said.append(f"{line.name}：{start:%m-%d %H:%M:%S} 起，还没有恢复")
            else:
                end = datetime.fromtimestamp(one.end, found.zone)
                said.append(
                    f"{line.name}：{start:%m-%d %H:%M:%S} 至 {end:%m-%d %H:%M:%S}，{clock(one.end - one.start)}"
                )
    return said


def pictured(found: Measured) -> bytes:
    """Every day of the period as a picture, PNG.

    Raises:
        PlotError: there is no Chinese font.
    """
    from tasks.plots import Strip, availability_picture  # late: half a second

    strips = [Strip(line.name, cells(line)[1], line.pieces) for line in found.lines]
    return availability_picture(strips, found.first, found.last, found.zone)


def clock(seconds: int) -> str:
    """2 天 03:04:05, to the second: 0 is 0."""
    days, rest = divmod(seconds, 86400)
    hours, minutes = divmod(rest // 60, 60)
    return (f"{days} 天 " if days else "") + f"{hours:02}:{minutes:02}:{rest % 60:02}"
