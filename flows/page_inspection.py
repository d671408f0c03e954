"""每日页面巡检. Clause 七2(1): every system's pages at least once every natural day, with a report."""

import asyncio
from datetime import date
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, Field

from checks.slots import Slot, page_slots
from flows import artifacts
from flows.caller import Caller, RequestError, caller, late
from flows.daily_report import Built, build
from flows.office import Office, now
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.visits import Rounds


class PageInspection(BaseModel):
    """The form in the UI; the deployment turns `systems` into a choice of the contract's systems."""

    systems: list[str] = Field([], title="系统", description="不选就是全部")
    day: str = Field("", title="巡检日期", description="年-月-日；空着就是今天", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    dry_run: bool = Field(False, title="试运行", description="只列出将要检查的内容：不打开页面，不记台账")
    who: str = Field("", title="操作人", description="手工发起时填写，记入台账")
    why: str = Field("", title="原因", description="手工发起时填写，例如：整改后复查")


def run_name() -> str:
    """Say date and systems in the list of runs."""
    form = flow_run.parameters.get("form") or {}
    form = form if isinstance(form, dict) else form.model_dump()
    return f"{form.get('day') or f'{date.today()}'} {'、'.join(form.get('systems') or ['全部系统'])}"


@flow(
    name="page-inspection",
    description="每日页面巡检：用真实浏览器走查各系统页面，结果记入台账，生成日报。",
    flow_run_name=run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
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
    slots = _slots(office, day, form.systems)
    if form.dry_run:
        return await artifacts.publish_plan(office.contract, slots)
    office.ledger.expect(list(page_slots(office.contract, day)))
    runs = [inspect_system.submit(office, slot, asked_by, form.model_dump()) for slot in slots]
    outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
    report = await asyncio.to_thread(report_day.submit(office, day).result)
    await artifacts.publish(report)
    return final_state(outcomes)


@task(name="巡检系统", task_run_name="{slot.target}", cache_policy=NO_CACHE)
def inspect_system(office: Office, slot: Slot, asked_by: Caller, parameters: dict[str, Any]) -> Outcome:
    """One system in a browser of its own: on record as started before its first page."""
    run_id = office.ledger.begin(
        slot,
        **asked_by._asdict(),
        parameters=parameters,
        code_version=office.code_version,
        contract_hash=office.contract_hash,
        now=now(),
    )
    outcome = Rounds(office, slot, run_id).go()
    office.ledger.end(run_id, outcome.state, now())
    return outcome


@task(name="生成日报", cache_policy=NO_CACHE)
def report_day(office: Office, day: date) -> Built:
    """The 日报 from the ledger, in all formats."""
    return build(office, day)


def _slots(office: Office, day: date, systems: list[str]) -> list[Slot]:
    known = {system.id: system.name for system in office.contract.systems}
    if unknown := [one for one in systems if one not in known]:
        raise RequestError(f"合同里没有系统 {'、'.join(unknown)}；可选：{'、'.join(known)}")
    if day not in office.contract.term:
        raise RequestError(f"{day} 不在服务期限内（{office.contract.term.start} 至 {office.contract.term.end}）")
    if day > office.today():
        raise RequestError(f"{day} 还没有到，不能预先巡检")
    return [slot for slot in page_slots(office.contract, day) if not systems or slot.target in systems]
