"""日志分析报告: what the logs of a month's host inspections hold."""

from datetime import timedelta

from checks.log_month import HostMonth, LogMonth, log_month
from checks.report_period import Every, period_with
from checks.slots import HOST_INSPECTION
from flows.queries import query
from flows.queries.facts import Facts


@query("logs", "日志分析报告的内容：各主机的错误和警告与上月相比，新出现的、增多的，安全相关的，没有取得的")
def logs(facts: Facts) -> LogMonth:
    """Of the period's inspections, beside those of the month before."""
    ledger, contract, (first, last) = facts.ledger, facts.contract, facts.period
    earlier = period_with(Every.MONTH, first - timedelta(days=1))
    exempt = {one.host.name: one.group.not_applicable(one.host) for one in contract.all_hosts()}
    hosts = [
        HostMonth(
            host=line.target,
            slots=[(one.slot.id, one.mark) for one in line.marks],
            runs=ledger.runs(HOST_INSPECTION, first, last, line.target),
            before=ledger.runs(HOST_INSPECTION, earlier.first, earlier.last, line.target),
            exempt=exempt.get(line.target, {}),
        )
        for line in facts.coverage.lines
        if line.duty == HOST_INSPECTION
    ]
    return log_month(hosts, contract.tz)
