"""Incidents: a lane for each system with its faults and planned downtimes; below, how many faults each month had."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from checks.periods import month_after
from checks.report_incidents import Bar, Happened, Lane
from tasks.plots.pen import EDGE, INK, MARGIN, SMALL, TITLE, WIDTH, Pen, drawn, short, text_width
from tasks.plots.timeline import Timeline

_FAULT, _PLANNED, _HATCH = "#a3201c", "#dbe5f3", "////"
_NOTHING = "#b0b0b0", "...."  # a hatch: time of which nothing is known
_HEAD, _ROW, _PAD, _AXIS, _MONTHS, _LEGEND = 44, 22, 5, 56, 92, 36  # pixels
_ARROW = 14  # pixels
_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # of a legend
_LEAST = 4.0  # pixels: a minute must be seen, too
_MOST_ROWS = 6  # of one system; where more would overlap they have no numbers
_LONG = 62  # days; of a longer period the months are counted


class _Shown(NamedTuple):
    """A bar in its place. `row`: in its lane; `said`: its number, "" where there is no room; `left`: where that is."""

    bar: Bar
    planned: bool
    x: float
    width: float
    row: int
    said: str
    left: bool


def incidents_picture(
    found: Happened, first: date, last: date, since: datetime, now: datetime, zone: ZoneInfo
) -> bytes:
    """Draw what happened on the days from `first` to `last`, PNG.

    Args:
        since: from when on anything is known.
        now: up to when; a fault that goes on is drawn until then.

    Raises:
        PlotError: there is no Chinese font.
    """
    left = 2 * MARGIN + max(text_width(short(lane.name)) for lane in found.lanes)
    time = Timeline(first, last, left, WIDTH - MARGIN)
    lanes = [(lane, _placed(lane, time, now, zone)) for lane in found.lanes]
    rows = [1 + max((one.row for one in shown), default=0) for _, shown in lanes]
    counted = (last - first).days >= _LONG
    known = time.at(since.astimezone(zone))
    body = sum(rows) * _ROW + len(rows) * 2 * _PAD
    height = _HEAD + body + _AXIS + (_MONTHS if counted else 0) + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(MARGIN, 22, f"故障与计划内停机　{first} 至 {last}", TITLE, align="left")
        time.weekends(pen, _HEAD, body)
        if known > time.left:
            pen.fill(time.left, _HEAD, known - time.left, body, "#ffffff", *_NOTHING)
        top = _HEAD
        for (lane, shown), many in zip(lanes, rows, strict=True):
            tall = many * _ROW + 2 * _PAD
            pen.fill(time.left, top, time.right - time.left, tall, "none", EDGE)
            pen.write(MARGIN, top + tall / 2, short(lane.name), align="left")
            for one in shown:
                _bar(pen, one, top + _PAD + one.row * _ROW)
            top += tall
        time.axis(pen, top)
        if counted:
            _months(pen, found, time, top + _AXIS, since.astimezone(zone).date(), now.astimezone(zone).date())
        _legend(pen, height - 18, gap=known > time.left)

    return drawn(height, draw)


def _placed(lane: Lane, time: Timeline, now: datetime, zone: ZoneInfo) -> list[_Shown]:
    """Each in the first row that is free there; with its number, its last digits or, of very many, without."""
    bars = sorted([*((one, False) for one in lane.faults), *((one, True) for one in lane.planned)], key=_begins)
    for said in (_whole, _digits):
        shown = list(_in_rows(bars, time, now, zone, said))
        if max((one.row for one in shown), default=0) < _MOST_ROWS:
            return shown
    return [one._replace(row=0, said="") for one in shown]


def _in_rows(
    bars: Sequence[tuple[Bar, bool]], time: Timeline, now: datetime, zone: ZoneInfo, said: Callable[[str], str]
) -> Iterator[_Shown]:
    free: list[float] = []  # of each row, from where
    for bar, planned in bars:
        x, end = time.at(bar.start.astimezone(zone)), time.at((bar.end or now).astimezone(zone))
        width = max(end - x, _LEAST)
        x, text = min(x, time.right - width), said(bar.number)
        room = _ARROW + text_width(text, SMALL) + 4
        left = x + width + room > time.right  # the number is on the right, or on the left where the picture ends
        begins, ends = (x - room, x + width) if left else (x, x + width + room)
        row = next((number for number, at in enumerate(free) if at <= begins), len(free))
        free[row : row + 1] = [ends + 4]
        yield _Shown(bar, planned, x, width, row, text, left)


def _begins(one: tuple[Bar, bool]) -> tuple[datetime, str]:
    return one[0].start, one[0].number


def _whole(number: str) -> str:
    return number


def _digits(number: str) -> str:
    return number.rpartition("-")[2]


def _bar(pen: Pen, one: _Shown, y: float) -> None:
    middle, tall = y + _ROW / 2, _ROW - 6
    if one.planned:
        pen.fill(one.x, y + 3, one.width, tall, _PLANNED, INK, _HATCH)
    pen.fill(one.x, y + 3, one.width, tall, "none" if one.planned else _FAULT, INK)
    if one.bar.end is None:
        pen.line([(one.x + one.width + 3, middle)], INK, 0, "", ">", 6)
    if one.said:
        x = one.x - 4 if one.left else one.x + one.width + _ARROW
        pen.write(x, middle, one.said, SMALL, align="right" if one.left else "left")


def _months(pen: Pen, found: Happened, time: Timeline, top: float, since: date, until: date) -> None:
    """A bar for each month that has begun, as high as there were faults, their number above it; 不明 for one of which
    nothing is known."""
    most, base = max([*found.months.values(), 1]), top + _MONTHS - 10
    pen.write(MARGIN, base - 20, "每月新发生", SMALL, align="left")
    pen.write(MARGIN, base, "的故障（个）", SMALL, align="left")
    pen.line([(time.left, base), (time.right, base)], EDGE, 0.6)
    for number, day in enumerate(time.days):
        if (number == 0 or day.day == 1) and day <= until:
            month = day.replace(day=1)
            following = month_after(month)
            right = time.x(min(following, time.last + timedelta(days=1)))
            middle, many = (time.x(day) + right) / 2, found.months[month]
            tall = many / most * (_MONTHS - 40)
            pen.fill(middle - 10, base - tall, 20, tall, _FAULT, INK)
            said = f"{many}" if many or following > since else "不明"
            pen.write(middle, base - tall - 10, said, SMALL)


def _legend(pen: Pen, y: float, *, gap: bool) -> None:
    x: float = MARGIN
    for said, planned, end in (("故障", False, _EVER), ("还没有恢复的故障", False, None), ("计划内停机", True, _EVER)):
        _bar(pen, _Shown(Bar("", _EVER, end), planned, x, 28, 0, "", left=False), y - _ROW / 2)
        x += 28 + (_ARROW if end is None else 0)
        pen.write(x + 6, y, said, align="left")
        x += text_width(said) + 26
    if gap:
        pen.fill(x, y - 9, 28, 18, "#ffffff", *_NOTHING)
        pen.write(x + 34, y, "没有记录", align="left")
