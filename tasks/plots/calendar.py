"""The calendar of expected inspections and what became of each."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from checks.coverage import DUTIES, Coverage, Line, Mark, SlotMark
from tasks.plots.pen import EDGE, FAINT, INK, MARGIN, SMALL, TITLE, USUAL, WEEKEND, WIDTH, Pen, drawn, short, text_width

# One look must do without colours: the paler, the better; each cell bears its mark's symbol.
_SHADES = {
    Mark.DONE: "#e2f0e4",
    Mark.LATE: "#f5cf7a",
    Mark.MISSED: "#a3201c",
    Mark.EXCUSED: "#cfd9ea",
    Mark.UNKNOWN: "#70707d",
    Mark.PENDING: "#ffffff",
}
_ON_DARK = {Mark.MISSED, Mark.UNKNOWN}
# Which mark a cell shows that stands for several slots.
_WINS = (Mark.MISSED, Mark.UNKNOWN, Mark.LATE, Mark.EXCUSED, Mark.PENDING, Mark.DONE)
_COUNTED = {Mark.MISSED, Mark.UNKNOWN, Mark.LATE, Mark.EXCUSED}

_TITLES = {duty.id: duty.title for duty in DUTIES}

_CELL, _ROW = 64, 26  # pixels; a cell's width at most
_HEADER, _DUTY, _LEGEND = 104, 26, 44  # pixels
_MOST_ROWS = 42  # of more, those that are alike share one
# Cells too narrow for a symbol would tell by colour alone.
_MOST_DAYS, _MOST_WEEKS = 45, 28


def calendar_picture(coverage: Coverage) -> bytes:
    """Draw a calendar, PNG: a row for each target, a column for each day; week or month where the period is long.

    Where there are many targets, those of a duty to which the same happened share a row.

    Raises:
        PlotError: there is no Chinese font.
    """
    rows = [_Row(line.duty, line.label, line) for line in coverage.lines]
    return _drawn(coverage, rows if len(rows) <= _MOST_ROWS else _together(coverage.lines), _Columns.of(coverage))


class _Row(NamedTuple):
    duty: str
    label: str
    line: Line


def _together(lines: Iterable[Line]) -> list[_Row]:
    found: dict[tuple[str, tuple[tuple[date, Mark], ...]], list[Line]] = {}
    for line in lines:
        found.setdefault((line.duty, tuple((one.slot.day, one.mark) for one in line.marks)), []).append(line)
    named = ((alike, f"{short(alike[0].label)} 等 {len(alike)} 个") for alike in found.values())
    return [_Row(one.duty, name if more else one.label, one) for (one, *more), name in named]


class _Each(StrEnum):
    """What a column stands for."""

    DAY = "天"
    WEEK = "周"
    MONTH = "月"


class _Columns(NamedTuple):
    """The columns' first days."""

    each: _Each
    starts: tuple[date, ...]

    @classmethod
    def of(cls, coverage: Coverage) -> "_Columns":
        first, last = coverage.first, coverage.last
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        weeks = [day for day in days if day.weekday() == 0 or day == first]
        if len(days) <= _MOST_DAYS:
            return cls(_Each.DAY, tuple(days))
        if len(weeks) <= _MOST_WEEKS:
            return cls(_Each.WEEK, tuple(weeks))
        return cls(_Each.MONTH, tuple(day for day in days if day.day == 1 or day == first))

    def at(self, day: date) -> int:
        """The column of a day; of one after the period the last."""
        return bisect_right(self.starts, day) - 1

    def heads(self) -> Iterator[tuple[str, str, bool]]:
        """For each column: the upper line, which may reach over the next columns, the lower one, whether a weekend."""
        for number, start in enumerate(self.starts):
            # a week counts in the month, and year, of its Thursday, ISO 8601
            day = start - timedelta(days=start.weekday()) + timedelta(days=3) if self.each is _Each.WEEK else start
            before = self.starts[number - 1] if number else None
            match self.each:
                case _Each.DAY:
                    new, name, said = number == 0 or day.day == 1, f"{day.month}月", f"{day.day}"
                case _Each.WEEK:
                    new, name, said = number == 0 or day.day <= 7, f"{day.month}月", f"{day:%V}"
                case _Each.MONTH:
                    new, name, said = before is None or before.year != day.year, f"{day.year}年", f"{day.month}月"
            yield (name if new else ""), said, self.each is _Each.DAY and day.weekday() >= 5


class _Cell(NamedTuple):
    """`number`: how many slots in it have the mark."""

    first: int  # column
    last: int
    mark: Mark
    number: int


def _cells(line: Line, columns: _Columns) -> list[_Cell]:
    """Each slot over the columns of its days; of several in the same place, the mark that wins."""
    found: dict[tuple[int, int], list[Mark]] = {}
    for one in line.marks:
        last = one.slot.day if columns.each is _Each.MONTH else _last_day(one)
        found.setdefault((columns.at(one.slot.day), columns.at(last)), []).append(one.mark)
    worst = ((place, min(marks, key=_WINS.index), marks) for place, marks in found.items())
    return [_Cell(*place, mark, marks.count(mark)) for place, mark, marks in worst]


def _last_day(one: SlotMark) -> date:
    """Rounded: where clocks change, a day has an hour more or less."""
    return one.slot.day + timedelta(days=round((one.slot.closes_at - one.slot.opens_at) / timedelta(days=1)) - 1)


def _drawn(coverage: Coverage, rows: Sequence[_Row], columns: _Columns) -> bytes:
    left = 2 * MARGIN + max((text_width(row.label) for row in rows), default=0) + 12
    cell = min((WIDTH - left - MARGIN) / len(columns.starts), _CELL)
    duties = list(dict.fromkeys(row.duty for row in rows))
    height = _HEADER + len(duties) * _DUTY + max(len(rows), 1) * _ROW + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(MARGIN, 22, f"巡检完成情况　{coverage.first} 至 {coverage.last}", TITLE, align="left")
        _heads(pen, columns, left, cell, height - _LEGEND)
        if not rows:
            pen.write(left, _HEADER + _ROW / 2, "这段时间没有应做的巡检", align="left")
        y = _HEADER
        for duty in duties:
            pen.write(MARGIN, y + _DUTY / 2, _TITLES.get(duty, duty), SMALL, FAINT, "left")
            y += _DUTY
            for row in (row for row in rows if row.duty == duty):
                pen.write(MARGIN + 10, y + _ROW / 2, row.label, align="left")
                for first, last, mark, number in _cells(row.line, columns):
                    said = f"{number}" if columns.each is _Each.MONTH and mark in _COUNTED else ""
                    _cell(pen, left + first * cell, y, (last - first + 1) * cell, mark, said)
                y += _ROW
        _legend(pen, coverage, columns, height - _LEGEND + 10)

    return drawn(height, draw)


def _heads(pen: Pen, columns: _Columns, left: float, cell: float, bottom: float) -> None:
    if columns.each is _Each.WEEK:
        pen.write(left - 8, _HEADER - 14, "周", SMALL, FAINT, "right")
    for number, (upper, lower, weekend) in enumerate(columns.heads()):
        x = left + number * cell
        if weekend:
            pen.fill(x, _HEADER - 28, cell, bottom - _HEADER + 28, WEEKEND)
        pen.write(x + 2, _HEADER - 36, upper, SMALL, FAINT, "left")
        pen.write(x + cell / 2, _HEADER - 14, lower, SMALL)


def _legend(pen: Pen, coverage: Coverage, columns: _Columns, y: float) -> None:
    total = coverage.total()
    said = f"应做 {total.expected} 次，不含未到期 {total.pending} 次"
    if columns.each is not _Each.DAY:
        said += f"；每格一{columns.each}，显示其中最差的一项{'和它的次数' if columns.each is _Each.MONTH else ''}"
    pen.write(MARGIN, 46, said, SMALL, FAINT, "left")
    x: float = MARGIN
    for mark in Mark:
        _cell(pen, x, y, 28, mark)
        text = f"{mark.label} {getattr(total, mark.value)}"
        pen.write(x + 34, y + _ROW / 2, text, align="left")
        x += 34 + text_width(text) + 18


def _cell(pen: Pen, x: float, y: float, width: float, mark: Mark, said: str = "") -> None:
    """A mark: its shade and its symbol, and what is said beside it."""
    pen.fill(x + 1, y + 1, width - 2, _ROW - 2, _SHADES[mark], EDGE)
    size = 11 if mark is Mark.MISSED else USUAL  # a cross is small for its size
    ink = "white" if mark in _ON_DARK else INK
    pen.write(x + width / 2 - (8 if said else 0), y + _ROW / 2, mark.symbol, size, ink)
    if said:
        pen.write(x + width / 2 + 10, y + _ROW / 2, said, USUAL, ink)
