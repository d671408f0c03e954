"""登记文档. Annex 4: what was handed in, what the client said of it, what was agreed upon, what need not be handed in.

Each entry is one event. A wrong one is corrected by entering it again with the number of the wrong one.
"""

from enum import StrEnum

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from checks.document_entries import Handed, day_of, returned_until
from checks.entries import Who, moment
from checks.slots import RequestError
from flows.document_desk import DocumentDesk
from flows.document_mail import mail
from flows.forms import dated, day_field, entered
from flows.office import Office, now
from tasks.inbox import named

_AT = "2026-11-23 09:05，或 09:05（今天）；空着就是现在"
_DOCUMENT = "编号，见文档清单，例如 weekly/2026-W47 或 周报 2026-W47"
_CORRECTS = "登记错的那一条的事件号；不是更正就写 0"


class Answer(StrEnum):
    """What the client said."""

    ACCEPTED = "接收"
    RETURNED = "退回"


class DocumentSubmission(BaseModel):
    """The form in the UI."""

    document: str = Field(title="文档", description=_DOCUMENT, min_length=1)
    file: str = Field("", title="文件", description="收件目录里的文件名，或服务器上的路径；更正时不换文件就空着")
    by_mail: bool = Field(
        False, title="由程序发送", description="按合同的渠道和收件地址发邮件，服务器收下才算提交；提交时间和回执不填"
    )
    at: str = Field("", title="提交时间", description=_AT)
    receipt: str = Field("", title="回执", description="谁在何时签收；早于一天以前的必须写")
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", description="怎样交的，例如：纸质一份送甲方办公室", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description=_CORRECTS)


class DocumentAnswer(BaseModel):
    """The form in the UI."""

    document: str = Field(title="文档", description=_DOCUMENT, min_length=1)
    answer: Answer = Field(title="甲方意见")
    again: str = day_field("重新提交的期限", "退回的必须写：年-月-日")
    typos: int = Field(0, ge=0, title="错别字", description="甲方指出几处")
    at: str = Field("", title="时间", description=_AT)
    who: str = Field(title="甲方答复人", min_length=1)
    why: str = Field(title="意见", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description=_CORRECTS)


class DocumentAgreement(BaseModel):
    """The form in the UI."""

    document: str = Field(
        title="文档", min_length=1, description="双方约定的写它的编号，例如 asset-table；改期的写 weekly/2026-W47"
    )
    due: str = Field(title="约定的日期", description="年-月-日", pattern=r"^\d{4}-\d{2}-\d{2}$")
    paper: str = Field(title="依据文件", description="会议纪要、函件的名称和文号", min_length=1)
    who: str = Field(title="登记人", min_length=1)
    why: str = Field(title="说明", min_length=1)


class DocumentExcuse(BaseModel):
    """The form in the UI."""

    document: str = Field(title="文档", description=_DOCUMENT, min_length=1)
    paper: str = Field(title="依据文件", description="名称和文号", min_length=1)
    who: str = Field(title="决定人", min_length=1)
    why: str = Field(title="原因", min_length=1)


@flow(
    name="document-submission",
    description="登记提交：哪份文档、哪个文件、何时交的；文件作为证据保存。",
    flow_run_name=dated("登记提交"),
)
def document_submission(form: DocumentSubmission) -> State:
    """Put on record that a document was handed in, with its file.

    Args:
        form: 提交
    """
    office, at = Office(), now()
    file = None
    if form.file.strip() or not form.corrects:
        path, content = named(office.settings, form.file)
        file = (path.name, content)
    by = Who(form.who, form.why, "ui")
    if form.by_mail:
        if file is None or form.corrects or form.at.strip() or form.receipt.strip():
            raise RequestError("由程序发送的，写明文件；提交时间、回执和更正都不填")
        return entered(mail(office.ledger, office.settings, office.contract, form.document, file, by, now))
    handed = Handed(moment(form.at, office.contract.tz, at), "form", form.receipt)
    return entered(_desk(office).submit(form.document, file, handed, by, form.corrects))


@flow(
    name="document-answer",
    description="登记甲方意见：接收，或退回并写明何时前重新提交。",
    flow_run_name=dated("登记甲方意见"),
)
def document_answer(form: DocumentAnswer) -> State:
    """Put on record what the client said of a document.

    Args:
        form: 意见
    """
    office, at = Office(), now()
    again = returned_until(form.again, returned=form.answer is Answer.RETURNED)
    when, by = moment(form.at, office.contract.tz, at), Who(form.who, form.why, "ui")
    desk = _desk(office)
    return entered(desk.answer(form.document, when, by, again=again, typos=form.typos, corrects=form.corrects))


@flow(
    name="document-agreement",
    description="登记约定文档：双方约定的文档和日期，或改期。",
    flow_run_name=dated("登记约定文档"),
)
def document_agreement(form: DocumentAgreement) -> State:
    """Put on record by when a document was agreed upon.

    Args:
        form: 约定
    """
    by = Who(form.who, form.why, "ui")
    return entered(_desk(Office()).agree(form.document, day_of(form.due), form.paper, by))


@flow(name="document-excuse", description="免交：某份文档不必交，写明决定人、原因和依据。", flow_run_name=dated("免交"))
def document_excuse(form: DocumentExcuse) -> State:
    """Put on record that a document need not be handed in.

    Args:
        form: 免交
    """
    return entered(_desk(Office()).excuse(form.document, form.paper, Who(form.who, form.why, "ui")))


def _desk(office: Office) -> DocumentDesk:
    return DocumentDesk(office.ledger, office.settings, now())
