"""What the inspections of a period tell, read as a report needs it: of a year, too, within a moment."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlmodel import col

from checks.finding import State
from checks.period_faults import Fault
from tasks.ledger.tables import FindingRow, RunRow, SlotRow, VisitRow


class Facts(NamedTuple):
    """What one look at a target has found out, by item, as the items dump it."""

    run: str
    target: str
    at: datetime
    facts: dict[str, Any]


def faults(connection: Connection, duties: Sequence[str], first: date, last: date) -> list[Fault]:
    """The last verdict of every slot of these days on every item of a target, where it is not OK; in the order in which
    they were given."""
    newest: Any = sa.func.max(col(FindingRow.id))
    mine: Any = FindingRow.__table__  # type: ignore[attr-defined]
    judged = (
        sa.select(
            *mine.c,
            RunRow.slot_id.label("slot"),  # type: ignore[attr-defined]
            newest.over(partition_by=(RunRow.slot_id, FindingRow.target, FindingRow.check_id)).label("last_of_slot"),
            newest.filter(mine.c.state != State.UNKNOWN.value)  # who could not look has not seen that it is gone
            .over(partition_by=(FindingRow.target, FindingRow.check_id))
            .label("last_seen"),
        )
        .join(RunRow, col(RunRow.id) == mine.c.run_id)
        .join(SlotRow, col(SlotRow.id) == col(RunRow.slot_id))
        .where(col(SlotRow.duty).in_(duties), col(SlotRow.day) >= first, col(SlotRow.day) <= last)
        .subquery()
    )
    question = (
        sa.select(judged)
        .where(judged.c.id == judged.c.last_of_slot, judged.c.state != State.OK.value)
        .order_by(judged.c.id)
    )
    return [
        Fault(one.id, one.slot, one.target, one.check_id, one.at, State(one.state), one.summary,
              newest=one.id == one.last_seen)
        for one in connection.execute(question)
    ]  # fmt: skip


def facts(connection: Connection, duty: str, first: date, last: date, items: Sequence[str]) -> Iterator[Facts]:
    """What the looks of these days' slots have found out, oldest first; of each only some items."""
    about: tuple[Any, ...] = (VisitRow.run_id, VisitRow.target, VisitRow.at)
    question = (
        sa.select(*about, sa.type_coerce(VisitRow.facts, sa.Text).label("facts"))
        .join(RunRow, col(RunRow.id) == col(VisitRow.run_id))
        .join(SlotRow, col(SlotRow.id) == col(RunRow.slot_id))
        .where(col(SlotRow.duty) == duty, col(SlotRow.day) >= first, col(SlotRow.day) <= last)
        .order_by(col(VisitRow.at), col(VisitRow.id))
    )
    for one in connection.execute(question):
        told = json.loads(one.facts).get("facts", {})
        yield Facts(one.run_id, one.target, one.at, {item: told[item] for item in items if item in told})
