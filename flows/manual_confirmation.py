"""人工确认: a page behind a captcha is never forced; a person looks at it and says here what was seen."""

from enum import StrEnum

from prefect import flow
from prefect.client.schemas.objects import State as FlowState
from pydantic import BaseModel, Field

from checks.finding import Finding, State
from checks.page_check import MANUAL, manual_targets
from checks.slots import RequestError, page_slots
from flows.caller import caller
from flows.duty_reports import report
from flows.office import Office
from flows.outcome import Outcome, final_state
from flows.run import Run, carried_out
from tasks.browser.chromium import Chromium


class Result(StrEnum):
    """What the person saw."""

    FINE = "正常"
    BROKEN = "有问题"


class Confirmation(BaseModel):
    """The form in the UI; the deployment turns `page` into a choice of the pages that wait for a person."""

    page: str = Field(title="页面", description="系统/页面；只写系统，就是该系统全部待确认的页面")
    result: Result = Field(title="结果")
    who: str = Field(title="确认人", min_length=1)
    remark: str = Field("", title="说明", description="看到了什么；有问题时必填")


@flow(
    name="manual-confirmation",
    description="人工确认：有验证码的页面由人查看后在此登记，记入当天台账。",
    flow_run_name="人工确认 {form.page}",
)
async def manual_confirmation(form: Confirmation) -> FlowState:
    """Put on record what a person saw on a page that is not driven automatically.

    Args:
        form: 确认内容
    """
    office, asked_by = Office(), caller(form.who, form.remark or "人工确认")
    waiting = manual_targets(office.contract)
    targets = [target for target in waiting if form.page in (target, target.partition("/")[0])]
    if not targets:
        raise RequestError(f"{form.page} 不需要人工确认；可选：{'、'.join(waiting) or '无'}")
    if form.result is Result.BROKEN and not form.remark:
        raise RequestError("结果为“有问题”时，请在“说明”里写明看到了什么")
    state = State.OK if form.result is Result.FINE else State.CRIT
    summary = " ".join(f"{form.who} 人工确认{form.result} {form.remark}".split())
    finding = Finding(check=MANUAL.id, state=state, summary=summary)
    slots = list(page_slots(office.contract, office.today()))
    slot = next(slot for slot in slots if slot.target == form.page.partition("/")[0])
    office.expect(slots)

    def entered(run: Run) -> Outcome:
        for target in targets:
            run.add(target, 1, [finding])
        return Outcome([(target, finding) for target in targets])

    outcome = carried_out(office, slot, asked_by, form.model_dump(mode="json"), entered)
    if outcome.skipped:
        raise RequestError(f"{slot.target} 正在巡检，请等它结束后再登记")
    with Chromium(office.settings) as chromium:
        await report(office, "daily", slot.day, asked_by, chromium)
    return final_state([outcome])
