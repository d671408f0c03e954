"""A month of a system's availability: a column for each day, from midnight at the top to midnight at the bottom."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from checks.availability import Condition, Piece, Span, clip
from tasks.plots.pen import EDGE, FAINT, INK, MARGIN, SMALL, TITLE, WEEKEND, WIDTH, Pen, drawn, short, text_width

_SHADES = {
    Condition.UP: "#e2f0e4",
    Condition.DOWN: "#a3201c",
    Condition.PLANNED: "#a9c1e6",
    Condition.UNKNOWN: "#8d8d99",
}
# In black and white print a hatch tells what a shade does not.
_HATCHES = {Condition.PLANNED: "////", Condition.UNKNOWN: "...."}
_LEFT, _HEAD, _TITLE, _DAY, _LEGEND = 60, 88, 44, 150, 44  # pixels
_WIDEST = 60.0  # pixels
_LEAST = 2.0  # pixels: a minute must be seen, too


class Strip(NamedTuple):
    """One system: its name, what is said beside it, and what its time was made of."""

    name: str
    said: str
    pieces: Sequence[Piece]


def availability_picture(strips: Sequence[Strip], first: date, last: date, zone: ZoneInfo) -> bytes:
    """Draw the days of a period, PNG. Time that has not come yet stays white.

    Raises:
        PlotError: there is no Chinese font.
    """
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    cell = min((WIDTH - _LEFT - MARGIN) / len(days), _WIDEST)
    height = _HEAD + len(strips) * (_TITLE + _DAY) + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(MARGIN, 24, f"可用性　{first} 至 {last}", size=TITLE, align="left")
        _heads(pen, days, cell)
        for number, strip in enumerate(strips):
            top = _HEAD + number * (_TITLE + _DAY)
            pen.write(MARGIN, top + 18, f"{short(strip.name, 20)}　{strip.said}", align="left")
            _days(pen, strip, days, cell, top + _TITLE, zone)
        _legend(pen, height - _LEGEND + 12)

    return drawn(height, draw)


def _heads(pen: Pen, days: Sequence[date], cell: float) -> None:
    every = max(1, ceil(22 / cell))
    for number, day in enumerate(days):
        x = _LEFT + number * cell
        if day.weekday() >= 5 and every == 1:
            pen.fill(x, _HEAD - 26, cell, 26, WEEKEND)
        if number % every == 0:
            pen.write(x + cell / 2, _HEAD - 12, f"{day.day}", SMALL)
        if number == 0 or day.day == 1:
            pen.write(x + 2, _HEAD - 34, f"{day.month}月", SMALL, FAINT, "left")


def _days(pen: Pen, strip: Strip, days: Sequence[date], cell: float, top: float, zone: ZoneInfo) -> None:
    high = _DAY - 12
    for hour in (0, 6, 12, 18, 24):
        pen.write(_LEFT - 6, top + high * hour / 24, f"{hour}时", size=SMALL, color=FAINT, align="right")
    for number, day in enumerate(days):
        x = _LEFT + number * cell
        pen.fill(x, top, cell - 1, high, "#ffffff", EDGE)
        # The bad ones last: what is made wider to be seen must not be covered.
        for start, end, condition in sorted(_parts(strip.pieces, day, zone), key=lambda part: _ORDER.index(part[2])):
            tall = max((end - start) * high, _LEAST if condition is Condition.DOWN else 0.0)
            pen.fill(x, top + start * high, cell - 1, tall, _SHADES[condition], hatch=_HATCHES.get(condition, ""))


_ORDER = (Condition.UP, Condition.PLANNED, Condition.UNKNOWN, Condition.DOWN)


def _parts(pieces: Sequence[Piece], day: date, zone: ZoneInfo) -> Iterator[tuple[float, float, Condition]]:
    """What a day was made of, as shares of it: where clocks change, a day has an hour more or less."""
    start, end = (int(datetime.combine(day + timedelta(days=n), time(), zone).timestamp()) for n in (0, 1))
    for span, condition in pieces:
        for part in clip([span], Span(start, end)):
            yield (part.start - start) / (end - start), (part.end - start) / (end - start), condition


def _legend(pen: Pen, y: float) -> None:
    x: float = MARGIN
    for condition in Condition:
        hatch = _HATCHES.get(condition, "")
        pen.fill(x, y, 26, 16, _SHADES[condition], INK if hatch else EDGE, hatch)
        pen.write(x + 32, y + 8, condition.label, align="left")
        x += 32 + text_width(condition.label) + 24
