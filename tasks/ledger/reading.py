"""Reading the ledger: every question that the program asks of it. Nothing here writes.

Whole runs come from `runs`. The questions that select a few columns instead are those that a year's ledger would make
slow or large otherwise.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, or_, text, true
from sqlmodel import Session, col, select

from checks.coverage import Look
from checks.finding import Reason, State
from checks.period_faults import Fault
from checks.probe import ProbeHour, SeenHour
from checks.records import DOCUMENT, INTERRUPTED, REGRADE, EventRecord, EvidenceRecord, FindingRecord, RunRecord, Told
from checks.retention import Kept
from checks.slots import Slot
from checks.visit import BackupVisit, HostVisit, ProbeVisit, RestoreVisit, Visit
from tasks.ledger import periods, probes
from tasks.ledger.engine import name_of, translated
from tasks.ledger.rows import as_of_today, evidence_record, finding_record, run_record, slot_of
from tasks.ledger.tables import EventRow, EvidenceRow, FindingRow, RunEndRow, RunRow, SlotRow, VisitRow

V = TypeVar("V", Visit, HostVisit, BackupVisit, RestoreVisit, ProbeVisit)

_AT_ONCE = 500  # run ids in one question: older SQLites take 999 variables
_EVENTS: Any = EventRow.__table__  # type: ignore[attr-defined]
# as checks.coverage.tells: it says what was seen, or which fault stood before it
_TELLS = or_(col(FindingRow.state) != State.UNKNOWN.value, col(FindingRow.reason) == Reason.BLOCKED.value)


class LedgerReader:
    """The reading half of a `Ledger`. Times are UTC with their zone; days are the contract's.

    Every method raises LedgerError where the database cannot be read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def probe_hours(self, target: str, start: datetime, end: datetime) -> list[ProbeHour]:
        """The probes of a system that may tell of a time, packed, in the order in which they were taken."""
        with self._reading() as connection:
            return probes.between(connection, ProbeHour, target, start, end)

    def seen_hours(self, target: str, start: datetime, end: datetime) -> list[SeenHour]:
        """As `probe_hours`, without the response times, which are most of it."""
        with self._reading() as connection:
            return probes.between(connection, SeenHour, target, start, end)

    def verdicts(self, since: datetime) -> list[tuple[datetime, FindingRecord]]:
        """What runs have found that have ended since a moment, each with its run's end; oldest first."""
        question = (
            select(RunEndRow.ended_at, FindingRow)
            .join(FindingRow, col(FindingRow.run_id) == RunEndRow.run_id)
            .where(col(RunEndRow.ended_at) >= since)
            .order_by(col(FindingRow.at), col(FindingRow.id))
        )
        with self._session() as session:
            return [(ended_at, finding_record(row)) for ended_at, row in session.exec(question)]

    def faults(self, duties: Sequence[str], first: date, last: date) -> list[Fault]:
        """What the slots of these days came to that was not OK: the last verdict of each on each item, in order."""
        with self._reading() as connection:
            return periods.faults(connection, duties, first, last)

    def facts(self, duty: str, first: date, last: date, items: Sequence[str]) -> list[periods.Facts]:
        """What the looks of these days' slots have found out, oldest first: the facts of the named items only."""
        with self._reading() as connection:
            return [*periods.facts(connection, duty, first, last, items)]

    def told(self, duty: str, first: date, last: date) -> list[Told]:
        """The verdicts of a duty's slots on the days from `first` to `last`, oldest first. Four columns and no more: a
        year of many hosts has a hundred thousand of them."""
        about: tuple[Any, ...] = (SlotRow.id, FindingRow.target, FindingRow.check_id, FindingRow.state)
        question = (
            sqlalchemy.select(*about)
            .join(RunRow, col(RunRow.slot_id) == SlotRow.id)
            .join(FindingRow, col(FindingRow.run_id) == RunRow.id)
            .where(col(SlotRow.duty) == duty, col(SlotRow.day) >= first, col(SlotRow.day) <= last)
            .order_by(col(FindingRow.at), col(FindingRow.id))
        )
        with self._reading() as connection:
            rows = connection.execute(question)
            return [Told(slot, target, item, State(state)) for slot, target, item, state in rows]

    def events(self, kind: str, after: int = 0) -> list[EventRecord]:
        """The events of a kind that were entered after one, by its number; in the order in which they were entered."""
        # Of the table and not of its class: a year has thousands, and whoever starts reads them all.
        question = sqlalchemy.select(_EVENTS).where(col(EventRow.kind) == kind, col(EventRow.id) > after)
        with self._reading() as connection:
            rows = connection.execute(question.order_by(col(EventRow.id)))
            return [EventRecord.model_validate(row._asdict()) for row in rows]

    def head(self) -> str:
        """The chain's last seal as reports print it, "123:9f86d0…"; empty where nothing is sealed yet."""
        with self._reading() as connection:
            last = connection.execute(text("SELECT seq, hash FROM seal ORDER BY seq DESC LIMIT 1")).one_or_none()
        return f"{last.seq}:{last.hash}" if last else ""

    def sealed_at(self) -> datetime | None:
        """When the chain's last seal was made; None where nothing is sealed yet."""
        with self._reading() as connection:
            last = connection.execute(text("SELECT at FROM seal ORDER BY seq DESC LIMIT 1")).one_or_none()
        return datetime.fromisoformat(last.at) if last else None

    def last_day(self, duties: Sequence[str]) -> date | None:
        """The latest day of which a slot of these duties is on record."""
        latest = (
            select(col(SlotRow.day)).where(col(SlotRow.duty).in_(duties)).order_by(col(SlotRow.day).desc()).limit(1)
        )
        with self._session() as session:
            return session.exec(latest).first()

    def files(self) -> list[Kept]:
        """Every evidence file on record."""
        with self._session() as session:
            rows = [*(evidence_record(row) for row in session.exec(select(EvidenceRow))), *self._handed_in()]
        moved = self._regraded()
        return [Kept(one.at, one.path, one.sha256) for one in (as_of_today(row, moved) for row in rows)]

    def evidence_at(self, path: str) -> EvidenceRecord | None:
        """What was last put on record of a file."""
        latest = select(EvidenceRow).where(EvidenceRow.path == path).order_by(col(EvidenceRow.id).desc())
        with self._session() as session:
            row = session.exec(latest).first()
        if row:
            return evidence_record(row)
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
        with self._session() as session:
            return list(session.exec(question.where(RunEndRow.outcome == INTERRUPTED)))

    def begun_at(self, first: datetime, last: datetime) -> list[datetime]:
        """When each run began that began in [first, last]."""
        question = select(RunRow.started_at).where(RunRow.started_at >= first, RunRow.started_at <= last)
        with self._session() as session:
            return list(session.exec(question))

    def slots(self, first: date, last: date) -> list[Slot]:
        """The slots on record whose day is between `first` and `last`."""
        with self._session() as session:
            rows = session.exec(select(SlotRow).where(SlotRow.day >= first, SlotRow.day <= last).order_by(SlotRow.id))
            return [slot_of(row) for row in rows]

    def runs(self, duty: str, first: date, last: date, target: str = "") -> list[RunRecord]:
        """All runs of the slots of a duty, or of one target's, on the days from `first` to `last`, oldest first."""
        with self._session() as session:
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
        return [run_record(run, end, findings[run.id], visits[run.id], evidence[run.id], moved) for run, end in rows]

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
        with self._reading() as connection:
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
        """As `past`, each with its run's id; where `until` is given, only looks before that moment."""
        about: tuple[Any, ...] = (VisitRow.run_id, VisitRow.facts)
        question = (
            sqlalchemy.select(*about)
            .join(RunRow, col(RunRow.id) == VisitRow.run_id)
            .where(col(VisitRow.target) == target, col(RunRow.slot_id).startswith(f"{duty}/", autoescape=True))
            .where(col(VisitRow.at) < until if until else true())
            .order_by(col(VisitRow.at).desc(), col(VisitRow.id).desc())
            .limit(limit)
        )
        with self._reading() as connection:
            rows = connection.execute(question).all()
        return [(run, model.model_validate(facts)) for run, facts in reversed(rows)]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._translated("读取"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self._translated("读取"), Session(self._engine) as session:
            yield session

    def _translated(self, doing: str) -> AbstractContextManager[None]:
        """What goes wrong in the database becomes a LedgerError in words."""
        return translated(doing, name_of(self._engine))


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
