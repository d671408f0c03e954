"""Response times: a panel for each system, one below the other over the same days."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple, Self

from checks.report_response import Day, Series
from tasks.plots.pen import EDGE, FAINT, INK, MARGIN, SMALL, TITLE, WIDTH, Pen, drawn, short, text_width
from tasks.plots.timeline import Timeline

_LEFT, _HEAD, _NAME, _PANEL, _GAP, _FOOT = 84, 44, 40, 120, 8, 84  # pixels
_LEAST = 0.001  # seconds: what probes are measured in
_MARKED = 12  # pixels: narrower days have no room for markers
_NOTHING = "////"  # a hatch: days of which nothing is known


class _Look(NamedTuple):
    """A line: without its colour it is told by its style and its markers."""

    color: str
    width: float
    style: str
    marker: str = ""


_MEDIAN, _P95, _LIMIT = _Look("#1d4e89", 1.2, "-", "o"), _Look("#b3541e", 1.2, ":", "^"), _Look("#a3201c", 1.0, "--")


def response_picture(systems: Sequence[Series], first: date, last: date, until: date) -> bytes:
    """Draw the response times of the days from `first` to `last`, PNG. Seconds on a scale of powers of ten, so that
    the limit is seen beside what is far below it.

    Args:
        until: the last day that has passed; what is missing later may still come, and stays white.

    Raises:
        PlotError: there is no Chinese font.
    """
    time = Timeline(first, last, _LEFT, WIDTH - MARGIN)
    scale = _Seconds.of(systems)
    height = _HEAD + len(systems) * (_NAME + _PANEL + _GAP) + _FOOT

    def draw(pen: Pen) -> None:
        pen.write(MARGIN, 22, f"响应时间　{first} 至 {last}", TITLE, align="left")
        for number, one in enumerate(systems):
            top = _HEAD + number * (_NAME + _PANEL + _GAP)
            _panel(pen, one, time, top + _NAME, scale, min(last, until))
        time.axis(pen, height - _FOOT - _GAP)
        _legend(pen, height - 24)

    return drawn(height, draw)


class _Seconds(NamedTuple):
    """The scale of all panels: the logarithms at their lower and upper edge."""

    low: float
    high: float

    @classmethod
    def of(cls, systems: Sequence[Series]) -> Self:
        every = [
            time
            for one in systems
            for time in (one.warn, *(day.median for day in one.days), *(day.p95 for day in one.days))
        ]
        return cls(log10(max(min(every), _LEAST)) - 0.25, log10(max(every)) + 0.4)

    def y(self, seconds: float, bottom: float) -> float:
        return bottom - (log10(max(seconds, _LEAST)) - self.low) / (self.high - self.low) * _PANEL

    def ticks(self) -> list[float]:
        """Powers of ten; with their doubles and halves where the panel has room."""
        steps = (1, 2, 5) if (self.high - self.low) * 70 < _PANEL else (1,)
        every = [step * 10.0**power for power in range(floor(self.low), ceil(self.high)) for step in steps]
        return [one for one in every if self.low <= log10(one) <= self.high]


def _panel(pen: Pen, one: Series, time: Timeline, top: float, scale: _Seconds, until: date) -> None:
    bottom = top + _PANEL
    pen.write(MARGIN, top - 20, short(one.name, 42), align="left")
    time.weekends(pen, top, _PANEL)
    gaps = [(time.x(day), top, time.day, _PANEL) for day in _missing(one, time.first, until)]
    pen.fills(gaps, "#ffffff", "#9a9a9a", _NOTHING)
    for seconds in scale.ticks():
        y = scale.y(seconds, bottom)
        pen.line([(time.left, y), (time.right, y)], EDGE, 0.5)
        pen.write(time.left - 6, y, f"{seconds:g} 秒", SMALL, FAINT, "right")
    pen.fill(time.left, top, time.right - time.left, _PANEL, "none", EDGE)
    limit = scale.y(one.warn, bottom)
    pen.line([(time.left, limit), (time.right, limit)], *_LIMIT[:3])
    pen.write(time.right - 4, limit - 10, f"时限 {one.warn:g} 秒", SMALL, _LIMIT.color, "right")
    for run in _runs(one.days):
        medians = [(time.middle(day.day), scale.y(day.median, bottom)) for day in run]
        highs = [(time.middle(day.day), scale.y(day.p95, bottom)) for day in run]
        for points, look in ((highs, _P95), (medians, _MEDIAN)):
            bare = time.day < _MARKED and len(run) > 1
            pen.line(points, *(look._replace(marker="") if bare else look))


def _missing(one: Series, first: date, until: date) -> Iterator[date]:
    known = {day.day for day in one.days}
    days = (first + timedelta(days=number) for number in range((until - first).days + 1))
    return (day for day in days if day not in known)


def _runs(days: Sequence[Day]) -> Iterator[list[Day]]:
    """Days that follow one another: a line does not go over one of which nothing is known."""
    run: list[Day] = []
    for before, day in pairwise([None, *days]):
        if before and day and (day.day - before.day).days > 1:
            yield run
            run = []
        if day:
            run.append(day)
    if run:
        yield run


def _legend(pen: Pen, y: float) -> None:
    x: float = MARGIN
    for said, look in (("每日中位数", _MEDIAN), ("每日第 95 百分位数", _P95), ("合同的时限（告警）", _LIMIT)):
        pen.line([(x, y), (x + 18, y), (x + 36, y)], *look)
        pen.write(x + 44, y, said, align="left")
        x += 44 + text_width(said) + 20
    pen.fill(x, y - 9, 28, 18, "#ffffff", "#9a9a9a", _NOTHING)
    pen.write(x + 34, y, "没有测到", align="left", color=INK)
