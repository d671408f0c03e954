"""报告. 七2(1), Annex 4: any report, of any period that the ledger knows, made by hand from the UI."""

import asyncio
from enum import StrEnum

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import BaseModel, Field

from checks.report_period import Every
from checks.slots import RequestError
from flows.caller import caller
from flows.forms import AdHoc, dated
from flows.office import Office
from flows.report_desk import named_of, write
from flows.report_kinds import kind_called
from flows.report_warnings import unsound
from tasks.report import Format, ReportError

MADE, UNSOUND, NOT_MADE = "已生成", "台账核对不通过", "没有生成"
_EXAMPLES = "、".join(one.example for one in Every)


class File(StrEnum):
    """What is written beside the page in the UI."""

    DOCX = "docx"
    PDF = "pdf"
    HTML = "html"


class Wanted(BaseModel):
    """Which report. The kinds are put in as choices (flows/deployments.py)."""

    report: str = Field(title="种类", min_length=1)
    period: str = Field("", title="期间或编号", description=f"如 {_EXAMPLES}；空着就是昨天所在的期间")
    formats: list[File] = Field(list(File), title="格式", description="界面上总有一份", min_length=1)


class BuildReport(AdHoc, Wanted):
    """The form in the UI."""


@flow(
    name="build-report", description="报告：由台账生成任何一种、任何一期，写成文件。", flow_run_name=dated("生成报告")
)
async def build_report(form: BuildReport) -> State:
    """Make one report, leave it in the UI, and say where its files are.

    Args:
        form: 报告
    """
    try:
        return await _built(Office(), form)
    except (RequestError, ReportError) as error:
        return Failed(name=NOT_MADE, message=str(error), data=error)


async def _built(office: Office, form: BuildReport) -> State:
    kind = kind_called(office.folder, form.report)
    named = named_of(office, kind, form.period)
    what = f"{kind.kind} {named.name}"
    if form.dry_run:
        return Completed(name="试运行", message=f"将生成 {what}：{'、'.join(form.formats)}")
    wanted = [Format.ARTIFACT, *(Format(one) for one in form.formats)]
    facts, files = await asyncio.to_thread(write, office, kind.name, named, caller(form.who, form.why), wanted)
    page = files[Format.ARTIFACT].read_text(encoding="utf-8")
    await acreate_markdown_artifact(page, key=f"report-{kind.name}", description=what)
    where = f"{what}：{'、'.join(str(path) for path in files.values())}"
    if missing := [form for form in wanted if form not in files]:
        return Failed(name="未写全", message=f"没有写成 {'、'.join(missing)}。{where}")
    if facts.verdict.problems:
        return Failed(name=UNSOUND, message=f"{unsound(facts.verdict)}。{where}")
    return Completed(name=MADE, message=where)
