"""Rows of the reports' tables, as queries answer with them. Numbers carry the rows of the ledger they come from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from checks.number import Number

C = TypeVar("C")
"""What stands in a cell."""


class ReportLine(BaseModel):
    """A row. `rows`: what in the ledger it rests on; `query`: whose answer it is, entered by whoever asked."""

    model_config = ConfigDict(frozen=True)

    rows: tuple[str, ...] = ()
    query: str = ""


class Lines(tuple[Any, ...]):
    """The lines of an answer, which know their query even where there are none."""

    query: str = ""


def counted(query: str, lines: Iterable[ReportLine]) -> Number:
    """How many lines there are; what they rest on."""
    found = list(lines)
    return Number(len(found), query, tuple(dict.fromkeys(one for line in found for one in line.rows)))


class SlotsLine(ReportLine):
    """How often something was due, and what became of that. What was done late is among what was done, too."""

    expected: Number
    done: Number
    late: Number
    missed: Number
    excused: Number
    unknown: Number
    pending: Number


class CoverageLine(SlotsLine):
    """One target of one duty."""

    duty: str
    label: str


class StatesLine(ReportLine):
    """How many items came to which verdict. `not_done`: they were due, and nobody looked."""

    ok: Number
    warn: Number
    crit: Number
    unknown: Number
    not_done: Number


class MatrixLine(ReportLine, Generic[C]):
    """One item on the hosts of its matrix."""

    item: str
    cells: tuple[C, ...]


class Matrix(ReportLine, Generic[C]):
    """Items × hosts of one system; a system of many hosts has several."""

    system: str
    hosts: tuple[str, ...]
    lines: tuple[MatrixLine[C], ...]


class NoteLine(ReportLine):
    """What somebody has said for one section."""

    text: str
    who: str
    at: datetime
