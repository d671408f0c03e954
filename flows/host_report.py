"""The 周巡检报告: computed from the ledger alone, written in every format, shown in the UI."""

import asyncio
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from checks.downtime import DOWNTIME, windows
from checks.host_report import HostReport, host_report
from checks.slots import HOST_INSPECTION, week_of
from flows.incident_desk import feedback
from flows.office import Office
from flows.report_files import written
from tasks.report import Format

LOOK_BACK = timedelta(weeks=60)
"""How far back a 遗留问题 is followed, and what a forecast looks at: as much as the item itself."""


class Built(NamedTuple):
    """The report as data, and the files it was written to."""

    data: HostReport
    files: dict[Format, Path]


@task(name="生成周巡检报告", task_run_name="weekly-report", cache_policy=NO_CACHE)
async def report_week(office: Office, day: date) -> None:
    """Write the report of the week in which `day` is, and leave it in the UI with the matrix of hosts and items.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    report = await asyncio.to_thread(build, office, day)
    markdown = report.files[Format.ARTIFACT].read_text(encoding="utf-8")
    await asyncio.gather(
        acreate_markdown_artifact(markdown, key="weekly-report", description=f"周巡检报告 {week_of(day)}"),
        acreate_table_artifact(_matrix(report.data), key="host-matrix", description=f"主机×项目 {week_of(day)}"),
    )


def build(office: Office, day: date) -> Built:
    """Write the week's report from the ledger, in every format."""
    monday = day - timedelta(days=day.weekday())
    first, last = monday - LOOK_BACK, monday + timedelta(days=6)
    runs_of = partial(office.ledger.runs, HOST_INSPECTION, first, last)
    ledger = office.ledger
    planned = windows(ledger.events(DOWNTIME))
    data = host_report(office.contract, monday, runs_of, ledger.head(), feedback(ledger), planned)
    return Built(data, written(office, data, "host_report"))


def _matrix(report: HostReport) -> list[dict[str, str]]:
    """One row per item, one column per host: the UI's table scrolls sideways."""
    rows: dict[str, dict[str, str]] = {}
    for matrix in report.matrices:
        for line in matrix.lines:
            cells = zip(matrix.hosts, line.cells, strict=True)
            rows.setdefault(line.item, {}).update({host: cell.label for host, cell in cells})
    hosts = [line.host for line in report.hosts]
    return [{"项目": item, **{host: cells.get(host, "—") for host in hosts}} for item, cells in rows.items()]
