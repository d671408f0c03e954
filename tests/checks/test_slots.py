"""What the contract expects of a day."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from checks.contract import Contract
from checks.slots import RequestError, asked_host_slots, asked_slots, host_slots, page_slots, week_of


def contract(**more: Any) -> Contract:
    journeys = [{"id": "a", "title": "A", "steps": [{"expect": {"text": "x"}}]}]
    systems = [{"id": one, "name": one, "url": "http://127.0.0.1/", "journeys": journeys} for one in ("oa", "archive")]
    head = {"name": "x", "client": {"name": "x"}, "contractor": {"name": "x"}, "systems": systems}
    return Contract.model_validate({**head, "term": {"start": "2026-03-01", "end": "2027-02-28"}, **more})


def test_one_for_each_system_and_natural_day() -> None:
    # When
    slots = list(page_slots(contract(), date(2026, 11, 22)))  # a Sunday
    # Then
    assert [slot.id for slot in slots] == ["page-inspection/oa/2026-11-22", "page-inspection/archive/2026-11-22"]
    assert slots[0].opens_at == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert slots[0].closes_at == datetime(2026, 11, 22, 16, tzinfo=UTC)


def test_both_ends_of_the_term_count_and_nothing_beyond() -> None:
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2027, 2, 28), date(2027, 3, 1))
    assert [len(list(page_slots(contract(), day))) for day in days] == [0, 2, 2, 0]


def test_all_days_of_the_term() -> None:
    made = contract()
    assert sum(len(list(page_slots(made, day))) for day in made.term.days()) == 730


def test_a_day_may_be_longer_elsewhere() -> None:
    """Where clocks change, the day is as long as it is."""
    [slot, _] = page_slots(contract(zone="Europe/Berlin"), date(2026, 10, 25))
    assert (slot.closes_at - slot.opens_at).total_seconds() == 25 * 3600


class TestAsked:
    TODAY = date(2026, 11, 22)

    def test_all_or_some(self) -> None:
        assert len(asked_slots(contract(), self.TODAY, [], self.TODAY)) == 2
        assert [slot.target for slot in asked_slots(contract(), self.TODAY, ["archive"], self.TODAY)] == ["archive"]
        assert len(asked_slots(contract(), date(2026, 11, 21), [], self.TODAY)) == 2

    @pytest.mark.parametrize(
        ("day", "systems", "said"),
        [
            (TODAY, ["oa", "none"], "合同里没有系统 none；可选：oa、archive"),
            (date(2026, 2, 28), [], "不在服务期限内"),
            (date(2026, 11, 23), [], "还没有到"),
        ],
    )
    def test_what_makes_no_sense(self, day: date, systems: list[str], said: str) -> None:
        with pytest.raises(RequestError, match=said):
            asked_slots(contract(), day, systems, self.TODAY)


def with_hosts(**more: Any) -> Contract:
    return contract(hosts=[{"system": "oa", "hosts": [{"name": "oa-app-01"}, {"name": "oa-db-01"}]}], **more)


def test_one_for_each_host_and_week() -> None:
    # When
    slots = list(host_slots(with_hosts(), date(2026, 11, 22)))  # a Sunday
    # Then
    assert [slot.id for slot in slots] == ["host-inspection/oa-app-01/2026-W47", "host-inspection/oa-db-01/2026-W47"]
    assert slots[0].day == date(2026, 11, 16)
    assert slots[0].opens_at == datetime(2026, 11, 15, 16, tzinfo=UTC)
    assert slots[0].closes_at == datetime(2026, 11, 22, 16, tzinfo=UTC)


def test_a_week_at_the_end_of_the_term_counts_as_far_as_the_term_goes() -> None:
    # Given: the term begins on a Sunday and ends on a Sunday
    first, *_ = host_slots(with_hosts(), date(2026, 3, 1))
    # Then
    assert (first.id.rpartition("/")[2], first.day) == ("2026-W09", date(2026, 3, 1))
    assert (first.closes_at - first.opens_at).days == 1
    assert list(host_slots(with_hosts(), date(2026, 2, 22))) == []
    assert list(host_slots(with_hosts(), date(2027, 3, 1))) == []


@pytest.mark.parametrize(
    ("day", "week"),
    [(date(2027, 1, 1), "2026-W53"), (date(2024, 12, 30), "2025-W01"), (date(2026, 1, 5), "2026-W02")],
)
def test_weeks_are_iso_8601(day: date, week: str) -> None:
    assert week_of(day) == week


@pytest.mark.parametrize(
    ("hosts", "day", "words"),
    [
        (["oa-web-09"], date(2026, 11, 22), "没有主机 oa-web-09；可选：oa-app-01、oa-db-01"),
        ([], date(2026, 11, 23), "还没有到"),
        ([], date(2020, 1, 1), "不在服务期限内"),
    ],
)
def test_hosts_that_cannot_be_asked(hosts: list[str], day: date, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        asked_host_slots(with_hosts(), day, hosts, today=date(2026, 11, 22))


def test_a_contract_without_hosts_says_so() -> None:
    with pytest.raises(RequestError, match="合同里没有主机；每个系统的主机写一个文件"):
        asked_host_slots(contract(), date(2026, 11, 22), [], today=date(2026, 11, 22))
