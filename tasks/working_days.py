"""Working days, from the published calendar. The only importer of chinese_calendar.

It knows the years whose notice the State Council has published, with their make-up Saturdays; a year that is not
published is an error here, never a guess.
"""

from collections.abc import Collection
from datetime import date, timedelta

import chinese_calendar  # type: ignore[import-untyped]


class UnpublishedYear(Exception):
    """A day's year has no published calendar, and the contract folder does not name the day."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day.year} 年的放假安排还没有公布，{day} 是不是工作日不能确定；可在合同 calendar 里写明")
        self.day = day


def is_working_day(day: date, holidays: Collection[date] = (), workdays: Collection[date] = ()) -> bool:
    """Whether people work on a day.

    Args:
        holidays, workdays: what the contract folder says; it goes before the published calendar.

    Raises:
        UnpublishedYear: nobody has said so yet.
    """
    if day in workdays:
        return True
    if day in holidays:
        return False
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        raise UnpublishedYear(day) from None


def after(day: date, number: int, holidays: Collection[date] = (), workdays: Collection[date] = ()) -> date:
    """The n-th working day after a day, which itself does not count (民法典 201).

    Raises:
        UnpublishedYear: it cannot be told.
    """
    while number:
        day += timedelta(days=1)
        number -= is_working_day(day, holidays, workdays)
    return day
