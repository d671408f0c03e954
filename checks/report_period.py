"""The periods that reports are of, by name: 2026-11-22, 2026-W47, 2026-10, 2026-Q3, 2026-H1, 2026."""

import re
from datetime import date, timedelta
from enum import StrEnum

from checks.documents import DocumentDuty, Named, Rule
from checks.periods import period_of
from checks.slots import RequestError


class Every(StrEnum):
    """What one report of a kind is of: a period, or an event by its number."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"
    INCIDENT = "incident"
    FINDING = "finding"

    @property
    def periodic(self) -> bool:
        """It has days."""
        return self not in (Every.INCIDENT, Every.FINDING)

    @property
    def example(self) -> str:
        """How one is named."""
        return _EXAMPLES[self]


_EXAMPLES = {
    Every.DAY: "2026-11-22", Every.WEEK: "2026-W47", Every.MONTH: "2026-10", Every.QUARTER: "2026-Q3",
    Every.HALF_YEAR: "2026-H1", Every.YEAR: "2026", Every.INCIDENT: "G-2026-0007", Every.FINDING: "F-2026-012",
}  # fmt: skip
_FORMS = {
    Every.DAY: r"2\d{3}-\d\d-\d\d", Every.WEEK: r"2\d{3}-W\d\d", Every.MONTH: r"2\d{3}-\d\d",
    Every.QUARTER: r"2\d{3}-Q\d", Every.HALF_YEAR: r"2\d{3}-H\d", Every.YEAR: r"2\d{3}",
}  # fmt: skip


def period_with(every: Every, day: date) -> Named:
    """The period in which a day is."""
    if every is Every.DAY:
        return Named(day.isoformat(), day, day)
    duty = DocumentDuty(id="any", title="any", rule=Rule(every.value), due=1)
    return next(duty.periods(day, day))


def named(every: Every, text: str, today: date) -> Named:
    """The period that somebody names, "2026-W47"; where none is named, the one that yesterday lies in.

    Raises:
        RequestError: there is no such period, or it has not begun.
    """
    if not text.strip():
        return period_with(every, today - timedelta(days=1))
    text = text.strip()
    if not re.fullmatch(_FORMS[every], text, re.ASCII):
        raise RequestError(f"期间“{text}”不对：这种报告写 {every.example} 这样的期间")
    if every in (Every.QUARTER, Every.HALF_YEAR):
        months, known = (3, "季度从 Q1 到 Q4") if every is Every.QUARTER else (6, "半年是 H1 或 H2")
        if not 1 <= int(text[-1]) <= 12 // months:
            raise RequestError(f"日历上没有 {text}：{known}，例如 {text[:-1]}1")
        first = date(int(text[:4]), (int(text[-1]) - 1) * months + 1, 1)
    else:
        first = period_of(text).first  # which says why, where the calendar has none
    found = period_with(every, first)
    if found.first > today:
        raise RequestError(f"{text} 还没有到（{found.first} 开始），没有可写的；今天是 {today}")
    return found
