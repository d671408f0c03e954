"""Within which time what has to happen, and who hears of it when it does not: as it stands in the contract folder."""

from datetime import time
from typing import Annotated

from pydantic import Field

from checks.journey import Strict


class Deadlines(Strict):
    """Minutes; working days for the report; a time of day for the results. Defaults: clause 七2(6), Annex 4."""

    report: int = Field(15, gt=0, title="发现后上报（分钟）")
    response: int = Field(30, gt=0, title="接到通知后响应（分钟）")
    dispatch: int = Field(30, gt=0, title="接到通知后反馈或派工二线（分钟）")
    repair: int = Field(480, gt=0, title="接到通知后修复（分钟）", description="第三方处理的时间不计")
    settle: int = Field(30, gt=0, le=60, title="恢复后观察（分钟）", description="这段时间里又发生的算同一个故障")
    feedback: time = Field(time(17, 30), title="当日反馈巡检结果的最晚时刻", description="巡检都做完就发，不等到这时")
    document: int = Field(3, gt=0, title="解除后交故障报告（工作日）")


class Contact(Strict):
    """One rung of the escalation list: told at once, or when the clock of the one before runs out."""

    who: str = Field(min_length=1, title="角色", description="写岗位，不写姓名和电话，例如 驻场工程师")
    channels: list[Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, title="渠道", description="先后有序：前一个发不出就用下一个"
    )
    at_once: bool = Field(False, title="也立即通知", description="不只在时限将到时：发现、恢复、当日结果也告诉他")
