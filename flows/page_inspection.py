"""每日页面巡检. Clause 七2(1): every system's pages at least once every natural day, with a report."""

import asyncio
import os
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
from checks.page_check import planned
from checks.slots import Slot, asked_slots, page_slots
from flows.caller import Caller, caller, late
from flows.duty_reports import report
from flows.forms import AdHoc, day_field, named_by
from flows.office import Office
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.page_visits import PageRounds
from flows.run import carried_out
from tasks.browser.chromium import Chromium

LANES = max(2, min(4, os.cpu_count() or 2))
"""Systems inspected at once: a page that answers promptly keeps more than half a core busy."""


class Where(BaseModel):
    """What and when."""

    systems: list[str] = Field([], title="系统", description="不选就是全部")
    day: str = day_field("巡检日期", "年-月-日；空着就是今天")


class PageInspection(AdHoc, Where):
    """The form in the UI; the deployment turns `systems` into a choice of the contract's systems."""


@flow(
    name="page-inspection",
    description="每日页面巡检：用真实浏览器走查各系统页面，结果记入台账，生成日报。",
    flow_run_name=named_by(date.isoformat, "systems", "全部系统"),
    task_runner=ThreadPoolTaskRunner(max_workers=LANES),  # type: ignore[arg-type]
)
async def page_inspection(form: PageInspection = PageInspection()) -> State:  # noqa: B008 - shown in the UI
    """Inspect the pages of every system, put it on record, and report.

    Args:
        form: 巡检内容
    """
    office, asked_by = Office(), caller(form.who, form.why)
    if reason := late(office.contract.tz, office.today()):
        return nothing_to_do(reason)
    day = date.fromisoformat(form.day) if form.day else office.today()
    slots = asked_slots(office.contract, day, form.systems, office.today())
    if form.dry_run:
        return await plan(office.contract, slots)
    office.expect(page_slots(office.contract, day))
    slots.sort(key=lambda slot: -len(office.contract.system(slot.target).targets()))  # the longest rounds first
    with Chromium(office.settings, [office.contract.system(slot.target) for slot in slots]) as chromium:
        runs = [inspect_system.submit(office, slot, asked_by, form.model_dump(), chromium) for slot in slots]
        outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
        await report(office, "daily", day, asked_by, chromium)
    return final_state(outcomes)


@task(name="巡检系统", task_run_name="{slot.target}", cache_policy=NO_CACHE)
def inspect_system(
    office: Office, slot: Slot, asked_by: Caller, parameters: dict[str, Any], chromium: Chromium
) -> Outcome:
    """One system: on record as started before its first page."""
    return carried_out(office, slot, asked_by, parameters, lambda run: PageRounds(run, chromium).go())


async def plan(contract: Contract, slots: list[Slot]) -> State:
    """What would be inspected, without inspecting it."""
    rows = [
        {"系统": system.name, "页面": part.title, "检查项": "、".join(check.title for check in planned(system, part))}
        for system in (contract.system(slot.target) for slot in slots)
        for part in system.targets()
    ]
    await acreate_table_artifact(rows, key="inspection-plan", description="试运行：将要检查的内容")
    return Completed(name="试运行", message=f"将要检查 {len(rows)} 个页面；没有打开页面，没有记台账")
