"""What the pictures have in common: a canvas in pixels, a Chinese font, nothing left behind. matplotlib comes late."""

import io
import os
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from tasks.fonts import cjk_font, missing_cjk_font
from tasks.leftovers import TEMPORARY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

INK, FAINT, EDGE, WEEKEND = "#222222", "#777777", "#b5b5b5", "#f0f0f0"
_DPI = 100

# matplotlib guards neither its first import nor what it caches of fonts.
_ONE_AT_A_TIME = Lock()


class PlotError(Exception):
    """It cannot be drawn; the message is for the operator."""


def drawn(width: int, height: int, draw: Callable[["Pen"], None]) -> bytes:
    """A PNG of so many pixels. The same drawing gives the same bytes on the same machine.

    Raises:
        PlotError: there is no Chinese font.
    """
    if missing := missing_cjk_font():
        raise PlotError(missing)
    with _ONE_AT_A_TIME:
        with _nothing_left_at_home():
            from matplotlib.figure import Figure
            from matplotlib.font_manager import FontPath, FontProperties

        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width)  # pixels, from the upper left corner
        axes.set_ylim(height, 0)
        file, face = cjk_font()
        draw(Pen(axes, FontProperties(fname=FontPath(str(file), face))))
        made = io.BytesIO()
        figure.savefig(made, format="png", metadata={"Software": None})  # no version: it would change the bytes
        return made.getvalue()


class Pen(NamedTuple):
    axes: "Axes"
    font: "FontProperties"

    def write(self, x: float, y: float, text: str, size: float = 9, color: str = INK, align: str = "center") -> None:
        """A line of text, its middle at `y`. Size in points."""
        font = self.font.copy()
        font.set_size(size)
        self.axes.text(x, y, text, font=font, color=color, ha=align, va="center_baseline", parse_math=False)

    def fill(
        self, x: float, y: float, width: float, height: float, color: str, edge: str = "none", hatch: str = ""
    ) -> None:
        """A rectangle. `hatch`: matplotlib's pattern, drawn in the edge's colour."""
        edge = INK if hatch and edge == "none" else edge
        line = 0.0 if hatch else 0.6
        self.axes.broken_barh(
            [(x, width)], (y, height), facecolor=color, edgecolor=edge, linewidth=line, hatch=hatch or None
        )


def short(label: str, most: int = 16) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def text_width(text: str) -> int:
    """Pixels, roughly, at 10 points: Chinese characters are as wide as they are high."""
    return sum(14 if unicodedata.east_asian_width(one) in "WFA" else 8 for one in text)


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
