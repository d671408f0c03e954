"""登记漏洞. 漏洞整改复测: how a finding is to be mended, that it is mended, that its risk is accepted, that it is none.

Each entry is one event. A wrong one is corrected by entering it again with the number of the wrong one.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from checks.document_entries import day_of
from checks.entries import Who, moment
from flows.finding_desk import FindingDesk
from flows.forms import dated, day_field, entered
from flows.office import Office, now

_FINDING = "只列最急的 200 个；其它的用 xunjian findings 登记"
_CORRECTS = "登记错的那一条的事件号；不是更正就写 0"
_AT = "2026-11-23 09:05，或 09:05（今天）；空着就是现在"


class FindingPlan(BaseModel):
    """The form in the UI."""

    finding: str = Field(title="漏洞", description=_FINDING, min_length=1)
    plan: str = Field("", title="整改措施")
    owner: str = Field("", title="责任人", description="写岗位")
    due: str = day_field("期限", "年-月-日；空着不改")
    ticket: str = Field("", title="工单号")
    probe: str = Field("", title="探测项", description="复测用的探测，例如 tls-min-version；空着不改")
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description=_CORRECTS)


class FindingFixed(BaseModel):
    """The form in the UI."""

    finding: str = Field(title="漏洞", description=_FINDING, min_length=1)
    fixer: str = Field(title="整改人", description="动手整改的人；复测的人不能是他", min_length=1)
    at: str = Field("", title="整改时间", description=_AT)
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", description="做了什么", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description=_CORRECTS)


class FindingAccept(BaseModel):
    """The form in the UI."""

    finding: str = Field(title="漏洞", description=_FINDING, min_length=1)
    until: str = Field(title="接受至", description="年-月-日，当天有效，过后重新打开", pattern=r"^\d{4}-\d{2}-\d{2}$")
    paper: str = Field(title="依据文件", description="批准文件的名称和文号", min_length=1)
    who: str = Field(title="批准人", min_length=1)
    why: str = Field(title="原因", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description=_CORRECTS)


class FindingFalsePositive(BaseModel):
    """The form in the UI."""

    finding: str = Field(title="漏洞", description=_FINDING, min_length=1)
    paper: str = Field(title="依据文件", description="确认误报的文件名称和文号", min_length=1)
    who: str = Field(title="确认人", min_length=1)
    why: str = Field(title="原因", description="为什么是误报", min_length=1)


@flow(
    name="finding-plan",
    description="登记整改计划：措施、责任人、期限、工单号、复测用的探测项。",
    flow_run_name=dated("登记整改计划"),
)
def finding_plan(form: FindingPlan) -> State:
    """Put on record how a finding is to be mended.

    Args:
        form: 计划
    """
    given = form.model_dump(include={"plan", "owner", "due", "ticket", "probe"})
    by = Who(form.who, form.why, "ui")
    return entered(_desk().plan(form.finding, given, by, form.corrects))


@flow(
    name="finding-fixed",
    description="登记整改完成：谁在何时整改的；复测通过才算修复。",
    flow_run_name=dated("登记整改完成"),
)
def finding_fixed(form: FindingFixed) -> State:
    """Put on record that somebody says that a finding is mended.

    Args:
        form: 整改
    """
    office, at, by = Office(), now(), Who(form.who, form.why, "ui")
    when = moment(form.at, office.contract.tz, at)
    return entered(_desk(office).fixed(form.finding, form.fixer, when, by, form.corrects))


@flow(
    name="finding-accept",
    description="登记风险接受：谁批准的、到哪天；过后自动重新打开。",
    flow_run_name=dated("登记风险接受"),
)
def finding_accept(form: FindingAccept) -> State:
    """Put on record that the risk of a finding is accepted until a day.

    Args:
        form: 接受
    """
    by = Who(form.who, form.why, "ui")
    return entered(_desk().accept(form.finding, day_of(form.until), form.paper, by, form.corrects))


@flow(name="finding-false-positive", description="登记误报：谁确认的，依据和原因。", flow_run_name=dated("登记误报"))
def finding_false_positive(form: FindingFalsePositive) -> State:
    """Put on record that a finding is none.

    Args:
        form: 误报
    """
    return entered(_desk().false_positive(form.finding, form.paper, Who(form.who, form.why, "ui")))


def _desk(office: Office | None = None) -> FindingDesk:
    office = office or Office()
    return FindingDesk(office.ledger, office.contract, now())
