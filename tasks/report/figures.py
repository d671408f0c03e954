"""The figures of a report: which numbers its text shows, where, by which query, from which rows."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from checks.number import MARKS, Number
from tasks.report.markdown import escape

_BEGIN, _MIDDLE, _END = MARKS
_NOTED = re.compile(f"{_BEGIN}(\\d+){_MIDDLE}([^{_BEGIN}{_END}]*){_END}")
_MARK = re.compile(f"[{''.join(MARKS)}]")
_HEADING = re.compile(r"#{1,6} (.*)")
_SYNTAX = re.compile(r"\\(?=[!-/:-@\[-`{-~])|\*\*|\[(?=[^]]*\]\{custom-style)|\]\{custom-style=\"[\w-]+\"\}")


class Figure(NamedTuple):
    """One number that a reader sees. `where`: the heading above it; `line`: the line it stands in."""

    shown: str
    where: str
    line: str
    query: str
    rows: tuple[str, ...]


def taken_out(text: str, seen: Sequence[Number]) -> tuple[str, list[Figure]]:
    """The text without marks, and its figures in the order of reading.

    A mark that is not ours (somebody's page is called like one) becomes U+FFFD.
    """
    found: list[Figure] = []
    used: set[int] = set()
    heading, lines = "", []
    for line in text.split("\n"):
        here: list[Number] = []

        def plain(match: re.Match[str], here: list[Number] = here) -> str:
            number = int(match[1])
            known = number < len(seen) and number not in used
            if not known or match[2] not in (seen[number].shown, escape(seen[number].shown)):
                return match[0]
            used.add(number)
            here.append(seen[number])
            return match[2]

        line = _MARK.sub("\ufffd", _NOTED.sub(plain, line))
        lines.append(line)
        if title := _HEADING.match(line):
            heading = _read(title[1])
        found += [Figure(one.shown, heading, _read(line), one.query, one.rows) for one in here]
    return "\n".join(lines), found


def _read(line: str) -> str:
    """A line as it is read, without the marks of Markdown."""
    return _SYNTAX.sub("", line).strip("# |")
