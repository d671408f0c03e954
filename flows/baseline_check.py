"""每月等保二级自查. Clauses 一(6), 七2(5): GB/T 22239-2019 level 2, every host once a month.

On schedule it mostly has nothing to do: the week's inspection has asked the hosts already, in the same connection.
"""

import asyncio
from collections.abc import Sequence
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
from checks.slots import Slot, asked_baseline_slots, baseline_slots, month_of
from flows.baseline_sites import SiteRounds
from flows.caller import UNASKED, Caller, caller, late
from flows.duty_reports import report
from flows.forms import AdHoc, day_field, named_by
from flows.host_visits import HostRounds
from flows.office import Office, now
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.run import carried_out
from flows.standing import no_more_to_do
from tasks.ssh import Network

LANES = 32
"""As for the host inspection."""

REPORTS = ("baseline", "hardening")
"""The kinds that are written after a check: 等保自查报告, 加固方案."""


class Where(BaseModel):
    """What and when."""

    hosts: list[str] = Field([], title="主机和网址", description="系统编号.web 是该系统的网址；不选就是全部")
    day: str = day_field("哪个月", "该月的任一天，年-月-日；空着就是本月")


class BaselineCheckForm(AdHoc, Where):
    """The form in the UI; the deployment turns `hosts` into a choice of the contract's hosts."""


@flow(
    name="baseline-check",
    description="每月等保二级自查：每台主机一次 SSH 连接、一个只读脚本，结果记入台账，生成等保自查报告和加固方案。",
    flow_run_name=named_by(month_of, "hosts", "全部主机"),
    task_runner=ThreadPoolTaskRunner(max_workers=LANES),  # type: ignore[arg-type]
)
async def baseline_check(form: BaselineCheckForm = BaselineCheckForm()) -> State:  # noqa: B008 - shown in the UI
    """Ask every host, put its answer on record, and report.

    Args:
        form: 自查内容
    """
    office, asked_by = Office(), caller(form.who, form.why)
    if reason := late(office.contract.tz, office.today(), month_of):
        return nothing_to_do(reason)
    if not office.contract.baseline:
        return nothing_to_do("合同写明不做等保自查（baseline: false）")
    if not office.contract.hosts and not form.hosts:
        return nothing_to_do("合同里没有主机")
    day = date.fromisoformat(form.day) if form.day else office.today()
    slots = asked_baseline_slots(office.contract, day, form.hosts, office.today())
    if form.dry_run:
        return await plan(office.contract, slots)
    office.expect(baseline_slots(office.contract, day))
    with office.network() as network:
        runs = [check_baseline.submit(office, slot, asked_by, form.model_dump(), network) for slot in slots]
        outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
    for kind in REPORTS:
        await report(office, kind, day, asked_by)
    return final_state(outcomes)


@task(name="等保自查", task_run_name="{slot.target}", cache_policy=NO_CACHE)
def check_baseline(
    office: Office, slot: Slot, asked_by: Caller, parameters: dict[str, Any], network: Network
) -> Outcome:
    """One host, or one system's address: on record as started before it is connected to."""
    if "." in slot.target:
        return carried_out(office, slot, asked_by, parameters, lambda run: SiteRounds(run, network).go())
    return carried_out(office, slot, asked_by, parameters, lambda run: HostRounds([run], network).go()[0])


def outstanding(office: Office, hosts: Sequence[str], asked_by: Caller) -> dict[str, Slot]:
    """The month's slots that a scheduled inspection of these hosts does along: those that are not done yet."""
    if asked_by.trigger not in UNASKED:
        return {}
    slots = [slot for slot in baseline_slots(office.contract, office.today()) if slot.target in hosts]
    office.expect(slots)
    return {
        slot.target: slot for slot in slots if not no_more_to_do(office.ledger, office.contract, slot, now(), UNASKED)
    }


async def plan(contract: Contract, slots: list[Slot]) -> State:
    """What would run on each host, without connecting to it."""
    texts = []
    hosts = [slot.target for slot in slots if "." not in slot.target]
    for placed in map(contract.host, hosts):
        script = assembled(placed.baseline, sudo=placed.group.sudo)
        texts.append(f"## {placed.host.name}\n\n```sh\n{script.text}```\n")
    await acreate_markdown_artifact("\n".join(texts), key="baseline-scripts", description="试运行：将要执行的脚本")
    return Completed(name="试运行", message=f"将要自查 {len(hosts)} 台主机；没有连接，没有记台账")
