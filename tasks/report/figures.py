"""The figures of a report: which numbers its text shows, where, by which query, from which rows."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from checks.number import MARKS, Number
from tasks.report.errors import ReportError

_BEGIN, _MIDDLE, _END = MARKS
_MARK = re.compile(f"[{''.join(MARKS)}]")
_HEADING = re.compile(r"#{1,6} (.*)")
_SYNTAX = re.compile(r"\\([!-/:-@\[-`{-~])|\*\*|\[(?=(?:\\.|[^][\\])*\]\{custom-style)|\]\{custom-style=\"[\w-]+\"\}")


class Figure(NamedTuple):
    """One number that a reader sees. `where`: the heading above it; `line`: the line it stands in."""

    shown: str
    where: str
    line: str
    query: str
    rows: tuple[str, ...]


def taken_out(text: str, seen: Sequence[Number], key: str) -> tuple[str, list[Figure]]:
    """The text without marks, and its figures in the order of reading.

    A mark that is not ours (somebody's page is called like one) becomes U+FFFD.

    Args:
        seen, key: of `checks.number.noted`, within which the text was written.

    Raises:
        ReportError: part of a number was cut off.
    """
    ours = re.compile(f"{_BEGIN}{key}(\\d+){_MIDDLE}([^{''.join(MARKS)}]*){_END}")
    found: list[Figure] = []
    heading, lines = "", []
    for line in text.split("\n"):
        here = [seen[int(match[1])] for match in ours.finditer(line)]
        plain = ours.sub(r"\2", line)
        if key in plain:
            raise ReportError(f"有一个数被截去了一部分：{_read(plain.split(_BEGIN)[0])[-30:]}")
        plain = _MARK.sub("\ufffd", plain)
        lines.append(plain)
        if title := _HEADING.match(plain):
            heading = _read(title[1])
        found += [Figure(one.shown, heading, _read(plain), one.query, one.rows) for one in here]
    return "\n".join(lines), found


def _read(line: str) -> str:
    """A line as it is read, without the marks of Markdown."""
    return _SYNTAX.sub(r"\1", line).strip("# |")
