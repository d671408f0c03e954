"""周巡检报告: what the host inspection of a week saw."""

from datetime import timedelta
from functools import partial

from checks.host_lines import HostReport
from checks.host_report import host_report
from checks.slots import HOST_INSPECTION
from flows.incident_desk import feedback
from flows.queries import query
from flows.queries.facts import Facts

LOOK_BACK = timedelta(weeks=60)
"""How far back a 遗留问题 is followed, and what a forecast looks at: as much as the item itself."""


@query("hosts", "周巡检报告的内容：一周的主机巡检，主机×项目、异常及反馈、未取得的、容量预测、日志、遗留问题")
def hosts(facts: Facts) -> HostReport:
    """Of the week in which the period begins."""
    named, ledger = facts.named, facts.ledger
    runs_of = partial(ledger.runs, HOST_INSPECTION, named.first - LOOK_BACK, named.last)
    return host_report(facts.contract, named.first, runs_of, feedback(ledger), facts.windows)
