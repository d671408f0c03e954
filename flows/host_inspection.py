"""每周主机巡检. Clause 七2(1), 一(1): operating system, database and middleware of every host, at least once a week."""

import asyncio
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, Field

from checks.contract import Contract
from checks.host_script import assembled
from checks.slots import Slot, asked_host_slots, host_slots, week_of
from flows.baseline_check import REPORTS, outstanding
from flows.caller import Caller, caller, late
from flows.duty_reports import report
from flows.forms import AdHoc, day_field, named_by
from flows.host_visits import HostRounds
from flows.office import Office
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.run import Run, carried_out
from tasks.ssh import Network

LANES = 32
"""Hosts asked at once: a host takes its time and little of ours."""


class Where(BaseModel):
    """What and when."""

    hosts: list[str] = Field([], title="主机", description="不选就是全部")
    day: str = day_field("哪一周", "该周的任一天，年-月-日；空着就是本周")


class HostInspection(AdHoc, Where):
    """The form in the UI; the deployment turns `hosts` into a choice of the contract's hosts."""


@flow(
    name="host-inspection",
    description="每周主机巡检：每台主机一次 SSH 连接、一个只读脚本，结果记入台账，生成周巡检报告。",
    flow_run_name=named_by(week_of, "hosts", "全部主机"),
    task_runner=ThreadPoolTaskRunner(max_workers=LANES),  # type: ignore[arg-type]
)
async def host_inspection(form: HostInspection = HostInspection()) -> State:  # noqa: B008 - shown in the UI
    """Ask every host, put its answer on record, and report.

    Args:
        form: 巡检内容
    """
    office, asked_by = Office(), caller(form.who, form.why)
    if reason := late(office.contract.tz, office.today(), week_of):
        return nothing_to_do(reason)
    day = date.fromisoformat(form.day) if form.day else office.today()
    slots = asked_host_slots(office.contract, day, form.hosts, office.today())
    if form.dry_run:
        return await plan(office.contract, slots)
    office.expect(host_slots(office.contract, day))
    along = outstanding(office, [slot.target for slot in slots], asked_by)
    with office.network() as network:
        asked = [(slot, along.get(slot.target)) for slot in slots]
        runs = [inspect_host.submit(office, *both, asked_by, form.model_dump(), network) for both in asked]
        outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
    for kind in ("hosts", *(REPORTS if along else ())):
        await report(office, kind, day, asked_by)
    return final_state(outcomes)


@task(name="巡检主机", task_run_name="{slot.target}", cache_policy=NO_CACHE)
def inspect_host(
    office: Office, slot: Slot, along: Slot | None, asked_by: Caller, parameters: dict[str, Any], network: Network
) -> Outcome:
    """One host: on record as started before it is connected to.

    Args:
        along: the month's baseline of the host, if it is still to be done: asked in the same connection, and a run of
            its own on record.
    """

    def inspect(run: Run) -> Outcome:
        found: list[Outcome] = []

        def together(baseline: Run) -> Outcome:
            found.extend(HostRounds([run, baseline], network).go())
            return found[1]

        if along:
            carried_out(office, along, asked_by, parameters, together)
        return found[0] if found else HostRounds([run], network).go()[0]

    return carried_out(office, slot, asked_by, parameters, inspect)


async def plan(contract: Contract, slots: list[Slot]) -> State:
    """What would run on each host, without connecting to it."""
    texts = []
    for placed in (contract.host(slot.target) for slot in slots):
        script = assembled(placed.planned, sudo=placed.group.sudo)
        texts.append(f"## {placed.host.name}\n\n```sh\n{script.text}```\n")
    await acreate_markdown_artifact("\n".join(texts), key="host-scripts", description="试运行：将要执行的脚本")
    return Completed(name="试运行", message=f"将要巡检 {len(slots)} 台主机；没有连接主机，没有记台账")
