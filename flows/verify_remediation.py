"""整改复测. Clauses 一(6), 七2(5): what was mended is looked at again, and what was verified stays verified."""

import asyncio
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, Field

from checks.slots import retest_slot
from flows.caller import UNASKED, Caller, caller, late
from flows.duty_reports import report_findings
from flows.forms import AdHoc, dated
from flows.office import Office, now
from flows.outcome import Outcome, nothing_to_do
from flows.retest import Retest, ended, enter_claim
from flows.retest_plan import Asked, Claim, rows, wanted
from flows.run import carried_out
from tasks.ssh import Network

LANES = 4
"""Findings tested at once: a server under test notices no more than a few visitors."""


class Which(BaseModel):
    """What, and who has mended it."""

    findings: list[str] = Field([], title="漏洞", description="不选就是今天到期的复查（验证后 7、30、90 天）")
    fixed_by: str = Field("", title="整改人", description="漏洞台账里已登记整改完成的空着；写了就登记为整改完成")


class RetestForm(AdHoc, Which):
    """The form in the UI; the service turns `findings` into a choice of those on record."""

    who: str = Field("", title="复测人", description="不能是整改人")
    why: str = Field("", title="原因", description="记入台账，例如：整改完成，申请复测")


@flow(
    name="verify-remediation",
    description="整改复测：对漏洞重做一次安全探测，与整改前的证据对比，结论记入台账，生成复测报告。",
    flow_run_name=dated("整改复测"),
    task_runner=ThreadPoolTaskRunner(max_workers=LANES),  # type: ignore[arg-type]
)
async def verify_remediation(form: RetestForm = RetestForm()) -> State:  # noqa: B008 - shown in the UI
    """Test what was asked for, or the follow-ups that are due; put it on record, and report.

    Args:
        form: 复测内容
    """
    office, asked_by = Office(), caller(form.who, form.why)
    if reason := late(office.contract.tz, office.today()):
        return nothing_to_do(reason)
    claim = Claim(asked_by.who if asked_by.trigger in UNASKED else form.who, form.fixed_by)
    those, unable = wanted(office.ledger, office.contract, form.findings, claim, asked_by.why, now())
    if form.dry_run:
        return await plan(those)
    enter_claim(office, those, claim, asked_by)
    with office.network() as network:
        runs = [retest_finding.submit(office, one, asked_by, form.model_dump(), network) for one in those]
        outcomes: list[Outcome] = await asyncio.gather(*(asyncio.to_thread(run.result) for run in runs))
    await report_findings(office, [one.finding.id for one in those], asked_by)
    return ended([*outcomes, *(Outcome([one]) for one in unable)])


@task(name="复测漏洞", task_run_name="{one.finding.id}", cache_policy=NO_CACHE)
def retest_finding(
    office: Office, one: Asked, asked_by: Caller, parameters: dict[str, Any], network: Network
) -> Outcome:
    """One finding: on record as started before its asset is reached for."""
    slot = retest_slot(office.contract, one.finding.id, office.today())
    office.expect([slot])
    by = asked_by._replace(why=one.why)
    return carried_out(office, slot, by, parameters, lambda run: Retest(run, network, one, by).go())


async def plan(those: list[Asked]) -> State:
    """What would be tested, without reaching for it."""
    await acreate_table_artifact(rows(those), key="retest-plan", description="试运行：将要复测的漏洞")
    return Completed(name="试运行", message=f"将要复测 {len(those)} 个漏洞；没有探测，没有记台账")
