"""Rows of the reports' tables, as queries answer with them. Numbers carry the rows of the ledger they come from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from checks.number import Number


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


class CoverageLine(ReportLine):
    """One target of one duty: how often it was due, and what became of that."""

    duty: str
    label: str
    expected: Number
    done: Number
    late: Number
    missed: Number
    excused: Number
    unknown: Number
    pending: Number


class NoteLine(ReportLine):
    """What somebody has said for one section."""

    text: str
    who: str
    at: datetime
