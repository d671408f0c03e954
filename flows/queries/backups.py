"""备份与恢复: checks of backups; restore drills, how long they took, up to when the data went. 七2(4)."""

from datetime import timedelta

from checks.number import Number, count, row
from checks.period_drills import drill_line
from checks.period_faults import at_fault, slots_of
from checks.period_lines import BackupLine, DrillLine
from checks.records import RunRecord
from checks.slots import BACKUP_CHECK, RESTORE_DRILL
from flows.queries import query
from flows.queries.facts import Facts
from flows.queries.inspections import counted

_YEAR = timedelta(days=400)
"""How far back the last drill is looked for."""


@query("backups", "每种备份：应查、完成、漏检、免除、不明几次，几次发现异常，最近一次异常是什么")
def backups(facts: Facts) -> tuple[BackupLine, ...]:
    """In the contract's order; nothing where no check was due."""
    faults = at_fault(facts.faults(BACKUP_CHECK))
    lines = []
    for line in facts.coverage.lines:
        if line.duty != BACKUP_CHECK:
            continue
        mine = [one for one in faults if one.target == line.target]
        wrong = count("", [row("slot", one) for one in slots_of(mine)])
        last = mine[-1].summary if mine else "—"
        system = facts.system_name(line.target.partition(".")[0])
        lines.append(BackupLine(system=system, title=line.label, wrong=wrong, last=last, **counted(line.marks)))
    return tuple(lines)


@query("backups.wrong", "备份异常次数：一种备份在一天的检查里发现告警或严重，算一次")
def wrong(facts: Facts) -> Number:
    """All backups together."""
    return count("", [row("slot", one) for one in slots_of(facts.faults(BACKUP_CHECK))])


@query("backups.drills", "每种要演练的备份：到期末为止最近一次恢复演练的时间、结论、恢复用时、恢复点")
def drills(facts: Facts) -> tuple[DrillLine, ...]:
    """In the contract's order."""
    first, last = facts.period
    runs: dict[str, list[RunRecord]] = {}
    for run in facts.ledger.runs(RESTORE_DRILL, first - _YEAR, last):
        if run.started_at < facts.until:
            runs.setdefault(run.slot.split("/")[1], []).append(run)
    lines = [
        drill_line(facts.system_name(placed.system), placed, runs.get(placed.target, []), facts.start)
        for placed in facts.contract.all_backups()
        if placed.backup.restore
    ]
    return tuple(
        one.model_copy(update={name: at and facts.here(at) for name, at in (("at", one.at), ("point", one.point))})
        for one in lines
    )
