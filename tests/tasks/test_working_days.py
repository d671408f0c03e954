"""Working days as published; what is not published is not guessed."""

from datetime import date

import pytest

from tasks.working_days import UnpublishedYear, after, is_working_day


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
    assert is_working_day(saturday, workdays=[saturday])
    assert not is_working_day(monday, holidays=[monday])
    assert is_working_day(date(2031, 3, 3), workdays=[date(2031, 3, 3)])
