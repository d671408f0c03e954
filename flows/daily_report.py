"""The 日报: computed from the ledger alone, written in every format, shown in the UI."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from checks.daily_report import DailyReport, daily_report
from checks.downtime import DOWNTIME, windows
from checks.slots import PAGE_INSPECTION
from flows.incident_desk import feedback
from flows.office import Office
from flows.report_files import written
from tasks.browser.chromium import Chromium
from tasks.report import Format

LOOK_BACK = timedelta(days=31)
"""How far back a 遗留问题 is followed."""


class Built(NamedTuple):
    """The report as data, and the files it was written to."""

    data: DailyReport
    files: dict[Format, Path]


@task(name="生成日报", task_run_name="daily-report", cache_policy=NO_CACHE)
async def report_day(office: Office, day: date, chromium: Chromium) -> None:
    """Write the day's report and leave it in the UI, with the table of results and the list of evidence.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    report = await asyncio.to_thread(build, office, day, chromium)
    markdown = report.files[Format.ARTIFACT].read_text(encoding="utf-8")
    await asyncio.gather(
        acreate_markdown_artifact(markdown, key="daily-report", description=f"页面巡检日报 {day}"),
        acreate_table_artifact(_results(report.data), key="page-results", description=f"页面巡检结果 {day}"),
        acreate_table_artifact(_evidence(report.data), key="evidence", description=f"证据清单 {day}"),
    )


def build(office: Office, day: date, chromium: Chromium) -> Built:
    """Write the day's report from the ledger, in every format."""
    runs = office.ledger.runs(PAGE_INSPECTION, day - LOOK_BACK, day)
    today = [run for run in runs if run.slot.endswith(day.isoformat())]
    earlier = [run for run in runs if not run.slot.endswith(day.isoformat())]
    ledger = office.ledger
    planned = windows(ledger.events(DOWNTIME))
    data = daily_report(office.contract, day, today, earlier, ledger.head(), feedback(ledger), planned)
    return Built(data, written(office, data, "daily_report", chromium))


def _results(report: DailyReport) -> list[dict[str, str]]:
    return [
        {
            "系统": line.system,
            "页面": line.page,
            "状态": line.state.label if line.state else "未执行",
            "最慢一步（秒）": "—" if line.seconds is None else f"{line.seconds:.2f}",
            "次数": f"{line.attempts}",
            "结果": line.summary,
        }
        for line in report.pages
    ]


def _evidence(report: DailyReport) -> list[dict[str, str]]:
    return [
        {
            "系统": line.system,
            "页面": line.page,
            "文件": line.screenshot.path,
            "SHA-256": line.screenshot.sha256,
            "字节": f"{line.screenshot.size}",
            "密级": f"{line.screenshot.grade}",
        }
        for line in report.pages
        if line.screenshot
    ]
