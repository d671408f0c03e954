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
from flows.outcome import FINE
from flows.uptime import HEADS, Measured, cells, fine, measured, outage_lines, pictured
from tasks.report import escape

BELOW = "未达到或不能确定"


class AvailabilityPeriod(BaseModel):
    """The form in the UI."""

    period: str = Field("", title="期间", description="2026-11、2026-W47 或 2026-11-22；空着就是本月")


@flow(
    name="availability",
    description="可用性：各系统正常、中断、计划内停机和不明的时间，能证明的可用率区间。",
    flow_run_name=dated("可用性"),
)
async def availability(form: AvailabilityPeriod = AvailabilityPeriod()) -> State:  # noqa: B008 - shown in the UI
    """Measure every system over a period, and show it as a table and as a picture.

    Args:
        form: 期间
    """
    office = Office()
    days = period_of(form.period or f"{office.today():%Y-%m}")
    found = await asyncio.to_thread(measured, office.ledger, office.contract, days, now())
    picture = await asyncio.to_thread(pictured, found)
    said = markdown(found, office.ledger.head(), picture)
    await acreate_markdown_artifact(said, key="availability", description=f"可用性 {days.first} 至 {days.last}")
    shares = "；".join(f"{row[0]} {row[1]}" for row in map(cells, found.lines))
    return Completed(name=FINE if fine(found) else BELOW, message=shares)


def markdown(found: Measured, head: str, picture: bytes) -> str:
    """The page of the UI."""
    table = [HEADS, ["---"] * len(HEADS), *([str(escape(cell)) for cell in cells(line)] for line in found.lines)]
    outages = outage_lines(found)
    return "\n".join(
        [
            f"# 可用性 {found.first} 至 {found.last}",
            "\n可用率是区间：低的一端把不明的时间算作中断，高的一端算作正常。计划内停机不计。\n",
            *("| " + " | ".join(row) + " |" for row in table),
            f"\n![每一天](data:image/png;base64,{base64.b64encode(picture).decode()})\n",
            *(["## 中断\n", *(f"- {escape(line)}" for line in outages)] if outages else ["没有中断。"]),
            f"\n台账链头：{head or '还没有封存任何记录'}",
        ]
    )
