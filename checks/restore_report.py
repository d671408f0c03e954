"""The 备份恢复演练报告 as data: computed from the contract and the ledger's records of one month, so that it can be
computed again. Clauses 一(6), 七2(4).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from checks.contract import Contract
from checks.daily_report import Line
from checks.finding import State, worst
from checks.records import RunRecord, merged
from checks.restore_check import Drilled, restore_checks, span
from checks.secrecy import Grade
from checks.slots import RESTORE_DRILL, month_of
from checks.visit import RestoreVisit

MOST_TABLES = 200
"""Tables of one backup that are listed: a report is to be read."""


class TableLine(Line):
    """One table, folder or database: rows, beside the source's; None where it is not there, or nobody counted."""

    name: str
    restored: int | None
    source: int | None


class VerdictLine(Line):
    """One item's verdict."""

    check: str
    title: str
    state: State
    summary: str


class DrillLine(Line):
    """One backup's drill: the last one of the month. `state`: None where there was none."""

    target: str
    title: str
    system: str
    state: State | None
    started_at: datetime | None = None
    copy_name: str = ""
    copy_at: datetime | None = None
    sha256: str = ""
    engine: str = ""
    unit: tuple[str, str] = ("表", "行")
    took: str = ""
    limit: str = ""
    point: datetime | None = None
    behind: str = ""  # how far the recovery point is before the copy
    asked: int = 0
    held: int = 0
    sampled: int = 0
    compared: bool = False  # the source was counted, too
    tables: tuple[TableLine, ...] = ()
    more: int = 0  # tables that are not listed
    verdicts: tuple[VerdictLine, ...] = ()
    run_ids: tuple[str, ...] = ()


class RestoreReport(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    contract: str
    client: str
    contractor: str
    grade: Grade
    head: str
    month: str
    drills: tuple[DrillLine, ...]

    def count(self, state: State | None) -> int:
        """How many backups came out so."""
        return sum(one.state is state for one in self.drills)


def restore_report(contract: Contract, day: date, runs: Iterable[RunRecord], head: str) -> RestoreReport:
    """The report of the month in which `day` is.

    Args:
        runs: of that month, oldest first.
    """
    slots: dict[str, list[RunRecord]] = {}
    for run in runs:
        slots.setdefault(run.slot, []).append(run)
    month = month_of(day)
    return RestoreReport(
        contract=contract.name,
        client=contract.client.name,
        contractor=contract.contractor.name,
        grade=Grade.MEDIUM,
        head=head,
        month=month,
        drills=tuple(
            _drill(contract, placed.target, slots.get(f"{RESTORE_DRILL}/{placed.target}/{month}", []))
            for placed in contract.all_backups()
            if placed.backup.restore
        ),
    )


def _drill(contract: Contract, target: str, runs: Sequence[RunRecord]) -> DrillLine:
    placed = contract.backup(target)
    system = next((one.name for one in contract.systems if one.id == placed.system), placed.system)
    run = merged(runs)
    verdicts = [record.finding for record in run.latest()] if run else []
    if run is None or not verdicts:
        return DrillLine(target=target, title=placed.backup.title, system=system, state=None)
    titles = {check.id: check.title for check in restore_checks()}
    visit = run.restore_visits[-1] if run.restore_visits else None
    line = DrillLine(
        target=target,
        title=placed.backup.title,
        system=system,
        state=worst(one.state for one in verdicts),
        started_at=runs[-1].started_at.astimezone(contract.tz),
        run_ids=tuple(one.id for one in runs),
        verdicts=tuple(
            VerdictLine(check=one.check, title=titles.get(one.check, one.check), state=one.state, summary=one.summary)
            for one in verdicts
        ),
    )
    return line.model_copy(update=_found(contract, Drilled(visit, placed.backup, None, contract.tz))) if visit else line


def _found(contract: Contract, drilled: Drilled) -> dict[str, object]:
    """What the drill found out, as the report shows it."""
    visit, terms = drilled.visit, drilled.terms
    lines = _tables(visit)
    behind = (visit.copy_at - visit.newest).total_seconds() if visit.copy_at and visit.newest else None
    return {
        "copy_name": visit.copy_name,
        "copy_at": visit.copy_at.astimezone(contract.tz) if visit.copy_at else None,
        "sha256": visit.sha256,
        "engine": visit.engine,
        "unit": drilled.unit,
        "took": "" if visit.restored_seconds is None else span(visit.restored_seconds),
        "limit": f"{terms.rto_minutes:g} 分钟",
        "point": visit.newest.astimezone(contract.tz) if visit.newest else None,
        "behind": "" if behind is None else span(max(0.0, behind)),
        "asked": len(terms.assertions),
        "held": sum(visit.assertions.values()),
        "sampled": visit.sampled,
        "compared": visit.source is not None,
        "tables": tuple(lines[:MOST_TABLES]),
        "more": max(0, len(lines) - MOST_TABLES),
    }


def _tables(visit: RestoreVisit) -> list[TableLine]:
    """Those that are not as in the source first."""
    source = visit.source or {}
    names = sorted({*visit.tables, *source})
    lines = [TableLine(name=one, restored=visit.tables.get(one), source=source.get(one)) for one in names]
    return sorted(lines, key=lambda line: visit.source is None or line.restored == line.source)
