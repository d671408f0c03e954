"""登记故障. Clause 七2(6): what people know of an incident and the program does not: the call, the answer, the repair.

Each entry is one event. A wrong one is corrected by entering it again with the number of the wrong one.
"""

from enum import StrEnum

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from checks.entries import BY_HAND, Who, moment
from checks.incidents import Step
from flows import incident_desk
from flows.forms import dated, entered
from flows.office import Office, now

_AT = "2026-11-23 09:05，或 09:05（今天）；空着就是现在"

Progress = StrEnum("Progress", {step.name: step.label for step in BY_HAND})  # type: ignore[misc]
"""The steps as the form shows them."""


class FaultCall(BaseModel):
    """The form in the UI."""

    system: str = Field(title="系统")
    down: bool = Field(False, title="整个系统不可用", description="勾选后计入停机时间，直到恢复")
    at: str = Field("", title="来电时间", description=_AT)
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="用户说了什么", min_length=1)


class IncidentProgress(BaseModel):
    """The form in the UI."""

    incident: str = Field("", title="故障编号", description="例如 G-2026-0007；空着就是唯一未解除的那个")
    step: Progress = Field(title="进展")
    at: str = Field("", title="时间", description=_AT)
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", description="做了什么；移交第三方的写明原因", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description="登记错的那一条的事件号；不是更正就写 0")


@flow(name="fault-call", description="登记来电：用户报告故障的时间和内容。", flow_run_name=dated("登记来电"))
def fault_call(form: FaultCall) -> State:
    """Put on record that somebody has reported a fault.

    Args:
        form: 来电
    """
    office, at, by = Office(), now(), Who(form.who, form.why, "ui")
    when = moment(form.at, office.contract.tz, at)
    return entered(incident_desk.call(office.ledger, office.contract, form.system, when, by, at, down=form.down))


@flow(
    name="incident-progress",
    description="登记故障进展：响应、派工、移交第三方、恢复、解除；错了用更正。",
    flow_run_name=dated("登记故障进展"),
)
def incident_progress(form: IncidentProgress) -> State:
    """Put a step of an incident on record, or correct one.

    Args:
        form: 进展
    """
    office, at, by = Office(), now(), Who(form.who, form.why, "ui")
    when, step = moment(form.at, office.contract.tz, at), Step[form.step.name]
    return entered(incident_desk.step(office.ledger, form.incident, step, when, by, at, form.corrects))
