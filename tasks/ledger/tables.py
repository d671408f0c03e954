"""The ledger's tables. Rows are added and never changed; the schema in the database is made by `migrations`."""

import json
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, Dialect, String, Text, TypeDecorator, UniqueConstraint
from sqlmodel import Field, SQLModel


class Utc(TypeDecorator[datetime]):
    """A moment in UTC, kept as ISO 8601 text with its zone: SQLite has no type for it, and text sorts."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not enter the ledger")
        return value.astimezone(UTC).isoformat(timespec="milliseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return datetime.fromisoformat(value) if value else None


class Json(TypeDecorator[dict[str, Any]]):
    """An object as JSON text. It is sealed as the text it is: no number has to be written the same way twice."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Any] | None:
        found: dict[str, Any] | None = json.loads(value) if value else None
        return found


def _json() -> Any:
    return Field(sa_column=Column(Json, nullable=False))


class SlotRow(SQLModel, table=True):
    """What the contract expects; written the first time that somebody asks for its day."""

    __tablename__ = "slot"
    id: str = Field(primary_key=True)  # "page-inspection/oa/2026-11-22"
    duty: str
    target: str
    day: date
    opens_at: datetime = Field(sa_type=Utc)
    closes_at: datetime = Field(sa_type=Utc)


class RunRow(SQLModel, table=True):
    """A run of one slot, on record as started before it starts."""

    __tablename__ = "run"
    id: str = Field(primary_key=True)
    slot_id: str = Field(foreign_key="slot.id", index=True)
    flow_run_id: str
    trigger: str
    who: str
    why: str
    parameters: dict[str, Any] = _json()
    code_version: str
    contract_hash: str
    calendar_version: str | None  # None in ledgers of before
    started_at: datetime = Field(sa_type=Utc)


class RunEndRow(SQLModel, table=True):
    """The end of a run: the state that wins, or INTERRUPTED where somebody else had to close it."""

    __tablename__ = "run_end"
    run_id: str = Field(primary_key=True, foreign_key="run.id")
    ended_at: datetime = Field(sa_type=Utc)
    outcome: str


class VisitRow(SQLModel, table=True):
    """The facts of one attempt."""

    __tablename__ = "visit"
    __table_args__ = (UniqueConstraint("run_id", "target", "attempt"),)
    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id")
    target: str
    attempt: int
    at: datetime = Field(sa_type=Utc)
    facts: dict[str, Any] = _json()


class FindingRow(SQLModel, table=True):
    """One verdict per slot, target, check and attempt."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("run_id", "target", "check_id", "attempt"),)
    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id")
    target: str
    check_id: str
    attempt: int
    at: datetime = Field(sa_type=Utc)
    state: str
    reason: str | None
    summary: str


class EvidenceRow(SQLModel, table=True):
    """A file that proves what was seen."""

    __tablename__ = "evidence"
    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    target: str
    attempt: int
    kind: str
    path: str
    sha256: str
    size: int
    grade: int
    at: datetime = Field(sa_type=Utc)


class ProbeRow(SQLModel, table=True):
    """One probe of a run that is under way; it moves into a visit when that ends, so this table is not sealed."""

    __tablename__ = "probe"
    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    target: str
    every: int
    at: datetime = Field(sa_type=Utc)
    sight: str
    ms: int
    fault: str


class EventRow(SQLModel, table=True):
    """What happened outside runs: a version of the contract, an excuse, a removal. `checks.events` has the kinds."""

    __tablename__ = "event"
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(index=True)
    subject: str
    at: datetime = Field(sa_type=Utc)
    entered_at: datetime = Field(sa_type=Utc)
    who: str
    why: str
    via: str
    body: dict[str, Any] = _json()
    corrects: int | None = Field(foreign_key="event.id")


class SealRow(SQLModel, table=True):
    """One link of the chain: which rows there were, by digest. What the columns mean: `tasks.ledger.verify`."""

    __tablename__ = "seal"
    seq: int = Field(primary_key=True)
    at: str
    kind: str  # "run", or what else was written at once: "slots", "event", "earlier"
    subject: str  # the run's or the event's id
    rows: str
    previous: str
    sm3: str | None
    hash: str


SEALED = ("slot", "run", "run_end", "visit", "finding", "evidence", "event")
"""The tables that seals speak of; parents before children."""
