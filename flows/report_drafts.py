"""报告草稿. Annex 4 (文档提交 late −0.5 each): what is due today or on the next working day is drafted from the ledger.

On the day before, most periods are not over, which the draft says on its first page; on the day itself it is made anew,
unless somebody has written into it. What fell due while nothing ran is drafted afterwards, once.
"""

import asyncio
from datetime import date

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from checks.document_register import Document
from flows.build_report import UNSOUND
from flows.caller import UNASKED, caller, late
from flows.document_book import DocumentBook
from flows.document_timeliness import DAY_OFF, day_off, table
from flows.drafting import DRAFTED, FAILED, Draft, coming, drafted, with_template
from flows.forms import AdHoc, dated
from flows.office import Office, now
from flows.outcome import NOTHING, nothing_to_do
from flows.report_desk import made_of


class ReportDrafts(AdHoc):
    """The form in the UI."""


@flow(
    name="report-drafts",
    description="报告草稿：今天和下一个工作日到期的文档，和逾期没有起草过的。",
    flow_run_name=dated("报告草稿"),
)
async def report_drafts(form: ReportDrafts = ReportDrafts()) -> State:  # noqa: B008 - shown in the UI
    """Draft every document that is due today or on the next working day, or is overdue and was never drafted; and say
    of which nobody can tell when it is due.

    Args:
        form: 草稿
    """
    office, by = Office(), caller(form.who, form.why)
    today = office.today()
    if reason := late(office.contract.tz, today):
        return nothing_to_do(reason)
    if by.trigger in UNASKED and day_off(office, today):
        return Completed(name=DAY_OFF, message=f"{today} 不是工作日")
    known = with_template(office, DocumentBook(office.ledger, office.settings).documents(now()))
    due, unknown = coming(known, today, office.contract.calendar, made_of(office.ledger))
    if form.dry_run:
        return Completed(name="试运行", message=f"将起草：{'、'.join(one.title for one in due) or '没有'}")
    made = await asyncio.to_thread(drafted, office, due, by)
    await acreate_markdown_artifact(page(made, unknown, today), key="report-drafts", description=f"报告草稿 {today}")
    return ended(made, unknown)


def page(made: list[Draft], unknown: list[tuple[Document, str]], today: date) -> str:
    """What was done, for the UI."""
    lines = [f"# 报告草稿 {today}", ""]
    rows = [[one.title, one.until_words, what, said] for one, what, said in made]
    lines += (
        table(["文档", "最晚", "结果", "文件或原因"], rows)
        if rows
        else ["没有要起草的：今天和下一个工作日没有到期的文档，逾期的都起草过。"]
    )
    if unknown:
        rows = [[one.title, why] for one, why in unknown]
        lines += ["", "## 期限不定，没有起草", "", *table(["文档", "原因"], rows)]
    return "\n".join([*lines, "", "草稿不是提交：由人看过、补写后提交，再登记。"])


def ended(made: list[Draft], unknown: list[tuple[Document, str]]) -> State:
    """The end of the run, with what became of each."""
    said = [f"{one.title}：{what}" for one, what, _ in made] + [f"{one.title}：期限不定" for one, _ in unknown]
    message = "；".join(said) or "没有临近期限的文档"
    outcomes = {one.what for one in made}
    for wrong in (UNSOUND, FAILED):
        if wrong in outcomes:
            return Failed(name=wrong, message=message)
    return Completed(name=DRAFTED if outcomes else NOTHING, message=message)
