"""The indicators of the contract (七2), each with what the ledger knows, and what it says of it. No guess: where people
have to rule, or not all was seen, it says so.
"""

from enum import StrEnum

from checks.number import Number
from checks.period_lines import AvailabilityLine, DutyLine, IndicatorLine


class Verdict(StrEnum):
    """The value is what operators read."""

    MET = "达到"
    NOT_MET = "未达到"
    OPEN = "不能确定"
    RULING = "待甲方认定"


def inspected(clause: str, demand: str, duty: DutyLine) -> IndicatorLine:
    """七2(1): as often as was agreed. What was missed is missed, also where something else is not known."""
    actual = (f"{duty.title}应做 ", duty.expected, " 次，完成 ", duty.done, " 次，漏检 ", duty.missed, " 次")
    if duty.absent:
        return IndicatorLine(clause=clause, demand=demand, actual=(duty.absent,), verdict="不适用")
    if duty.missed:
        verdict = Verdict.NOT_MET
    elif duty.unknown or duty.pending or not duty.expected:
        verdict = Verdict.OPEN
    else:
        verdict = Verdict.MET
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=verdict)


def reported(clause: str, demand: str, due: Number, handed_in: Number, late: Number, coming: Number) -> IndicatorLine:
    """七2(1), 并提供巡检报告: the reports that were due and are there.

    Args:
        handed_in, late: of those that were due. coming: those whose day has not come.
    """
    actual = ("到期 ", due, " 份，已交 ", handed_in, " 份，迟交（含未交）", late, " 份")
    missing = handed_in < due
    verdict = Verdict.NOT_MET if missing else Verdict.OPEN if coming or not due else Verdict.MET
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=verdict)


def available(clause: str, demand: str, line: AvailabilityLine, met: bool | None) -> IndicatorLine:
    """七2(2), of one system. `met`: None where what is unknown decides."""
    actual = (f"{line.name}可用率 ", line.share)
    verdict = Verdict.OPEN if met is None else Verdict.MET if met else Verdict.NOT_MET
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=verdict)


def working(clause: str, demand: str, faults: Number, left: Number, unseen: Number, pages: DutyLine) -> IndicatorLine:
    """七2(3): every page and function, on every day on which somebody looked. Whether a fault that passed counts is for
    the client to say."""
    actual = ("页面有异常的检查项 ", faults, " 项次，期末仍在 ", left, " 项，未取得 ", unseen, " 项次")
    if left:
        verdict = Verdict.NOT_MET
    elif faults:
        verdict = Verdict.RULING
    else:
        dark = unseen or pages.missed or pages.unknown or pages.pending or not pages.done
        verdict = Verdict.OPEN if dark else Verdict.MET
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=verdict)


def safe_data(clause: str, demand: str, wrong: Number, drills: Number, failed: Number) -> IndicatorLine:
    """七2(4): the ledger sees copies and restores, not the data in use."""
    actual = ("备份异常 ", wrong, " 次；做过恢复演练的备份 ", drills, " 种，其中没有通过 ", failed, " 种")
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=Verdict.RULING)


def secure(clause: str, demand: str, open_: Number, overdue: Number) -> IndicatorLine:
    """七2(5): what is overdue is not as was demanded; of accidents the client knows."""
    actual = ("期末未关闭漏洞 ", open_, " 条，其中逾期 ", overdue, " 条")
    verdict = Verdict.NOT_MET if overdue else Verdict.RULING
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=verdict)


def answered(
    clause: str, demand: str, title: str, every: Number, late: Number, running: Number, *, ended: bool
) -> IndicatorLine:
    """七2(6): exactly on time is in time. `title`: the clock's; `running`: still to be met; `ended`: the period has."""
    actual = ("发生故障 ", every, f" 起，{title}超时 ", late, " 起")
    verdict = Verdict.NOT_MET if late else Verdict.OPEN if running or not ended else Verdict.MET
    return IndicatorLine(clause=clause, demand=demand, actual=actual, verdict=verdict)
