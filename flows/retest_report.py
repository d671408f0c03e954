"""The 整改复测报告 of each finding after a retest: written in every format, shown in the UI."""

import asyncio
from collections.abc import Sequence

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.office import Office
from flows.report_desk import named_of
from flows.report_files import build, kind_of
from tasks.browser.chromium import Chromium
from tasks.report import Format


@task(name="生成整改复测报告", task_run_name="retest-report", cache_policy=NO_CACHE)
async def report_findings(office: Office, numbers: Sequence[str]) -> None:
    """Write the report of each finding's last retest, and leave it in the UI.

    Raises:
        ReportError: one could not be made; no file of it was touched.
    """
    if not numbers:
        return
    kind = kind_of(office, "retest")
    with Chromium(office.settings) as chromium:  # one for all of them
        for number in numbers:
            named = named_of(office, kind, number)
            files = await asyncio.to_thread(build, office, kind.name, named, chromium=chromium)
            markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
            key = f"retest-{named.name.lower()}"
            await acreate_markdown_artifact(markdown, key=key, description=f"整改复测报告 {named.name}")
