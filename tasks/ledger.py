"""The ledger: the record of what was expected and what was done. The only importer of sqlmodel and alembic.

Append-only: rows are added and never changed; the end of a run is a row of its own. Times are stored in UTC
with their zone. Schema: `tasks/migrations`.
"""

import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Dialect,
    Engine,
    String,
    TypeDecorator,
    UniqueConstraint,
    event,
    insert,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Field, Session, SQLModel, col, create_engine, select

from checks.finding import Finding, Reason, State
from checks.records import EvidenceRecord, FindingRecord, RunRecord
from checks.slots import HOST_INSPECTION, Slot
from checks.visit import HostVisit, Visit

LOCK_WAIT = 30.0
"""Seconds to wait for another writer."""


_AT_ONCE = 500  # run ids in one question: older SQLites take 999 variables

_MIGRATING = Lock()  # Alembic keeps the migration under way in a module's variable
_LOCK = 0x78756E6A  # ours among a PostgreSQL database's advisory locks


class LedgerError(Exception):
    """The ledger cannot be opened, read or written; the message is for the operator."""


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
    parameters: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    code_version: str
    contract_hash: str
    started_at: datetime = Field(sa_type=Utc)


class RunEndRow(SQLModel, table=True):
    """The end of a run. A run without one was cut off."""

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
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


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


class Ledger:
    """An open ledger; safe to share between threads.

    Raises:
        LedgerError: the database cannot be opened or brought up to date.
    """

    def __init__(self, url: str, lock_wait: float = LOCK_WAIT) -> None:
        self._url = url
        is_file = url.startswith("sqlite")
        with self._translated("打开"):
            if is_file:
                Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
            # Few connections for however many threads: writers wait for each other anyway, and a connection that is
            # used again and again still has its pages at hand.
            self._engine = create_engine(
                url,
                connect_args={"timeout": lock_wait} if is_file else {},
                pool_size=4,
                max_overflow=0,
                pool_timeout=2 * lock_wait,
            )
            # At the end of the process too: the last connection to be closed brings SQLite's write-ahead log home.
            weakref.finalize(self, self._engine.dispose)
            if is_file:
                event.listen(self._engine, "connect", _sqlite_manners)
            _migrate(self._engine)

    def expect(self, slots: Sequence[Slot]) -> None:
        """Put slots on record that are not yet."""
        if not slots:
            return
        # Two runs may ask for the same day at once: the database decides who comes first.
        upsert = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        with self._writing() as connection:
            connection.execute(upsert(SlotRow).values([slot._asdict() for slot in slots]).on_conflict_do_nothing())

    def begin(
        self,
        slot: Slot,
        *,
        flow_run_id: str,
        trigger: str,
        who: str,
        why: str,
        parameters: dict[str, Any],
        code_version: str,
        contract_hash: str,
        now: datetime,
    ) -> str:
        """Put a run on record as started, and return its id."""
        run_id = str(uuid.uuid4())
        row = {
            "id": run_id,
            "slot_id": slot.id,
            "flow_run_id": flow_run_id,
            "trigger": trigger,
            "who": who,
            "why": why,
            "parameters": parameters,
            "code_version": code_version,
            "contract_hash": contract_hash,
            "started_at": now,
        }
        with self._writing() as connection:
            connection.execute(insert(RunRow), row)
        return run_id

    def add(
        self,
        run_id: str,
        target: str,
        attempt: int,
        findings: Sequence[Finding],
        *,
        visit: Visit | HostVisit | None,
        evidence: Sequence[EvidenceRecord],
        now: datetime,
        outcome: State | None = None,
    ) -> None:
        """Put one attempt on record: its facts, verdicts and evidence together, or nothing of it.

        Args:
            outcome: this attempt was all of the run, which ends with it.
        """
        head = {"run_id": run_id, "target": target, "attempt": attempt}
        verdicts = [
            {
                **head,
                "check_id": finding.check,
                "at": now,
                "state": finding.state.value,
                "reason": finding.reason.value if finding.reason else None,
                "summary": finding.summary,
            }
            for finding in findings
        ]
        with self._writing() as connection:
            if visit:
                facts = visit.model_dump(mode="json")
                connection.execute(insert(VisitRow), {**head, "at": visit.started_at, "facts": facts})
            if verdicts:
                connection.execute(insert(FindingRow), verdicts)
            if evidence:
                kept = [{"run_id": run_id, **record.model_dump()} for record in evidence]
                connection.execute(insert(EvidenceRow), kept)
            if outcome:
                connection.execute(insert(RunEndRow), {"run_id": run_id, "ended_at": now, "outcome": outcome.value})

    def end(self, run_id: str, outcome: State, now: datetime) -> None:
        """Put the end of a run on record."""
        with self._writing() as connection:
            connection.execute(insert(RunEndRow), {"run_id": run_id, "ended_at": now, "outcome": outcome.value})

    def runs(self, duty: str, first: date, last: date, target: str = "") -> list[RunRecord]:
        """All runs of the slots of a duty, or of one target's, on the days from `first` to `last`, oldest first."""
        with self._translated("读取"), Session(self._engine) as session:
            rows = session.exec(
                select(RunRow, RunEndRow)
                .join(SlotRow, col(SlotRow.id) == RunRow.slot_id)
                .join(RunEndRow, col(RunEndRow.run_id) == RunRow.id, isouter=True)
                .where(SlotRow.duty == duty, SlotRow.day >= first, SlotRow.day <= last)
                .where(SlotRow.target == target if target else true())
                .order_by(col(RunRow.started_at), col(RunRow.id))
            ).all()
            ids = [run.id for run, _ in rows]
            findings, visits, evidence = (_by_run(session, table, ids) for table in (FindingRow, VisitRow, EvidenceRow))
        return [_record(run, end, findings[run.id], visits[run.id], evidence[run.id]) for run, end in rows]

    def host_past(self, host: str, limit: int = 60) -> list[HostVisit]:
        """The last `limit` inspections of a host that got an answer, oldest first."""
        question = (
            select(VisitRow.facts)
            .join(RunRow, col(RunRow.id) == VisitRow.run_id)
            .where(VisitRow.target == host, col(RunRow.slot_id).startswith(f"{HOST_INSPECTION}/", autoescape=True))
            .order_by(col(VisitRow.at).desc(), col(VisitRow.id).desc())
            .limit(limit)
        )
        with self._translated("读取"), self._engine.connect() as connection:
            rows = connection.execute(question).scalars().all()
        return [HostVisit.model_validate(facts) for facts in reversed(rows)]

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._translated("写入"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        except (DatabaseError, PoolTimeoutError, OSError) as error:
            self._explain(doing, error, time.monotonic() - started)

    def _explain(self, doing: str, error: Exception, waited: float) -> NoReturn:
        what = str(getattr(error, "orig", error))
        where = self._engine.url.render_as_string(hide_password=True) if hasattr(self, "_engine") else "台账"
        if "locked" in what or isinstance(error, PoolTimeoutError):
            why = f"台账被别的程序锁住，等了 {waited:.0f} 秒。请关闭占用它的程序后重试"
        elif "full" in what or "No space" in what:
            why = "磁盘已满。请清理磁盘后重试"
        elif "readonly" in what or "unable to open" in what or isinstance(error, OSError):
            why = "没有写权限，或目录不存在。请检查该文件和目录的权限"
        elif "disk I/O" in what:
            why = "磁盘读写出错，可能已满或损坏。请检查磁盘后重试"
        elif "malformed" in what or "not a database" in what:
            why = "文件已损坏或不是台账。请从备份恢复，不要删除原文件"
        else:
            why = f"数据库回答：{what.splitlines()[0]}"
        raise LedgerError(f"台账{doing}失败（{where}）：{why}") from error


def _by_run(session: Session, table: Any, run_ids: Sequence[str]) -> dict[str, list[Any]]:
    """The rows of some runs, in the order in which they were written."""
    found: dict[str, list[Any]] = {run_id: [] for run_id in run_ids}
    for first in range(0, len(run_ids), _AT_ONCE):
        some = run_ids[first : first + _AT_ONCE]
        for row in session.exec(select(table).where(table.run_id.in_(some)).order_by(table.id)):
            found[row.run_id].append(row)
    return found


def _record(
    run: RunRow,
    end: RunEndRow | None,
    findings: Sequence[FindingRow],
    visits: Sequence[VisitRow],
    evidence: Sequence[EvidenceRow],
) -> RunRecord:
    of_host = run.slot_id.startswith(f"{HOST_INSPECTION}/")
    return RunRecord(
        id=run.id,
        slot=run.slot_id,
        flow_run_id=run.flow_run_id,
        trigger=run.trigger,
        who=run.who,
        why=run.why,
        started_at=run.started_at,
        ended_at=end.ended_at if end else None,
        outcome=end.outcome if end else "",
        code_version=run.code_version,
        contract_hash=run.contract_hash,
        findings=tuple(_finding(row) for row in findings),
        visits=() if of_host else tuple(Visit.model_validate(row.facts) for row in visits),
        host_visits=tuple(HostVisit.model_validate(row.facts) for row in visits) if of_host else (),
        evidence=tuple(EvidenceRecord.model_validate(row.model_dump()) for row in evidence),
    )


def _finding(row: FindingRow) -> FindingRecord:
    finding = Finding(
        check=row.check_id,
        state=State(row.state),
        summary=row.summary,
        reason=Reason(row.reason) if row.reason else None,
    )
    return FindingRecord(target=row.target, attempt=row.attempt, at=row.at, finding=finding)


def _sqlite_manners(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # what is committed survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA recursive_triggers=ON")  # or INSERT OR REPLACE would delete rows unseen
    cursor.close()


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with _MIGRATING, engine.begin() as connection:
        # All of it or nothing, and one process at a time: SQLite's driver would begin only at the first INSERT.
        lock = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else f"SELECT pg_advisory_xact_lock({_LOCK})"
        connection.exec_driver_sql(lock)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
