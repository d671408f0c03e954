"""Due dates of every period of 2024, 2025 and 2026, held against a table that was written by hand from the State
Council's notices: 国办发明电〔2023〕7号, 〔2024〕12号, 〔2025〕7号. Nothing in it comes from a calendar package."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import pytest
from document_book import EVER, VERSIONS, contract, documents, there

from checks.document_register import Document
from checks.incidents import Incident

# Days off as each notice names them, weekends within included; and the weekend days on which people work.
HOLIDAYS = {
    2024: "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10 09-15..09-17 10-01..10-07",
    2025: "01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
    2026: "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
}
MAKE_UP = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}
SPOT = {  # looked up on a printed calendar, not computed
    "weekly/2024-W06": "2024-02-18",  # the week that ends on 02-11, in the Spring Festival: the make-up Sunday
    "weekly/2024-W39": "2024-09-30",  # it ends on a make-up Sunday
    "weekly/2024-W40": "2024-10-08",
    "weekly/2025-W04": "2025-01-27",
    "weekly/2025-W05": "2025-02-05",
    "weekly/2025-W40": "2025-10-09",
    "weekly/2026-W07": "2026-02-24",
    "weekly/2026-W40": "2026-10-08",
    "weekly/2026-W47": "2026-11-23",
    "monthly/2024-01": "2024-02-04",  # Thursday, Friday, and the make-up Sunday
    "monthly/2024-09": "2024-10-10",
    "monthly/2025-01": "2025-02-07",
    "monthly/2025-12": "2026-01-06",
    "monthly/2026-01": "2026-02-04",
    "monthly/2026-04": "2026-05-08",
    "monthly/2026-09": "2026-10-10",
    "monthly/2026-10": "2026-11-04",
    "quarterly/2024-Q3": "2024-10-12",
    "quarterly/2025-Q4": "2026-01-08",
    "quarterly/2026-Q3": "2026-10-13",  # after the make-up Saturday
    "half-yearly/2024-H1": "2024-07-05",
    "half-yearly/2025-H2": "2026-01-08",
    "half-yearly/2026-H1": "2026-07-07",
}


def days(text: str, year: int) -> set[date]:
    found: set[date] = set()
    for part in text.split():
        first, _, last = part.partition("..")
        start, end = (date.fromisoformat(f"{year}-{each or first}") for each in (first, last))
        found |= {start + timedelta(days=number) for number in range((end - start).days + 1)}
    return found


WORKING = {
    day
    for year, holidays in HOLIDAYS.items()
    for number in range(366)
    if (day := date(year, 1, 1) + timedelta(days=number)).year == year
    if day in days(MAKE_UP[year], year) or (day.isoweekday() <= 5 and day not in days(holidays, year))
}


def nth(after: date, number: int) -> date | None:
    """The n-th working day after a day; None where the notices do not reach."""
    coming = sorted(day for day in WORKING if day > after)
    return coming[number - 1] if len(coming) >= number else None


def table() -> dict[str, date | None]:
    """Every period, whatever its kind, with its due day."""
    found: dict[str, date | None] = {}
    day = date(2024, 1, 7)  # a Sunday
    while day <= date(2027, 1, 3):
        year, week, _ = day.isocalendar()
        found[f"weekly/{year}-W{week:02}"] = nth(day, 1)
        day += timedelta(days=7)
    for year in (2024, 2025, 2026):
        for month in range(1, 13):
            last = date(year, month, monthrange(year, month)[1])
            found[f"monthly/{year}-{month:02}"] = nth(last, 3)
            if month % 3 == 0:
                found[f"quarterly/{year}-Q{month // 3}"] = nth(last, 5)
            if month % 6 == 0:
                found[f"half-yearly/{year}-H{month // 6}"] = nth(last, 5)
            if month == 12:
                found[f"yearly/{year}"] = nth(last, 20)
    return found


YEARLY = contract(
    documents=[
        {"id": "weekly", "title": "周报", "rule": "week", "due": 1},
        {"id": "monthly", "title": "月报", "rule": "month", "due": 3},
        {"id": "quarterly", "title": "季报", "rule": "quarter", "due": 5},
        {"id": "half-yearly", "title": "半年报", "rule": "half-year", "due": 5},
        {"id": "yearly", "title": "年报", "rule": "year", "due": 20},
    ]
)


@pytest.fixture(scope="module")
def worked_out() -> dict[str, Document]:
    span = {"first": date(2024, 1, 1), "last": date(2026, 12, 31), "today": date(2024, 1, 1)}
    return documents(versions=[(EVER, YEARLY)], **span)  # type: ignore[arg-type]


def test_the_table_is_what_the_notices_say() -> None:
    assert {year: sum(day.year == year for day in WORKING) for year in HOLIDAYS} == {2024: 251, 2025: 248, 2026: 248}
    assert {name: table()[name] for name in SPOT} == {name: date.fromisoformat(day) for name, day in SPOT.items()}


def test_every_period_of_three_years_is_due_when_the_notices_say(worked_out: dict[str, Document]) -> None:
    assert {name: one.due_day for name, one in worked_out.items()} == table()
    assert len(worked_out) == 157 + 36 + 12 + 6 + 3


def test_what_needs_an_unpublished_year_is_not_determined_and_the_year_is_named(
    worked_out: dict[str, Document],
) -> None:
    unknown = {name: one for name, one in worked_out.items() if one.due_day is None}
    assert set(unknown) == {
        "weekly/2026-W53", "monthly/2026-12", "quarterly/2026-Q4", "half-yearly/2026-H2", "yearly/2026",
    }  # fmt: skip
    assert all("2027 年的放假安排还没有公布" in one.undetermined for one in unknown.values())


def test_the_override_that_names_2027_determines_it() -> None:
    """Given a made-up notice for 2027, when it stands in the contract, then its holidays and make-up days count."""
    notice = {
        "source": "示例通知〔2026〕9号", "years": [2027], "holidays": ["2027-01-01", "2027-01-04"],
        "workdays": ["2027-01-03"],
    }  # fmt: skip
    told = contract(calendar=notice)
    found = documents(
        first=date(2026, 12, 1),
        last=date(2026, 12, 31),
        versions=[*VERSIONS, (datetime(2026, 11, 1, tzinfo=UTC), told)],
    )
    assert {name: str(found[name].due_day) for name in ("weekly/2026-W53", "monthly/2026-12", "quarterly/2026-Q4")} == {
        "weekly/2026-W53": "2027-01-05", "monthly/2026-12": "2027-01-06", "quarterly/2026-Q4": "2027-01-08",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cleared", "due"),
    [
        ("2024-09-30 23:59", "2024-10-10"),  # reading R11
        ("2024-09-29 10:00", "2024-10-09"),  # a make-up Sunday: it does not count, the Monday does
        ("2025-01-27 10:00", "2025-02-07"),
        ("2026-02-13 18:00", "2026-02-25"),  # Friday; the make-up Saturday, then the ninth day off is Monday the 23rd
        ("2026-11-20 09:00", "2026-11-25"),
        ("2026-12-30 09:00", None),
    ],
)
def test_an_incident_s_report_is_due_three_working_days_after_it_was_cleared(cleared: str, due: str | None) -> None:
    at = there(cleared)
    one = Incident("G-2026-0001", "oa", "oa", "probe", at, at, restored_at=at, cleared_at=at)
    found = documents(known=[one], first=at.date(), last=at.date())["incident/G-2026-0001"]
    assert found.due_day == (date.fromisoformat(due) if due else None)
    assert found.due_day == nth(at.date(), 3)
