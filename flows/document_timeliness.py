"""文档及时性. Annex 4 (文档提交 late −0.5 each): each working day at 09:00, what is due today, this week, and late."""

import asyncio
from datetime import date, datetime

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from checks import document_entries as entries
from checks.document_list import DocumentList, document_list, owed, timely
from checks.document_register import Document
from checks.slots import document_slot
from flows.caller import UNASKED, caller, late
from flows.document_book import DocumentBook, reminded_on
from flows.document_inbox import Left, look_over, unfit
from flows.forms import AdHoc, dated
from flows.office import Office, now
from flows.outcome import Outcome, final_state, nothing_to_do
from flows.run import Run, carried_out
from tasks import working_days
from tasks.report import escape

KEY, DAY_OFF = "documents", "非工作日"


class DocumentTimeliness(AdHoc):
    """The form in the UI."""


@flow(
    name="document-timeliness",
    description="文档及时性：今天到期、本周到期、逾期和期限不定的文档，本月扣分。",
    flow_run_name=dated("文档及时性"),
)
async def document_timeliness(form: DocumentTimeliness = DocumentTimeliness()) -> State:  # noqa: B008 - shown in the UI
    """Look over the documents that are due, put the verdicts on record, and show the list.

    Args:
        form: 文档
    """
    office, asked_by = Office(), caller(form.who, form.why)
    today = office.today()
    if reason := late(office.contract.tz, today):
        return nothing_to_do(reason)
    if asked_by.trigger in UNASKED and day_off(office, today):
        return Completed(name=DAY_OFF, message=f"{today} 不是工作日")
    at, slot = now(), document_slot(office.contract, today)
    if form.dry_run:
        known = DocumentBook(office.ledger, office.settings).documents(at)
        await show(office, today, at, unfit(office.settings, known, at))
        return Completed(name="试运行", message="只列出了文档；没有记台账，没有动收件目录")
    left = await asyncio.to_thread(look_over, office.ledger, office.settings, at)
    office.expect([slot])
    outcome = await asyncio.to_thread(
        carried_out, office, slot, asked_by, form.model_dump(), lambda run: looked_over(run, at)
    )
    await show(office, today, at, left)
    return final_state([outcome])


def day_off(office: Office, today: date) -> bool:
    """Nobody works today; where nobody knows, it is looked at."""
    try:
        return not working_days.is_working_day(today, office.contract.calendar)
    except working_days.UnpublishedYear:
        return False


def looked_over(run: Run, at: datetime) -> Outcome:
    """Put on record when each document is due, where that has changed, and the verdict on those that are not there."""
    office = run.office
    known = DocumentBook(office.ledger, office.settings).documents(at)
    for one in known:
        if not one.unrecorded and (event := entries.due(one, office.calendar_version, at)):
            office.ledger.enter(event, at)
    coming = owed(known, at)
    if not coming:
        return Outcome([], skipped="没有要交的文档")
    found = []
    for one in coming:
        finding = timely(one, reminded_on(one, office.contract.calendar), at)
        run.add(one.subject, 1, [finding])
        found.append((one.subject, finding))
    return Outcome(found)


async def show(office: Office, today: date, at: datetime, left: list[Left]) -> None:
    """Leave the list in the UI."""
    known = await asyncio.to_thread(DocumentBook(office.ledger, office.settings).documents, at)
    said = page(document_list(known, today, at), left, at, office)
    await acreate_markdown_artifact(said, key=KEY, description=f"文档 {today}")


def page(found: DocumentList, left: list[Left], at: datetime, office: Office) -> str:
    """The list as a page: a table for each kind of urgency."""
    parts = [
        ("今天到期", found.today), ("本周到期", found.week), ("逾期", found.late), ("期限不定", found.undetermined),
    ]  # fmt: skip
    heads = ["文档", "最晚", "状态", "交给"]
    lines = [f"# 文档 {at.astimezone(office.contract.tz):%Y-%m-%d}", "", _points(found)]
    for title, those in parts:
        lines += ["", f"## {title}：{len(those)} 份", ""]
        lines += table(heads, [_row(one, at) for one in those]) if those else ["没有。"]
    if found.lost:
        lines += ["", "## 本月扣分的", ""]
        lines += table(
            ["文档", "判定", "扣分"], [[one.title, one.verdict(at), f"{one.points(at):g}"] for one in found.lost]
        )
    if left:
        lines += ["", "## 收件目录里没有收的", "", *table(["文件", "原因"], [[one.name, one.why] for one in left])]
    return "\n".join([*lines, "", f"工作日按 {escape(office.calendar_version)}。登记提交用 `document-submission`。"])


def _points(found: DocumentList) -> str:
    return f"本月到期的文档已扣 **{-found.points:g}** 分（逾期每份 0.5 分）。"


def _row(one: Document, at: datetime) -> list[str]:
    return [f"{one.title}（{one.subject}）", one.until_words, one.stands(at), one.duty.receiver]


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table whose cells say what they say, whatever Markdown would make of it."""
    escaped = [[str(escape(cell)) for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *escaped)]
