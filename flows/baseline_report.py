"""The 等保自查报告 and the 加固方案 after a check: written in every format, shown in the UI."""

import asyncio
from datetime import date

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from checks.report_period import Every, period_with
from flows.office import Office
from flows.report_files import build
from tasks.report import Format

KINDS = {"baseline": ("baseline-report", "等保自查报告"), "hardening": ("hardening-plan", "加固方案")}
"""By kind: the artifact's key and name."""


@task(name="生成等保自查报告", task_run_name="baseline-report", cache_policy=NO_CACHE)
async def report_month(office: Office, day: date) -> None:
    """Write the report and the plan of the month in which `day` is, and leave them in the UI.

    Raises:
        ReportError: they could not be made; no file was touched.
    """
    month = period_with(Every.MONTH, day)
    for kind, (key, title) in KINDS.items():
        files = await asyncio.to_thread(build, office, kind, month)
        markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
        await acreate_markdown_artifact(markdown, key=key, description=f"{title} {month.name}")
