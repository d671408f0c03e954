"""What `make bench` says in the end: one line per bar."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table


class Line(NamedTuple):
    """One bar; or a figure that has none, for the reader's judgement."""

    what: str
    bar: str
    actual: str
    met: bool | None


def table(lines: Sequence[Line]) -> Table:
    """All of them."""
    shown = Table("项目", "要求", "实测（中位数）", "结论", title="性能要求", title_justify="left")
    words = {True: "[green]达到[/]", False: "[bold red]未达到[/]", None: "—"}
    for line in lines:
        shown.add_row(line.what, line.bar, line.actual, words[line.met])
    return shown
