"""The calendar of expected inspections and what became of each."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from checks.coverage import DUTIES, Coverage, Line, Mark, SlotMark
from tasks.plots.pen import EDGE, FAINT, INK, WEEKEND, Pen, drawn, short, text_width

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

_TITLES = {duty.id: duty.title for duty in DUTIES}

_WIDTH, _NARROWEST = 1200, 720  # pixels; the title and the legend need the latter
_CELL, _ROW, _MARGIN = (19, 64), 26, 16  # pixels
_HEADER, _DUTY, _LEGEND = 108, 24, 44  # pixels
_MOST_DAYS = 45  # a longer period shows weeks: cells too narrow for a symbol would tell by colour alone


def calendar_picture(coverage: Coverage) -> bytes:
    """Draw a calendar, PNG: a row for each target, a column for each day, or week where the period is long.

    The same coverage gives the same bytes on the same machine.

    Raises:
        PlotError: there is no Chinese font.
    """
    return _drawn(coverage, _Columns.of(coverage))


class _Columns(NamedTuple):
    """The columns' days: `each` 1 or 7 of them, from `origin` on."""

    origin: date
    each: int
    number: int

    @classmethod
    def of(cls, coverage: Coverage) -> "_Columns":
        each = 1 if (coverage.last - coverage.first).days < _MOST_DAYS else 7
        origin = coverage.first if each == 1 else coverage.first - timedelta(days=coverage.first.weekday())
        return cls(origin, each, (coverage.last - origin).days // each + 1)

    def at(self, day: date) -> int:
        """The column of a day; of one after the period the last."""
        return min((day - self.origin).days // self.each, self.number - 1)

    def heads(self) -> Iterator[tuple[str, str, bool]]:
        """For each column: the upper line, the lower line, whether it is a weekend."""
        for number in range(self.number):
            day = self.origin + timedelta(days=number * self.each)
            if self.each == 1:
                upper = f"{day.month}/{day.day}" if number == 0 or day.day == 1 else str(day.day)
                yield upper, "一二三四五六日"[day.weekday()], day.weekday() >= 5
            else:
                thursday = day + timedelta(days=3)  # in whose month and year the week counts, ISO 8601
                named = thursday.day <= (21 if number == 0 else 7)  # the first, unless the next name would touch it
                yield (f"{thursday.month}月" if named else ""), f"{day:%V}", False


class _Cell(NamedTuple):
    first: int  # column
    last: int
    mark: Mark


def _cells(line: Line, columns: _Columns) -> list[_Cell]:
    """Each slot over the columns of its days; of several in the same place, the mark that wins."""
    found: dict[tuple[int, int], Mark] = {}
    for one in line.marks:
        place = columns.at(one.slot.day), columns.at(_last_day(one))
        found[place] = min(found.get(place, one.mark), one.mark, key=_WINS.index)
    return [_Cell(*place, mark) for place, mark in found.items()]


def _last_day(one: SlotMark) -> date:
    """Rounded: where clocks change, a day has an hour more or less."""
    return one.slot.day + timedelta(days=round((one.slot.closes_at - one.slot.opens_at) / timedelta(days=1)) - 1)


def _drawn(coverage: Coverage, columns: _Columns) -> bytes:
    margin, names = _MARGIN, max((text_width(short(line.label)) for line in coverage.lines), default=0) + 20
    cell = min(max((_WIDTH - names - 2 * margin) // columns.number, _CELL[0]), _CELL[1])
    left = margin + names
    width = max(left + cell * columns.number + margin, _NARROWEST)
    duties = list(dict.fromkeys(line.duty for line in coverage.lines))
    height = _HEADER + len(duties) * _DUTY + max(len(coverage.lines), 1) * _ROW + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(margin, 24, f"巡检完成情况　{coverage.first} 至 {coverage.last}", size=13, align="left")
        if columns.each == 7:
            pen.write(width - margin, 24, "每格一周，显示其中最差的一项", color=FAINT, align="right")
            pen.write(left - 8, _HEADER - 12, "周", color=FAINT, align="right")
        bottom = height - _LEGEND
        for number, (upper, lower, weekend) in enumerate(columns.heads()):
            x = left + number * cell
            if weekend:
                pen.fill(x, _HEADER - 40, cell, bottom - _HEADER + 40, WEEKEND)
            pen.write(x + cell / 2, _HEADER - 30, upper)
            pen.write(x + cell / 2, _HEADER - 12, lower, color=FAINT)
        if not coverage.lines:
            pen.write(left, _HEADER + _ROW / 2, "这段时间没有应做的巡检", align="left")

        y = _HEADER
        for duty in duties:
            pen.write(margin, y + _DUTY / 2, _TITLES.get(duty, duty), color=FAINT, align="left")
            y += _DUTY
            for line in (line for line in coverage.lines if line.duty == duty):
                pen.write(margin + 8, y + _ROW / 2, short(line.label), size=10, align="left")
                for first, last, mark in _cells(line, columns):
                    _cell(pen, left + first * cell, y, (last - first + 1) * cell, mark)
                y += _ROW

        total = coverage.total()
        pen.write(margin, 48, f"应做 {total.expected} 次，不含未到期 {total.pending} 次", color=FAINT, align="left")
        x = margin
        for mark in Mark:
            _cell(pen, x, bottom + 10, 26, mark)
            text = f"{mark.label} {getattr(total, mark.value)}"
            pen.write(x + 32, bottom + 10 + _ROW / 2, text, align="left")
            x += 32 + text_width(text) + 18

    return drawn(width, height, draw)


def _cell(pen: Pen, x: float, y: float, width: float, mark: Mark) -> None:
    """A mark: its shade and its symbol."""
    pen.fill(x + 1, y + 1, width - 2, _ROW - 2, _SHADES[mark], EDGE)
    size = 14 if mark is Mark.MISSED else 10  # a cross is small for its size
    pen.write(x + width / 2, y + _ROW / 2, mark.symbol, size, "white" if mark in _ON_DARK else INK)
