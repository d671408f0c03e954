"""恢复演练: what the drills of a month restored. Clauses 一(6), 七2(4)."""

from checks.restore_report import RestoreReport, restore_report
from checks.slots import RESTORE_DRILL, drill_slots
from flows.queries import query
from flows.queries.facts import Facts


@query("drill", "本月的恢复演练：每个备份恢复出什么、用时多少、与源库差多少；没有演练的也在")
def drill(facts: Facts) -> RestoreReport:
    """Of the month in which the period begins."""
    day = facts.named.first
    days = [slot.day for slot in drill_slots(facts.contract, day)] or [day]
    return restore_report(facts.contract, day, facts.ledger.runs(RESTORE_DRILL, min(days), max(days)))
