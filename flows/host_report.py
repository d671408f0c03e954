"""The 周巡检报告: computed from the ledger alone, written in every format, shown in the UI."""

import asyncio
from datetime import date

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from checks.host_lines import HostReport
from checks.report_period import Every, period_with
from flows.office import Office
from flows.queries import Asking
from flows.report_files import facts_of, make
from tasks.report import Format


@task(name="生成周巡检报告", task_run_name="weekly-report", cache_policy=NO_CACHE)
async def report_week(office: Office, day: date) -> None:
    """Write the report of the week in which `day` is, and leave it in the UI with the matrix of hosts and items.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    facts = facts_of(office, "hosts", period_with(Every.WEEK, day))
    files, week = await asyncio.to_thread(make, facts), facts.named.name
    markdown = files[Format.ARTIFACT].read_text(encoding="utf-8")
    report: HostReport = await asyncio.to_thread(Asking(facts), "hosts")
    await asyncio.gather(
        acreate_markdown_artifact(markdown, key="weekly-report", description=f"周巡检报告 {week}"),
        acreate_table_artifact(_matrix(report), key="host-matrix", description=f"主机×项目 {week}"),
    )


def _matrix(report: HostReport) -> list[dict[str, str]]:
    """One row per item, one column per host: the UI's table scrolls sideways."""
    rows: dict[str, dict[str, str]] = {}
    for matrix in report.matrices:
        for line in matrix.lines:
            cells = zip(matrix.hosts, line.cells, strict=True)
            rows.setdefault(line.item, {}).update({host: cell.label for host, cell in cells})
    hosts = [line.host for line in report.hosts]
    return [{"项目": item, **{host: cells.get(host, "—") for host in hosts}} for item, cells in rows.items()]
