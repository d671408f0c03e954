"""Working days, from the published calendar. The only importer of chinese_calendar.

It knows the years whose notice the State Council has published, with their make-up Saturdays; a year that is not
published is an error here, never a guess. What the contract folder says goes before it.
"""

from datetime import date, timedelta
from importlib.metadata import version

import chinese_calendar  # type: ignore[import-untyped]

from checks.calendar import Calendar

PUBLISHED = Calendar()
"""Nothing but the published calendar."""


class UnpublishedYear(Exception):
    """A day's year has no published calendar, and the contract folder does not name the day."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day.year} 年的放假安排还没有公布，{day} 是不是工作日不能确定；可在合同 calendar 里写明")
        self.day = day


def is_working_day(day: date, calendar: Calendar = PUBLISHED) -> bool:
    """Whether people work on a day.

    Raises:
        UnpublishedYear: nobody has said so yet.
    """
    if day in calendar.workdays:
        return True
    if day in calendar.holidays:
        return False
    if day.year in calendar.years:  # all its holidays and make-up days are named
        return day.isoweekday() <= 5
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        raise UnpublishedYear(day) from None


def after(day: date, number: int, calendar: Calendar = PUBLISHED) -> date:
    """The n-th working day after a day, which itself does not count (民法典 201).

    Raises:
        UnpublishedYear: it cannot be told.
    """
    while number:
        day += timedelta(days=1)
        number -= is_working_day(day, calendar)
    return day


def before(day: date, number: int, calendar: Calendar = PUBLISHED) -> date:
    """The n-th working day before a day, which itself does not count.

    Raises:
        UnpublishedYear: it cannot be told.
    """
    while number:
        day -= timedelta(days=1)
        number -= is_working_day(day, calendar)
    return day


def calendar_version(calendar: Calendar) -> str:
    """What working days are counted by, as reports print it."""
    published = f"chinesecalendar {version('chinesecalendar')}"
    return f"{published}；另按 {calendar.source}" if calendar.source else published
