"""The heat map: a row for each item, a column for each host, hosts of one system side by side."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from checks.finding import State
from checks.host_lines import Blank, Cell
from checks.report_heatmap import Column, Grid
from tasks.plots.pen import EDGE, FAINT, INK, MARGIN, SMALL, TALLEST, TITLE, WIDTH, Box, Pen, drawn, short, text_width

MOST_HOSTS = 40
"""What a page is wide enough for."""

# As in the calendar: the worse, the darker; and each state has a mark, or a hatch, that tells it without its shade.
_SHADES: dict[Cell, str] = {
    State.OK: "#e2f0e4",
    State.WARN: "#f5cf7a",
    State.CRIT: "#a3201c",
    State.UNKNOWN: "#70707d",
    Blank.NOT_DONE: "#ffffff",
    Blank.NOT_APPLICABLE: "#ffffff",
}
_MARKS: dict[Cell, tuple[str, float, str]] = {
    State.OK: (".", 3, "#5d7f63"),
    State.WARN: ("^", 4.5, INK),
    State.CRIT: ("x", 5, "white"),
    State.UNKNOWN: ("$?$", 5, "white"),
    Blank.NOT_APPLICABLE: ("_", 4, FAINT),
}
_HATCHES: dict[Cell, str] = {Blank.NOT_DONE: "//////"}

_ROW, _COLUMN = (16, 22), 56  # pixels; a row's height at least and at most, a column's width at most
_TITLE = 24  # characters
_BETWEEN, _TOP, _LEGEND, _LINE = 8, 44, 40, 17  # pixels


def heatmap_picture(grid: Grid, title: str) -> bytes:
    """Draw host × item, PNG.

    Args:
        grid: with MOST_HOSTS columns at most.
        title: what it is of.

    Raises:
        PlotError: there is no Chinese font.
    """
    systems = [(name, list(those)) for name, those in groupby(grid.columns, lambda column: column.system)]
    left = 2 * MARGIN + max(text_width(short(item, _TITLE), SMALL) for item in grid.items)
    room = WIDTH - left - MARGIN - _BETWEEN * (len(systems) - 1)
    wide = min(int(room / len(grid.columns)), _COLUMN)  # whole pixels: cells that are alike make a small file
    names = [_wrapped(name, len(those) * wide) for name, those in systems]
    hosts = max(text_width(short(column.host, _TITLE), SMALL) for column in grid.columns) + 12
    head = _TOP + max(map(len, names)) * _LINE + hosts
    row = min(max((TALLEST - head - _LEGEND) // len(grid.items), _ROW[0]), _ROW[1])
    height = head + len(grid.items) * row + _LEGEND

    def draw(pen: Pen) -> None:
        pen.write(MARGIN, 22, title, TITLE, align="left")
        for number, item in enumerate(grid.items):
            pen.write(left - MARGIN, head + (number + 0.5) * row, short(item, _TITLE), SMALL, align="right")
        boxes: dict[Cell, list[Box]] = {}
        for x, column, lines, middle in _placed(systems, names, left, wide):
            for number, line in enumerate(lines):
                pen.write(middle, _TOP + (number + 0.5) * _LINE, line, SMALL, FAINT)
            pen.write(x + wide / 2, head - 6, short(column.host, _TITLE), SMALL, upwards=True)
            for number, cell in enumerate(column.cells):
                boxes.setdefault(cell, []).append((x, head + number * row, wide, row))
        for cell in _SHADES:
            _cells(pen, cell, boxes.get(cell, []))
        _legend(pen, grid, height - _LEGEND + 12)

    return drawn(height, draw)


def _wrapped(name: str, width: float) -> list[str]:
    """A system's name over its hosts, in as many lines as it takes; of a single narrow host it goes downwards."""
    many = max(int(width // text_width("系", SMALL)), 1)
    name = short(name)
    return [name[at : at + many] for at in range(0, len(name), many)]


def _placed(
    systems: Sequence[tuple[str, list[Column]]], names: Sequence[list[str]], left: int, wide: int
) -> Iterator[tuple[int, Column, list[str], float]]:
    """Each column with its place; the first of a system with the system's name and where that goes."""
    x = left
    for (_, those), lines in zip(systems, names, strict=True):
        middle = x + len(those) * wide / 2
        for number, column in enumerate(those):
            yield x + number * wide, column, lines if number == 0 else [], middle
        x += len(those) * wide + _BETWEEN


def _cells(pen: Pen, cell: Cell, boxes: Sequence[Box]) -> None:
    """All cells of one state at once."""
    if not boxes:
        return
    inner = [(x + 0.5, y + 0.5, width - 1, height - 1) for x, y, width, height in boxes]
    if cell in _HATCHES:
        pen.fills(inner, _SHADES[cell], FAINT, _HATCHES[cell])
    pen.fills(inner, "none" if cell in _HATCHES else _SHADES[cell], EDGE)
    if cell in _MARKS:
        marker, size, color = _MARKS[cell]
        pen.line([(x + width / 2, y + height / 2) for x, y, width, height in boxes], color, 0, "", marker, size)


def _legend(pen: Pen, grid: Grid, y: float) -> None:
    x: float = MARGIN
    for cell in _SHADES:
        _cells(pen, cell, [(x, y, 28, 20)])
        text = f"{cell.label} {grid.counts[cell]}"
        pen.write(x + 34, y + 10, text, align="left")
        x += 34 + text_width(text) + 16
