"""The ledger: the record of what was expected and what was done. The only importer of sqlmodel and alembic.

Append-only: rows are added and never changed; the end of a run is a row of its own, and seals what the run has found.
Times are stored in UTC with their zone. Here is what adds to it; `reading` asks it, `tables` says what is kept, `seals`
makes the chain, `verify` checks it, `claims` knows who is at work.
"""

import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, text
from sqlalchemy.dialects import sqlite
from sqlmodel import col, select

from checks.finding import Finding, State
from checks.probe import Reading
from checks.records import INTERRUPTED, Event, EvidenceRecord
from checks.slots import Slot
from tasks.ledger import probes
from tasks.ledger.claims import claims_for
from tasks.ledger.engine import LOCK_WAIT, LedgerError, RunClosedError, begin_alone, name_of, opened, translated
from tasks.ledger.reading import LedgerReader
from tasks.ledger.rows import AnyVisit, slot_of
from tasks.ledger.seals import read_after, read_back, seal, seal_run
from tasks.ledger.tables import EventRow, EvidenceRow, FindingRow, RunEndRow, RunRow, SlotRow, VisitRow

__all__ = ["AnyVisit", "Ledger", "LedgerError", "RunClosedError"]

_EVENT_ID: Any = EventRow.id
_ENDED = text("SELECT 1 FROM run_end WHERE run_id = :run")
_ALL_ENDED = text("SELECT (SELECT count(*) FROM run) = (SELECT count(*) FROM run_end)")


class Ledger(LedgerReader):
    """An open ledger; safe to share between threads.

    Args:
        sm3: seal with SM3 (GB/T 32905) beside SHA-256.

    Raises:
        LedgerError: the database cannot be opened or brought up to date.
    """

    def __init__(self, url: str, lock_wait: float = LOCK_WAIT, *, sm3: bool = False) -> None:
        super().__init__(opened(url, lock_wait))
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
        with self._session() as session:
            if session.connection().execute(_ALL_ENDED).scalar():  # as a rule, and told in a tenth of the time
                return []
            left = session.exec(
                select(RunRow.id, SlotRow)
                .join(SlotRow, col(SlotRow.id) == RunRow.slot_id)
                .join(RunEndRow, col(RunEndRow.run_id) == RunRow.id, isouter=True)
                .where(col(RunEndRow.run_id).is_(None))
                .order_by(col(RunRow.started_at), col(RunRow.id))
            ).all()
            slots = [(run_id, slot_of(row)) for run_id, row in left]
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
        with self._reading() as connection:
            return connection.execute(_ENDED, {"run": run_id}).first() is not None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._translated("写入"), self._engine.begin() as connection:
            yield connection


def _next_in(connection: Connection, event: Event) -> str:
    """The next subject of a series; nobody else writes meanwhile."""
    series = select(EventRow.subject).where(EventRow.kind == event.kind)
    used = connection.execute(series.where(col(EventRow.subject).startswith(event.subject, autoescape=True))).scalars()
    return f"{event.subject}{max((int(one.removeprefix(event.subject)) for one in used), default=0) + 1:04}"
