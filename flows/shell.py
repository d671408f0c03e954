"""Runs a duty from the shell: the same flow as in the UI, with live progress and a closing table.

Prefect is imported only here and late: it takes two to three seconds.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from checks.contract import Contract, System
from checks.finding import State, worst
from checks.page_check import Part, planned
from checks.slots import HOST_INSPECTION, PAGE_INSPECTION, asked_host_slots, asked_slots, week_of
from flows.exit_codes import FAILED, FINE, PROBLEMS
from tasks import prefect_server
from tasks.settings import Settings

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State as FlowState

COLOURS = {State.OK: "green", State.WARN: "yellow", State.CRIT: "bold red", State.UNKNOWN: "magenta"}


def prepare(settings: Settings) -> None:
    """Point this process at our Prefect server if it is up, or else at an ephemeral one in our folder."""
    settings.root.mkdir(parents=True, exist_ok=True)
    up = prefect_server.healthy(settings)
    os.environ.update(prefect_server.environment(settings, api=prefect_server.api_url(settings) if up else None))
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"  # the progress below says it better


def page_inspection(
    contract: Contract, systems: list[str], day: str, *, dry_run: bool, why: str, settings: Settings
) -> int:
    """Run the page inspection and return the exit code: 0 fine, 1 problems, 3 could not look.

    Raises:
        RequestError: what was asked for makes no sense.
    """
    out, today = Console(), datetime.now(contract.tz).date()
    on = date.fromisoformat(day) if day else today
    chosen = {slot.target for slot in asked_slots(contract, on, systems, today)}
    parts = [(system, part) for system in contract.systems if system.id in chosen for part in system.targets()]
    if dry_run:
        _plan(parts, out)
        return FINE
    with out.status("正在准备……"):
        prepare(settings)
        from flows.page_inspection import PageInspection
        from flows.page_inspection import page_inspection as flow
    with _progress(out, "页面巡检", {system.target(part) for system, part in parts}):
        state = _run(flow, PageInspection(systems=systems, day=day, who="", why=why))
    _closing_table(contract, on, str(state.state_details.flow_run_id), settings, out)
    return _told(state, out)


def host_inspection(contract: Contract, hosts: list[str], day: str, *, why: str, settings: Settings) -> int:
    """Run the host inspection and return the exit code: 0 fine, 1 problems, 3 could not look.

    Raises:
        RequestError: what was asked for makes no sense.
    """
    out, today = Console(), datetime.now(contract.tz).date()
    on = date.fromisoformat(day) if day else today
    chosen = {slot.target for slot in asked_host_slots(contract, on, hosts, today)}
    with out.status("正在准备……"):
        prepare(settings)
        from flows.host_inspection import HostInspection
        from flows.host_inspection import host_inspection as flow
    with _progress(out, "主机巡检", chosen):
        state = _run(flow, HostInspection(hosts=hosts, day=day, who="", why=why))
    _host_table(contract, on, str(state.state_details.flow_run_id), settings, out)
    return _told(state, out)


def _told(state: "FlowState", out: Console) -> int:
    out.print(f"{state.name}：{state.message}", style="green" if exit_code(state) == FINE else "yellow", markup=False)
    return exit_code(state)


def exit_code(state: "FlowState") -> int:
    """What the end of a flow run means to the shell."""
    from flows.outcome import PROBLEMS as FOUND

    if not state.is_completed():
        return FAILED
    return PROBLEMS if state.name == FOUND else FINE


def _run(flow: Any, form: Any) -> "FlowState":
    """Run the flow in this process; an exception in it is raised here, a verdict is returned."""
    from prefect.exceptions import TerminationSignal
    from prefect.logging.handlers import APILogHandler

    async def run() -> "FlowState":
        state: FlowState = await flow(form, return_state=True)
        await APILogHandler.aflush()  # before the server may go away
        if state.is_failed() and state.name == "Failed":
            await state.aresult(raise_on_failure=True)
        return state

    try:
        return asyncio.run(run())
    except TerminationSignal:  # Prefect's word for SIGTERM
        raise KeyboardInterrupt from None


class _Follow(logging.Handler):
    """Moves the progress bar with each page or host that is on record."""

    def __init__(self, bar: Progress, targets: set[str]) -> None:
        super().__init__()
        self._bar, self._left = bar, set(targets)
        self._task = bar.add_task("", total=len(targets))

    def emit(self, record: logging.LogRecord) -> None:
        target, state = getattr(record, "target", ""), getattr(record, "state", None)
        if not target:
            return
        if state in (State.CRIT, State.WARN, State.UNKNOWN):
            self._bar.console.print(f"  {record.getMessage()}", style=COLOURS[state], highlight=False, markup=False)
        self._bar.update(self._task, advance=int(target in self._left), description=target)
        self._left.discard(target)


@contextmanager
def _progress(out: Console, title: str, targets: set[str]) -> Iterator[None]:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(TextColumn(title), *columns, console=out, transient=True) as bar:
        log = logging.getLogger("xunjian")
        handler = _Follow(bar, targets)
        log.addHandler(handler)
        try:
            yield
        finally:
            log.removeHandler(handler)


def _plan(parts: list[tuple[System, Part]], out: Console) -> None:
    table = Table("系统", "页面", "检查项", title="试运行：将要检查", title_justify="left")
    for system, part in parts:
        table.add_row(system.name, part.title, "、".join(check.title for check in planned(system, part)))
    out.print(table)
    out.print(f"共 {len(parts)} 个页面；没有打开页面，没有记台账")


def _closing_table(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """What this flow run put on record, read back from the ledger."""
    from checks.daily_report import daily_report
    from tasks.ledger import Ledger

    runs = [run for run in Ledger(settings.ledger).runs(PAGE_INSPECTION, on, on) if run.flow_run_id == flow_run_id]
    report = daily_report(contract, on, runs, [])
    looked_at = {line.name for line in report.systems if line.run_id}
    lines = [line for line in report.pages if line.system in looked_at]
    table = Table("系统", "页面", "状态", "最慢一步", title=f"页面巡检 {on}", title_justify="left")
    table.add_column("结果", overflow="fold")
    for line in lines:
        word, colour = (line.state.label, COLOURS[line.state]) if line.state else ("未执行", "magenta")
        seconds = "—" if line.seconds is None else f"{line.seconds:.2f} 秒"
        table.add_row(line.system, line.page, f"[{colour}]{word}[/{colour}]", seconds, escape(line.summary))
    out.print(table)
    for line in lines:
        if line.state is not State.OK and line.screenshot:
            picture = settings.evidence_dir / line.screenshot.path
            out.print(f"截图：{line.system} {line.page}  {picture}", highlight=False, soft_wrap=True, markup=False)
    _files(settings, f"日报-{on}", out)


def _files(settings: Settings, stem: str, out: Console) -> None:
    for path in sorted(settings.reports_dir.glob(f"{stem}.*")):
        out.print(f"报告：{path}", highlight=False, soft_wrap=True, markup=False)


def _host_table(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """What this flow run put on record, read back from the ledger: a line per host, and every item not well."""
    from checks.host_check import host_checks
    from tasks.ledger import Ledger

    monday = on - timedelta(days=on.weekday())
    runs = Ledger(settings.ledger).runs(HOST_INSPECTION, monday, on)
    found = {run.slot.split("/")[1]: run for run in runs if run.flow_run_id == flow_run_id}
    titles = {check.id: check.title for check in host_checks()}
    table = Table("主机", "用途", "状态", "正常", title=f"主机巡检 {week_of(on)}", title_justify="left")
    table.add_column("不正常的项目", overflow="fold")
    for placed in contract.all_hosts():
        run = found.get(placed.host.name)
        if run is None:
            continue
        records = run.latest()
        state = worst(record.finding.state for record in records)
        bad = sorted((one.finding for one in records if one.finding.state is not State.OK), key=lambda one: one.state)
        lines = [f"{one.check} {titles.get(one.check, '')} {one.state.label}：{one.summary}" for one in bad]
        if len({one.summary for one in bad}) == 1 and len(bad) == len(records):
            lines = [f"全部未取得：{bad[0].summary}"]
        word = f"[{COLOURS[state]}]{state.label}[/{COLOURS[state]}]"
        ok = f"{len(records) - len(bad)}/{len(records)}"
        table.add_row(placed.host.name, escape(placed.host.role), word, ok, escape("\n".join(lines)) or "—")
    out.print(table)
    _files(settings, f"周巡检报告-{week_of(on)}", out)
