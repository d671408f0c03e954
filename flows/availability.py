"""可用性. Annex 4, 信息系统可用性; R2, R4: time up, down, planned and unknown, and an interval that can be defended."""

import asyncio
import base64

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import BaseModel, Field

from checks.periods import period_of
from flows.forms import dated
from flows.office import Office, now
from flows.outcome import FINE, nothing_to_do
from flows.uptime import Measured, measured
from flows.uptime_words import (
    HEADS,
    SUPPORT_HEADS,
    cells,
    fine,
    notes,
    pictured,
    shares,
    support_cells,
    title,
)
from tasks.report import escape

BELOW = "未达到或不能确定"


class AvailabilityPeriod(BaseModel):
    """The form in the UI."""

    period: str = Field("", title="期间", description="2026-11、2026-W47 或 2026-11-22；空着就是本月")


@flow(
    name="availability",
    description="可用性：各系统和各次重保正常、中断、计划内停机和不明的时间，能证明的可用率区间。",
    flow_run_name=dated("可用性"),
)
async def availability(form: AvailabilityPeriod = AvailabilityPeriod()) -> State:  # noqa: B008 - shown in the UI
    """Measure every system over a period, and show it as a table and as a picture.

    Args:
        form: 期间
    """
    office = Office()
    if not form.period and office.today() not in office.contract.term:
        return nothing_to_do("今天不在服务期限内")  # the schedule goes on
    days = period_of(form.period or f"{office.today():%Y-%m}")
    found = await asyncio.to_thread(measured, office.ledger, office.contract, days, now())
    picture = await asyncio.to_thread(pictured, found)
    said = markdown(found, office.ledger.head(), picture)
    await acreate_markdown_artifact(said, key="availability", description=f"可用性 {days.first} 至 {days.last}")
    return Completed(name=FINE if fine(found) else BELOW, message="；".join(shares(found)))


def markdown(found: Measured, head: str, picture: bytes) -> str:
    """The page of the UI."""
    said = notes(found)
    supports = [support_cells(one, found.zone) for one in found.supports]
    return "\n".join(
        [
            f"# 可用性 {title(found)}",
            "\n可用率是区间：低的一端把不明的时间算作中断，高的一端算作正常。计划内停机不计。\n",
            *_table(HEADS, [cells(line) for line in found.lines]),
            *(["\n## 重保\n", *_table(SUPPORT_HEADS, supports)] if supports else []),
            f"\n![每一天](data:image/png;base64,{base64.b64encode(picture).decode()})\n",
            *(["## 中断与没有看到的\n", *(f"- {escape(line)}" for line in said)] if said else ["没有中断。"]),
            f"\n台账链头：{head or '还没有封存任何记录'}",
        ]
    )


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    escaped = [[str(escape(cell)) for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *escaped)]
