"""Working days as published; what is not published is not guessed."""

from datetime import date
from typing import Any

import pytest

from checks.calendar import Calendar
from tasks.working_days import UnpublishedYear, after, calendar_version, is_working_day


@pytest.mark.parametrize(
    ("cleared", "due"),
    [
        ("2024-09-30", "2024-10-10"),  # reading R11: National Day in between
        ("2026-11-20", "2026-11-25"),  # a Friday
        ("2026-11-23", "2026-11-26"),
    ],
)
def test_three_working_days_after_an_incident_is_cleared(cleared: str, due: str) -> None:
    assert after(date.fromisoformat(cleared), 3) == date.fromisoformat(due)


def test_a_year_that_is_not_published_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(UnpublishedYear, match="2031"):
        after(date(2031, 3, 3), 1)


def test_what_the_contract_folder_says_goes_first() -> None:
    saturday, monday = date(2026, 11, 21), date(2026, 11, 23)
    assert not is_working_day(saturday)
    agreed = Calendar(source="示例通知〔2026〕1号", workdays=[saturday], holidays=[monday])
    assert is_working_day(saturday, agreed)
    assert not is_working_day(monday, agreed)
    assert "示例通知〔2026〕1号" in calendar_version(agreed)
    assert "〔" not in calendar_version(Calendar())


def test_a_year_that_the_contract_folder_publishes_is_known_as_a_whole() -> None:
    friday, saturday, monday = date(2031, 1, 3), date(2031, 1, 4), date(2031, 1, 6)
    agreed = Calendar(
        source="示例通知〔2030〕9号", years=[2031], holidays=[date(2031, 1, 1), friday], workdays=[saturday]
    )
    assert [is_working_day(day, agreed) for day in (friday, saturday, monday)] == [False, True, True]
    assert [after(friday, number, agreed) for number in (1, 2)] == [saturday, monday]
    with pytest.raises(UnpublishedYear, match="2032"):
        is_working_day(date(2032, 1, 5), agreed)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"holidays": [date(2026, 11, 23)]}, "依据"),
        ({"source": "x", "holidays": [date(2026, 11, 23)], "workdays": [date(2026, 11, 23)]}, "既写了放假又写了上班"),
        ({"source": "x", "years": [2031]}, "没有这一年的任何一天"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Calendar(**said)
