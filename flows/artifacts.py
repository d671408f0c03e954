"""What a duty leaves in the UI for people to look at."""

from collections.abc import Iterable

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from checks.contract import Contract
from checks.daily_report import DailyReport
from checks.page_check import planned
from checks.slots import Slot
from flows.daily_report import Built
from tasks.report import Format


async def publish(report: Built) -> None:
    """The 日报, the table of results and the list of evidence."""
    markdown = report.files[Format.ARTIFACT].read_text(encoding="utf-8")
    title = f"页面巡检日报 {report.data.day}"
    await acreate_markdown_artifact(markdown, key="daily-report", description=title)
    await acreate_table_artifact(
        _results(report.data), key="page-results", description=f"页面巡检结果 {report.data.day}"
    )
    await acreate_table_artifact(_evidence(report.data), key="evidence", description=f"证据清单 {report.data.day}")


async def publish_plan(contract: Contract, slots: Iterable[Slot]) -> State:
    """What would be inspected, without inspecting it."""
    rows = [
        {
            "系统": system.name,
            "页面": part.title,
            "检查项": "、".join(check.title for check in planned(system, part)),
        }
        for system in (contract.system(slot.target) for slot in slots)
        for part in system.targets()
    ]
    await acreate_table_artifact(rows, key="inspection-plan", description="试运行：将要检查的内容")
    return Completed(name="试运行", message=f"将要检查 {len(rows)} 个页面；没有打开页面，没有记台账")


def _results(report: DailyReport) -> list[dict[str, str]]:
    return [
        {
            "系统": line.system,
            "页面": line.page,
            "状态": line.state.label if line.state else "未执行",
            "最慢一步（秒）": "—" if line.seconds is None else f"{line.seconds:.2f}",
            "次数": f"{line.attempts}",
            "结果": line.summary,
        }
        for line in report.pages
    ]


def _evidence(report: DailyReport) -> list[dict[str, str]]:
    return [
        {
            "系统": line.system,
            "页面": line.page,
            "文件": line.screenshot.path,
            "SHA-256": line.screenshot.sha256,
            "字节": f"{line.screenshot.size}",
            "密级": f"{line.screenshot.grade}",
        }
        for line in report.pages
        if line.screenshot
    ]
