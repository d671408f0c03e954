"""The last restore drill of a backup, in one line."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from checks.backup import PlacedBackup
from checks.finding import worst
from checks.number import Number, row
from checks.period_lines import DrillLine
from checks.records import RunRecord, merged
from checks.restore_check import span


def drill_line(system: str, placed: PlacedBackup, runs: Iterable[RunRecord], start: datetime) -> DrillLine:
    """What the last drill has shown: how long it took beside the limit, and up to when the data went.

    Args:
        system: its name.
        runs: its drills up to the end of the period, oldest first.
        start: when the period begins.
    """
    by_slot: dict[str, list[RunRecord]] = {}
    for one in runs:
        if one.findings:
            by_slot.setdefault(one.slot, []).append(one)
    last = [*by_slot.values()][-1] if by_slot else []
    run = merged(last)
    visit = run.restore_visits[-1] if run and run.restore_visits else None
    rows = tuple(row("run", each.id) for each in last)
    behind = max(visit.copy_at - visit.newest, timedelta()) if visit and visit.copy_at and visit.newest else None
    terms = placed.backup.restore
    return DrillLine(
        system=system,
        title=placed.backup.title,
        at=run.started_at if run else None,
        within=run is not None and run.started_at >= start,
        state=worst(each.finding.state for each in run.latest()) if run else None,
        took=_seconds(visit.restored_seconds if visit else None, rows),
        limit=f"{terms.rto_minutes:g} 分钟" if terms else "合同没有要求",
        point=visit.newest if visit else None,
        behind=_seconds(behind.total_seconds() if behind is not None else None, rows),
        rows=rows,
    )


def _seconds(value: float | None, rows: tuple[str, ...]) -> Number:
    return Number(value, "", rows, "" if value is None else span(value))
