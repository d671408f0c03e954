"""What the ledger holds, as plain values: what reports and scores are computed from."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from checks.finding import Finding
from checks.visit import Visit


class Record(BaseModel):
    """Rows of the ledger never change."""

    model_config = ConfigDict(frozen=True)


class FindingRecord(Record):
    """One verdict on record."""

    target: str  # "oa/todo"
    attempt: int
    at: datetime
    finding: Finding


class EvidenceRecord(Record):
    """One file kept as proof. `path` is relative to the evidence folder."""

    target: str
    attempt: int
    kind: str  # "screenshot"
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
    trigger: str  # schedule, ui, cli, drill
    who: str
    why: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str  # a State, or "" while the run has not ended
    code_version: str
    contract_hash: str
    findings: tuple[FindingRecord, ...] = ()
    visits: tuple[Visit, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = ()

    def latest(self) -> list[FindingRecord]:
        """The last attempt's verdict for each target and check, in the order they were first recorded."""
        last: dict[tuple[str, str], FindingRecord] = {}
        for record in self.findings:
            key = (record.target, record.finding.check)
            if key not in last or record.attempt >= last[key].attempt:
                last[key] = record
        return list(last.values())
