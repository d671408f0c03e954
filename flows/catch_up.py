"""补做. Clause 七2(1): what should have run by now and was not done is still done, as long as its slot is open.

After a power cut, a killed worker or a Prefect that was down at 08:30, the ledger and the contract alone say what is
owed: Prefect may have forgotten all about it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.deployments import arun_deployment
from prefect.states import Completed

from checks.coverage import DUTIES, Mark, SlotMark
from checks.periods import Period
from flows.caller import CATCH_UP
from flows.deployments import FILE
from flows.office import Office, now
from flows.outcome import nothing_to_do
from flows.standing import standing
from tasks.prefect_server import deployments_in

_FIELD = {"page-inspection": "systems", "host-inspection": "hosts"}
"""Where a duty's form takes its targets."""


@flow(name="catch-up", description="补做：应该已经执行、还没有完成、也还来得及的巡检。", flow_run_name="补做")
async def catch_up() -> State:
    """Start what is overdue."""
    started = await start_overdue(Office())
    return Completed(name="已发起补做", message="；".join(started)) if started else nothing_to_do("没有要补做的")


async def start_overdue(office: Office) -> list[str]:
    """Start a run for every duty of which a slot is open, overdue and not done; returns what was started, in words."""
    said = []
    for duty, slots in overdue(office, now()).items():
        targets = [one.slot.target for one in slots]
        cut_off = sum(bool(one.run_ids) for one in slots)
        why = f"补做：计划时间已过而未完成{f'，其中 {cut_off} 项曾经开始' if cut_off else ''}"
        parameters = {"form": {_FIELD[duty]: targets, "who": "计划任务", "why": why}}
        await arun_deployment(f"{duty}/{duty}", parameters=parameters, timeout=0, tags=[CATCH_UP], as_subflow=False)
        said.append(f"{duty} {'、'.join(targets)}")
    return said


def overdue(office: Office, at: datetime) -> dict[str, list[SlotMark]]:
    """The slots that are open and not done though their schedule has come, by duty."""
    today = at.astimezone(office.contract.tz).date()
    week = Period(today.fromordinal(today.toordinal() - today.weekday()), today)
    plans = {one["name"]: one["schedules"] for one in deployments_in(FILE)}
    found: dict[str, list[SlotMark]] = {}
    for line in standing(office.ledger, week, at).lines:
        for one in line.marks:
            if one.mark is Mark.PENDING and one.slot.opens_at <= at and _due(plans[line.duty], one.slot.opens_at, at):
                found.setdefault(line.duty, []).append(one)
    return {duty.id: found[duty.id] for duty in DUTIES if duty.id in found}


def _due(schedules: list[dict[str, str]], opens_at: datetime, at: datetime) -> bool:
    """Whether the schedule's first time in the slot has come."""
    firsts = [next(CronSim(one["cron"], opens_at.astimezone(ZoneInfo(one["timezone"])))) for one in schedules]
    return any(first <= at for first in firsts)
