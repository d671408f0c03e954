"""巡检: what was due, what was done, what was missed. Clause 七2(1)."""

from checks.coverage import DUTIES, Mark
from checks.number import Number, count, row
from checks.report_lines import CoverageLine
from flows.queries import query
from flows.queries.facts import Facts


@query("inspections", "每项职责的每个对象：应做几次，完成、迟做、漏检、免除、不明各几次")
def inspections(facts: Facts, duty: str = "") -> tuple[CoverageLine, ...]:
    """By duty and target, in the contract's order."""
    titles = {one.id: one.title for one in DUTIES}
    lines = []
    for line in facts.coverage.lines:
        if duty in ("", line.duty):
            slots = {mark: [row("slot", one.slot.id) for one in line.marks if one.mark is mark] for mark in Mark}
            counted = {mark.value: count(f"inspections.{mark.value}", rows) for mark, rows in slots.items()}
            due = [name for mark, rows in slots.items() if mark is not Mark.PENDING for name in rows]
            lines.append(
                CoverageLine(
                    duty=titles.get(line.duty, line.duty),
                    label=line.label,
                    expected=count("inspections.expected", due),
                    **counted,
                )
            )
    return tuple(lines)


@query("inspections.missed", "漏检次数：应做而没有做的（合同七2(1)，附件4 每次扣 0.5 分）")
def missed(facts: Facts, duty: str = "") -> Number:
    """Of one duty, or of all."""
    return count("", _slots(facts, duty, [Mark.MISSED]))


@query("inspections.expected", "应做次数，不含未到期的")
def expected(facts: Facts, duty: str = "") -> Number:
    """Of one duty, or of all."""
    return count("", _slots(facts, duty, [mark for mark in Mark if mark is not Mark.PENDING]))


@query("inspections.done", "完成次数，含迟做的")
def done(facts: Facts, duty: str = "") -> Number:
    """Of one duty, or of all."""
    return count("", _slots(facts, duty, [Mark.DONE, Mark.LATE]))


def _slots(facts: Facts, duty: str, marks: list[Mark]) -> list[str]:
    those = [line for line in facts.coverage.lines if duty in ("", line.duty)]
    return [row("slot", one.slot.id) for line in those for one in line.marks if one.mark in marks]
