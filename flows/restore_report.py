"""The 备份恢复演练报告 after a drill: written in every format, shown in the UI."""

import asyncio
from datetime import date

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from checks.report_period import Every, period_with
from flows.office import Office
from flows.report_files import build
from tasks.report import Format


@task(name="生成恢复演练报告", task_run_name="restore-report", cache_policy=NO_CACHE)
async def report_month(office: Office, day: date) -> None:
    """Write the report of the month in which `day` is, and leave it in the UI.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    month = period_with(Every.MONTH, day)
    files = await asyncio.to_thread(build, office, "drill", month)
    markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
    await acreate_markdown_artifact(markdown, key="restore-report", description=f"恢复演练报告 {month.name}")
