"""Incidents over random worlds, played minute by minute: probes, inspections, planned downtime, what people enter, a
watch that is restarted and a clock that is set back. What is expected is computed from every reading anew."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise, product
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from incident_book import BY, CONTRACT, T0, Record, at

from checks.availability import Sight
from checks.downtime import Window
from checks.entries import call, progress
from checks.finding import Finding, Reason, State
from checks.incidents import PROBE_CHECK, Incident, Step, incidents, open_twice
from checks.probe import Reading
from checks.records import Event, EventRecord, FindingRecord
from checks.sightings import World, outages_in, planned_spans, still_seen
from checks.slots import RequestError

# The same examples every time, so that what fails fails again.
steadily = settings(derandomize=True, max_examples=80, deadline=None, database=None)

SYSTEMS = ("oa", "mo")
LENGTH = 70  # minutes of a world
SETTLE = timedelta(minutes=10)
BACK = timedelta(minutes=30)  # how far the watch looks back, but for its first round
TARGETS = [("oa/todo", "PG01"), ("oa/todo", "PG03"), ("oa-db-01", "OS01"), ("oa-db-01", "OS08")]
SIGHTS = {"U": Sight.UP, "D": Sight.DOWN, "B": Sight.BLIND}


class Act(NamedTuple):
    """Something that somebody enters `ago` minutes after it happened. `pick`: of whom and what."""

    minute: int
    what: str
    ago: int
    pick: int


class Look(NamedTuple):
    """A verdict of an inspection, known at once."""

    minute: int
    target: str
    check: str
    state: State


@dataclass(frozen=True)
class Script:
    """What happens. `probes`: a letter a minute and system; `planned`: windows of the first system, approved before,
    each with the minute at which it is cancelled; `away`: when nobody watches; `set_back`: from when on the clock is
    how many minutes late."""

    probes: tuple[str, str]
    looks: tuple[Look, ...] = ()
    planned: tuple[tuple[int, int, int | None], ...] = ()
    away: tuple[tuple[int, int], ...] = ()
    acts: tuple[Act, ...] = ()
    set_back: tuple[int, int] = (0, 0)

    def clock(self, minute: float) -> datetime:
        when, late = self.set_back
        return at(minute - late if minute >= when else minute)


@dataclass
class Played:
    """What became of a script. `seen`: every entry of the watch, with when it was made and what was seen then."""

    script: Script
    record: Record
    readings: dict[str, list[Reading]]
    spans: Mapping[str, Sequence[tuple[datetime, datetime]]] = field(default_factory=dict)
    seen: list[tuple[datetime, Event, World]] = field(default_factory=list)
    last: tuple[World, datetime] = (World({}, {}, {}), T0)

    @property
    def known(self) -> list[Incident]:
        return self.record.known

    def planned(self, system: str, when: datetime) -> bool:
        return any(start <= when < end for start, end in self.spans.get(system, ()))

    def rows(self, system: str) -> list[list[datetime]]:
        """The outages: bad probes in a row, two at least, without the blind ones."""
        telling = [one for one in self.readings[system] if one.sight is not Sight.BLIND]
        rows = [(sight, [one.at for one in some]) for sight, some in groupby(telling, key=lambda one: one.sight)]
        return [some for sight, some in rows if sight is Sight.DOWN and len(some) > 1]


def play(script: Script) -> Played:
    """Minute by minute: probes and inspections, then people, then the watch until it has nothing new."""
    verdicts: dict[tuple[str, str], FindingRecord] = {}
    told: list[FindingRecord] = []
    played = Played(script, Record(SETTLE), {system: [] for system in SYSTEMS})
    watched = False
    for minute in range(LENGTH):
        now = script.clock(minute)
        played.spans = planned_spans(windows_of(script, now))
        for system, letters in zip(SYSTEMS, script.probes, strict=True):
            sight = SIGHTS[letters[minute]]
            played.readings[system].append(Reading(now, sight, 9, "" if sight is Sight.UP else "拒绝连接"))
        for look in script.looks:
            if look.minute == minute:
                record = verdict(look, now)
                told.append(record)
                verdicts[record.target, record.finding.check] = record
        for act in script.acts:
            if act.minute == minute:
                enter(played, act, told, now + timedelta(seconds=10))
        if any(start <= minute < start + length for start, length in script.away) and minute < LENGTH - 1:
            watched = False
            continue
        since = now - BACK if watched else datetime.min.replace(tzinfo=T0.tzinfo)
        watched = True
        go_round(played, verdicts, since, now + timedelta(seconds=15))
    return played


def verdict(look: Look, now: datetime) -> FindingRecord:
    reason = Reason.UNREACHABLE if look.state is State.UNKNOWN else None
    finding = Finding(check=look.check, state=look.state, summary="实际与期望", reason=reason)
    return FindingRecord(target=look.target, attempt=1, at=now, finding=finding)


def windows_of(script: Script, now: datetime) -> list[Window]:
    early = at(-99)
    return [
        Window(
            f"T-{start}", ("oa",), at(start), at(start + length), "升级", early, early,
            cancelled_at=at(over) if over is not None and start <= over < start + length and at(over) <= now else None,
        )
        for start, length, over in script.planned
    ]  # fmt: skip


def go_round(played: Played, verdicts: dict[tuple[str, str], FindingRecord], since: datetime, now: datetime) -> None:
    """One round of the watch, as it goes round."""
    outages, up_since = {}, {}
    for system, readings in played.readings.items():
        outages[system], up = outages_in([one for one in readings if one.at >= since])
        up_since |= {system: up} if up else {}
    world = World(outages, up_since, dict(verdicts), played.spans)
    passes = 0
    while added := played.record.see(world, now):
        played.seen += [(now, event, world) for event in added]
        assert open_twice(played.known) is None
        passes += 1
        assert passes <= 4 * sum(map(len, outages.values())) + 6, "it never comes to an end"
    played.last = world, now


STEPS = {"responded": Step.RESPONDED, "handed": Step.HANDED_OVER, "back": Step.TAKEN_BACK, "restored": Step.RESTORED,
         "cleared": Step.CLEARED, "void": Step.VOID, "received": Step.RECEIVED}  # fmt: skip


def enter(played: Played, act: Act, told: Sequence[FindingRecord], now: datetime) -> None:
    """What somebody enters, checked as the desk does it."""
    record, when = played.record, now - timedelta(minutes=act.ago)
    try:
        if act.what in ("call", "down"):
            system = SYSTEMS[act.pick % 2]
            record.put(call(CONTRACT, record.known, system, when, BY, now, down=act.what == "down"), now)
            return
        if not record.events:
            return
        corrects = 0
        if act.what == "correct":
            corrects = 1 + act.pick % len(record.events)
            wrong = record.events[corrects - 1]
            number, step = wrong.subject, [*STEPS.values()][act.pick % len(STEPS)]
            if act.pick % 3:
                step = Step(wrong.body["step"])
        else:
            number, step = record.events[act.pick % len(record.events)].subject, STEPS[act.what]
        entry = progress(record.events, number, step, when, BY, now, corrects)
        one = next(one for one in record.known if one.id == entry.event.subject)
        if step in (Step.RESTORED, Step.CLEARED):
            readings, spans = played.readings[one.system], played.spans.get(one.system, ())
            if still_seen(one, when, told, readings, spans):
                return
        record.put(entry, now)
    except RequestError:
        pass


def letters(kinds: str, longest: int = 9) -> st.SearchStrategy[str]:
    """One minute a letter; in few draws, since drawing is what takes the time."""
    rows = st.sampled_from([letter * length for letter in kinds for length in range(1, longest)])
    return st.lists(rows, max_size=16).map(lambda some: "".join(some)[:LENGTH].ljust(LENGTH, "U"))


minutes = st.integers(0, LENGTH - 1)
looks = st.builds(
    lambda minute, what: Look(minute, *what[0], what[1]),
    minutes,
    st.sampled_from([*product(TARGETS, [State.CRIT, State.CRIT, State.OK, State.OK, State.WARN, State.UNKNOWN])]),
)
acts = st.builds(
    Act, minutes, st.sampled_from(["call", "down", *STEPS, "restored", "correct", "correct"]),
    st.sampled_from([0, 0, 1, 2, 5, 12]), st.integers(0, 60),
)  # fmt: skip
planned = st.tuples(minutes, st.integers(1, 20), st.none() | minutes)
away = st.tuples(minutes, st.integers(1, 45))


def some(what: st.SearchStrategy[object], most: int) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(what, max_size=most).map(tuple)


set_back = st.sampled_from([(0, 0), (0, 0), (20, 1), (20, 3), (40, 5)])
probes = st.tuples(letters("UUDDB"), letters("UUDDB"))
worlds = st.builds(Script, probes, some(looks, 6), some(planned, 2), some(away, 2), some(acts, 8), set_back)
without_people = st.builds(Script, probes, some(looks, 6), some(planned, 2), some(away, 2))


class TestWorlds:
    @steadily
    @given(worlds)
    def test_it_comes_to_an_end_and_no_cause_has_two_open_incidents(self, script: Script) -> None:
        """Both are asserted in every round; here, that a watch that knows nothing but the record adds nothing."""
        played = play(script)
        again = Record(SETTLE)
        again.events = [*played.record.events]
        assert again.see(*played.last) == []

    @steadily
    @given(worlds)
    def test_it_can_be_computed_again_from_what_was_kept_in_any_order(self, script: Script) -> None:
        played = play(script)
        again = [EventRecord.model_validate_json(one.model_dump_json()) for one in played.record.events]
        random.Random(1).shuffle(again)
        assert incidents(again) == played.known
        # and: what was corrected is as if it had never been entered
        corrected = {one.corrects for one in again}
        assert incidents([one for one in again if one.id not in corrected]) == played.known

    @steadily
    @given(worlds.map(lambda script: replace(script, set_back=(0, 0))))
    def test_every_outage_is_in_an_incident(self, script: Script) -> None:
        """Of two bad probes that are not planned, whatever anybody enters."""
        played = play(script)
        for system in SYSTEMS:
            for row in played.rows(system):
                counted = [when for when in row if not played.planned(system, when)]
                if len(counted) > 1:
                    assert any(
                        one.key == system and one.started_at <= counted[-1] and (one.is_open or one.covers(counted[-1]))
                        for one in played.known
                    ), (system, counted)

    @steadily
    @given(worlds)
    def test_no_incident_without_an_outage_or_a_verdict_or_a_call(self, script: Script) -> None:
        """None from one bad probe, from blind ones, or from within planned downtime; an overrun begins at its end."""
        played = play(script)
        counted = {
            system: [row for row in played.rows(system) if not all(played.planned(system, when) for when in row)]
            for system in SYSTEMS
        }
        ends = {end for span in played.spans.values() for _, end in span}
        for one in played.known:
            for symptom in one.symptoms:
                if symptom.check == PROBE_CHECK:
                    rows = [row for row in counted[symptom.target] if min(row) <= symptom.at <= max(row)]
                    assert rows, "no outage"
                    assert symptom.at in ends or any(symptom.at in row for row in rows)
                    assert not played.planned(symptom.target, symptom.at)
                else:
                    bad = State.UNKNOWN if symptom.check == "SSH" else State.CRIT
                    assert any(look.target == symptom.target and look.state is bad for look in script.looks)
            called = any(event.subject == one.id and event.via == BY.via for event in played.record.events)
            assert one.symptoms or called

    @steadily
    @given(worlds)
    def test_steps_follow_each_other(self, script: Script) -> None:
        played = play(script)
        for one in played.known:
            assert one.started_at <= one.discovered_at
            assert one.restored_at is None or one.restored_at >= one.discovered_at
            assert one.cleared_at is None or (one.restored_at is not None and one.cleared_at >= one.restored_at)
            assert all(start <= (end or start) for start, end in one.down)
            assert all(before[1] <= after[0] for before, after in pairwise(one.down))
            assert all(before.end is not None and before.end <= after.start for before, after in pairwise(one.waits))
            assert not (one.restored_at and one.down and one.down[-1][1] is None)
            assert not (one.restored_at and one.heard_at and one.heard_at > one.restored_at)

    @steadily
    @given(worlds)
    def test_the_watch_ends_nothing_that_it_still_sees(self, script: Script) -> None:
        played = play(script)
        for now, event, world in played.seen:
            step, key = event.body["step"], {one.id: one.key for one in played.known}.get(event.subject)
            if key not in SYSTEMS:
                continue
            if step == Step.RESTORED:
                assert not any(
                    one.since <= event.at and (one.up_at is None or event.at < one.up_at) for one in world.outages[key]
                )
            if step == Step.CLEARED:
                since = datetime.fromisoformat(event.body["since"])
                assert event.at == since + SETTLE <= now
                for row in (one.bad for one in world.outages[key]):
                    back = [when for when in row if not played.planned(key, when)]
                    assert not back or not (since < min(back) <= event.at), "it came back while it was watched"

    @steadily
    @given(worlds.map(lambda script: replace(script, set_back=(0, 0))))
    def test_a_recovery_lies_after_what_was_last_seen_bad(self, script: Script) -> None:
        """Whoever says so: what was bad before it and not good until then was the same outage."""
        played = play(script)
        for one in played.known:
            if (
                one.restored_at is None
                or one.key not in SYSTEMS
                or not any(s.check == PROBE_CHECK for s in one.symptoms)
            ):
                continue
            for row in played.rows(one.key):
                counted = [when for when in row if not played.planned(one.key, when)]
                if counted and counted[0] <= one.restored_at < counted[-1]:
                    # Only if it was voided meanwhile, and what came then is another incident.
                    assert one.void

    @steadily
    @given(letters("UD", 5), letters("UDDB", 5))
    def test_a_system_that_comes_and_goes_has_one_incident(self, one: str, other: str) -> None:
        """Where it is never up for longer than it is watched after a recovery; whatever the other system does."""
        played = play(Script((one, other)))
        for system in SYSTEMS:
            rows = played.rows(system)
            soon = all(after[0] - before[-1] <= SETTLE for before, after in pairwise(rows))
            mine = [incident for incident in played.known if incident.key == system]
            assert bool(mine) == bool(rows)
            assert len(mine) <= (1 if soon else len(rows))

    @steadily
    @given(st.integers(0, 30), st.integers(1, 20), st.integers(0, 50), st.integers(1, 19))
    def test_an_overrun_begins_at_the_end_of_the_window(self, start: int, length: int, begins: int, lasts: int) -> None:
        row = ("U" * begins + "D" * lasts).ljust(LENGTH, "U")
        played = play(Script((row, "U" * LENGTH), planned=((start, length, None),)))
        bad = range(begins, begins + lasts)
        beyond = [minute for minute in bad if not start <= minute < start + length]
        if lasts < 2 or not beyond:
            assert played.known == []
        else:
            [one] = played.known
            first = start + length if start <= begins < start + length else begins
            assert one.started_at == at(first)
            assert one.discovered_at == at(max(begins + 1, first))
            assert one.restored_at == at(begins + lasts)

    @steadily
    @given(without_people)
    def test_a_watch_that_was_away_misses_nothing(self, script: Script) -> None:
        """Where nobody enters anything, outages are in the same incidents as if it had always been there."""
        probed = replace(script, looks=())
        told = [
            sorted((one.key, one.started_at, one.discovered_at, one.restored_at) for one in played.known)
            for played in (play(probed), play(replace(probed, away=())))
        ]
        assert told[0] == told[1]
