"""A number that a report prints: its value, the named query that found it, and the rows of the ledger that it rests on.

While a report is being written every number that becomes text is noted, with marks around it (`noted`), so that
`xunjian report explain` can say of each one where it comes from. Elsewhere it is its text.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

MARKS = ("\ue000", "\ue001", "\ue002")
"""Begins a noted number, ends its place in the list, ends its text. Private use: other text that has them forges no
number, for it does not know the key."""
UNKNOWN = "不明"
_NOTED: ContextVar["tuple[str, list[Number]] | None"] = ContextVar("noted", default=None)


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True), eq=False)
class Number:
    """A count, a share or a measure.

    Args:
        value: None where the ledger does not know; it prints as 不明, never as 0.
        query: the name of what found it, such as "inspections.missed duty=page-inspection".
        rows: what it rests on, as `row` writes it; of a count exactly the rows that are counted.
        text: how it is printed; the value as it is where nothing is said.
    """

    value: int | float | Fraction | None
    query: str = ""
    rows: tuple[str, ...] = ()
    text: str = ""

    @property
    def shown(self) -> str:
        """As people read it."""
        return UNKNOWN if self.value is None else self.text or f"{self.value}"

    def __str__(self) -> str:
        noting = _NOTED.get()
        if noting is None:
            return self.shown
        key, seen = noting
        seen.append(self)
        begin, middle, end = MARKS
        plain = "".join("\ufffd" if char in MARKS else char for char in self.shown)
        return f"{begin}{key}{len(seen) - 1}{middle}{plain}{end}"

    def __bool__(self) -> bool:
        """What is not known is not nothing."""
        return self.value is None or bool(self.value)

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Number) else other)

    def __lt__(self, other: "Number | int | float") -> bool:
        """What is not known is neither less nor more than anything."""
        return _both(operator.lt, self, other)

    def __le__(self, other: "Number | int | float") -> bool:
        return _both(operator.le, self, other)

    def __gt__(self, other: "Number | int | float") -> bool:
        return _both(operator.gt, self, other)

    def __ge__(self, other: "Number | int | float") -> bool:
        return _both(operator.ge, self, other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __add__(self, other: "Number | int") -> "Number":
        return _combined(self, other, "+")

    def __radd__(self, other: int) -> "Number":
        return self if other == 0 else _combined(self, other, "+")

    def __sub__(self, other: "Number | int") -> "Number":
        return _combined(self, other, "−")


def count(query: str, rows: Iterable[str]) -> Number:
    """A number that counts rows of the ledger, and rests on exactly these; `query` as in `Number`."""
    found = tuple(rows)
    return Number(len(found), query, found)


def total(lines: Iterable[Number]) -> Number:
    """The sum; not known where one of them is not."""
    return sum(lines, Number(0))


def row(table: str, key: object) -> str:
    """How a row of the ledger is named: "slot page-inspection/oa/2026-11-22", "run 4f3a12bc…", "event 17"."""
    return f"{table} {key}"


@contextmanager
def noted(key: str) -> Iterator[list[Number]]:
    """Within, numbers that become text are noted, in order, and marked in the text.

    Args:
        key: stands in every mark, and nobody else can know it; no digit at its end.
    """
    seen: list[Number] = []
    token = _NOTED.set((key, seen))
    try:
        yield seen
    finally:
        _NOTED.reset(token)


def _value(one: Any) -> int | float | Fraction | None:
    return one.value if isinstance(one, Number) else one


def _both(compare: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    mine, theirs = _value(one), _value(other)
    return mine is not None and theirs is not None and compare(mine, theirs)


def _combined(one: Number, other: "Number | int", sign: str) -> Number:
    mine, theirs = one.value, _value(other)
    value = None if mine is None or theirs is None else mine + theirs if sign == "+" else mine - theirs
    query, rows = (other.query, other.rows) if isinstance(other, Number) else (f"{other}", ())
    queries = [name for name in (one.query, query) if name]
    joined = one.query if one.query == query else f" {sign} ".join(queries)
    return Number(value, joined, tuple(dict.fromkeys((*one.rows, *rows))))
