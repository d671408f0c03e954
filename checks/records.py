"""What the ledger holds, as plain values: what reports and scores are computed from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from checks.finding import Finding, State
from checks.visit import BackupVisit, HostVisit, ProbeVisit, RestoreVisit, Visit

INTERRUPTED = "INTERRUPTED"
"""The outcome of a run that came to no end: somebody else closed it. Never a State: nobody has judged anything."""


class Record(BaseModel):
    """Rows of the ledger never change."""

    model_config = ConfigDict(frozen=True)


class FindingRecord(Record):
    """One verdict on record."""

    target: str  # "oa/todo", "oa-app-01", "oa.db"
    attempt: int
    at: datetime
    finding: Finding


class Told(NamedTuple):
    """One verdict, without its words."""

    slot: str
    target: str
    item: str
    state: State


class EvidenceRecord(Record):
    """One file kept as proof. `path` is relative to the evidence folder."""

    target: str
    attempt: int
    kind: str  # "screenshot", "raw-output"
    path: str
    sha256: str
    size: int
    grade: int
    at: datetime


class RunRecord(Record):
    """One run of one slot, from its start to its end if it has one."""

    id: str
    slot: str
    flow_run_id: str
    trigger: str  # schedule, catch-up, ui, cli, drill
    who: str
    why: str
    started_at: datetime
    ended_at: datetime | None  # None while it is under way, and for ever if it was cut off
    outcome: str  # a State, INTERRUPTED, or "" while the run has not ended
    code_version: str
    contract_hash: str
    calendar_version: str = ""  # empty in ledgers of before
    findings: tuple[FindingRecord, ...] = ()
    visits: tuple[Visit, ...] = ()
    host_visits: tuple[HostVisit, ...] = ()
    backup_visits: tuple[BackupVisit, ...] = ()
    restore_visits: tuple[RestoreVisit, ...] = ()
    probe_visits: tuple[ProbeVisit, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = ()

    def latest(self) -> list[FindingRecord]:
        """The last verdict on each target and check, in the order they were first recorded."""
        last: dict[tuple[str, str], FindingRecord] = {}
        for record in self.findings:
            last[record.target, record.finding.check] = record
        return list(last.values())


class Event(Record):
    """Something that happened outside runs, or that a person enters. A wrong one is corrected by a new one."""

    kind: str  # "contract", "excuse", "removal"
    subject: str  # what it is about: a slot, a hash
    at: datetime
    who: str  # whose word it is
    why: str
    via: str  # how it got here: "schedule", "ui", "cli:" and the account
    body: dict[str, Any] = {}
    corrects: int | None = None


CONTRACT, EXCUSE, REMOVAL, REGRADE, DOCUMENT = "contract", "excuse", "removal", "regrade", "document"
"""Kinds of events: the contract folder as it now is; why a slot need not be done; evidence destroyed when due; evidence
that turned out to be more secret, and where it lies encrypted; what became of a document that is due, with the evidence
of what was handed in."""


class EventRecord(Event):
    """An event on record."""

    id: int
    entered_at: datetime


def standing(events: Iterable[EventRecord]) -> list[EventRecord]:
    """Those that no other corrects. A correction that is itself corrected brings nothing back."""
    events = list(events)
    corrected = {one.corrects for one in events if one.corrects is not None}
    return [one for one in events if one.id not in corrected]


def merged(runs: Iterable[RunRecord]) -> RunRecord | None:
    """One slot's runs, oldest first, as if they were one: what a later run looked at again replaces the earlier.

    The end is that of the last run that has one; a run that was cut off keeps what it had found.
    """
    together: RunRecord | None = None
    for run in runs:
        if together is not None:
            run = run.model_copy(
                update={
                    "started_at": together.started_at,
                    "ended_at": run.ended_at or together.ended_at,
                    "findings": together.findings + run.findings,
                    "visits": together.visits + run.visits,
                    "host_visits": together.host_visits + run.host_visits,
                    "backup_visits": together.backup_visits + run.backup_visits,
                    "restore_visits": together.restore_visits + run.restore_visits,
                    "probe_visits": together.probe_visits + run.probe_visits,
                    "evidence": together.evidence + run.evidence,
                }
            )
        together = run
    return together
