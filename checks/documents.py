"""The documents of a contract: which are due, how often, within how many working days, to whom. Annex 4, R11.

Weekly, monthly, quarterly and half-yearly reports by the n-th working day of the following period; an incident's report
within days of its clearing; others by agreement.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from checks.channels import Mailbox
from checks.journey import ID, Strict
from checks.secrecy import Grade

TITLE = "^[^/]+$"
"""A file is named by it."""

LATE_COSTS = 0.5
"""Points for each document that is late, once. Annex 4."""


class Rule(StrEnum):
    """What calls for a document: the end of a period, an event, or an agreement."""

    WEEK = "week"  # ISO 8601, Monday to Sunday
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"
    INCIDENT = "incident"  # each one that was cleared
    DRILL = "drill"  # each month's restore drill
    AGREED = "agreed"  # only where somebody has put on record that it was agreed

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _RULES[self]

    @property
    def periodic(self) -> bool:
        """It comes round by itself."""
        return self in _MONTHS or self is Rule.WEEK


_RULES = {
    Rule.WEEK: "每周", Rule.MONTH: "每月", Rule.QUARTER: "每季", Rule.HALF_YEAR: "每半年", Rule.YEAR: "每年",
    Rule.INCIDENT: "每个故障", Rule.DRILL: "每月恢复演练", Rule.AGREED: "双方约定",
}  # fmt: skip
_MONTHS = {Rule.MONTH: 1, Rule.QUARTER: 3, Rule.HALF_YEAR: 6, Rule.YEAR: 12}


class DocumentDuty(Strict):
    """One kind of document. `due` None: by agreement; an incident's report takes the contract's `deadlines`."""

    id: str = Field(pattern=ID, title="编号")
    title: str = Field(min_length=1, pattern=TITLE, title="名称")
    rule: Rule = Field(
        title="何时要交",
        description="week 每周，month 每月，quarter 每季，half-year 每半年，year 每年，incident 每个故障解除后，"
        "drill 每月恢复演练后，agreed 双方约定后",
    )
    due: int | None = Field(
        None, gt=0, le=250, title="期限（工作日）",
        description="下一周期的第几个工作日，或事后几个工作日；不写就是双方约定，故障报告不写就用 deadlines.document",
    )  # fmt: skip
    until: time | None = Field(None, title="当日截止时刻", description="不写就是 24:00；甲方到点下班的写下班时间")
    receiver: str = Field("甲方项目负责人", min_length=1, title="接收人", description="写岗位，不写姓名和电话")
    grade: Grade = Field(Grade.MEDIUM, title="密级", description="1 最小敏感；2 比较敏感；3 非常敏感，加密保存")
    required: list[Annotated[str, Field(min_length=1)]] = Field(
        [], title="必备标题", description="不写就用这种文档的标准标题"
    )
    channel: str = Field("", title="发送渠道", description="由程序发送时用的邮件渠道的编号；不写就由人交")
    mail_to: list[Mailbox] = Field([], title="收件地址", description="由程序发送时发给谁")
    remind: int = Field(2, ge=0, le=30, title="提前几个工作日提醒")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.rule is Rule.AGREED and self.due is not None:
            raise ValueError("rule: agreed 的期限由双方约定，登记约定时写日期，不写 due")
        if bool(self.channel) != bool(self.mail_to):
            raise ValueError("由程序发送的，channel 和 mail_to 要一起写")
        return self

    def periods(self, first: date, last: date) -> Iterator["Named"]:
        """The periods that have a day in [first, last], oldest first; none of what does not come round by itself."""
        day = first
        while day <= last and self.rule.periodic:
            yield (named := _period_at(self.rule, day))
            day = named.last + timedelta(days=1)


class Named(NamedTuple):
    """A period with its name: 2026-W47, 2026-10, 2026-Q3, 2026-H1, 2026; its days, both included."""

    name: str
    first: date
    last: date


def _period_at(rule: Rule, day: date) -> Named:
    if rule is Rule.WEEK:
        monday = day - timedelta(days=day.weekday())
        year, week, _ = day.isocalendar()
        return Named(f"{year}-W{week:02}", monday, monday + timedelta(days=6))
    length = _MONTHS[rule]
    number = (day.month - 1) // length
    first, end = number * length + 1, number * length + length
    name = {1: f"-{day.month:02}", 3: f"-Q{number + 1}", 6: f"-H{number + 1}", 12: ""}[length]
    last = date(day.year, end, monthrange(day.year, end)[1])
    return Named(f"{day.year}{name}", date(day.year, first, 1), last)


def default_documents() -> list[DocumentDuty]:
    """Annex 4's: the terms that it names; of the others it says 双方约定, as the date is agreed upon."""
    return [
        DocumentDuty(id="weekly", title="周报", rule=Rule.WEEK, due=1),
        DocumentDuty(id="monthly", title="月报", rule=Rule.MONTH, due=3),
        DocumentDuty(id="quarterly", title="季报", rule=Rule.QUARTER, due=5),
        DocumentDuty(id="half-yearly", title="半年报", rule=Rule.HALF_YEAR, due=5),
        DocumentDuty(id="yearly", title="年报", rule=Rule.YEAR),
        DocumentDuty(id="incident", title="故障报告", rule=Rule.INCIDENT),
        DocumentDuty(id="remediation", title="安全整改报告", rule=Rule.AGREED),
        DocumentDuty(id="drill", title="演练报告", rule=Rule.AGREED),
    ]
