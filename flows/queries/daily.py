"""日报: what the page inspection of a day saw."""

from datetime import timedelta

from checks.daily_report import DailyReport, daily_report
from checks.slots import PAGE_INSPECTION
from flows.incident_desk import feedback
from flows.queries import query
from flows.queries.facts import Facts

LOOK_BACK = timedelta(days=31)
"""How far back a 遗留问题 is followed."""


@query("daily", "日报的内容：一天的页面巡检，每个页面的结果、异常及反馈、遗留问题")
def daily(facts: Facts) -> DailyReport:
    """Of the period's first day."""
    day, ledger = facts.named.first, facts.ledger
    runs = ledger.runs(PAGE_INSPECTION, day - LOOK_BACK, day)
    today = [run for run in runs if run.slot.endswith(day.isoformat())]
    earlier = [run for run in runs if not run.slot.endswith(day.isoformat())]
    return daily_report(facts.contract, day, today, earlier, feedback(ledger), facts.windows)
