"""Rows of the ledger's tables as the records that the rest of the program reads (`checks.records`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from checks.finding import Finding, Reason, State
from checks.records import INTERRUPTED, EventRecord, EvidenceRecord, FindingRecord, RunRecord
from checks.slots import BACKUP_CHECK, BASELINE_CHECK, HOST_INSPECTION, RESTORE_DRILL, RETEST, Slot
from checks.visit import BackupVisit, HostVisit, ProbeVisit, RestoreVisit, Visit
from tasks.ledger.tables import EvidenceRow, FindingRow, RunEndRow, RunRow, SlotRow, VisitRow

AnyVisit = Visit | HostVisit | BackupVisit | RestoreVisit | ProbeVisit

_VISITS: dict[str, tuple[str, type[AnyVisit]]] = {
    HOST_INSPECTION: ("host_visits", HostVisit),
    BASELINE_CHECK: ("host_visits", HostVisit),
    BACKUP_CHECK: ("backup_visits", BackupVisit),
    RESTORE_DRILL: ("restore_visits", RestoreVisit),
    RETEST: ("probe_visits", ProbeVisit),
}
"""By duty: the field of a run's record that holds what its looks found out, and of which kind that is. Of all other
duties it is pages."""


def run_record(
    run: RunRow,
    end: RunEndRow | None,
    findings: Sequence[FindingRow],
    visits: Sequence[VisitRow],
    evidence: Sequence[EvidenceRow],
    moved: Mapping[str, EventRecord],
) -> RunRecord:
    """A run with all that it found; `end` is None while it goes on.

    Args:
        moved: by path, what was decided later of evidence that turned out to be more secret.
    """
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
        findings=tuple(finding_record(row) for row in findings),
        evidence=tuple(as_of_today(evidence_record(row), moved) for row in evidence),
        **facts,
    )


def evidence_record(row: EvidenceRow) -> EvidenceRecord:
    """As it was put on record; `as_of_today` says where it is by now."""
    return EvidenceRecord.model_validate(row.model_dump())


def as_of_today(record: EvidenceRecord, moved: Mapping[str, EventRecord]) -> EvidenceRecord:
    """The record as it is today: encrypted under another name if it was found to be more secret since."""
    decided = moved.get(record.path)
    return record.model_copy(update=decided.body["to"]) if decided and record.at <= decided.at else record


def slot_of(row: SlotRow) -> Slot:
    """What was due, when it opened and when it closed."""
    return Slot(row.id, row.duty, row.target, row.day, row.opens_at, row.closes_at)


def finding_record(row: FindingRow) -> FindingRecord:
    """One verdict, with its target and attempt."""
    finding = Finding(
        check=row.check_id,
        state=State(row.state),
        summary=row.summary,
        reason=Reason(row.reason) if row.reason else None,
    )
    return FindingRecord(target=row.target, attempt=row.attempt, at=row.at, finding=finding)
