"""台账备份. The record itself is backed up every day, and every backup is restored and verified before it counts."""

import asyncio

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.forms import dated
from flows.office import Office, now
from tasks.ledger.backup import back_up


@flow(
    name="ledger-backup",
    description="台账备份：在线备份台账和证据，随即恢复到别处核对；核对不过就失败。",
    flow_run_name=dated("台账备份"),
)
async def ledger_backup() -> State:
    """Back up, restore elsewhere, verify."""
    settings = Office().settings
    made = await asyncio.to_thread(back_up, settings.ledger, settings.evidence_dir, settings.backup_dir, now())
    if made.verdict.problems:
        return Failed(name="备份不可信", message=f"{made.path.name} 恢复后有问题：{made.verdict.problems[0].what}")
    rows = sum(made.verdict.counted.values())
    return Completed(name="备份完好", message=f"{made.path.name}，恢复核对 {rows} 项无误，新证据 {made.copied} 个")
