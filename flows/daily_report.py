"""The 日报: computed from the ledger alone, written in every format, shown in the UI."""

import asyncio
from datetime import date

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from checks.daily_report import DailyReport
from checks.report_period import Every, period_with
from flows.office import Office
from flows.queries import Asking
from flows.report_files import facts_of, make
from tasks.browser.chromium import Chromium
from tasks.report import Format


@task(name="生成日报", task_run_name="daily-report", cache_policy=NO_CACHE)
async def report_day(office: Office, day: date, chromium: Chromium) -> None:
    """Write the day's report and leave it in the UI, with the table of results and the list of evidence.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    facts = facts_of(office, "daily", period_with(Every.DAY, day))
    files = await asyncio.to_thread(make, facts, chromium=chromium)
    markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
    report: DailyReport = await asyncio.to_thread(Asking(facts), "daily")
    await asyncio.gather(
        acreate_markdown_artifact(markdown, key="daily-report", description=f"页面巡检日报 {day}"),
        acreate_table_artifact(_results(report), key="page-results", description=f"页面巡检结果 {day}"),
        acreate_table_artifact(_evidence(report), key="evidence", description=f"证据清单 {day}"),
    )


def _results(report: DailyReport) -> list[dict[str, str]]:
    return [
        {
            "系统": line.system,
            "页面": line.page,
            "状态": line.state.label if line.state else "未执行",
            "最慢一步（秒）": f"{line.seconds or '—'}",
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
