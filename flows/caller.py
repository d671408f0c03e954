"""Who or what started this flow run, and whether it came too late."""

import getpass
import os
from collections.abc import Callable
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

CATCH_UP = "catch-up"
"""The tag, and the trigger, of a run that does what a schedule should have done."""

UNASKED = ("schedule", CATCH_UP)
"""The triggers behind which there is no person: such a run is not done twice."""


class Caller(NamedTuple):
    """What stands in the ledger with every run."""

    flow_run_id: str
    trigger: str  # schedule, catch-up, ui, cli, drill
    who: str
    why: str


def caller(who: str, why: str) -> Caller:
    """Tell a schedule from the UI and from the shell."""
    run = _flow_run()
    if run is not None and run.auto_scheduled:
        return Caller(str(run.id), "schedule", "计划任务", why or "按计划执行")
    if run is not None and CATCH_UP in run.tags:
        return Caller(str(run.id), CATCH_UP, who, why)
    if run is not None and run.deployment_id:
        return Caller(str(run.id), "ui", who or "未填写", why or "未填写")
    trigger = os.environ.get("XUNJIAN_TRIGGER", "cli")
    return Caller(str(run.id) if run else "", trigger, who or getpass.getuser(), why or "命令行发起")


def late(zone: ZoneInfo, today: date, period: Callable[[date], str] = date.isoformat) -> str:
    """Say why a scheduled run is too late for its period, a day unless told otherwise: Prefect makes up for late
    runs, oldest first.

    The ledger knows which periods were missed; looking today does not undo that.
    """
    run = _flow_run()
    if run is None or not run.auto_scheduled or run.expected_start_time is None:
        return ""
    due = run.expected_start_time.astimezone(zone).date()
    return f"已过期：本应在 {period(due)} 执行，现在是 {period(today)}" if period(due) < period(today) else ""


def _flow_run() -> FlowRun | None:
    context = FlowRunContext.get()
    return context.flow_run if context else None
