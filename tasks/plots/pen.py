"""What the pictures have in common: a canvas in pixels, a Chinese font, nothing left behind. matplotlib comes late."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from tasks.fonts import cjk_font, missing_cjk_font
from tasks.leftovers import TEMPORARY
from tasks.pictures import palette_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

INK, FAINT, EDGE, WEEKEND = "#222222", "#666666", "#b5b5b5", "#f0f0f0"
_DPI = 150
WIDTH = 915
"""Pixels: the 155 mm of a report's text, so that sizes of text are those on paper."""
TALLEST = 1230
"""Pixels: what a page holds with a heading above and the caption below."""
SMALL, USUAL, TITLE = 7, 8, 10  # points
MARGIN = 12  # pixels

Box = tuple[float, float, float, float]
"""Left, top, width, height; pixels from the upper left corner."""

# matplotlib guards neither its first import nor what it caches of fonts.
_ONE_AT_A_TIME = Lock()


class PlotError(Exception):
    """It cannot be drawn; the message is for the operator."""


def drawn(height: int, draw: Callable[["Pen"], None], width: int = WIDTH) -> bytes:
    """A PNG of so many pixels. The same drawing gives the same bytes on the same machine.

    One that is too tall for a page gets a margin at its right, so that the page holds it when it is made to fit.

    Raises:
        PlotError: there is no Chinese font.
    """
    if missing := missing_cjk_font():
        raise PlotError(missing)
    width = max(width, WIDTH * height // TALLEST)
    with _ONE_AT_A_TIME:
        with _nothing_left_at_home():
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
            from matplotlib.font_manager import FontPath, FontProperties

        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        file, face = cjk_font()
        draw(Pen(axes, FontProperties(fname=FontPath(str(file), face))))
        canvas.draw()  # type: ignore[no-untyped-call]
        return palette_png(bytes(canvas.buffer_rgba()), (width, height))  # type: ignore[no-untyped-call]


class Pen(NamedTuple):
    axes: "Axes"
    font: "FontProperties"

    def write(
        self, x: float, y: float, text: str, size: float = USUAL, color: str = INK, align: str = "center",
        *, upwards: bool = False,
    ) -> None:  # fmt: skip
        """A line of text, its middle at `y`; one that goes upwards begins there. Size in points."""
        font = self.font.copy()
        font.set_size(size)
        how = {"rotation": 90, "va": "bottom"} if upwards else {"va": "center_baseline"}
        self.axes.text(x, y, text, font=font, color=color, ha=align, parse_math=False, **how)

    def fill(
        self, x: float, y: float, width: float, height: float, color: str, edge: str = "none", hatch: str = ""
    ) -> None:
        """A rectangle. `hatch`: matplotlib's pattern, drawn in the edge's colour."""
        self.fills([(x, y, width, height)], color, edge, hatch)

    def fills(self, boxes: Iterable[Box], color: str, edge: str = "none", hatch: str = "") -> None:
        """Rectangles that look alike: of hundreds at once much faster than each by itself."""
        from matplotlib.collections import PolyCollection

        corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in boxes]
        edge, line = (INK if edge == "none" else edge, 0.0) if hatch else (edge, 0.6)
        shapes = PolyCollection(corners, facecolor=color, edgecolor=edge, linewidth=line, hatch=hatch or None)
        self.axes.add_collection(shapes, autolim=False)

    def line(
        self, points: Sequence[tuple[float, float]], color: str = INK, width: float = 1.0, style: str = "-",
        marker: str = "", size: float = 3,
    ) -> None:  # fmt: skip
        """A line through points. `style`, `marker`: matplotlib's; the style "" is none. Width and size in points."""
        from matplotlib.lines import Line2D

        xs, ys = zip(*points, strict=True)
        self.axes.add_line(
            Line2D(xs, ys, color=color, lw=width, ls=style or "none", marker=marker or None, ms=size, mew=0.8)
        )


def short(label: str, most: int = 14) -> str:
    """A name as a picture has room for it: on one line, a box for what cannot be seen (the font has no U+FFFD)."""
    label = "".join(one if one.isprintable() else "□" for one in " ".join(label.split()))
    return label if len(label) <= most else f"{label[: most - 1]}…"


def text_width(text: str, size: float = USUAL) -> int:
    """Pixels, roughly: Chinese characters are as wide as they are high."""
    em = size * _DPI / 72
    return round(sum(em if unicodedata.east_asian_width(one) in "WFA" else 0.58 * em for one in text))


@contextmanager
def _nothing_left_at_home() -> Iterator[None]:
    """Its first import writes a list of fonts into the home of whoever runs it; here it goes with the folder."""
    before = os.environ.get("MPLCONFIGDIR")
    with TemporaryDirectory(prefix=TEMPORARY) as folder:
        os.environ["MPLCONFIGDIR"] = folder
        try:
            yield
        finally:
            del os.environ["MPLCONFIGDIR"]
            if before is not None:
                os.environ["MPLCONFIGDIR"] = before
