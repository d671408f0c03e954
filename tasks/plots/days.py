"""A month of a system's availability: a column for each day, from midnight at the top to midnight at the bottom."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from checks.availability import Condition, Piece, Span, clip
from tasks.plots.pen import EDGE, FAINT, INK, WEEKEND, Pen, drawn, text_width

_SHADES = {
    Condition.UP: "#e2f0e4",
    Condition.DOWN: "#a3201c",
    Condition.PLANNED: "#a9c1e6",
    Condition.UNKNOWN: "#8d8d99",
}
# In black and white print a hatch tells what a shade does not.
_HATCHES = {Condition.PLANNED: "////", Condition.UNKNOWN: "...."}
_LEFT, _MARGIN, _HEAD, _TITLE, _DAY, _LEGEND = 56, 16, 84, 30, 150, 44  # pixels
_WIDTH, _NARROWEST = 1200, 720
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
    cell = max((_WIDTH - _LEFT - _MARGIN) / len(days), 3.0)
    width = max(int(_LEFT + cell * len(days) + _MARGIN), _NARROWEST)
    height = _HEAD + len(strips) * (_TITLE + _DAY) + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(_MARGIN, 24, f"可用性　{first} 至 {last}", size=13, align="left")
        _heads(pen, days, cell)
        for number, strip in enumerate(strips):
            top = _HEAD + number * (_TITLE + _DAY)
            pen.write(_MARGIN, top + _TITLE / 2, f"{strip.name}　{strip.said}", size=10, align="left")
            _days(pen, strip, days, cell, top + _TITLE, zone)
        _legend(pen, height - _LEGEND + 12)

    return drawn(width, height, draw)


def _heads(pen: Pen, days: Sequence[date], cell: float) -> None:
    every = max(1, round(26 / cell))
    for number, day in enumerate(days):
        x = _LEFT + number * cell
        if day.weekday() >= 5 and every == 1:
            pen.fill(x, _HEAD - 32, cell, 30, WEEKEND)
        if number % every == 0:
            pen.write(
                x + cell / 2, _HEAD - 22, f"{day.month}/{day.day}" if number == 0 or day.day == 1 else str(day.day)
            )
            if every == 1:
                pen.write(x + cell / 2, _HEAD - 8, "一二三四五六日"[day.weekday()], color=FAINT)


def _days(pen: Pen, strip: Strip, days: Sequence[date], cell: float, top: float, zone: ZoneInfo) -> None:
    high = _DAY - 12
    for hour in (0, 6, 12, 18, 24):
        pen.write(_LEFT - 6, top + high * hour / 24, f"{hour}时", size=8, color=FAINT, align="right")
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
    x: float = _MARGIN
    for condition in Condition:
        pen.fill(x, y, 26, 16, _SHADES[condition], EDGE, hatch=_HATCHES.get(condition, ""))
        pen.write(x + 32, y + 8, condition.label, align="left", color=INK)
        x += 32 + text_width(condition.label) + 24
