"""The numbers of a period, or of an incident, as the ledger has them: what a report of it is held against."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple

from checks.contract import Contract
from checks.coverage import Coverage, Mark
from checks.document_numbers import Figure
from checks.document_register import due_in
from checks.documents import DocumentDuty, Named, Rule
from checks.period_cases import breached, during, longest_repair
from checks.period_faults import slots_of
from checks.periods import Period, period_of
from checks.said_numbers import Measure
from checks.slots import BACKUP_CHECK, BASELINE_CHECK, HOST_INSPECTION, PAGE_INSPECTION, RESTORE_DRILL, RequestError
from flows import standing, uptime
from flows.document_book import DocumentBook
from flows.incident_desk import Case, cases
from tasks.ledger import Ledger
from tasks.settings import Settings

_KINDS = ("重大", "较大", "特别", "级故障", "硬件", "软件", "网络", "其中")  # counts of some incidents, not of all
_TIMES = ("次", "台次", "台", "项次", "个")
_CASES = ("起", "次", "个", "件", "例", "项")


class _Called(NamedTuple):
    """How documents speak of a duty."""

    duty: str
    title: str
    names: tuple[str, ...]


_DUTIES = (
    _Called(PAGE_INSPECTION, "页面巡检", ("页面巡检",)),
    _Called(HOST_INSPECTION, "主机巡检", ("主机巡检", "服务器巡检", "服务器周巡检", "主机", "服务器")),
    _Called(BACKUP_CHECK, "备份检查", ("备份检查",)),
    _Called(RESTORE_DRILL, "恢复演练", ("恢复演练",)),
    _Called(BASELINE_CHECK, "等保自查", ("等保自查",)),
)
_INSPECTIONS = (PAGE_INSPECTION, HOST_INSPECTION)
_EXPECTED = ("应巡检", "应检查", "应执行", "应完成", "应做", "应演练")
_DONE = ("已巡检", "实际巡检", "实巡检", "实际检查", "实际完成", "已完成", "完成巡检", "完成检查", "完成演练")
_MISSED = ("漏检", "漏做", "漏巡")
_LATE = ("迟做", "迟检", "补做", "补检")


class Facts(NamedTuple):
    """What the ledger knows of a period, before it is put into figures."""

    named: Named
    over: bool
    contract: Contract
    coverage: Coverage
    began: datetime  # of the ledger: what was due before is not known
    measured: uptime.Measured | None  # None: nothing of the period has passed
    cases: Sequence[Case]
    unwell: int  # looks at backups that found something wrong
    late: int  # documents


def named(duty: DocumentDuty, name: str) -> Named:
    """The days of a duty's period, by its name.

    Raises:
        RequestError: there is no such period.
    """
    if name[:4].isdigit():
        year = int(name[:4])
        around = duty.periods(date(year, 1, 1), date(year, 12, 31))
        if found := next((one for one in around if one.name == name), None):
            return found
    example = {Rule.WEEK: "2026-W47", Rule.MONTH: "2026-10", Rule.QUARTER: "2026-Q3", Rule.HALF_YEAR: "2026-H1"}
    raise RequestError(f"{duty.title}没有周期 {name}；写法：{duty.id}/{example.get(duty.rule, '2026')}")


def figures_of(
    ledger: Ledger, settings: Settings, contract: Contract, duty: DocumentDuty, name: str, now: datetime
) -> list[Figure]:
    """The figures that a document may speak of; none where the ledger has nothing to compare with.

    Raises:
        RequestError: there is no such period or incident.
    """
    if duty.rule is Rule.INCIDENT:
        case = next((one for one in cases(ledger, contract) if one.incident.id == name), None)
        if case is None:
            raise RequestError(f"没有故障 {name}；编号见 xunjian incident list --all")
        return list(of_incident(case, contract, now))
    if duty.rule is Rule.DRILL:
        days = Named(name, *period_of(name))
        return list(of_duties(_facts(ledger, settings, contract, days, now), [RESTORE_DRILL]))
    if not duty.rule.periodic:
        return []
    facts = _facts(ledger, settings, contract, named(duty, name), now)
    return [*of_duties(facts), *of_estate(facts), *of_availability(facts), *of_incidents(facts, now)]


def _facts(ledger: Ledger, settings: Settings, contract: Contract, days: Named, now: datetime) -> Facts:
    period = Period(days.first, days.last)
    covered = standing.standing(ledger, period, now)
    try:
        measured = uptime.measured(ledger, contract, period, now)
    except RequestError:  # nothing of it has passed, or nothing of it is within the term
        measured = None
    documents = DocumentBook(ledger, settings).documents(now, days.first - timedelta(days=400), days.last)
    late = sum(one.late(now) for one in due_in(documents, days.first, days.last))
    return Facts(
        named=days,
        over=now >= _midnight(days.last + timedelta(days=1), contract),
        contract=contract,
        coverage=covered,
        began=standing.versions(ledger)[0][0],
        measured=measured,
        cases=cases(ledger, contract),
        unwell=len(slots_of(ledger.faults([BACKUP_CHECK], days.first, days.last))),
        late=late,
    )


def of_duties(facts: Facts, duties: Sequence[str] = ()) -> Iterator[Figure]:
    """How often each duty was due, done, missed, late; and of all inspections together."""
    chosen = [one for one in _DUTIES if one.duty in duties or not duties]
    for one in chosen:
        marks = [mark for line in facts.coverage.lines if line.duty == one.duty for mark in line.marks]
        if marks:
            yield from _of_duty(facts, one.title, one.names, [one.duty])
    if not duties:
        yield from _of_duty(facts, "", (), _INSPECTIONS)


def _of_duty(facts: Facts, title: str, names: tuple[str, ...], duties: Sequence[str]) -> Iterator[Figure]:
    marks = [mark for line in facts.coverage.lines if line.duty in duties for mark in line.marks]
    number = {mark: sum(one.mark is mark for one in marks) for mark in Mark}
    # what was due before the ledger began may have been done: then only an interval is known
    dark = sum(one.mark is Mark.UNKNOWN and one.slot.closes_at <= facts.began for one in marks)
    unseen = number[Mark.UNKNOWN] - dark
    # a week that begins in the period may end after it: whoever counts weeks may leave it out
    spread = number[Mark.EXCUSED] + number[Mark.PENDING]
    done = number[Mark.DONE] + number[Mark.LATE]

    def figure(what: str, labels: tuple[str, ...], low: int, spread: int = 0, *, everyday: bool = False) -> Figure:
        value, high = Fraction(low), Fraction(low + spread)
        return Figure(
            f"{title}{what}",
            labels,
            value if facts.over else None,
            units=_TIMES,
            high=high,
            subject=names,
            everyday=everyday,
        )

    own = (title, *names[:2]) if title else ()
    yield figure("应做", (*_EXPECTED, *own), len(marks) - spread, spread)
    yield figure("完成", (*_DONE, *own), done, dark)
    if title:
        yield figure("完成", ("完成",), done, dark, everyday=True)
    yield figure("漏检", _MISSED, number[Mark.MISSED], dark + unseen)
    yield figure("迟做", _LATE, number[Mark.LATE], dark)


def of_estate(facts: Facts) -> Iterator[Figure]:
    """What there is to look after, and what else was counted."""
    over = facts.over
    hosts, systems = len(facts.contract.all_hosts()), len(facts.contract.systems)
    named = ("主机总数", "服务器总数", "主机数量", "服务器数量", "主机台数", "服务器台数", "共有主机", "共有服务器")
    yield Figure("主机数", named, Fraction(hosts), units=("台", "个"))
    yield Figure("系统数", ("系统总数", "系统数量", "共有系统"), Fraction(systems), units=("个", "套"))
    if any(line.duty == BACKUP_CHECK for line in facts.coverage.lines):
        value = Fraction(facts.unwell) if over else None
        yield Figure("备份异常", ("备份异常", "异常备份", "不正常备份"), value, units=("次", "个", "项", "份"))
    value = Fraction(facts.late) if over else None
    yield Figure("迟交文档", ("迟交", "逾期提交", "文档逾期", "逾期文档"), value, units=("份", "次", "个", "件", "项"))


def of_availability(facts: Facts) -> Iterator[Figure]:
    """How long each system was up: an interval where some of the time is unknown."""
    for line in facts.measured.lines if facts.measured else ():
        seconds = line.seconds
        seen = facts.over and (seconds.up or seconds.down)
        yield Figure(
            f"{line.name}可用率",
            ("可用率", "可用性", "可用度", "可用时间比例"),
            seconds.low if seen else None,
            Measure.SHARE,
            high=seconds.high if seen else None,
            subject=(line.name, line.system, line.system.upper()),
            unless=("保障", "重保"),
        )


def of_incidents(facts: Facts, now: datetime) -> Iterator[Figure]:
    """What broke in the period, and what became of it."""
    contract = facts.contract
    start = _midnight(facts.named.first, contract)
    end = _midnight(facts.named.last + timedelta(days=1), contract)
    opened, cleared, still = during(facts.cases, start, end)

    def count(name: str, labels: tuple[str, ...], those: Sequence[Case], system: tuple[str, ...] = ()) -> Figure:
        value = Fraction(len(those)) if facts.over else None
        return Figure(name, labels, value, units=_CASES, subject=system, unless=_KINDS)

    happened = ("发生故障", "故障发生", "新增故障", "发现故障", "故障总数", "故障数量", "故障次数", "故障共", "故障")
    yield count("故障发生", happened, opened)
    for system in contract.systems:
        mine = [one for one in opened if one.incident.system == system.id]
        yield count(f"{system.name}故障发生", happened, mine, (system.name, system.id, system.id.upper()))
    yield count("故障解除", ("解除故障", "故障解除", "已解除", "解决故障", "故障解决", "修复故障"), cleared)
    yield count("故障未解除", ("未解除", "未解决故障", "遗留故障", "在处理故障"), still)
    for clock, title, labels in (
        ("report", "上报超时", ("上报超时", "超时上报", "迟报", "反馈超时")),
        ("response", "响应超时", ("响应超时", "超时响应")),
        ("repair", "修复超时", ("修复超时", "超时修复", "处置超时")),
        ("dispatch", "派工超时", ("派工超时", "超时派工")),
    ):
        yield count(title, labels, [one for one in opened if breached(one, clock, now)])
    took = longest_repair(opened, now)
    if took is not None:
        longest = Fraction(int(took.total_seconds())) if facts.over else None
        labels = ("最长修复", "修复最长", "最长处置", "最长恢复")
        yield Figure("最长修复时间", labels, longest, Measure.DURATION)


def of_incident(case: Case, contract: Contract, now: datetime) -> Iterator[Figure]:
    """An incident's own times; what has not happened yet is not known."""
    one = case.incident

    def moment(name: str, labels: tuple[str, ...], at: datetime | None) -> Figure:
        return Figure(name, labels, at.astimezone(contract.tz) if at else None, Measure.MOMENT)

    yield moment("故障开始", ("故障开始", "开始时间", "发生时间", "故障发生"), one.started_at)
    yield moment("发现", ("发现", "发现时间"), one.discovered_at)
    yield moment("首次通知送达", ("首次通知送达", "首次通知"), case.notified_at)
    yield moment("响应时刻", ("响应于",), one.responded_at)
    yield moment("恢复", ("恢复", "故障恢复"), one.restored_at)
    yield moment("解除", ("解除", "故障解除"), one.cleared_at)
    lasted = Fraction(int((one.restored_at - one.started_at).total_seconds())) if one.restored_at else None
    yield Figure("持续时间", ("持续", "故障持续", "影响时长"), lasted, Measure.DURATION)
    for clock in case.clocks:
        spent = Fraction(int(clock.spent(now).total_seconds())) if clock.done else None
        yield Figure(f"{clock.title}用时", (clock.title, f"{clock.title}用时"), spent, Measure.DURATION)


def _midnight(day: date, contract: Contract) -> datetime:
    return datetime.combine(day, time(), contract.tz)
