"""What is said of how long each system was up: tables for the terminal and for the UI, JSON, a picture."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from checks.availability import Condition, Span, clip
from checks.bands import SYSTEMS, percent
from checks.downtime import SupportPeriod
from flows.uptime import Line, Measured, Support, days_of

HEADS = ["系统", "可用率", "正常", "中断", "计划内停机", "不明", "考核", "得分"]
SUPPORT_HEADS = ["重保", "起", "止", "保障计划", *HEADS]
SHORT_HEADS = ["系统", "可用率", "时:分:秒", "考核"]
SHORT_SUPPORT_HEADS = ["重保", "系统和可用率", "时:分:秒", "考核"]


def title(found: Measured) -> str:
    """The days, and up to when they were counted where they are not over."""
    days = days_of(found.first, found.last)
    end = datetime.fromtimestamp(found.span.end, found.zone)
    return days if end.date() > found.last else f"{days}（到 {end:%m-%d %H:%M} 为止）"


def cells(line: Line) -> list[str]:
    """A line of the table."""
    share, judged, points = _judged(line)
    times = (line.seconds.up, line.seconds.down, line.seconds.planned, line.seconds.unknown)
    return [line.name, share, *(clock(one) for one in times), judged, points]


def support_cells(one: Support, zone: ZoneInfo) -> list[str]:
    """A line of the table of support periods."""
    *rest, _, _ = cells(one.line)
    start, end = (f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (one.period.start, one.period.end))
    return [_named(one.period), start, end, one.period.plan, *rest, *_earned(one)]


def short_cells(line: Line) -> list[str]:
    """The same for eighty columns."""
    share, judged, points = _judged(line)
    return [line.name, share, _times(line), f"{judged}\n{points}"]


def short_support_cells(one: Support, zone: ZoneInfo) -> list[str]:
    """The same for eighty columns."""
    start, end = (f"{at.astimezone(zone):%m-%d %H:%M}" for at in (one.period.start, one.period.end))
    what = f"{_named(one.period)}\n{start} 至\n{end}\n计划：{one.period.plan}"
    return [what, f"{one.line.name}\n{_judged(one.line)[0]}", _times(one.line), "\n".join(_earned(one))]


def shares(found: Measured) -> list[str]:
    """Every system, and every support period, in a few words."""
    said = [f"{line.name} {_judged(line)[0]}" for line in found.lines]
    return said + [f"{_named(one.period)}{one.line.name} {_judged(one.line)[0]}" for one in found.supports]


def _named(period: SupportPeriod) -> str:
    return f"{period.name}（{'重要' if period.important else '一般'}）"


def _earned(one: Support) -> list[str]:
    """Verdict and points of a support period: before it is over nothing is earned."""
    _, judged, points = _judged(one.line)
    if not one.over and not one.line.seconds.period:
        return ["还没有开始", "待定"]
    return [judged, points] if one.over else [f"至今：{judged}", "待定"]


def _judged(line: Line) -> tuple[str, str, str]:
    """Share, verdict and points in words."""
    low, high, verdict = line.seconds.low, line.seconds.high, line.verdict
    if low is None or high is None or verdict is None:
        return "不适用", "没有计入的时间", "不计分"
    share = percent(low) if low == high else f"{percent(low)} 至 {percent(high)}"
    judged = verdict.label + ("（正在界线上，须甲方认定）" if verdict.flagged else "")
    return share, judged, "待定" if verdict.points is None else f"{verdict.points:+} 分" if verdict.points else "0 分"


def _times(line: Line) -> str:
    """What a time was made of: up and down always, the others where there were any."""
    found = line.seconds
    named = (
        (Condition.UP, found.up),
        (Condition.DOWN, found.down),
        (Condition.PLANNED, found.planned),
        (Condition.UNKNOWN, found.unknown),
    )
    always = (Condition.UP, Condition.DOWN)
    return "\n".join(f"{what.label} {_hours(number)}" for what, number in named if number or what in always)


def fine(found: Measured) -> bool:
    """Whether every system is known to have reached the best band, and no support period may cost points."""
    best = SYSTEMS.bands[0]
    reached = all(line.verdict is not None and line.verdict.low_band == best for line in found.lines)
    judged = [one.line.verdict for one in found.supports if one.line.verdict]
    return reached and all(verdict.low_band.points >= 0 for verdict in judged)


def as_json(found: Measured) -> dict[str, Any]:
    """For other programs: whole seconds, and shares as exact fractions in text."""
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "until": datetime.fromtimestamp(found.span.end, found.zone).isoformat(),
        "systems": [_line_as_json(line) for line in found.lines],
        "supports": [
            {
                "id": one.period.id,
                "title": one.period.name,
                "important": one.period.important,
                "start": one.period.start.isoformat(),
                "end": one.period.end.isoformat(),
                "over": one.over,
                "plan_before_start": one.period.has_plan,
                "system": _line_as_json(one.line, counts=one.over),
            }
            for one in found.supports
        ],
    }


def _line_as_json(line: Line, *, counts: bool = True) -> dict[str, Any]:
    found, verdict = line.seconds, line.verdict
    return {
        "id": line.system,
        "name": line.name,
        **found._asdict(),
        "low": None if found.low is None else str(found.low),
        "high": None if found.high is None else str(found.high),
        "points": str(verdict.points) if verdict and verdict.determined and counts else None,
        "outages": [one._asdict() for one in line.outages],
    }


def notes(found: Measured) -> list[str]:
    """What has to be said beside the table: every outage and how much of it was planned, and systems of which nothing
    was seen."""
    said = []
    for line in found.lines:
        if line.seconds.unknown and not line.seconds.up and not line.seconds.down:
            said.append(f"{line.name}：没有探测结果，时间都是不明；探测在 xunjian up 运行时进行")
        for one in line.outages:
            start = datetime.fromtimestamp(one.start, found.zone)
            inside = clip(line.planned, Span(one.start, one.end or found.span.end))
            planned = sum(span.end - span.start for span in inside)
            also = f"，其中计划内停机 {clock(planned)}" if planned else ""
            if one.end is None:
                said.append(f"{line.name}：{start:%m-%d %H:%M:%S} 起中断，还没有恢复{also}")
            else:
                end = datetime.fromtimestamp(one.end, found.zone)
                took = clock(one.end - one.start)
                said.append(f"{line.name}：{start:%m-%d %H:%M:%S} 至 {end:%m-%d %H:%M:%S} 中断，{took}{also}")
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
    return (f"{days} 天 " if days else "") + _hours(rest).zfill(8)


def _hours(seconds: int) -> str:
    """51:04:05, to the second, and short."""
    minutes = seconds // 60
    return f"{minutes // 60}:{minutes % 60:02}:{seconds % 60:02}"
