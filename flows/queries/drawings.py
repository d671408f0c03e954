"""图: what people look at rather than read; each answers with a picture, or says in words why there is none."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from checks.downtime import DOWNTIME
from checks.incidents import INCIDENT
from checks.number import row
from checks.report_disks import Volume, pressing, volumes
from checks.report_drawing import Drawing
from checks.report_heatmap import grid
from checks.report_incidents import happened
from checks.report_response import series
from checks.slots import AVAILABILITY_PROBE, HOST_INSPECTION
from checks.visit import HostVisit
from flows.queries import query
from flows.queries.facts import Facts
from tasks.plots import (
    MOST_DISKS,
    MOST_HOSTS,
    PlotError,
    calendar_picture,
    disks_picture,
    heatmap_picture,
    incidents_picture,
    response_picture,
)


@query("drawings.rounds", "图：巡检完成情况的日历，每个对象一行，每天（周、月）一格")
def rounds(facts: Facts) -> Drawing:
    """Each slot of the period and its mark."""
    slots = [row("slot", one.slot.id) for line in facts.coverage.lines for one in line.marks]
    caption = "巡检完成情况，每个对象一行"
    if not slots:
        return Drawing(caption=caption, trouble="本期没有应做的巡检")
    return _drawing(caption, slots, lambda: calendar_picture(facts.coverage))


@query("drawings.response", "图：各系统每天的响应时间（探测的中位数和第 95 百分位数）与合同的时限")
def response(facts: Facts) -> Drawing:
    """From the probes that got an answer; a system that is down has no response time."""
    (first, last), zone = facts.period, facts.contract.tz
    ledger = facts.ledger
    systems = [
        series(one.name, one.limits.warn, ledger.probe_hours(one.id, facts.start, facts.end), first, last, zone)
        for one in facts.contract.systems
    ]
    slots = [row("slot", one.id) for one in ledger.slots(first, last) if one.duty == AVAILABILITY_PROBE]
    caption = "各系统每天的响应时间，按成功的探测计算"
    if not any(one.days for one in systems):
        return Drawing(caption=caption, trouble="本期没有成功的探测记录", rows=tuple(slots))
    until = facts.as_of.astimezone(zone).date() - timedelta(days=1)
    return _drawing(caption, slots, lambda: response_picture(systems, first, last, until))


@query("drawings.heatmap", "图：主机×项目，本期最近一次巡检的状态；一期有多次巡检的，取最差的")
def heatmap(facts: Facts) -> Drawing:
    """The worst state of each item on each host."""
    lines = [line for line in facts.coverage.lines if line.duty == HOST_INSPECTION]
    rows = [row("run", run) for line in lines for one in line.marks for run in one.run_ids]
    names = {one.id: one.name for one in facts.contract.systems}
    hosts = {
        placed.host.name: (names[placed.group.system], placed)
        for _, contract in [*facts.versions, (facts.as_of, facts.contract)]
        for placed in contract.all_hosts()
        if placed.group.system in names
    }
    whole = grid(lines, hosts, facts.ledger.told(HOST_INSPECTION, *facts.period))
    several = any(len(line.marks) > 1 for line in lines)
    caption = f"主机×项目{'，本期各次巡检中最差的状态' if several else '，本期巡检的状态'}"
    if not whole.columns:
        return Drawing(caption=caption, trouble="本期没有应做的主机巡检")
    shown = whole.within(MOST_HOSTS)
    if shown.left:
        caption += f"；状态最差的 {len(shown.columns)} 台，另有 {shown.left} 台未画"
    return _drawing(caption, rows, lambda: heatmap_picture(shown, caption))


@query("drawings.disks", "图：超过阈值或预计会写满的文件系统，历次的使用率和预计写满的日期")
def disks(facts: Facts) -> Drawing:
    """What the period's last inspection saw, and what led up to it."""
    found, runs = list[Volume](), dict[str, list[str]]()
    for placed in facts.contract.all_hosts():
        past = facts.ledger.past_of(HOST_INSPECTION, placed.host.name, HostVisit, facts.end)
        runs[placed.host.name] = [row("run", run) for run, _ in past]
        seen = volumes(placed, [visit for _, visit in past])
        found += [one for one in seen if one.points[-1][0] >= facts.start]  # what was seen before is not how it is now
    caption = "磁盘使用率和预计写满的日期"
    if not found:
        return Drawing(caption=caption, trouble="本期没有看到磁盘的主机巡检")
    shown = pressing(found, MOST_DISKS)
    rows = [name for host in dict.fromkeys(one.host for one in shown or found) for name in runs[host]]
    if not shown:
        early = sum(not one.enough for one in found)
        rest = f"有 {early} 个的记录还不足以预测" if early else "一年内也不会写满"
        trouble = f"看到的文件系统都没有超过阈值，{rest}，不画图"
        return Drawing(caption=caption, trouble=trouble, rows=tuple(rows))
    caption += f"，最紧的 {len(shown)} 个"
    return _drawing(caption, rows, lambda: disks_picture(shown, facts.contract.tz))


@query("drawings.incidents", "图：本期的故障和计划内停机，每个系统一行；季度以上另有每月的个数")
def incidents(facts: Facts) -> Drawing:
    """From when each began until it was restored."""
    zone, ledger = facts.contract.tz, facts.ledger
    found = happened(
        {one.id: one.name for one in facts.contract.systems},
        [case.incident for case in facts.cases],
        facts.windows,
        facts.start,
        facts.end,
        facts.as_of,
        zone,
    )
    since = facts.versions[0][0] if facts.versions else facts.as_of
    if since >= facts.end:
        return Drawing(caption="故障与计划内停机", trouble="本期没有记录")
    if not found.faults and not found.planned:
        return Drawing(caption="故障与计划内停机", trouble="本期没有登记的故障，也没有计划内停机")
    caption = "故障与计划内停机，每个系统一行"
    numbers = {one.number for lane in found.lanes for one in (*lane.faults, *lane.planned)}
    events = [one for kind in (INCIDENT, DOWNTIME) for one in ledger.events(kind)]
    rows = [row("event", one.id) for one in events if one.subject in numbers]
    return _drawing(caption, rows, lambda: incidents_picture(found, *facts.period, since, facts.as_of, zone))


def _drawing(caption: str, rows: Iterable[str], draw: Callable[[], bytes]) -> Drawing:
    try:
        return Drawing(caption=caption, png=draw(), rows=tuple(rows))
    except PlotError as error:
        return Drawing(caption=caption, trouble=str(error))
