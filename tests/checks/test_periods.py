"""The periods that people name."""

from datetime import date

import pytest

from checks.periods import period_of
from checks.slots import RequestError


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
        ("2026-11-22", date(2026, 11, 22), date(2026, 11, 22)),
        ("2028-02-29", date(2028, 2, 29), date(2028, 2, 29)),
        (" 2026-11\n", date(2026, 11, 1), date(2026, 11, 30)),
    ],
)
def test_a_period_by_name(text: str, first: date, last: date) -> None:
    assert period_of(text) == (first, last)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-13", "日历上没有 2026-13：月份从 01 到 12，例如 2026-11"),
        ("2026-00", "日历上没有 2026-00：月份从 01 到 12，例如 2026-11"),
        ("2026-13-01", "日历上没有 2026-13-01：月份从 01 到 12，例如 2026-11"),
        ("2026-W54", "日历上没有 2026-W54：2026 年的周从 W01 到 W53，例如 2026-W47"),
        ("2025-W53", "日历上没有 2025-W53：2025 年的周从 W01 到 W52，例如 2025-W47"),
        ("2026-W00", "日历上没有 2026-W00：2026 年的周从 W01 到 W53，例如 2026-W47"),
        ("2026-02-29", "日历上没有 2026-02-29：2026 年 2 月的日从 01 到 28，例如 2026-02-22"),
        ("2026-11-00", "日历上没有 2026-11-00：2026 年 11 月的日从 01 到 30，例如 2026-11-22"),
    ],
)
def test_what_the_calendar_does_not_have(text: str, why: str) -> None:
    with pytest.raises(RequestError) as raised:
        period_of(text)
    assert str(raised.value) == why


@pytest.mark.parametrize(
    "text",
    ["abc", "", "2026-1", "2026-W5", "26-11", "2026-11-", "2026/11", "202611", "２０２６", "1026", "2026-11-x"],
)
def test_what_is_no_period_is_answered_with_right_ones(text: str) -> None:
    with pytest.raises(RequestError) as raised:
        period_of(text)
    assert str(raised.value) == (
        f"看不懂期间“{text}”；写 2026（年）、2026-11（月）、2026-W47（周）或 2026-11-22（日），月、日、周都是两位数字"
    )
