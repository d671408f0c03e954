"""Runs a duty from the shell: the same flow as in the UI, with live progress and a closing table.

Prefect is imported only here and late: it takes two to three seconds.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from checks.contract import Contract, System
from checks.finding import State
from checks.page_check import Part, planned
from checks.slots import asked_backup_slots, asked_drill_slots, asked_host_slots, asked_slots
from flows import closing_tables
from flows.exit_codes import FAILED, FINE, PROBLEMS
from tasks import prefect_server
from tasks.settings import Settings

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State as FlowState


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
    closing_tables.pages(contract, on, str(state.state_details.flow_run_id), settings, out)
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
    closing_tables.hosts(contract, on, str(state.state_details.flow_run_id), settings, out)
    return _told(state, out)


def backup_check(contract: Contract, backups: list[str], day: str, *, why: str, settings: Settings) -> int:
    """Run the backup check and return the exit code: 0 fine, 1 problems, 3 could not look.

    Raises:
        RequestError: what was asked for makes no sense.
    """
    out, today = Console(), datetime.now(contract.tz).date()
    on = date.fromisoformat(day) if day else today
    chosen = {slot.target for slot in asked_backup_slots(contract, on, backups, today)}
    with out.status("正在准备……"):
        prepare(settings)
        from flows.backup_check import BackupCheckForm
        from flows.backup_check import backup_check as flow
    with _progress(out, "备份检查", chosen):
        state = _run(flow, BackupCheckForm(backups=backups, day=on.isoformat(), who="", why=why))
    closing_tables.backups(contract, on, str(state.state_details.flow_run_id), settings, out)
    return _told(state, out)


def restore_drill(contract: Contract, backups: list[str], day: str, *, why: str, settings: Settings) -> int:
    """Run the restore drill and return the exit code: 0 fine, 1 problems, 3 could not look.

    Raises:
        RequestError: what was asked for makes no sense.
    """
    out, today = Console(), datetime.now(contract.tz).date()
    on = date.fromisoformat(day) if day else today
    chosen = {slot.target for slot in asked_drill_slots(contract, on, backups, today)}
    with out.status("正在准备……"):
        prepare(settings)
        from flows.restore_drill import RestoreDrillForm
        from flows.restore_drill import restore_drill as flow
    with _progress(out, "恢复演练", chosen):
        state = _run(flow, RestoreDrillForm(backups=backups, day=day, who="", why=why))
    closing_tables.drills(contract, on, str(state.state_details.flow_run_id), settings, out)
    return _told(state, out)


def document_timeliness(*, why: str, settings: Settings) -> int:
    """Look over the documents that are due and return the exit code: 0 fine, 1 problems, 3 could not look."""
    out = Console()
    with out.status("正在准备……"):
        prepare(settings)
        from flows.document_timeliness import DocumentTimeliness
        from flows.document_timeliness import document_timeliness as flow
    with _progress(out, "文档及时性", set()):
        state = _run(flow, DocumentTimeliness(who="", why=why))
    return _told(state, out)


def retest(numbers: list[str], *, who: str, why: str, fixed_by: str, settings: Settings) -> int:
    """Test findings and return the exit code: 0 all are mended, 1 not all."""
    out = Console()
    with out.status("正在准备……"):
        prepare(settings)
        from flows.retest import MENDED
        from flows.verify_remediation import RetestForm
        from flows.verify_remediation import verify_remediation as flow
    with _progress(out, "整改复测", set(numbers)):
        state = _run(flow, RetestForm(findings=numbers, fixed_by=fixed_by, who=who, why=why))
    closing_tables.retests(numbers, str(state.state_details.flow_run_id), settings, out)
    _told(state, out)
    return FINE if state.name == MENDED else PROBLEMS


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
            self._bar.console.print(
                f"  {record.getMessage()}", style=closing_tables.COLOURS[state], highlight=False, markup=False
            )
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
