"""The 备份恢复演练报告 as data: computed from the contract and the ledger's records of one month, so that it can be
computed again. Clauses 一(6), 七2(4).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

from checks.contract import Contract
from checks.finding import State, worst
from checks.number import Number, count, row
from checks.records import RunRecord, merged
from checks.report_lines import ReportLine
from checks.restore_check import Drilled, restore_checks, span
from checks.slots import RESTORE_DRILL, month_of
from checks.visit import RestoreVisit

MOST_TABLES = 200
"""Tables of one backup that are listed: a report is to be read."""


class TableLine(ReportLine):
    """One table, folder or database: rows, beside the source's; None where it is not there, or nobody counted."""

    name: str
    restored: Number | None
    source: Number | None


class VerdictLine(ReportLine):
    """One item's verdict."""

    check: str
    title: str
    state: State
    summary: str


class DrillLine(ReportLine):
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
    took: Number | None = None  # seconds; None: it could not be restored
    limit: Number | None = None  # minutes
    point: datetime | None = None
    behind: Number | None = None  # seconds that the recovery point is before the copy
    asked: Number = Number(0)
    held: Number = Number(0)
    sampled: Number = Number(0)
    compared: bool = False  # the source was counted, too
    tables: tuple[TableLine, ...] = ()
    more: Number = Number(0)  # tables that are not listed
    verdicts: tuple[VerdictLine, ...] = ()


class RestoreReport(ReportLine):
    """All that the template needs. Times are in the contract's zone. Backups are counted: due, restored and well,
    restored and not well, not restored at all."""

    drills: tuple[DrillLine, ...]
    due: Number
    passed: Number
    failed: Number
    not_done: Number


def restore_report(contract: Contract, day: date, runs: Iterable[RunRecord]) -> RestoreReport:
    """The report of the month in which `day` is.

    Args:
        runs: of that month, oldest first.
    """
    slots: dict[str, list[RunRecord]] = {}
    for run in runs:
        slots.setdefault(run.slot, []).append(run)
    month = month_of(day)
    drills = tuple(
        _drill(contract, placed.target, f"{RESTORE_DRILL}/{placed.target}/{month}", slots)
        for placed in contract.all_backups()
        if placed.backup.restore
    )

    def counted(name: str, those: Callable[[DrillLine], bool]) -> Number:
        slots = (f"{RESTORE_DRILL}/{one.target}/{month}" for one in drills if those(one))
        return count(f"drill.{name}", (row("slot", one) for one in slots))

    return RestoreReport(
        drills=drills,
        due=counted("due", lambda _: True),
        passed=counted("passed", lambda one: one.state is State.OK),
        failed=counted("failed", lambda one: one.state not in (State.OK, None)),
        not_done=counted("not-done", lambda one: one.state is None),
        rows=tuple(name for one in drills for name in one.rows),
    )


def _drill(contract: Contract, target: str, slot: str, slots: Mapping[str, Sequence[RunRecord]]) -> DrillLine:
    placed, runs = contract.backup(target), slots.get(slot, [])
    system = next((one.name for one in contract.systems if one.id == placed.system), placed.system)
    run = merged(runs)
    verdicts = [record.finding for record in run.latest()] if run else []
    plain = DrillLine(target=target, title=placed.backup.title, system=system, state=None, rows=(row("slot", slot),))
    if run is None or not verdicts:
        return plain
    titles = {check.id: check.title for check in restore_checks()}
    rows = tuple(row("run", one.id) for one in runs)
    line = plain.model_copy(
        update={
            "state": worst(one.state for one in verdicts),
            "started_at": runs[-1].started_at.astimezone(contract.tz),
            "rows": rows,
            "verdicts": tuple(
                VerdictLine(check=one.check, title=titles.get(one.check, one.check), state=one.state,
                            summary=one.summary, rows=rows)
                for one in verdicts
            ),
        }
    )  # fmt: skip
    if not run.restore_visits:
        return line
    drilled = Drilled(run.restore_visits[-1], placed.backup, None, contract.tz)
    return line.model_copy(update=_found(drilled, rows))


def _found(drilled: Drilled, rows: tuple[str, ...]) -> dict[str, object]:
    """What the drill found out, as the report shows it."""
    visit, terms = drilled.visit, drilled.terms
    lines = _tables(visit, rows)
    took = visit.restored_seconds
    behind = max(0.0, (visit.copy_at - visit.newest).total_seconds()) if visit.copy_at and visit.newest else None

    def number(name: str, value: float, text: str = "") -> Number:
        return Number(value, f"drill.{name}", rows, text)

    return {
        "copy_name": visit.copy_name,
        "copy_at": drilled.when(visit.copy_at) if visit.copy_at else None,
        "sha256": visit.sha256,
        "engine": visit.engine,
        "unit": drilled.unit,
        "took": None if took is None else number("took", took, span(took)),
        "limit": number("limit", terms.rto_minutes, f"{terms.rto_minutes:g} 分钟"),
        "point": drilled.when(visit.newest) if visit.newest else None,
        "behind": None if behind is None else number("behind", behind, span(behind)),
        "asked": number("asked", len(terms.assertions)),
        "held": number("held", sum(visit.assertions.values())),
        "sampled": number("sampled", visit.sampled),
        "compared": visit.source is not None,
        "tables": tuple(lines[:MOST_TABLES]),
        "more": number("more", max(0, len(lines) - MOST_TABLES)),
    }


def _tables(visit: RestoreVisit, rows: tuple[str, ...]) -> list[TableLine]:
    """Those that are not as in the source first."""
    source = visit.source or {}
    lines = [
        TableLine(
            name=one,
            restored=Number(visit.tables[one], "drill.restored", rows) if one in visit.tables else None,
            source=Number(source[one], "drill.source", rows) if one in source else None,
            rows=rows,
        )
        for one in sorted({*visit.tables, *source})
    ]
    return sorted(lines, key=lambda line: visit.source is None or line.restored == line.source)
