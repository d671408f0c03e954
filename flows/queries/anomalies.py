"""异常: what inspections of pages, hosts and backups have found at fault; and when that was reported."""

from checks.backup_check import backup_checks
from checks.clocks import Clock
from checks.daily_report import item_titles
from checks.finding import State
from checks.host_check import host_checks
from checks.number import Number, count, row
from checks.period_faults import Fault, at_fault, most_often, slots_of
from checks.period_lines import FaultLine
from checks.slots import PAGE_INSPECTION
from flows.queries import query
from flows.queries.facts import Facts

_MOST = 10
"""Lines that are shown: the most frequent."""


@query("anomalies", "异常最多的检查项：对象、项目、几次、最近一次看到什么、期末是否仍在；默认列 10 项")
def anomalies(facts: Facts, duty: str = PAGE_INSPECTION, most: int = _MOST) -> tuple[FaultLine, ...]:
    """The items of one duty that were most often at fault, at most `most` of them. An item counts once per slot."""
    titles = item_titles()
    titles |= {one.id: one.title for one in host_checks()} | {one.id: one.title for one in backup_checks()}
    lines = most_often(facts.faults(duty), titles)
    return tuple(
        one.model_copy(update={"last_at": facts.here(one.last_at), "target": facts.labels.get(one.target, one.target)})
        for one in lines[:most]
    )


@query("anomalies.count", "异常次数：告警和严重，一个检查项在一次巡检里算一次")
def counted(facts: Facts, duty: str = PAGE_INSPECTION) -> Number:
    """Verdicts WARN and CRIT of one duty: of each item the last one in each slot."""
    return count("", _rows(at_fault(facts.faults(duty))))


@query("anomalies.severe", "其中严重的次数")
def severe(facts: Facts, duty: str = PAGE_INSPECTION) -> Number:
    """Those of them that are CRIT."""
    return count("", _rows([one for one in facts.faults(duty) if one.state is State.CRIT]))


@query("anomalies.unseen", "未取得的次数：没有看到，不等于正常")
def unseen(facts: Facts, duty: str = PAGE_INSPECTION) -> Number:
    """Verdicts UNKNOWN of one duty: the item could not be looked at, which is not to say that it was fine."""
    return count("", _rows([one for one in facts.faults(duty) if not one.seen]))


@query("anomalies.open", "期末仍在的异常项数：最近一次巡检还是告警或严重")
def still(facts: Facts, duty: str = PAGE_INSPECTION) -> Number:
    """Items of one duty that were at fault when somebody last looked in the period."""
    return count("", _rows([one for one in at_fault(facts.faults(duty)) if one.newest]))


@query("anomalies.slots", "发现异常的巡检次数")
def slots(facts: Facts, duty: str = PAGE_INSPECTION) -> Number:
    """Slots of one duty in which at least one item was at fault."""
    return count("", [row("slot", one) for one in slots_of(facts.faults(duty))])


@query("feedback.in-time", "反馈及时：巡检发现的故障里，在时限内上报的起数（附件4：15 分钟）")
def in_time(facts: Facts) -> Number:
    """Incidents that an inspection discovered in the period and that were reported within the limit."""
    clocks = _reporting(facts)
    return count("", [row("incident", number) for number, one in clocks if one.done and not one.breached(facts.as_of)])


@query("feedback.late", "反馈超时：巡检发现的故障里，超过时限才上报或还没有上报的起数")
def late(facts: Facts) -> Number:
    """Those that were reported after the limit, or not yet although the limit has passed."""
    return count("", [row("incident", number) for number, one in _reporting(facts) if one.breached(facts.as_of)])


@query("feedback", "巡检发现的故障起数：都应在时限内上报")
def found(facts: Facts) -> Number:
    """All incidents that an inspection discovered in the period."""
    return count("", [row("incident", number) for number, _ in _reporting(facts)])


def _reporting(facts: Facts) -> list[tuple[str, Clock]]:
    return [
        (case.incident.id, clock)
        for case in facts.incidents.opened
        if case.incident.found_by == "inspection"
        for clock in case.clocks
        if clock.name == "report"
    ]


def _rows(faults: list[Fault]) -> list[str]:
    return [row("finding", one.id) for one in faults]
