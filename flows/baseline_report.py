"""The 等保自查报告 and the 加固方案: computed from the ledger alone, written in every format, shown in the UI."""

import asyncio
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from checks.baseline_lines import BaselineReport, FindingLine
from checks.baseline_report import baseline_report
from checks.baseline_verdicts import BASELINE_MANUAL, CHECKED, RESTORED, beside
from checks.finding_list import urgent
from checks.safe_probe import safe_probe
from checks.security_finding import SecurityFinding
from checks.slots import BACKUP_CHECK, BASELINE_CHECK, RESTORE_DRILL, month_of
from flows.finding_book import FindingBook
from flows.office import Office, now
from flows.report_files import written
from tasks.report import Format

LOOK_BACK = timedelta(days=400)
"""How far back a host may have been looked at last, to compare with."""

KINDS = {"baseline_report": ("baseline-report", "等保自查报告"), "hardening_plan": ("hardening-plan", "加固方案")}
"""By template: the artifact's key and name."""


@task(name="生成等保自查报告", task_run_name="baseline-report", cache_policy=NO_CACHE)
async def report_month(office: Office, day: date) -> None:
    """Write the report and the plan of the month in which `day` is, and leave them in the UI.

    Raises:
        ReportError: they could not be made; no file was touched.
    """
    data = await asyncio.to_thread(computed, office, day)
    for template, (key, title) in KINDS.items():
        files = await asyncio.to_thread(build, office, data, template)
        markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
        await acreate_markdown_artifact(markdown, key=key, description=f"{title} {month_of(day)}")


def build(office: Office, data: BaselineReport, template: str) -> dict[Format, Path]:
    """Write one of the two in every format."""
    return written(office, data, template)


def computed(office: Office, day: date) -> BaselineReport:
    """The month's report as data, as of now or of the month's end."""
    ledger, contract = office.ledger, office.contract
    first = day.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    at = min(now(), datetime.combine(after, time(), contract.tz))
    on = at.astimezone(contract.tz).date()
    those = beside(
        contract,
        at,
        ledger.runs(BACKUP_CHECK, on - CHECKED, on),
        ledger.runs(RESTORE_DRILL, on - RESTORED - timedelta(days=31), on),
        ledger.events(BASELINE_MANUAL),
    )
    runs_of = partial(ledger.runs, BASELINE_CHECK, first - LOOK_BACK, after - timedelta(days=1))
    known = FindingBook(ledger, contract.tz).findings(at)
    return baseline_report(contract, day, runs_of, those, ledger.head(), [_line(one) for one in urgent(known)])


def _line(one: SecurityFinding) -> FindingLine:
    """How its weakness is mended is the probe's word; where there is none, the plan on record."""
    remedy = safe_probe(one.probe).remedy if one.probe else one.plan or "没有登记整改措施"
    return FindingLine(number=one.id, title=one.title, asset=one.asset, severity=one.severity, remedy=remedy)
