"""指标完成情况: each indicator of the contract with what the ledger knows of the period. Clause 七2."""

from checks import indicators as say
from checks.bands import SYSTEMS, Verdict
from checks.document_register import Document
from checks.documents import Rule
from checks.finding import State
from checks.number import Number, count, row
from checks.period_cases import breached, running
from checks.period_lines import IndicatorLine
from checks.slots import HOST_INSPECTION, PAGE_INSPECTION
from flows.queries import anomalies, query, security
from flows.queries.availability import availability
from flows.queries.backups import drills, wrong
from flows.queries.facts import Facts
from flows.queries.inspections import duties


@query("indicators", "合同七2 的考核指标：要求、实际、达到或未达到；台账不能说明的写不能确定或待甲方认定")
def indicators(facts: Facts) -> tuple[IndicatorLine, ...]:
    """In the contract's order."""
    due = {one.duty: one for one in duties(facts)}
    best = SYSTEMS.bands[0].label
    return (
        say.inspected("七2(1)", "页面业务可用性巡检每日至少 1 次", due[PAGE_INSPECTION]),
        say.inspected("七2(1)", "服务器端日常巡检每周至少 1 次", due[HOST_INSPECTION]),
        _reports(facts),
        *(
            say.available("七2(2)", f"系统日常稳定在线（附件4：{best}）", line, _met(measured.verdict))
            for line, measured in zip(availability(facts), facts.measured.lines if facts.measured else (), strict=True)
        ),
        say.working(
            "七2(3)", "所有功能模块全部正常稳定运行", anomalies.counted(facts), anomalies.still(facts),
            anomalies.unseen(facts), due[PAGE_INSPECTION],
        ),
        _data(facts),
        say.secure(
            "七2(5)", "符合安全测评要求，杜绝安全事故",
            *(security.counted(facts, one) for one in ("open", "overdue")),
        ),
        _clock(facts, "response", "响应", f"{facts.contract.deadlines.response} 分钟内响应"),
        _clock(facts, "repair", "修复", f"{facts.contract.deadlines.repair / 60:g} 小时内处理（第三方的时间除外）"),
    )  # fmt: skip


def _met(verdict: Verdict | None) -> bool | None:
    """Whether the best band is reached; None where what is unknown decides, or nothing counts."""
    if verdict is None:
        return None
    best = SYSTEMS.bands[0]
    return True if verdict.low_band == best else False if verdict.high_band != best else None


def _reports(facts: Facts) -> IndicatorLine:
    """The weekly reports, which tell of the inspections."""
    weekly = [one for one in facts.documents if one.duty.rule is Rule.WEEK and not one.excuse]
    coming = [one for one in weekly if one.counts is None and not one.late(facts.as_of)]
    due = [one for one in weekly if one not in coming]
    there, late = [one for one in due if one.counts], [one for one in due if one.late(facts.as_of)]
    return say.reported("七2(1)", "提供巡检报告（周报）", *(_documents(those) for those in (due, there, late, coming)))


def _documents(those: list[Document]) -> Number:
    return count("", [row("document", one.subject) for one in those])


def _data(facts: Facts) -> IndicatorLine:
    done = [one for one in drills(facts) if one.within]
    failed = [one for one in done if one.state is not State.OK]
    of = [count("", [one.rows[0] for one in those]) for those in (done, failed)]
    return say.safe_data("七2(4)", "服务期内数据不丢失、不错误", wrong(facts), *of)


def _clock(facts: Facts, clock: str, title: str, demand: str) -> IndicatorLine:
    """Of the incidents that were discovered in the period."""
    opened = facts.incidents.opened
    late = [one for one in opened if breached(one, clock, facts.as_of)]
    still = [one for one in opened if running(one, clock, facts.as_of)]
    every, over, left = (
        count("", [row("incident", one.incident.id) for one in those]) for those in (opened, late, still)
    )
    return say.answered("七2(6)", demand, title, every, over, left, ended=facts.over)
