"""The 备份恢复演练报告: computed from the ledger alone, written in every format, shown in the UI."""

import asyncio
from datetime import date
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from checks.restore_report import restore_report
from checks.slots import RESTORE_DRILL, drill_slots, month_of
from flows.office import Office
from flows.report_files import written
from tasks.report import Format


@task(name="生成恢复演练报告", task_run_name="restore-report", cache_policy=NO_CACHE)
async def report_month(office: Office, day: date) -> None:
    """Write the report of the month in which `day` is, and leave it in the UI.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    files = await asyncio.to_thread(build, office, day)
    markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
    await acreate_markdown_artifact(markdown, key="restore-report", description=f"恢复演练报告 {month_of(day)}")


def build(office: Office, day: date) -> dict[Format, Path]:
    """Write the month's report from the ledger, in every format."""
    days = [slot.day for slot in drill_slots(office.contract, day)] or [day]
    runs = office.ledger.runs(RESTORE_DRILL, min(days), max(days))
    data = restore_report(office.contract, day, runs, office.ledger.head())
    return written(office, data, "restore_report")
