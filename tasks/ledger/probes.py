"""Probes in the ledger: each is on record at once; when their run ends they are packed into one row per system.

A row of its own for each would make a year of them, and the seals over it, ten times as large. Until the run ends, an
hour at most, they stand in a table that is not sealed: `probe`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import col

from checks.availability import Sight
from checks.probe import ProbeHour, Reading, SeenHour
from checks.slots import AVAILABILITY_PROBE
from tasks.ledger.tables import ProbeRow, RunRow, VisitRow

_TEXT: Any = sa.type_coerce(VisitRow.facts, sa.Text)  # parsed as it is checked: a month of ten systems is 7,500 rows
Hour = TypeVar("Hour", bound=SeenHour)
_LONGEST = timedelta(hours=2)  # a run ends with its hour


def add(connection: Connection, run_id: str, target: str, every: int, reading: Reading) -> None:
    """Put one reading on record."""
    row = {"run_id": run_id, "target": target, "every": every, **reading._asdict(), "sight": reading.sight.value}
    connection.execute(sa.insert(ProbeRow), row)


def fold(connection: Connection, run_id: str) -> None:
    """Pack what a run has taken into its visits, within the transaction that ends and seals it."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    # As a rule the run is one of another duty, and this is asked of every run.
    if not connection.exec_driver_sql(f"SELECT 1 FROM probe WHERE run_id = {mark} LIMIT 1", (run_id,)).first():  # noqa: S608
        return
    left = connection.execute(_pending().where(col(ProbeRow.run_id) == run_id)).all()
    for hour in _packed(left):
        facts = hour.model_dump(mode="json")
        row = {"run_id": run_id, "target": hour.target, "attempt": hour.attempt, "at": hour.started_at, "facts": facts}
        connection.execute(sa.insert(VisitRow), row)
    connection.execute(sa.delete(ProbeRow).where(col(ProbeRow.run_id) == run_id))


def between(connection: Connection, kind: type[Hour], target: str, start: datetime, end: datetime) -> list[Hour]:
    """All readings of a system that may tell of a time, packed, in the order in which they were taken.

    Args:
        kind: as much of them as is asked for.
    """
    kept = (
        sa.select(_TEXT)
        .join(RunRow, col(RunRow.id) == col(VisitRow.run_id))
        .where(col(VisitRow.target) == target, col(RunRow.slot_id).startswith(f"{AVAILABILITY_PROBE}/"))
        .where(col(VisitRow.at) >= start - _LONGEST, col(VisitRow.at) < end)
        .order_by(col(VisitRow.at), col(VisitRow.id))
    )
    hours = [kind.model_validate_json(facts) for facts in connection.execute(kept).scalars()]
    here = (col(ProbeRow.target) == target, col(ProbeRow.at) >= start - _LONGEST, col(ProbeRow.at) < end)
    packed = _packed(connection.execute(_pending().where(*here)).all())
    return hours + [kind.model_validate(hour.model_dump()) for hour in packed]


def _pending() -> sa.Select[Any]:
    return sa.select(ProbeRow.__table__).order_by(col(ProbeRow.target), col(ProbeRow.id))  # type: ignore[attr-defined]


def _packed(rows: Iterable[Any]) -> Iterable[ProbeHour]:
    """One pack per run and system, and a new one where the interval changes."""
    attempts: dict[tuple[str, str], int] = {}
    for (run_id, target, every), some in groupby(rows, key=lambda row: (row.run_id, row.target, row.every)):
        readings = [Reading(row.at, Sight(row.sight), row.ms, row.fault) for row in some]
        attempt = attempts[run_id, target] = attempts.get((run_id, target), 0) + 1
        yield ProbeHour.of(target, every, readings, attempt)
