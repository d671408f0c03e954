"""Makes the seals: within the transaction that ends a run, its rows are read back, digested and chained."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, text

from tasks.ledger.verify import GENESIS, row_digest, seal_hash, seal_sm3

_LOCK = 0x78756E6B  # among a PostgreSQL database's advisory locks: one link at a time

_OF_RUN = {
    "run": "SELECT * FROM run WHERE id = {}",
    "run_end": "SELECT * FROM run_end WHERE run_id = {}",
    "visit": "SELECT * FROM visit WHERE run_id = {} ORDER BY id",
    "finding": "SELECT * FROM finding WHERE run_id = {} ORDER BY id",
    "evidence": "SELECT * FROM evidence WHERE run_id = {} ORDER BY id",
}
_LAST = "SELECT seq, hash FROM seal ORDER BY seq DESC LIMIT 1"
_COLUMNS = ("seq", "at", "kind", "subject", "rows", "previous", "sm3", "hash")


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is sealed: PostgreSQL gives a day as a date, SQLite as text."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def seal_run(connection: Connection, run_id: str, now: datetime, *, sm3: bool = False) -> None:
    """Seal a run that has just ended, with all its rows."""
    rows = {table: _read(connection, question, run_id) for table, question in _OF_RUN.items()}
    seal(connection, "run", run_id, rows, now, sm3=sm3)


def seal(
    connection: Connection,
    kind: str,
    subject: str,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    now: datetime,
    *,
    sm3: bool = False,
) -> None:
    """Add one link to the chain, over rows that are in the database already.

    Args:
        rows: by table, each row with all its columns.
    """
    if connection.dialect.name != "sqlite":  # SQLite has one writer anyway
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    last = connection.exec_driver_sql(_LAST).one_or_none()
    listed = {
        table: [[row["run_id" if table == "run_end" else "id"], row_digest(table, dict(row))] for row in some]
        for table, some in rows.items()
        if some
    }
    link: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "at": now.astimezone(UTC).isoformat(timespec="milliseconds"),
        "kind": kind,
        "subject": subject,
        "rows": json.dumps(listed, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        "previous": last.hash if last else GENESIS,
        "sm3": None,
    }
    link["sm3"] = seal_sm3(link) if sm3 else None
    link["hash"] = seal_hash(link)
    marks = ", ".join([_mark(connection)] * len(_COLUMNS))
    row = tuple(link[column] for column in _COLUMNS)
    connection.exec_driver_sql(f"INSERT INTO seal ({', '.join(_COLUMNS)}) VALUES ({marks})", row)  # noqa: S608


def read_back(connection: Connection, table: str, key: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows of a table that have one of these keys, as they are sealed."""
    question = f"SELECT * FROM {table} WHERE {key} = {{}}"  # noqa: S608 - both are ours
    return [row for value in values for row in _read(connection, question, value)]


def read_after(connection: Connection, table: str, key: str, value: int) -> list[dict[str, Any]]:
    """The rows of a table that come after a number, as they are sealed."""
    return _read(connection, f"SELECT * FROM {table} WHERE {key} > {{}} ORDER BY {key}", value)  # noqa: S608 - as above


def _read(connection: Connection, question: str, value: Any) -> list[dict[str, Any]]:
    """In the driver's own words: this is done for every run, and SQLAlchemy's cost more than the database's work."""
    result = connection.exec_driver_sql(question.format(_mark(connection)), (value,))
    names = tuple(result.keys())
    rows = [dict(zip(names, row, strict=True)) for row in result]
    return [plain(row) for row in rows] if "day" in names else rows  # the only column that is a date


def _mark(connection: Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"
