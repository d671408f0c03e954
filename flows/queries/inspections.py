"""巡检: what was due, what was done, what was missed. Clause 七2(1)."""

from collections.abc import Sequence
from datetime import date

from checks.coverage import DUTIES, Duty, Mark, SlotMark
from checks.number import Number, count, row
from checks.period_lines import DutyLine, ExceptionLine
from checks.report_lines import CoverageLine
from flows.queries import query
from flows.queries.facts import Facts


@query("inspections", "每项职责的每个对象：应做几次，完成（含迟做）、迟做、漏检、免除、不明各几次")
def inspections(facts: Facts, duty: str = "") -> tuple[CoverageLine, ...]:
    """By duty and target, in the contract's order."""
    titles = {one.id: one.title for one in DUTIES}
    lines = []
    for line in facts.coverage.lines:
        if duty in ("", line.duty):
            lines.append(CoverageLine(duty=titles.get(line.duty, line.duty), label=line.label, **counted(line.marks)))
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


def counted(marks: Sequence[SlotMark]) -> dict[str, Number]:
    """Slots by mark; what was done late is done, too."""
    of = {mark: [row("slot", one.slot.id) for one in marks if one.mark is mark] for mark in Mark}
    due = [name for mark, rows in of.items() if mark is not Mark.PENDING for name in rows]
    each = {mark.value: count("", rows) for mark, rows in of.items()}
    return each | {"expected": count("", due), "done": count("", [*of[Mark.DONE], *of[Mark.LATE]])}


def _slots(facts: Facts, duty: str, marks: list[Mark]) -> list[str]:
    those = [line for line in facts.coverage.lines if duty in ("", line.duty)]
    return [row("slot", one.slot.id) for line in those for one in line.marks if one.mark in marks]


@query(
    "inspections.duties",
    "每项职责：应做、完成（含迟做）、迟做、漏检、免除、不明、未到期各几次；没有到期的也列出",
)
def duties(facts: Facts) -> tuple[DutyLine, ...]:
    """One line per duty that recurs."""
    lines = []
    for duty in DUTIES:
        marks = [one for line in facts.coverage.lines if line.duty == duty.id for one in line.marks]
        lines.append(
            DutyLine(duty=duty.id, title=duty.title, absent="" if marks else _absent(facts, duty), **counted(marks))
        )
    return tuple(lines)


@query("inspections.absent", "本期没有一项职责的原因：合同没有要求，或本期没有到期的；有就是空的")
def absent(facts: Facts, duty: str) -> str:
    """Why nothing of it was due."""
    return next(one.absent for one in duties(facts) if one.duty == duty)


def _absent(facts: Facts, duty: Duty) -> str:
    """A duty of each month may begin in none of the days of a week."""
    wanted = any(True for _, contract in facts.versions for _ in duty.slots(contract, contract.term.start))
    return "本期没有到期的" if wanted else "合同没有要求"


@query("inspections.exceptions", "没有按时做的：哪一天、哪些对象，漏检、迟做、免除还是不明，原因")
def exceptions(facts: Facts, duty: str = "") -> tuple[ExceptionLine, ...]:
    """By day; of one duty, or of all."""
    titles = {one.id: one.title for one in DUTIES}
    alike: dict[tuple[date, str, str, str], list[tuple[str, str]]] = {}
    for line in facts.coverage.lines:
        for one in line.marks:
            if duty in ("", line.duty) and one.mark not in (Mark.DONE, Mark.PENDING):
                key = one.slot.day, titles.get(line.duty, line.duty), one.mark.label, one.why
                alike.setdefault(key, []).append((line.label, row("slot", one.slot.id)))
    return tuple(
        ExceptionLine(
            day=day,
            duty=title,
            labels="、".join(label for label, _ in those),
            mark=mark,
            why=why,
            rows=tuple(slot for _, slot in those),
        )
        for (day, title, mark, why), those in sorted(alike.items(), key=lambda one: one[0][0])
    )
