"""Reminders of findings: together by day, and no more than number and severity for a channel of the lowest grade."""

from datetime import datetime

import pytest
from finding_book import CHINA, CONTRACT, ONE, Told, contract

from checks.finding_notices import of_findings
from checks.notices import Notice
from checks.secrecy import Grade
from checks.security_finding import Severity, Step, register, series


def there(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def notices(told: Told, at: str) -> list[Notice]:
    now = there(at)
    return list(of_findings(CONTRACT, register(told.events, now.date(), CHINA), now))


def ids(told: Told, at: str) -> list[str]:
    return [one.id for one in notices(told, at)]


@pytest.fixture
def told() -> Told:
    """Three of medium severity, due on the same day."""
    book = Told()
    for number in (1, 2, 3):
        book.found(series(2026, number), title="弱口令", owner="系统管理员")
    return book


@pytest.mark.parametrize(("at", "what"), [
    ("2026-12-20 08:59", []), ("2026-12-20 09:00", ["ahead-3"]), ("2026-12-23 08:59", ["ahead-3"]),
    ("2026-12-23 09:00", ["today"]), ("2026-12-24 08:59", ["today"]), ("2026-12-24 09:00", ["late"]),
])  # fmt: skip
def test_ahead_on_the_day_and_late(told: Told, at: str, what: list[str]) -> None:
    assert ids(told, at) == [f"findings/2026-12-23-F-2026-003/{one}" for one in what]


def test_what_the_lowest_grade_may_know(told: Told) -> None:
    [one] = notices(told, "2026-12-23 10:00")
    least = [text for grade, text in one.lines if grade is Grade.LEAST]
    assert least == ["【漏洞】今天到期：中危 3。F-2026-001（中危）、F-2026-002（中危）、F-2026-003（中危）"]
    more = [text for grade, text in one.lines if grade is Grade.MEDIUM]
    assert more[0] == "　F-2026-001 oa-app-01:22 弱口令，责任人 系统管理员"
    assert len(more) == 3


def test_the_name_stays_as_they_are_mended_and_changes_as_more_come(told: Told) -> None:
    before = ids(told, "2026-12-24 10:00")
    told.enter(Step.FALSE_POSITIVE, {"document": "x"}, series(2026, 3))
    assert ids(told, "2026-12-24 10:00") == before
    told.found(series(2026, 4))
    assert ids(told, "2026-12-24 10:00") != before


def test_nothing_of_what_is_over(told: Told) -> None:
    for number in (1, 2, 3):
        told.enter(Step.FALSE_POSITIVE, {"document": "x"}, series(2026, number))
    assert notices(told, "2026-12-30 10:00") == []


def test_thousands_are_one_notice() -> None:
    told = Told()
    for number in range(1, 301):
        told.found(series(2026, number))
    [one] = notices(told, "2026-12-24 10:00")
    assert "中危 300" in one.lines[0][1]
    assert one.lines[0][1].endswith("等 300 个")
    assert len(one.lines) == 11


def test_each_severity_has_its_own_lead() -> None:
    told = Told()
    told.found(series(2026, 1), days=3, severity="超危", due="2026-12-23")
    told.found(series(2026, 2), days=90, severity="低危", due="2026-12-23")
    assert [one.rpartition("/")[2] for one in ids(told, "2026-12-16 09:00")] == ["ahead-7"]
    assert [one.rpartition("/")[2] for one in ids(told, "2026-12-22 09:00")] == ["ahead-1", "ahead-7"]


def test_an_accepted_risk_before_it_runs_out_and_after() -> None:
    told = Told()
    told.found(due="2026-11-30")
    told.accepted("2026-12-31")
    assert ids(told, "2026-12-24 08:00") == []
    assert ids(told, "2026-12-24 09:00") == [f"findings/2026-12-31-{ONE}/accepted"]
    assert ids(told, "2027-01-01 09:00") == [f"findings/2026-12-31-{ONE}/late"]


def test_the_contract_may_say_how_many_days() -> None:
    days = contract(remediation={"高危": 5}).remediation
    assert [days.days(severity) for severity in Severity] == [3, 5, 30, 90]
