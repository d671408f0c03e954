"""计划内停机与重保. Clause 七2(2), Annex 4: asked for, approved before it starts, bounded; a plan before the period."""

from enum import StrEnum

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from checks import entries
from checks.downtime import DOWNTIME, SUPPORT, Move
from checks.entries import Who, moment
from flows.forms import dated, entered
from flows.incident_desk import decide, enter
from flows.office import Office, now

_AT = "2026-11-22 20:00"


class Decision(StrEnum):
    """What is said of a planned downtime."""

    APPROVED = "批准"
    SIGNED = "甲方补签"
    CANCELLED = "取消"


class Preparation(StrEnum):
    """What is said of a support period."""

    PLANNED = "登记保障计划"
    CANCELLED = "取消"


class PlannedDowntime(BaseModel):
    """The form in the UI."""

    systems: list[str] = Field(title="系统", min_length=1)
    start: str = Field(title="起", description=_AT, min_length=1)
    end: str = Field(title="止", description=f"{_AT}；超过这个时间的计入停机", min_length=1)
    who: str = Field(title="申请人", min_length=1)
    why: str = Field(title="原因", min_length=1)


class DowntimeDecision(BaseModel):
    """The form in the UI."""

    number: str = Field(title="停机编号", description="例如 T-2026-0003", min_length=1)
    decision: Decision = Field(title="决定", description="开始之前批准的才不计停机；事后的要甲方补签")
    document: str = Field("", title="依据文件", description="名称和文号；取消的不用写")
    who: str = Field(title="批准人", description="甲方批准或签字的人；取消的写登记人", min_length=1)
    why: str = Field(title="说明", min_length=1)


class SupportPeriodForm(BaseModel):
    """The form in the UI."""

    name: str = Field(title="名称", description="例如 国庆保障", min_length=1)
    important: bool = Field(False, title="重要保障", description="不勾选就是一般保障")
    systems: list[str] = Field(title="系统", min_length=1)
    start: str = Field(title="起", description=_AT, min_length=1)
    end: str = Field(title="止", description=_AT, min_length=1)
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", min_length=1)


class SupportPreparation(BaseModel):
    """The form in the UI."""

    number: str = Field(title="保障编号", description="例如 B-2026-0001", min_length=1)
    what: Preparation = Field(title="登记什么", description="保障计划要在开始之前登记")
    document: str = Field("", title="计划文件", description="名称和文号；取消的不用写")
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", min_length=1)


@flow(name="planned-downtime", description="申请计划内停机。", flow_run_name=dated("申请停机"))
def planned_downtime(form: PlannedDowntime) -> State:
    """Ask for planned downtime.

    Args:
        form: 停机
    """
    office, at, by = Office(), now(), Who(form.who, form.why, "ui")
    start, end = (moment(text, office.contract.tz, at) for text in (form.start, form.end))
    entry = entries.downtime(office.contract, form.systems, start, end, by, at)
    return entered(enter(office.ledger, entry, at))


@flow(name="downtime-decision", description="计划内停机：批准、甲方补签或取消。", flow_run_name=dated("停机批准"))
def downtime_decision(form: DowntimeDecision) -> State:
    """Approve, sign or cancel a planned downtime.

    Args:
        form: 决定
    """
    return _decided(DOWNTIME, form, Move[form.decision.name])


@flow(name="support-period", description="登记重保：名称、系统和起止。", flow_run_name=dated("登记重保"))
def support_period(form: SupportPeriodForm) -> State:
    """Announce a time of special care.

    Args:
        form: 重保
    """
    office, at, by = Office(), now(), Who(form.who, form.why, "ui")
    start, end = (moment(text, office.contract.tz, at) for text in (form.start, form.end))
    entry = entries.support(office.contract, form.name, form.systems, start, end, by, at, important=form.important)
    return entered(enter(office.ledger, entry, at))


@flow(name="support-preparation", description="重保：登记保障计划，或取消。", flow_run_name=dated("重保计划"))
def support_preparation(form: SupportPreparation) -> State:
    """Put a support period's plan on record, or cancel the period.

    Args:
        form: 重保
    """
    return _decided(SUPPORT, form, Move[form.what.name])


def _decided(kind: str, form: DowntimeDecision | SupportPreparation, move: Move) -> State:
    number, by = form.number.strip().upper(), Who(form.who, form.why, "ui")
    return entered(decide(Office().ledger, kind, number, move, form.document, by, now()))
