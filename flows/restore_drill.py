"""每月恢复演练. Clauses 一(6), 七2(4): no data lost, so every backup is proved by restoring it."""

import asyncio
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, Field

from checks.contract import Contract
from checks.restore_check import planned
from checks.slots import Slot, asked_drill_slots, drill_slots, month_of
from flows.caller import Caller, caller, late
from flows.duty_reports import report
from flows.forms import AdHoc, day_field, named_by
from flows.office import Office
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.restoration import Restoration
from flows.run import carried_out
from tasks.ssh import Network

LANES = 1
"""Drills at once: each takes memory of its own, and is timed."""


class Where(BaseModel):
    """What and when."""

    backups: list[str] = Field([], title="备份", description="不选就是全部要演练的")
    day: str = day_field("哪个月", "该月的任一天，年-月-日；空着就是本月")


class RestoreDrillForm(AdHoc, Where):
    """The form in the UI; the deployment turns `backups` into a choice of those that are restored."""


@flow(
    name="restore-drill",
    description="每月恢复演练：把最新的备份恢复到内存里的暂存空间，核对后清除，结果记入台账，生成演练报告。",
    flow_run_name=named_by(month_of, "backups", "全部备份"),
    task_runner=ThreadPoolTaskRunner(max_workers=LANES),  # type: ignore[arg-type]
)
async def restore_drill(form: RestoreDrillForm = RestoreDrillForm()) -> State:  # noqa: B008 - shown in the UI
    """Restore every backup, prove it, put it on record, and report.

    Args:
        form: 演练内容
    """
    office, asked_by = Office(), caller(form.who, form.why)
    if reason := late(office.contract.tz, office.today(), month_of):
        return nothing_to_do(reason)
    if not any(placed.backup.restore for placed in office.contract.all_backups()) and not form.backups:
        return nothing_to_do("合同里没有要演练恢复的备份")
    day = date.fromisoformat(form.day) if form.day else office.today()
    slots = asked_drill_slots(office.contract, day, form.backups, office.today())
    if form.dry_run:
        return await plan(office.contract, slots)
    office.expect(drill_slots(office.contract, day))
    with office.network() as network:
        runs = [drill_backup.submit(office, slot, asked_by, form.model_dump(), network) for slot in slots]
        outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
    await report(office, "drill", day, asked_by)
    return final_state(outcomes)


@task(name="演练恢复", task_run_name="{slot.target}", cache_policy=NO_CACHE)
def drill_backup(office: Office, slot: Slot, asked_by: Caller, parameters: dict[str, Any], network: Network) -> Outcome:
    """One backup: on record as started before its place is connected to."""
    return carried_out(office, slot, asked_by, parameters, lambda run: Restoration(run, network).go())


async def plan(contract: Contract, slots: list[Slot]) -> State:
    """What would be restored, without reaching for it."""
    rows = [
        {
            "备份": one.target,
            "位置": str(one.backup.at),
            "检查项": "、".join(item.title for item in planned(one.backup)),
        }
        for one in (contract.backup(slot.target) for slot in slots)
    ]
    await acreate_table_artifact(rows, key="restore-plan", description="试运行：将要演练恢复的备份")
    return Completed(name="试运行", message=f"将要演练恢复 {len(rows)} 份备份；没有读取备份，没有记台账")
