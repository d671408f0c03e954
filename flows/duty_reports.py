"""What a duty writes when it is done: the report of what it has just put on record, registered and shown in the UI."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from checks.daily_report import DailyReport
from checks.host_lines import HostReport
from checks.report_period import Every, period_with
from flows.caller import Caller
from flows.office import Office
from flows.queries import Asking
from flows.report_desk import Made, named_of, write
from flows.report_files import kind_of
from tasks.browser.chromium import Chromium
from tasks.report import Format

Row = dict[str, str]


@task(name="生成报告", task_run_name="{kind}-report", cache_policy=NO_CACHE)
async def report(office: Office, kind: str, day: date, by: Caller, chromium: Chromium | None = None) -> None:
    """Write the report of the period in which a day is, and leave it in the UI with the tables that go with it.

    Args:
        kind: one of those in `_SHOWN`.
        chromium: prints the PDF; where the duty has none open, one is started for it.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    shown = _SHOWN[kind]
    made = await asyncio.to_thread(write, office, kind, period_with(shown.every, day), by, chromium=chromium)
    name, ask = made.facts.named.name, Asking(made.facts)
    await _show(made, shown.key, f"{shown.title} {name}")
    for table in shown.tables:
        rows = table.rows(await asyncio.to_thread(ask, kind))
        await acreate_table_artifact(rows, key=table.key, description=f"{table.title} {name}")


@task(name="生成整改复测报告", task_run_name="retest-report", cache_policy=NO_CACHE)
async def report_findings(office: Office, numbers: Sequence[str], by: Caller) -> None:
    """Write the report of each finding's last retest, and leave it in the UI.

    Raises:
        ReportError: one could not be made; no file of it was touched.
    """
    if not numbers:
        return
    kind = kind_of(office, "retest")
    with Chromium(office.settings) as chromium:  # one for all of them
        for named in (named_of(office, kind, number) for number in numbers):
            made = await asyncio.to_thread(write, office, kind.name, named, by, chromium=chromium)
            await _show(made, f"retest-{named.name.lower()}", f"整改复测报告 {named.name}")


async def _show(made: Made, key: str, description: str) -> None:
    page = made.files[Format.ARTIFACT].read_text(encoding="utf-8")
    await acreate_markdown_artifact(page, key=key, description=description)


def _pages(report: DailyReport) -> list[Row]:
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


def _evidence(report: DailyReport) -> list[Row]:
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


def _matrix(report: HostReport) -> list[Row]:
    """One row per item, one column per host: the UI's table scrolls sideways."""
    rows: dict[str, Row] = {}
    for matrix in report.matrices:
        for line in matrix.lines:
            cells = zip(matrix.hosts, line.cells, strict=True)
            rows.setdefault(line.item, {}).update({host: cell.label for host, cell in cells})
    hosts = [line.host for line in report.hosts]
    return [{"项目": item, **{host: cells.get(host, "—") for host in hosts}} for item, cells in rows.items()]


class _Table(NamedTuple):
    """A table in the UI beside a report. `rows` makes it of the answer to the query that is called like the kind."""

    key: str
    title: str
    rows: Callable[[Any], list[Row]]


class _Shown(NamedTuple):
    """Of which period a duty's report is, and as what it stands in the UI: the artifact's key, what it is called."""

    every: Every
    key: str
    title: str
    tables: tuple[_Table, ...] = ()


_SHOWN = {
    "daily": _Shown(
        Every.DAY,
        "daily-report",
        "页面巡检日报",
        (_Table("page-results", "页面巡检结果", _pages), _Table("evidence", "证据清单", _evidence)),
    ),
    "hosts": _Shown(Every.WEEK, "weekly-report", "周巡检报告", (_Table("host-matrix", "主机×项目", _matrix),)),
    "baseline": _Shown(Every.MONTH, "baseline-report", "等保自查报告"),
    "hardening": _Shown(Every.MONTH, "hardening-plan", "加固方案"),
    "drill": _Shown(Every.MONTH, "restore-report", "恢复演练报告"),
}
