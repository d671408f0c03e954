"""The ledger: the record of what was expected and what was done. The only importer of sqlmodel and alembic.

Append-only: rows are added and never changed; the end of a run is a row of its own, and seals what the run has found.
Times are stored in UTC with their zone. Tables: `tables`; the chain: `seals`, `verify`; who is at work: `claims`.
"""

import uuid
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection, func, insert, or_, text, true
from sqlalchemy.dialects import sqlite
from sqlmodel import Session, col, select

from checks.coverage import Look
from checks.faults import Fault
from checks.finding import Finding, Reason, State
from checks.probe import ProbeHour, Reading, SeenHour
from checks.records import (
    DOCUMENT,
    INTERRUPTED,
    REGRADE,
    Event,
    EventRecord,
    EvidenceRecord,
    FindingRecord,
    RunRecord,
    Told,
)
from checks.retention import Kept
from checks.slots import BACKUP_CHECK, BASELINE_CHECK, HOST_INSPECTION, RESTORE_DRILL, RETEST, Slot
from checks.visit import BackupVisit, HostVisit, ProbeVisit, RestoreVisit, Visit
from tasks.ledger import periods, probes
from tasks.ledger.claims import claims_for
from tasks.ledger.engine import LOCK_WAIT, LedgerError, RunClosedError, begin_alone, name_of, opened, translated
from tasks.ledger.seals import read_after, read_back, seal, seal_run
from tasks.ledger.tables import EventRow, EvidenceRow, FindingRow, RunEndRow, RunRow, SlotRow, VisitRow

__all__ = ["AnyVisit", "Ledger", "LedgerError", "RunClosedError"]

AnyVisit = Visit | HostVisit | BackupVisit | RestoreVisit | ProbeVisit
V = TypeVar("V", Visit, HostVisit, BackupVisit, RestoreVisit, ProbeVisit)

_VISITS: dict[str, tuple[str, type[AnyVisit]]] = {
    HOST_INSPECTION: ("host_visits", HostVisit),
    BASELINE_CHECK: ("host_visits", HostVisit),
    BACKUP_CHECK: ("backup_visits", BackupVisit),
    RESTORE_DRILL: ("restore_visits", RestoreVisit),
    RETEST: ("probe_visits", ProbeVisit),
}
"""By duty, what its looks find out and where a record has it; of all others it is pages."""

_AT_ONCE = 500  # run ids in one question: older SQLites take 999 variables
_EVENT_ID: Any = EventRow.id
_EVENTS: Any = EventRow.__table__  # type: ignore[attr-defined]
# as checks.coverage.tells: it says what was seen, or which fault stood before it
_TELLS = or_(col(FindingRow.state) != State.UNKNOWN.value, col(FindingRow.reason) == Reason.BLOCKED.value)
_ENDED = text("SELECT 1 FROM run_end WHERE run_id = :run")
_ALL_ENDED = text("SELECT (SELECT count(*) FROM run) = (SELECT count(*) FROM run_end)")


class Ledger:
    """An open ledger; safe to share between threads.

    Args:
        sm3: seal with SM3 (GB/T 32905) beside SHA-256.

    Raises:
        LedgerError: the database cannot be opened or brought up to date.
    """

    def __init__(self, url: str, lock_wait: float = LOCK_WAIT, *, sm3: bool = False) -> None:
        self._engine = opened(url, lock_wait)
        self._sm3 = sm3
        self._claims = claims_for(self._engine)
        # At the end of the process too: the last connection to be closed brings SQLite's write-ahead log home.
        weakref.finalize(self, self._engine.dispose)

    @contextmanager
    def claimed(self, slot: Slot) -> Iterator[bool]:
        """Take the slot's target for this block; False if another run has it."""
        name = f"{slot.duty}/{slot.target}"
        with translated("占用", name_of(self._engine)):
            taken = self._claims.take(name)
        try:
            yield taken
        finally:
            if taken:
                self._claims.release(name)

    def expect(self, slots: Sequence[Slot], now: datetime) -> None:
        """Put slots on record that are not yet."""
        if not slots:
            return
        # Two runs may ask for the same day at once: the database decides who comes first.
        upsert: Any = sqlite.insert
        if self._engine.dialect.name != "sqlite":
            from sqlalchemy.dialects import postgresql  # a thirtieth of what a short command may take

            upsert = postgresql.insert
        with self._writing() as connection:
            rows = [slot._asdict() for slot in slots]
            new = connection.execute(upsert(SlotRow).values(rows).on_conflict_do_nothing().returning(col(SlotRow.id)))
            if added := sorted(new.scalars()):
                seal(connection, "slots", "", {"slot": read_back(connection, "slot", "id", added)}, now, sm3=self._sm3)

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
        calendar_version: str,
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
            "calendar_version": calendar_version,
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
        visit: AnyVisit | None,
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
            self._still_open(connection, run_id)
            if outcome:
                self._close(connection, run_id, outcome.value, now)

    def probed(self, run_id: str, target: str, every: int, reading: Reading) -> None:
        """Put one probe on record; it is packed and sealed with its run."""
        with self._writing() as connection:
            probes.add(connection, run_id, target, every, reading)
            self._still_open(connection, run_id)

    def probe_hours(self, target: str, start: datetime, end: datetime) -> list[ProbeHour]:
        """The probes of a system that may tell of a time, packed, in the order in which they were taken."""
        with self._translated("读取"), self._engine.connect() as connection:
            return probes.between(connection, ProbeHour, target, start, end)

    def seen_hours(self, target: str, start: datetime, end: datetime) -> list[SeenHour]:
        """The same without how long each took, which is most of it."""
        with self._translated("读取"), self._engine.connect() as connection:
            return probes.between(connection, SeenHour, target, start, end)

    def verdicts(self, since: datetime) -> list[tuple[datetime, FindingRecord]]:
        """What runs have found that have ended since a moment, each with its run's end; oldest first."""
        question = (
            select(RunEndRow.ended_at, FindingRow)
            .join(FindingRow, col(FindingRow.run_id) == RunEndRow.run_id)
            .where(col(RunEndRow.ended_at) >= since)
            .order_by(col(FindingRow.at), col(FindingRow.id))
        )
        with self._translated("读取"), Session(self._engine) as session:
            return [(ended_at, _finding(row)) for ended_at, row in session.exec(question)]

    def faults(self, duties: Sequence[str], first: date, last: date) -> list[Fault]:
        """What the slots of these days came to that was not OK: the last verdict of each on each item, in order."""
        with self._translated("读取"), self._engine.connect() as connection:
            return periods.faults(connection, duties, first, last)

    def facts(self, duty: str, first: date, last: date, items: Sequence[str]) -> list[periods.Facts]:
        """Some items of what the looks of these days' slots have found out, oldest first."""
        with self._translated("读取"), self._engine.connect() as connection:
            return [*periods.facts(connection, duty, first, last, items)]

    def told(self, duty: str, first: date, last: date) -> list[Told]:
        """The verdicts of a duty's slots on the days from `first` to `last`, oldest first, and no more than these: a
        year of many hosts has a hundred thousand."""
        about: tuple[Any, ...] = (SlotRow.id, FindingRow.target, FindingRow.check_id, FindingRow.state)
        question = (
            sqlalchemy.select(*about)
            .join(RunRow, col(RunRow.slot_id) == SlotRow.id)
            .join(FindingRow, col(FindingRow.run_id) == RunRow.id)
            .where(col(SlotRow.duty) == duty, col(SlotRow.day) >= first, col(SlotRow.day) <= last)
            .order_by(col(FindingRow.at), col(FindingRow.id))
        )
        with self._translated("读取"), self._engine.connect() as connection:
            rows = connection.execute(question)
            return [Told(slot, target, item, State(state)) for slot, target, item, state in rows]

    def end(self, run_id: str, outcome: State, now: datetime) -> None:
        """Put the end of a run on record, and seal it."""
        with self._writing() as connection:
            self._close(connection, run_id, outcome.value, now)

    def cut_off(self, run_id: str, now: datetime) -> None:
        """Put on record that a run came to no end, and seal what it had found."""
        with self._writing() as connection:
            self._close(connection, run_id, INTERRUPTED, now)

    def close_cut_off(self, now: datetime) -> list[str]:
        """Close as interrupted what was begun and has nobody at work on it; returns the slots, oldest run first."""
        with self._translated("读取"), Session(self._engine) as session:
            if session.connection().execute(_ALL_ENDED).scalar():  # as a rule, and told in a tenth of the time
                return []
            left = session.exec(
                select(RunRow.id, SlotRow)
                .join(SlotRow, col(SlotRow.id) == RunRow.slot_id)
                .join(RunEndRow, col(RunEndRow.run_id) == RunRow.id, isouter=True)
                .where(col(RunEndRow.run_id).is_(None))
                .order_by(col(RunRow.started_at), col(RunRow.id))
            ).all()
            slots = [(run_id, _slot(row)) for run_id, row in left]
        closed = []
        for run_id, slot in slots:
            with self.claimed(slot) as free:
                if free and not self._has_ended(run_id):
                    self.cut_off(run_id, now)
                    closed.append(slot.id)
        return closed

    def enter(
        self, event: Event, now: datetime, *, unless_last: bool = False, numbered: bool = False, last: int | None = None
    ) -> int | None:
        """Put an event on record and seal it; returns its number.

        Args:
            unless_last: only if the last event of this kind has another subject; else None is returned.
            numbered: the subject is the beginning of one, "G-2026-", and the next number is put behind it.
            last: only if the last event of this kind still has this number (0: there is none); else somebody has
                entered something that whoever asks does not know of, and None is returned.
        """
        with self._writing() as connection:
            begin_alone(connection)
            if unless_last or last is not None:
                question = select(EventRow.id, EventRow.subject).where(EventRow.kind == event.kind)
                latest = connection.execute(question.order_by(col(EventRow.id).desc()).limit(1)).one_or_none()
                if unless_last and latest and latest.subject == event.subject:
                    return None
                if last is not None and (latest.id if latest else 0) != last:
                    return None
            if numbered:
                event = event.model_copy(update={"subject": _next_in(connection, event)})
            row = {**event.model_dump(), "entered_at": now}
            number: int = connection.execute(insert(EventRow).returning(_EVENT_ID), row).scalar_one()
            rows = {"event": read_back(connection, "event", "id", [number])}
            seal(connection, "event", f"{event.kind} {number}", rows, now, sm3=self._sm3)
        return number

    def enter_all(self, events: Sequence[Event], now: datetime, *, last: int) -> bool:
        """Put events of one kind on record, all or none, under one seal; whether it was done.

        Args:
            last: only if the last event of this kind still has this number (0: there is none).
        """
        kind = events[0].kind
        with self._writing() as connection:
            begin_alone(connection)
            latest = select(func.max(EventRow.id))
            if (connection.execute(latest.where(EventRow.kind == kind)).scalar() or 0) != last:
                return False
            before = connection.execute(latest).scalar() or 0
            connection.execute(insert(EventRow), [{**one.model_dump(), "entered_at": now} for one in events])
            rows = {"event": read_after(connection, "event", "id", before)}
            seal(connection, "event", f"{kind} ×{len(events)}", rows, now, sm3=self._sm3)
        return True

    def events(self, kind: str, after: int = 0) -> list[EventRecord]:
        """The events of a kind that were entered after one, by its number; in the order in which they were entered."""
        # Of the table and not of its class: a year has thousands, and whoever starts reads them all.
        question = sqlalchemy.select(_EVENTS).where(col(EventRow.kind) == kind, col(EventRow.id) > after)
        with self._translated("读取"), self._engine.connect() as connection:
            rows = connection.execute(question.order_by(col(EventRow.id)))
            return [EventRecord.model_validate(row._asdict()) for row in rows]

    def head(self) -> str:
        """The chain's last seal as reports print it, "123:9f86d0…"; empty where nothing is sealed yet."""
        with self._translated("读取"), self._engine.connect() as connection:
            last = connection.execute(text("SELECT seq, hash FROM seal ORDER BY seq DESC LIMIT 1")).one_or_none()
        return f"{last.seq}:{last.hash}" if last else ""

    def sealed_at(self) -> datetime | None:
        """When the chain's last seal was made; None where nothing is sealed yet."""
        with self._translated("读取"), self._engine.connect() as connection:
            last = connection.execute(text("SELECT at FROM seal ORDER BY seq DESC LIMIT 1")).one_or_none()
        return datetime.fromisoformat(last.at) if last else None

    def last_day(self, duties: Sequence[str]) -> date | None:
        """The latest day of which a slot of these duties is on record."""
        latest = (
            select(col(SlotRow.day)).where(col(SlotRow.duty).in_(duties)).order_by(col(SlotRow.day).desc()).limit(1)
        )
        with self._translated("读取"), Session(self._engine) as session:
            return session.exec(latest).first()

    def files(self) -> list[Kept]:
        """Every evidence file on record."""
        with self._translated("读取"), Session(self._engine) as session:
            rows = [*(_evidence(row) for row in session.exec(select(EvidenceRow))), *self._handed_in()]
        moved = self._regraded()
        return [Kept(one.at, one.path, one.sha256) for one in (_now(row, moved) for row in rows)]

    def evidence_at(self, path: str) -> EvidenceRecord | None:
        """What was last put on record of a file."""
        latest = select(EvidenceRow).where(EvidenceRow.path == path).order_by(col(EvidenceRow.id).desc())
        with self._translated("读取"), Session(self._engine) as session:
            row = session.exec(latest).first()
        if row:
            return _evidence(row)
        return next((one for one in reversed(self._handed_in()) if one.path == path), None)

    def _handed_in(self) -> list[EvidenceRecord]:
        """The files of documents that were handed in."""
        return [
            EvidenceRecord(target=one.subject, attempt=1, kind=DOCUMENT, at=one.at, **one.body["evidence"])
            for one in self.events(DOCUMENT)
            if "evidence" in one.body
        ]

    def _regraded(self) -> dict[str, EventRecord]:
        """What was decided of evidence that turned out to be more secret, by its first path."""
        return {path: one for one in self.events(REGRADE) for path in one.body["files"]}

    def cut_off_at(self) -> list[datetime]:
        """When each run began that was cut off."""
        question = select(RunRow.started_at).join(RunEndRow, col(RunEndRow.run_id) == RunRow.id)
        with self._translated("读取"), Session(self._engine) as session:
            return list(session.exec(question.where(RunEndRow.outcome == INTERRUPTED)))

    def begun_at(self, first: datetime, last: datetime) -> list[datetime]:
        """When each run began that began in [first, last]."""
        question = select(RunRow.started_at).where(RunRow.started_at >= first, RunRow.started_at <= last)
        with self._translated("读取"), Session(self._engine) as session:
            return list(session.exec(question))

    def slots(self, first: date, last: date) -> list[Slot]:
        """The slots on record whose day is between `first` and `last`."""
        with self._translated("读取"), Session(self._engine) as session:
            rows = session.exec(select(SlotRow).where(SlotRow.day >= first, SlotRow.day <= last).order_by(SlotRow.id))
            return [_slot(row) for row in rows]

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
        moved = self._regraded()
        return [_record(run, end, findings[run.id], visits[run.id], evidence[run.id], moved) for run, end in rows]

    def looks(self, duties: Sequence[str], first: date, last: date, triggers: Sequence[str] = ()) -> list[Look]:
        """What each run of these days' slots has seen, for the coverage of the contract; `triggers`: only theirs."""
        about: tuple[Any, ...] = (RunRow.id, RunRow.slot_id, RunRow.started_at, RunEndRow.outcome)
        question = (
            sqlalchemy.select(*about)
            .join(SlotRow, col(SlotRow.id) == RunRow.slot_id)
            .join(RunEndRow, col(RunEndRow.run_id) == RunRow.id, isouter=True)
            .where(col(SlotRow.duty).in_(duties), col(SlotRow.day) >= first, col(SlotRow.day) <= last)
            .where(col(RunRow.trigger).in_(triggers) if triggers else true())
            .order_by(col(RunRow.started_at), col(RunRow.id))
        )
        with self._translated("读取"), self._engine.connect() as connection:
            runs = connection.execute(question).all()
            seen = _seen(connection, [run.id for run in runs])
        return [
            Look(run.slot_id, run.id, run.started_at, run.outcome not in (None, INTERRUPTED), frozenset(seen[run.id]))
            for run in runs
        ]

    def past(self, duty: str, target: str, model: type[V], limit: int = 60) -> list[V]:
        """The last `limit` looks at a target that found something out, oldest first; `model`: as what."""
        return [facts for _, facts in self.past_of(duty, target, model, limit=limit)]

    def past_of(
        self, duty: str, target: str, model: type[V], until: datetime | None = None, limit: int = 60
    ) -> list[tuple[str, V]]:
        """The same before a moment, each with its run."""
        about: tuple[Any, ...] = (VisitRow.run_id, VisitRow.facts)
        question = (
            sqlalchemy.select(*about)
            .join(RunRow, col(RunRow.id) == VisitRow.run_id)
            .where(col(VisitRow.target) == target, col(RunRow.slot_id).startswith(f"{duty}/", autoescape=True))
            .where(col(VisitRow.at) < until if until else true())
            .order_by(col(VisitRow.at).desc(), col(VisitRow.id).desc())
            .limit(limit)
        )
        with self._translated("读取"), self._engine.connect() as connection:
            rows = connection.execute(question).all()
        return [(run, model.model_validate(facts)) for run, facts in reversed(rows)]

    def _close(self, connection: Connection, run_id: str, outcome: str, now: datetime) -> None:
        """End and seal in one transaction: there is no ended run without a seal."""
        if connection.dialect.name != "sqlite":  # wait for a finding that is just being added
            connection.execute(text("SELECT id FROM run WHERE id = :run FOR UPDATE"), {"run": run_id})
        # First: SQLite lets others write until then, and a reading that they add must be packed or refused.
        connection.execute(insert(RunEndRow), {"run_id": run_id, "ended_at": now, "outcome": outcome})
        probes.fold(connection, run_id)
        seal_run(connection, run_id, now, sm3=self._sm3)

    @staticmethod
    def _still_open(connection: Connection, run_id: str) -> None:
        """Whoever found this run without its process has closed and sealed it: nothing comes behind a seal."""
        if connection.execute(_ENDED, {"run": run_id}).first():
            raise RunClosedError(f"运行 {run_id} 已作为中断关闭并封存，不能再记入")

    def _has_ended(self, run_id: str) -> bool:
        with self._translated("读取"), self._engine.connect() as connection:
            return connection.execute(_ENDED, {"run": run_id}).first() is not None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._translated("写入"), self._engine.begin() as connection:
            yield connection

    def _translated(self, doing: str) -> AbstractContextManager[None]:
        return translated(doing, name_of(self._engine))


def _next_in(connection: Connection, event: Event) -> str:
    """The next subject of a series; nobody else writes meanwhile."""
    series = select(EventRow.subject).where(EventRow.kind == event.kind)
    used = connection.execute(series.where(col(EventRow.subject).startswith(event.subject, autoescape=True))).scalars()
    return f"{event.subject}{max((int(one.removeprefix(event.subject)) for one in used), default=0) + 1:04}"


def _by_run(session: Session, table: Any, run_ids: Sequence[str]) -> dict[str, list[Any]]:
    """The rows of some runs, in the order in which they were written."""
    found: dict[str, list[Any]] = {run_id: [] for run_id in run_ids}
    for first in range(0, len(run_ids), _AT_ONCE):
        some = run_ids[first : first + _AT_ONCE]
        for row in session.exec(select(table).where(table.run_id.in_(some)).order_by(table.id)):
            found[row.run_id].append(row)
    return found


def _seen(connection: Connection, run_ids: Sequence[str]) -> dict[str, set[str]]:
    """The targets of which some runs tell something. Asked by run: a join with all that was found reads the year."""
    found: dict[str, set[str]] = {run_id: set() for run_id in run_ids}
    for first in range(0, len(run_ids), _AT_ONCE):
        some = run_ids[first : first + _AT_ONCE]
        question = sqlalchemy.select(col(FindingRow.run_id), col(FindingRow.target)).distinct()
        for run_id, target in connection.execute(question.where(col(FindingRow.run_id).in_(some), _TELLS)):
            found[run_id].add(target)
    return found


def _record(
    run: RunRow,
    end: RunEndRow | None,
    findings: Sequence[FindingRow],
    visits: Sequence[VisitRow],
    evidence: Sequence[EvidenceRow],
    moved: Mapping[str, EventRecord],
) -> RunRecord:
    field, model = _VISITS.get(run.slot_id.partition("/")[0], ("visits", Visit))
    facts: dict[str, Any] = {field: tuple(model.model_validate(row.facts) for row in visits)}
    return RunRecord(
        id=run.id,
        slot=run.slot_id,
        flow_run_id=run.flow_run_id,
        trigger=run.trigger,
        who=run.who,
        why=run.why,
        started_at=run.started_at,
        ended_at=end.ended_at if end and end.outcome != INTERRUPTED else None,
        outcome=end.outcome if end else "",
        code_version=run.code_version,
        contract_hash=run.contract_hash,
        calendar_version=run.calendar_version or "",
        findings=tuple(_finding(row) for row in findings),
        evidence=tuple(_now(_evidence(row), moved) for row in evidence),
        **facts,
    )


def _evidence(row: EvidenceRow) -> EvidenceRecord:
    return EvidenceRecord.model_validate(row.model_dump())


def _now(record: EvidenceRecord, moved: Mapping[str, EventRecord]) -> EvidenceRecord:
    """The record as it is today: encrypted under another name if it was found to be more secret since."""
    decided = moved.get(record.path)
    return record.model_copy(update=decided.body["to"]) if decided and record.at <= decided.at else record


def _slot(row: SlotRow) -> Slot:
    return Slot(row.id, row.duty, row.target, row.day, row.opens_at, row.closes_at)


def _finding(row: FindingRow) -> FindingRecord:
    finding = Finding(
        check=row.check_id,
        state=State(row.state),
        summary=row.summary,
        reason=Reason(row.reason) if row.reason else None,
    )
    return FindingRecord(target=row.target, attempt=row.attempt, at=row.at, finding=finding)
