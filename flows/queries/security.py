"""安全: the register of findings over the period, retests, and the last baseline check. Clauses 一(6), 七2(5)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from checks.baseline_verdicts import site_verdicts, verdicts
from checks.finding import State
from checks.finding_list import stands, urgent
from checks.number import Number, count, row
from checks.period_baseline import baseline_line
from checks.period_findings import by_severity, counted_of, row_of
from checks.period_lines import BaselineLine, RegisterLine, SeverityLine
from checks.periods import month_after
from checks.records import RunRecord
from checks.remediation_report import NO_VERDICT
from checks.retest import Result
from checks.slots import BASELINE_CHECK, Slot, month_of
from flows.queries import query
from flows.queries.facts import Facts
from flows.queries.remediation import remediation

_WHAT = ("known", "new", "mended", "verified", "open", "overdue")


@query("security", "漏洞台账按等级：本期新增、报完成整改、复测通过几条，期末未关闭、逾期几条")
def security(facts: Facts) -> tuple[SeverityLine, ...]:
    """The highest first; nothing where there is none."""
    return tuple(by_severity(facts.findings))


@query(
    "security.count",
    "漏洞条数：what 写 known 期末在册、new 本期新增、mended 报完成、verified 复测通过、open 未关闭、overdue 逾期",
)
def counted(facts: Facts, what: str = "open") -> Number:
    """All severities together.

    Raises:
        ValueError: `what` is none of the choices.
    """
    if what not in _WHAT:
        raise ValueError(f"security.count 的 what 写 {'、'.join(_WHAT)} 之一，不是 {what}")
    return counted_of(getattr(facts.findings, what))


@query("security.open", "期末没有关闭的漏洞：编号、名称、等级、资产、期限、状态；先到期的在前，默认列 30 条")
def still(facts: Facts, most: int = 30) -> tuple[RegisterLine, ...]:
    """By last day, then by severity."""
    return tuple(
        RegisterLine(
            number=one.id, title=one.title, severity=one.severity.value, asset=one.asset, due=one.due,
            stands=stands(one, facts.day), rows=(row_of(one),),
        )
        for one in urgent(facts.findings.known)[:most]
    )  # fmt: skip


@query(
    "security.retests", "本期复测次数：verdict 写 OK 已修复、WARN 部分修复、CRIT 未修复、UNKNOWN 无法复测；不写是全部"
)
def retests(facts: Facts, verdict: str = "") -> Number:
    """As 安全整改报告 lists them, all or those with one result: to look at a finding before its repair is no retest.

    Raises:
        ValueError: `verdict` is no state.
    """
    wanted = {one.value for one in Result if not verdict or one.state is State(verdict)}
    if Result.UNTESTABLE.value in wanted:
        wanted.add(NO_VERDICT)
    return count("", [one.rows[0] for one in remediation(facts).retests if one.result in wanted])


@query("security.baseline", "本期最近一个月的等保自查：适用几项、符合几项、符合率；本期没有做的没有这一行")
def baseline(facts: Facts) -> tuple[BaselineLine, ...]:
    """The last month of the period in which anything was looked at; at most one line."""
    months = sorted({slot.day.replace(day=1) for slot in _owed(facts)}, reverse=True)
    for month in months:
        after = month_after(month)
        runs = [one for one in facts.ledger.runs(BASELINE_CHECK, month, after - timedelta(days=1)) if one.findings]
        if runs:
            return (
                _baseline(facts, month, min(facts.as_of, datetime.combine(after, time(), facts.contract.tz)), runs),
            )
    return ()


def _owed(facts: Facts) -> list[Slot]:
    return [one.slot for line in facts.coverage.lines if line.duty == BASELINE_CHECK for one in line.marks]


def _baseline(facts: Facts, month: date, at: datetime, runs: Sequence[RunRecord]) -> BaselineLine:
    """Of all hosts and addresses together, as the month's report has it."""
    contract, those = facts.contract, facts.beside(at)
    of: dict[str, list[RunRecord]] = {}
    for run in runs:
        of.setdefault(run.slot.split("/")[1], []).append(run)
    judged = [verdicts(contract, placed, of.get(placed.host.name, []), those) for placed in contract.all_hosts()]
    judged += [
        site_verdicts(contract, slot.target, of.get(slot.target, []))
        for slot in _owed(facts)
        if "." in slot.target and slot.day.replace(day=1) == month
    ]
    tally = Counter(one.conformity for lines in judged for one in lines)
    return baseline_line(month_of(month), tally, tuple(row("run", one.id) for one in runs))
