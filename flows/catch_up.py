"""补做. Clause 七2(1): what should have run by now and was not done is still done, as long as its slot is open.

What was done and not reported is reported.

After a power cut, a killed worker or a Prefect that was down at 08:30, the ledger and the contract alone say what is
owed: Prefect may have forgotten all about it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.deployments import arun_deployment
from prefect.states import Completed

from checks.coverage import DUTIES, Mark, SlotMark
from checks.periods import Period
from checks.slots import (
    AVAILABILITY_PROBE,
    BACKUP_CHECK,
    BASELINE_CHECK,
    HOST_INSPECTION,
    PAGE_INSPECTION,
    RESTORE_DRILL,
    month_of,
    week_of,
)
from flows.caller import CATCH_UP, UNASKED
from flows.deployments import FILE
from flows.forms import dated
from flows.office import Office, now
from flows.outcome import nothing_to_do
from flows.standing import no_more_to_do, standing
from tasks.prefect_server import deployments_in

_FIELD = {
    PAGE_INSPECTION: "systems",
    HOST_INSPECTION: "hosts",
    BACKUP_CHECK: "backups",
    RESTORE_DRILL: "backups",
    BASELINE_CHECK: "hosts",
}
"""Where a duty's form takes its targets."""

_EVERY = {duty.id: duty.due for duty in DUTIES}
"""A duty's targets by contract."""

_REPORTS: dict[str, tuple[str, Callable[[date], str], Callable[[date], date]]] = {
    PAGE_INSPECTION: ("日报", date.isoformat, lambda day: day),
    HOST_INSPECTION: ("周巡检报告", week_of, lambda day: day - timedelta(days=day.weekday())),
    RESTORE_DRILL: ("恢复演练报告", month_of, lambda day: day.replace(day=1)),
    BASELINE_CHECK: ("等保自查报告", month_of, lambda day: day.replace(day=1)),
}
"""What a duty's report is called, how its period is, and on which day that begins."""


@flow(name="catch-up", description="补做：应该已经执行、还没有完成、也还来得及的巡检。", flow_run_name=dated("补做"))
async def catch_up() -> State:
    """Start what is overdue."""
    started = await start_overdue(Office())
    return Completed(name="已发起补做", message="；".join(started)) if started else nothing_to_do("没有要补做的")


async def start_overdue(office: Office) -> list[str]:
    """Start a run for every duty of which a slot is open, overdue and not done, or of which the report is.

    Returns what was started, in words.
    """
    said = []
    late = overdue(office, now())
    for duty, slots in late.items():
        targets = [one.slot.target for one in slots]
        cut_off = sum(bool(one.run_ids) for one in slots)
        why = f"补做：计划时间已过而未完成{f'，其中 {cut_off} 项曾经开始' if cut_off else ''}"
        everything = set(targets) == set(_EVERY[duty](office.contract))
        await _start(duty, [] if everything else targets, why)
        said.append(f"{duty} {'全部' if everything else '、'.join(targets)}")
    for duty, target in unreported(office).items():
        if duty not in late:  # a run reports at its end
            await _start(duty, [target], "补写报告：上次没有写完")
            said.append(f"{duty} 的报告")
    return said


async def start_probing() -> None:
    """Start a prober for the rest of the hour."""
    name = f"{AVAILABILITY_PROBE}/{AVAILABILITY_PROBE}"
    await arun_deployment(name, timeout=0, tags=[CATCH_UP], as_subflow=False)


async def _start(duty: str, targets: list[str], why: str) -> None:
    parameters = {"form": {_FIELD[duty]: targets, "who": "计划任务", "why": why}}
    await arun_deployment(f"{duty}/{duty}", parameters=parameters, timeout=0, tags=[CATCH_UP], as_subflow=False)


def overdue(office: Office, at: datetime) -> dict[str, list[SlotMark]]:
    """The slots that are open and not done though their schedule has come, by duty."""
    today = at.astimezone(office.contract.tz).date()
    # Slots open with the day, the week or the month in which it is.
    since = min(today - timedelta(days=today.weekday()), today.replace(day=1))
    plans = {one["name"]: one["schedules"] for one in deployments_in(FILE)}
    found: dict[str, list[SlotMark]] = {}
    for line in standing(office.ledger, Period(since, today), at).lines:
        for one in line.marks:
            open_still = one.mark is Mark.PENDING and one.slot.opens_at <= at
            if not open_still or not _due(plans.get(line.duty, []), one.slot.opens_at, at):
                continue
            if not no_more_to_do(office.ledger, office.contract, one.slot, at):
                found.setdefault(line.duty, []).append(one)
    return {duty.id: found[duty.id] for duty in DUTIES if duty.id in found}


def _due(schedules: list[dict[str, str]], opens_at: datetime, at: datetime) -> bool:
    """Whether the schedule's first time in the slot has come."""
    firsts = [next(CronSim(one["cron"], opens_at.astimezone(ZoneInfo(one["timezone"])))) for one in schedules]
    return any(first <= at for first in firsts)


def unreported(office: Office) -> dict[str, str]:
    """The duties of which a run came to its end in this period after the report was written, each with one target.

    It was killed while it reported. To ask for one target is enough, best for one that will not be done again.
    """
    today = office.today()
    found: dict[str, str] = {}
    for duty, (kind, name, first) in _REPORTS.items():
        runs = [run for run in office.ledger.runs(duty, first(today), today) if run.ended_at]
        file = office.settings.reports_dir / f"{kind}-{name(today)}.docx"  # the last to be put in its place
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None
        if runs and (written is None or written < max(run.ended_at for run in runs if run.ended_at)):
            best = max(runs, key=lambda run: run.trigger in UNASKED)
            found[duty] = best.slot.split("/")[1]
    return found
