"""Runs a duty from the shell: the same flow as in the UI, with live progress and a closing table.

Prefect is imported only here and late: it takes two to three seconds.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from checks.contract import Contract
from checks.finding import State
from flows.exit_codes import CONFIGURATION, FAILED, FINE, PROBLEMS
from tasks import prefect_server
from tasks.settings import Settings

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State as FlowState

    from flows.page_inspection import PageInspection

COLOURS = {State.OK: "green", State.WARN: "yellow", State.CRIT: "bold red", State.UNKNOWN: "magenta"}


def prepare(settings: Settings) -> bool:
    """Point this process at our Prefect server, or at an ephemeral one in our folder; tell which."""
    up = prefect_server.healthy(settings)
    os.environ.update(prefect_server.environment(settings, api=prefect_server.api_url(settings) if up else None))
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"  # the progress below says it better
    return up


def page_inspection(
    contract: Contract, systems: list[str], day: str, *, dry_run: bool, why: str, settings: Settings
) -> int:
    """Run the page inspection and return the exit code: 0 fine, 1 problems, 2 configuration, 3 could not."""
    out = Console()
    with out.status("正在准备……"):
        prepare(settings)
        from flows.caller import RequestError
        from flows.page_inspection import PageInspection

    targets = [
        system.target(part)
        for system in contract.systems
        if not systems or system.id in systems
        for part in system.targets()
    ]
    form = PageInspection(systems=systems, day=day, dry_run=dry_run, who="", why=why)
    try:
        with _progress(out, targets, quiet=dry_run):
            state = _run(form)
    except RequestError as error:
        out.print(f"[red]{error}[/red]")
        return CONFIGURATION
    if dry_run:
        _plan(contract, targets, out)
    else:
        _closing_table(contract, state, day, settings, out)
    out.print(f"{state.name}：{state.message}", style="green" if state.name == "全部正常" else "yellow")
    return exit_code(state)


def exit_code(state: "FlowState") -> int:
    """What the end of a flow run means to the shell."""
    from flows.outcome import PROBLEMS as FOUND

    if not state.is_completed():
        return FAILED
    return PROBLEMS if state.name == FOUND else FINE


def _run(form: "PageInspection") -> "FlowState":
    from flows.page_inspection import page_inspection as flow

    state: FlowState = asyncio.run(flow(form, return_state=True))  # type: ignore[arg-type]
    if state.is_failed() and state.name == "Failed":  # an exception, not a verdict of ours
        asyncio.run(state.result(raise_on_failure=True))
    return state


class _Follow(logging.Handler):
    """Moves the progress bar with each page that is on record."""

    def __init__(self, bar: Progress, targets: list[str]) -> None:
        super().__init__()
        self._bar, self._left = bar, set(targets)
        self._task = bar.add_task("", total=len(targets))

    def emit(self, record: logging.LogRecord) -> None:
        target, state = getattr(record, "target", ""), getattr(record, "state", None)
        if not target:
            return
        if state in (State.CRIT, State.WARN, State.UNKNOWN):
            self._bar.console.print(f"  {record.getMessage()}", style=COLOURS[state], highlight=False, markup=False)
        done = target in self._left
        self._left.discard(target)
        self._bar.update(self._task, advance=int(done), description=target)


@contextmanager
def _progress(out: Console, targets: list[str], *, quiet: bool) -> Iterator[None]:
    columns = (
        TextColumn("页面巡检"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=out, transient=True, disable=quiet) as bar:
        log = logging.getLogger("xunjian")
        handler = _Follow(bar, targets)
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        try:
            yield
        finally:
            log.removeHandler(handler)


def _plan(contract: Contract, targets: list[str], out: Console) -> None:
    from checks.page_check import planned

    table = Table("系统", "页面", "检查项", title="试运行：将要检查", title_justify="left")
    for system in contract.systems:
        for part in system.targets():
            if system.target(part) in targets:
                table.add_row(system.name, part.title, "、".join(check.title for check in planned(system, part)))
    out.print(table)


def _closing_table(contract: Contract, state: "FlowState", day: str, settings: Settings, out: Console) -> None:
    """What this flow run put on record, read back from the ledger."""
    from datetime import datetime

    from checks.daily_report import daily_report
    from checks.slots import PAGE_INSPECTION
    from tasks.ledger import Ledger

    on = date.fromisoformat(day) if day else datetime.now(contract.tz).date()
    flow_run_id = str(state.state_details.flow_run_id)
    runs = [r for r in Ledger(settings.ledger).runs(PAGE_INSPECTION, on, on) if r.flow_run_id == flow_run_id]
    if not runs:
        return
    report = daily_report(contract, on, runs, [])
    ran = {line.name for line in report.systems if line.run_id}
    table = Table("系统", "页面", "状态", "最慢一步", "结果", title=f"页面巡检 {on}", title_justify="left")
    for line in report.pages:
        if line.system in ran:
            word, colour = (line.state.label, COLOURS[line.state]) if line.state else ("未执行", "magenta")
            seconds = "—" if line.seconds is None else f"{line.seconds:.2f} 秒"
            table.add_row(line.system, line.page, f"[{colour}]{word}[/{colour}]", seconds, _plain(line.summary))
    out.print(table)
    for path in sorted(settings.reports_dir.glob(f"日报-{on}.*")):
        out.print(f"日报：{path}", highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
