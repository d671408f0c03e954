"""履约情况. Clause 七2(1), Annex 4 (漏检 −0.5 each): what became of every expected slot, with or without Prefect."""

import asyncio
import base64
from datetime import timedelta

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import BaseModel, Field

from checks.coverage import DUTIES, Coverage, Mark
from checks.periods import period_of
from flows.forms import dated
from flows.office import Office, now
from flows.outcome import FINE
from flows.standing import standing
from tasks.plots import calendar_picture
from tasks.report import escape

MISSED = "有漏检或不明"


class CoveragePeriod(BaseModel):
    """The form in the UI."""

    period: str = Field("", title="期间", description="2026-11、2026-W47 或 2026-11-22；空着就是昨天所在的月")


@flow(
    name="coverage",
    description="履约情况：合同要求的每一次巡检，做了、迟了、漏了、免了还是不明。",
    flow_run_name=dated("履约情况"),
)
async def coverage(form: CoveragePeriod = CoveragePeriod()) -> State:  # noqa: B008 - shown in the UI
    """Count every slot of a period, and show them as a table and as a calendar.

    Args:
        form: 期间
    """
    office = Office()
    days = period_of(form.period or f"{office.today() - timedelta(days=1):%Y-%m}")
    found = await asyncio.to_thread(standing, office.ledger, days, now())
    picture = await asyncio.to_thread(calendar_picture, found)
    said = markdown(found, office.ledger.head(), picture)
    await acreate_markdown_artifact(said, key="coverage", description=f"履约情况 {days.first} 至 {days.last}")
    total = found.total()
    fine = not (total.missed or total.unknown or total.late)
    return Completed(name=FINE if fine else MISSED, message=equation(found))


def equation(found: Coverage) -> str:
    """What was expected, as the sum of what became of it."""
    total = found.total()
    parts = " + ".join(f"{mark.label} {getattr(total, mark.value)}" for mark in Mark if mark is not Mark.PENDING)
    return f"应做 {total.expected} = {parts}；未到期 {total.pending} 不计"


def markdown(found: Coverage, head: str, picture: bytes) -> str:
    """The page of the UI."""
    titles = {duty.id: duty.title for duty in DUTIES}
    heads = ["职责", "对象", "应做", *(mark.label for mark in Mark)]
    rows = [[titles.get(line.duty, line.duty), line.label, line.counts.expected, *line.counts] for line in found.lines]
    table: list[list[str]] = [heads, ["---"] * len(heads), *([str(escape(str(cell))) for cell in row] for row in rows)]
    odd = [
        f"- **{one.mark.label}** {escape(one.slot.id)}：{escape(one.why)}"
        for line in found.lines
        for one in line.marks
        if one.mark not in (Mark.DONE, Mark.PENDING)
    ]
    return "\n".join(
        [
            f"# 履约情况 {found.first} 至 {found.last}",
            f"\n{equation(found)}\n",
            f"![日历图](data:image/png;base64,{base64.b64encode(picture).decode()})\n",
            *("| " + " | ".join(row) + " |" for row in table),
            *(["\n## 没有按时完成的\n", *odd] if odd else ["\n到期的都按时完成了。"]),
            f"\n台账链头：{head or '还没有封存任何记录'}",
        ]
    )
