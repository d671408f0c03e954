"""The 整改复测报告: computed from the ledger alone, one for each finding, written in every format, shown in the UI."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from checks.retest_report import retest_report
from checks.slots import RETEST
from flows.finding_book import FindingBook
from flows.office import Office, now
from flows.report_files import written
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
    with Chromium(office.settings) as chromium:  # one for all of them
        for number in numbers:
            files = await asyncio.to_thread(build, office, number, chromium)
            if files:
                markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
                key = f"retest-{number.lower()}"
                await acreate_markdown_artifact(markdown, key=key, description=f"整改复测报告 {number}")


def build(office: Office, number: str, chromium: Chromium | None = None) -> dict[Format, Path]:
    """Write a finding's report from the ledger, in every format; nothing where it was never tested."""
    finding = FindingBook(office.ledger, office.contract.tz).finding(number, now())
    runs = office.ledger.runs(RETEST, date.min, date.max, finding.id)
    data = retest_report(office.contract, finding, runs, office.ledger.head())
    return written(office, data, "retest_report", chromium) if data else {}
