"""What is told to whom: everything once, nothing lost, and nothing by a channel that is not cleared for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.channels import Webhook
from checks.contract import Contract
from checks.downtime import SupportPeriod, Window
from checks.incidents import Incident, Symptom
from checks.notices import (
    Attempt,
    Notice,
    Person,
    Sending,
    notified_at,
    of_incidents,
    of_plans,
    owed,
    sendings,
    worded,
)

T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
_JOURNEY = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
CONTRACT = Contract.model_validate(
    {
        "name": "合同", "client": {"name": "示例单位"}, "contractor": {"name": "示例公司"},
        "term": {"start": "2026-01-01", "end": "2026-12-31"},
        "systems": [{"id": "oa", "name": "OA 系统", "url": "https://127.0.0.1:1", "journeys": [_JOURNEY]}],
    }
)  # fmt: skip


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def channel(name: str, grade: int = 1) -> Webhook:
    fields = {"id": name, "title": name, "kind": "webhook", "url": "http://127.0.0.1:1/", "grade": grade}
    return Webhook.model_validate(fields)


GROUP, MAIL, BOSS = channel("group"), channel("mail", 2), channel("boss")
FIRST, SECOND = Person("驻场工程师", [GROUP, MAIL], at_once=True), Person("项目经理", [BOSS])
PEOPLE = [FIRST, SECOND]


def incident(number: int = 1, **known: object) -> Incident:
    seen = (Symptom("oa-db-01", "PG1", "oa-db-01 的 5432 端口拒绝连接", T0, T0, T0),)
    return Incident(f"G-2026-{number:04}", "oa", "oa", "probe", T0, T0, seen)._replace(**known)


def owing(known: list[Incident], tried: list[Attempt], now: datetime) -> dict[int, list[Notice]]:
    return owed(of_incidents(CONTRACT, known, notified_at(tried), now), PEOPLE, tried, now)


def waiting(known: list[Incident], tried: list[Attempt], now: datetime) -> list[Notice]:
    return [one for those in owing(known, tried, now).values() for one in those]


class World:
    """Time goes by in rounds of fifteen seconds; `works` says which channel delivers when."""

    def __init__(self, works: Callable[[str, datetime], bool]) -> None:
        self.works, self.tried, self.sent = works, list[Attempt](), list[tuple[datetime, Sending]]()

    def go(self, known: list[Incident], until: float, since: float = 0) -> None:
        now = at(since)
        while now <= at(until):
            for sending in sendings(owing(known, self.tried, now), PEOPLE, self.tried, now):
                ok = self.works(sending.channel.id, now)
                notices = frozenset(one.id for one in sending.notices)
                self.tried.append(Attempt(notices, sending.channel.id, sending.person.who, now, ok))
                self.sent.append((now, sending))
            now += timedelta(seconds=15)

    @property
    def delivered(self) -> list[str]:
        return [notice for one in self.tried if one.ok for notice in sorted(one.notices)]


def test_an_incident_is_told_at_once_and_only_once() -> None:
    world = World(lambda name, now: True)
    world.go([incident(responded_at=at(2))], until=10)
    assert world.delivered == ["G-2026-0001/open"]
    assert world.sent[0][0] == T0
    assert notified_at(world.tried) == {"G-2026-0001": T0}


def test_whoever_does_not_answer_is_followed_by_the_next_in_the_list() -> None:
    world = World(lambda name, now: True)
    world.go([incident()], until=31)
    assert world.delivered == [f"G-2026-0001/{one}" for one in ("open", "response-0.5", "response-0.8", "response-1")]
    times = [(round((when - T0).total_seconds() / 60, 2), one.channel.id) for when, one in world.sent]
    assert times == [(0, "group"), (15, "boss"), (24, "boss"), (30.25, "boss")]


def test_a_channel_that_fails_twice_gives_way_to_the_next() -> None:
    world = World(lambda name, now: name == "mail")
    world.go([incident(responded_at=at(1))], until=5)
    assert [one.channel.id for _, one in world.sent] == ["group", "group", "mail"]
    assert world.delivered == ["G-2026-0001/open"]


def test_nothing_is_lost_while_no_channel_works_and_the_tries_stay_few() -> None:
    """Given six hours without any channel, when one is back, then all is told once."""
    world = World(lambda name, now: now >= at(360))
    world.go([incident(received_at=T0, responded_at=at(5))], until=380)
    assert sorted(world.delivered) == sorted({*world.delivered})
    assert "G-2026-0001/open" in world.delivered
    assert "G-2026-0001/repair-0.5" in world.delivered
    assert len([one for one in world.tried if one.who == FIRST.who]) < 6 * 60 / 5 * 4 + 10


def test_a_storm_is_a_handful_of_messages() -> None:
    world = World(lambda name, now: True)
    known: list[Incident] = []
    for number in range(1, 51):
        known.append(incident(number, discovered_at=at(number / 10), started_at=at(number / 10), responded_at=at(6)))
    for minute in range(15):
        world.go([one for one in known if one.discovered_at <= at(minute)], until=minute + 0.9, since=minute)
    opened = [one for one in world.delivered if one.endswith("/open")]
    assert len(opened) == len({*opened}) == 50
    assert len(world.sent) <= 6
    assert all(when - min(one.due for one in sending.notices) < timedelta(minutes=15) for when, sending in world.sent)


def test_what_the_channel_is_not_cleared_for_stays_here() -> None:
    """Annex 2: hosts, addresses and answers are of the second grade."""
    [notice] = waiting([incident()], [], T0)
    _, low = worded(Sending((notice,), FIRST, GROUP))
    _, high = worded(Sending((notice,), FIRST, MAIL))
    assert "oa-db-01" not in low
    assert "5432" not in low
    assert "OA 系统" in low
    assert "密级高于本渠道" in low
    assert "oa-db-01" in high


@pytest.mark.parametrize("known", [{"void_at": at(1)}])
def test_nobody_is_told_of_a_false_alarm(known: dict[str, object]) -> None:
    assert waiting([incident(**known)], [], at(60)) == []


def test_its_end_is_told_too() -> None:
    world = World(lambda name, now: True)
    world.go([incident(restored_at=at(9), cleared_at=at(39))], until=45)
    assert world.delivered == [f"G-2026-0001/{one}" for one in ("open", "restored-0", "cleared-0")]


def test_who_has_heard_of_a_false_alarm_hears_that_it_was_none() -> None:
    world = World(lambda name, now: True)
    world.go([incident()], until=1)
    world.go([incident(void_at=at(3))], since=3, until=60)
    assert world.delivered == ["G-2026-0001/open", "G-2026-0001/void"]


def test_a_message_says_until_when_what_has_to_happen() -> None:
    """Given an incident of 09:00 that was told at 09:01, then the clocks that run are in it, in the contract's zone."""
    _, text = worded(Sending((waiting([incident(received_at=at(1))], [], at(1))[0],), FIRST, GROUP))
    assert "【G-2026-0001】OA 系统：发现故障（09:00）" in text
    assert "响应，至 11-23 09:31；修复，至 11-23 17:01" in text
    assert "上报" not in text, "whoever called has heard of it"


def test_in_a_full_message_the_first_lines_come_before_all_details() -> None:
    """A channel that takes 2 KB cuts the rest; what happened must not be cut for its details."""
    known = [incident(number) for number in range(1, 13)]
    [sending] = sendings(owing(known, [], T0), [Person("驻场工程师", [MAIL], at_once=True)], [], T0)
    _, text = worded(sending)
    lines = text.splitlines()
    assert [line[1:12] for line in lines[:10]] == [f"G-2026-{number:04}" for number in range(1, 11)]
    assert "oa-db-01" in lines[11]


def test_what_nobody_could_be_told_for_a_week_is_no_news_any_more() -> None:
    old = incident(cleared_at=at(40), restored_at=at(10))
    assert waiting([old], [], at(60))
    assert waiting([old], [], at(8 * 24 * 60)) == []


def test_a_clock_that_was_set_back_keeps_nothing_waiting() -> None:
    """Given a message of an hour ahead, when the clock is right again, then the next one goes out at once."""
    told = Attempt(frozenset({"G-2026-0001/open"}), "group", FIRST.who, at(60), True)
    failed = Attempt(frozenset({"G-2026-0002/open"}), "group", FIRST.who, at(60.1), False)
    for tried in ([told], [told, failed]):
        assert sendings(owing([incident(2)], tried, at(1)), PEOPLE, tried, at(1))


def plan(**known: Any) -> SupportPeriod:
    return SupportPeriod("B-2026-0001", "国庆保障", True, ("oa",), at(3000), at(9000))._replace(**known)


@pytest.mark.parametrize(
    ("period", "minute", "told"),
    [
        (plan(), 1559, []),
        (plan(), 1560, [("B-2026-0001/plan", 0)]),
        (plan(), 3000, [("B-2026-0001/plan", 0), ("B-2026-0001/no-plan", 1)]),
        (plan(), 9000, []),
        (plan(planned_at=at(10)), 3000, []),
        (plan(cancelled_at=at(10)), 3000, []),
    ],
)
def test_a_support_period_wants_its_plan_before_it_starts(
    period: SupportPeriod, minute: float, told: list[tuple[str, int]]
) -> None:
    found = owed(of_plans(CONTRACT, [], [period], at(minute)), PEOPLE, [], at(minute))
    assert [(one.id, number) for number, those in sorted(found.items()) for one in those] == told


@pytest.mark.parametrize(
    ("known", "minute", "told"),
    [
        ({}, 0, False),
        ({}, 60, True),
        ({}, 120, False),  # it has begun: an approval would be too late
        ({"approved_at": at(10)}, 60, False),
        ({"cancelled_at": at(10)}, 60, False),
        ({"start": at(20), "requested_at": at(5)}, 6, True),
        ({"requested_at": at(130)}, 131, False),
    ],
)
def test_a_downtime_that_nobody_has_approved_is_told_before_it_starts(
    known: dict[str, Any], minute: float, told: bool
) -> None:
    window = Window("T-2026-0001", ("oa",), at(120), at(180), "升级", T0)._replace(**known)
    assert bool(owed(of_plans(CONTRACT, [window], [], at(minute)), PEOPLE, [], at(minute))) is told


def test_who_is_to_hear_at_once_does_so_beside_the_first() -> None:
    both = [FIRST, SECOND._replace(at_once=True)]
    told = Attempt(frozenset({"G-2026-0001/open"}), "group", FIRST.who, T0, True)
    for tried, who in (([], [FIRST, both[1]]), ([told], [both[1]])):
        found = owed(of_incidents(CONTRACT, [incident()], {}, T0), both, tried, T0)
        assert [one.person for one in sendings(found, both, tried, T0)] == who
