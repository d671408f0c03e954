"""Disks: a panel for each file system, two beside each other; how full it was, and the day it will be full."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from math import ceil, floor
from typing import NamedTuple, Self

from checks.finding import State
from checks.forecast import LEAST_DAYS, LEAST_POINTS
from checks.report_disks import Volume
from tasks.plots.pen import EDGE, FAINT, INK, MARGIN, SMALL, TITLE, WIDTH, Pen, drawn, short, text_width

MOST_DISKS = 8
"""What a page holds."""

_HEAD, _NAME, _PANEL, _FOOT, _LEGEND = 40, 52, 130, 44, 40  # pixels
_AXIS, _BETWEEN, _ROOM = 56, 24, 90
_SEEN, _AHEAD, _WARN, _CRIT = "#1d4e89", "#1d4e89", "#9a6a00", "#a3201c"
_SHORTEST = timedelta(days=14)  # of what is shown


def disks_picture(volumes: Sequence[Volume], zone: tzinfo) -> bytes:
    """Draw how full each file system was and will be, PNG.

    Args:
        volumes: at most MOST_DISKS, at least one.

    Raises:
        PlotError: there is no Chinese font.
    """
    beside = min(len(volumes), 2)
    wide = (WIDTH - 2 * MARGIN - (beside - 1) * _BETWEEN) // beside
    tall = _NAME + _PANEL + _FOOT
    height = _HEAD + ceil(len(volumes) / beside) * tall + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(MARGIN, 22, "磁盘使用率和预计写满的日期", TITLE, align="left")
        for number, one in enumerate(volumes):
            left, top = MARGIN + number % beside * (wide + _BETWEEN), _HEAD + number // beside * tall
            _panel(pen, one, _Frame.of(one, left + _AXIS, left + wide, top + _NAME), zone)
        _legend(pen, height - 18)

    return drawn(height, draw)


class _Frame(NamedTuple):
    """Where a panel is, in pixels, and the time that it shows."""

    left: float
    right: float
    top: float
    first: datetime
    last: datetime

    @classmethod
    def of(cls, one: Volume, left: float, right: float, top: float) -> Self:
        first, now = one.points[0][0], one.points[-1][0]
        last = max(one.full_at or now, first + _SHORTEST)
        return cls(left, right, top, first, last + (last - first) * 0.06)

    def at(self, moment: datetime, percent: float) -> tuple[float, float]:
        x = self.left + (moment - self.first) / (self.last - self.first) * (self.right - self.left)
        return x, self.top + (100 - percent) / 100 * _PANEL


def _panel(pen: Pen, one: Volume, frame: _Frame, zone: tzinfo) -> None:
    now, percent = one.points[-1]
    left = frame.left - _AXIS
    pen.write(left, frame.top - 40, short(f"{one.host} {one.mount}", 42), align="left")
    pen.write(left, frame.top - 17, _said(one, percent, zone), SMALL, align="left")
    pen.fill(frame.left, frame.top, frame.right - frame.left, _PANEL, "#ffffff", EDGE)
    for level in (0.0, 50.0, 100.0):
        pen.line([frame.at(frame.first, level), frame.at(frame.last, level)], EDGE, 0.5)
        pen.write(frame.left - 6, frame.at(now, level)[1], f"{level:.0f}%", SMALL, FAINT, "right")
    for level, color, style in ((one.warn, _WARN, "--"), (one.crit, _CRIT, "-.")):
        pen.line([frame.at(frame.first, level), frame.at(frame.last, level)], color, 0.9, style)
    if one.full_at:
        x, y = frame.at(one.full_at, 100)
        pen.line([frame.at(now, percent), (x, y)], _AHEAD, 1.0, ":")
        pen.line([(x, y), (x, frame.top + _PANEL)], INK, 0.9)
        pen.line([(x, y)], INK, 0, "", "X", 6)
    pen.line([frame.at(*point) for point in one.points], _SEEN, 1.2, "-", "o", 2.4)
    _axis(pen, frame, now, one.full_at, zone)


def _said(one: Volume, percent: float, zone: tzinfo) -> str:
    used = f"已用 {floor(percent)}%{'' if one.state is State.OK else f'（{one.state.label}）'}"
    if one.full_at and one.full_from:
        full, earliest = (at.astimezone(zone) for at in (one.full_at, one.full_from))
        sooner = f"，最早 {earliest:%m-%d}" if earliest.date() < full.date() else ""
        return f"{used}，预计 {full:%Y-%m-%d} 写满{sooner}"
    if not one.enough:
        return f"{used}；记录还不足以预测（要 {LEAST_POINTS} 次、跨 {LEAST_DAYS} 天）"
    return f"{used}；没有明显增长，或一年内不会写满"


def _axis(pen: Pen, frame: _Frame, now: datetime, full_at: datetime | None, zone: tzinfo) -> None:
    """The first day, the day it will be full, and that of the last inspection where there is room between them."""
    y = frame.top + _PANEL + 14
    day = "%m-%d"
    pen.write(frame.left, y, f"{frame.first.astimezone(zone):{day}}", SMALL, FAINT, "left")
    right, said = frame.right, f"{full_at.astimezone(zone):{day}} 写满" if full_at else ""
    if full_at:
        right = min(frame.at(full_at, 0)[0], frame.right - text_width(said, SMALL) / 2)
        pen.write(right, y, said, SMALL)
    x = frame.at(now, 0)[0]
    if x - frame.left > _ROOM and (not full_at or right - x > _ROOM):
        pen.write(x, y, f"{now.astimezone(zone):{day}}", SMALL, FAINT)


def _legend(pen: Pen, y: float) -> None:
    x: float = MARGIN
    for said, color, style, marker in (
        ("历次巡检", _SEEN, "-", "o"),
        ("预测", _AHEAD, ":", ""),
        ("告警线", _WARN, "--", ""),
        ("严重线", _CRIT, "-.", ""),
    ):
        pen.line([(x, y), (x + 18, y), (x + 36, y)], color, 1.2, style, marker)
        pen.write(x + 44, y, said, align="left")
        x += 44 + text_width(said) + 20
    pen.line([(x + 8, y)], INK, 0, "", "X", 6)
    pen.write(x + 24, y, "预计写满", align="left")
