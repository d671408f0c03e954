"""What is told to whom: everything once, nothing lost, and nothing by a channel that is not cleared for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from checks.channels import Webhook
from checks.escalation import Deadlines
from checks.incidents import Incident, Symptom
from checks.notices import Attempt, Sending, notified_at, owed, sendings, worded

T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
LIMITS = Deadlines()
NAMES = {"oa": "OA 系统"}


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def channel(name: str, grade: int = 1) -> Webhook:
    fields = {"id": name, "title": name, "kind": "webhook", "url": "http://127.0.0.1:1/", "grade": grade}
    return Webhook.model_validate(fields)


GROUP, MAIL, BOSS = channel("group"), channel("mail", 2), channel("boss")
PEOPLE = [[GROUP, MAIL], [BOSS]]


def incident(number: int = 1, **known: object) -> Incident:
    seen = (Symptom("oa-db-01", "PG1", "oa-db-01 的 5432 端口拒绝连接", T0, T0, T0),)
    return Incident(f"G-2026-{number:04}", "oa", "oa", "probe", T0, T0, seen)._replace(**known)


class World:
    """Time goes by in rounds of fifteen seconds; `works` says which channel delivers when."""

    def __init__(self, works: Callable[[str, datetime], bool]) -> None:
        self.works, self.tried, self.sent = works, list[Attempt](), list[tuple[datetime, Sending]]()

    def go(self, known: list[Incident], until: float, since: float = 0) -> None:
        now = at(since)
        while now <= at(until):
            for sending in sendings(owed(known, NAMES, self.tried, LIMITS, now), PEOPLE, self.tried, now):
                ok = self.works(sending.channel.id, now)
                notices = frozenset(one.id for one in sending.notices)
                self.tried.append(Attempt(notices, sending.channel.id, sending.level, now, ok))
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
    assert len([one for one in world.tried if one.level == 0]) < 6 * 60 / 5 * 4 + 10


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
    [notice] = owed([incident()], NAMES, [], LIMITS, T0)
    _, low = worded(Sending((notice,), 0, GROUP))
    _, high = worded(Sending((notice,), 0, MAIL))
    assert "oa-db-01" not in low
    assert "5432" not in low
    assert "OA 系统" in low
    assert "密级高于本渠道" in low
    assert "oa-db-01" in high


@pytest.mark.parametrize("known", [{"void": True, "cleared_at": at(1)}])
def test_nobody_is_told_of_a_false_alarm(known: dict[str, object]) -> None:
    assert owed([incident(**known)], NAMES, [], LIMITS, at(60)) == []


def test_its_end_is_told_too() -> None:
    world = World(lambda name, now: True)
    world.go([incident(restored_at=at(9), cleared_at=at(39))], until=45)
    assert world.delivered == [f"G-2026-0001/{one}" for one in ("open", "restored-0", "cleared-0")]
