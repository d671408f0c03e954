"""图: what people look at rather than read; each answers with a picture, or says in words why there is none."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

from checks.number import row
from checks.report_drawing import Drawing
from checks.report_heatmap import grid
from checks.report_response import series
from checks.slots import AVAILABILITY_PROBE, HOST_INSPECTION
from flows.queries import query
from flows.queries.facts import Facts
from tasks.plots import MOST_HOSTS, PlotError, calendar_picture, heatmap_picture, response_picture


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
    start, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    ledger = facts.ledger
    systems = [
        series(one.name, one.limits.warn, ledger.probe_hours(one.id, start, end), first, last, zone)
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


def _drawing(caption: str, rows: Iterable[str], draw: Callable[[], bytes]) -> Drawing:
    try:
        return Drawing(caption=caption, png=draw(), rows=tuple(rows))
    except PlotError as error:
        return Drawing(caption=caption, trouble=str(error))
