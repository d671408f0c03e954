"""填写报告: what the ledger does not know of a report is entered, section by section, and stays. Annex 4.

Each entry is one event. A wrong one is corrected by entering it again with the number of the wrong one.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field

from checks.entries import Who
from checks.report_notes import REPORT_NOTE, entry, section_of
from checks.report_period import Every
from checks.slots import RequestError
from flows.caller import Caller
from flows.forms import dated, entered
from flows.incident_desk import cases, find
from flows.incident_drafts import draft_of
from flows.office import Office, now
from flows.report_desk import named_of
from flows.report_files import kind_of
from tasks.report import ReportError
from tasks.report.kinds import Kind


class ReportNote(BaseModel):
    """The form in the UI; the deployment turns `report` and `section` into choices of what templates ask people for."""

    report: str = Field(title="报告种类", min_length=1)
    name: str = Field(title="期间或编号", description="2026-10 或 G-2026-0007，与报告的一致", min_length=1)
    section: str = Field(title="哪一节", min_length=1)
    text: str = Field(title="内容", description="不超过 2000 字；登记后不能删改，错了就更正", min_length=1)
    who: str = Field(title="操作人", min_length=1)
    corrects: int = Field(0, ge=0, title="更正", description="登记错的那一条的事件号；不是更正就写 0")


@flow(
    name="report-note",
    description="填写报告：台账里没有的内容（如故障的原因、处置），登记后写进报告；错了用更正。",
    flow_run_name=dated("填写报告"),
)
def report_note(form: ReportNote) -> State:
    """Put on record what somebody says for a section of a report.

    Args:
        form: 内容
    """
    by = Who(form.who, "填写报告", "ui")
    return entered(enter(Office(), form.report, form.name, form.section, form.text, by, form.corrects))


def enter(office: Office, report: str, name: str, section: str, text: str, by: Who, corrects: int = 0) -> str:
    """Put it on record, and draft the report of an incident anew that is cleared; returns what was done, in words.

    Args:
        report: a kind, as people or forms call it.
        name: of which period, incident or finding.

    Raises:
        RequestError: it makes no sense.
    """
    kind, at = kind_of(office, report), now()
    if kind.every.periodic and not name.strip():  # what is entered for a guessed period stays there
        raise RequestError(f"写明期间，例如 {kind.every.example}")
    there, named = section_of(kind.notes, section), named_of(office, kind, name)
    number = None
    while number is None:  # made anew if somebody else was faster
        known = office.ledger.events(REPORT_NOTE)
        event = entry(f"{kind.name}/{named.name}", there, text, by, known, at, corrects)
        number = office.ledger.enter(event, at, last=known[-1].id if known else 0)
    return f"第 {number} 号事件：{kind.kind} {named.name} {there}{_drafted(office, kind, named.name, by)}"


def _drafted(office: Office, kind: Kind, number: str, by: Who) -> str:
    """What became of the draft that the entry belongs into: there is one once the incident is cleared."""
    if kind.every is not Every.INCIDENT or not find(cases(office.ledger, office.contract), number).incident.cleared_at:
        return ""
    try:
        draft = draft_of(office, number, Caller("", by.via, by.name, by.why))
    except ReportError as error:  # what was said is on record all the same
        return f"；草稿没有写成：{error}"
    return f"；已重写草稿 {draft}"
