"""每日备份检查. Clauses 一(6), 七2(4): no data lost, so every backup is looked at every day."""

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

from checks.backup_check import planned
from checks.contract import Contract
from checks.slots import Slot, asked_backup_slots, backup_slots
from flows.backup_visits import BackupRounds
from flows.caller import Caller, caller, late
from flows.forms import AdHoc, day_field, named_by
from flows.office import Office
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.run import carried_out
from tasks.ssh import Network

LANES = 4
"""Backups looked at at once: to unpack one keeps a core busy, and to read one a host's disk."""


class Where(BaseModel):
    """What and when."""

    backups: list[str] = Field([], title="备份", description="不选就是全部")
    day: str = day_field("检查日期", "年-月-日；空着就是今天")


class BackupCheckForm(AdHoc, Where):
    """The form in the UI; the deployment turns `backups` into a choice of the contract's backups."""


@flow(
    name="backup-check",
    description="每日备份检查：各份备份在不在、新不新、完整不完整，结果记入台账。",
    flow_run_name=named_by(date.isoformat, "backups", "全部备份"),
    task_runner=ThreadPoolTaskRunner(max_workers=LANES),  # type: ignore[arg-type]
)
async def backup_check(form: BackupCheckForm = BackupCheckForm()) -> State:  # noqa: B008 - shown in the UI
    """Look at every backup and put it on record.

    Args:
        form: 检查内容
    """
    office, asked_by = Office(), caller(form.who, form.why)
    if reason := late(office.contract.tz, office.today()):
        return nothing_to_do(reason)
    if not office.contract.backups and not form.backups:
        return nothing_to_do("合同里没有备份")
    day = date.fromisoformat(form.day) if form.day else office.today()
    slots = asked_backup_slots(office.contract, day, form.backups, office.today())
    if form.dry_run:
        return await plan(office.contract, slots)
    office.expect(backup_slots(office.contract, day))
    with office.network() as network:
        runs = [check_backup.submit(office, slot, asked_by, form.model_dump(), network) for slot in slots]
        outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
    await acreate_table_artifact(_results(outcomes), key="backup-results", description=f"备份检查结果 {day}")
    return final_state(outcomes)


@task(name="检查备份", task_run_name="{slot.target}", cache_policy=NO_CACHE)
def check_backup(office: Office, slot: Slot, asked_by: Caller, parameters: dict[str, Any], network: Network) -> Outcome:
    """One backup: on record as started before its place is connected to."""
    return carried_out(office, slot, asked_by, parameters, lambda run: BackupRounds(run, network).go())


def _results(outcomes: list[Outcome]) -> list[dict[str, str]]:
    return [
        {"备份": target, "检查项": finding.check, "状态": finding.state.label, "结果": finding.summary}
        for outcome in outcomes
        for target, finding in outcome.findings
    ]


async def plan(contract: Contract, slots: list[Slot]) -> State:
    """What would be looked at, without reaching for it."""
    chosen = [contract.backup(slot.target) for slot in slots]
    rows = [
        {"备份": target, "位置": str(backup.at), "检查项": "、".join(item.title for item in planned(backup))}
        for target, backup in ((one.target, one.backup) for one in chosen)
    ]
    await acreate_table_artifact(rows, key="backup-plan", description="试运行：将要检查的备份")
    return Completed(name="试运行", message=f"将要检查 {len(rows)} 份备份；没有读取备份，没有记台账")
