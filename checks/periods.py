"""Periods that people name: a year, a month, a week (ISO 8601, Monday to Sunday), a day."""

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

from checks.slots import RequestError

_FORM = re.compile(r"(?P<year>2\d{3})(-(?P<month>\d\d)(-(?P<day>\d\d))?|-W(?P<week>\d\d))?", re.ASCII)
_EXAMPLES = "2026（年）、2026-11（月）、2026-W47（周）或 2026-11-22（日）"


class Period(NamedTuple):
    """Natural days, both included."""

    first: date
    last: date


def period_of(text: str) -> Period:
    """The days of "2026", "2026-11", "2026-W47" or "2026-11-22".

    Raises:
        RequestError: it is none of these, or the calendar has no such month, week or day.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise RequestError(f"看不懂期间“{text}”；写 {_EXAMPLES}，月、日、周都是两位数字")
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    try:
        if match["week"]:
            monday = date.fromisocalendar(year, int(match["week"]), 1)
            return Period(monday, monday + timedelta(days=6))
        first = date(year, month, day)
    except ValueError:
        what = _weeks(year) if match["week"] else _months_and_days(year, month)
        raise RequestError(f"日历上没有 {text.strip()}：{what}") from None
    if match["day"]:
        return Period(first, first)
    if match["month"]:
        return Period(first, first.replace(day=monthrange(year, month)[1]))
    return Period(first, date(year, 12, 31))


def month_after(day: date) -> date:
    """The first day of the month that follows the one in which a day is."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _weeks(year: int) -> str:
    last = date(year, 12, 28).isocalendar().week  # the 28th of December is always in its year's last week
    return f"{year} 年的周从 W01 到 W{last}，例如 {year}-W47"


def _months_and_days(year: int, month: int) -> str:
    if not 1 <= month <= 12:
        return f"月份从 01 到 12，例如 {year}-11"
    return f"{year} 年 {month} 月的日从 01 到 {monthrange(year, month)[1]}，例如 {year}-{month:02}-22"
