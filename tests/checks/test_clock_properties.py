"""Clocks and reported downtime over random entries, against a second computation that goes second by second.

That one is written from the readings R2, R4 and R12: nobody can gain by what is entered, when, or how often.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from incident_book import BY, CONTRACT, T0, Record, at

from checks.availability import Seconds, Sight, Span, seconds, stretches
from checks.clocks import Clock, clocks
from checks.downtime import DOWNTIME, Move, windows
from checks.entries import call, decision, downtime
from checks.escalation import Deadlines
from checks.incidents import Incident, Step, Wait, incidents
from checks.records import EventRecord
from checks.slots import RequestError

# The same examples every time, so that what fails fails again.
often = settings(derandomize=True, max_examples=300, deadline=None, database=None)
SIGHTS = {"U": Sight.UP, "D": Sight.DOWN, "B": Sight.BLIND}
LIMITS = Deadlines()
LIMIT = timedelta(seconds=60)


def second(number: float) -> datetime:
    return T0 + timedelta(seconds=number)


def waits_of(spans: Sequence[tuple[int, int]], *, last_open: bool) -> tuple[Wait, ...]:
    """One after the other, as an incident has them."""
    found: list[Wait] = []
    free = -50
    for gap, length in spans:
        start = free + gap
        free = start + length
        found.append(Wait(second(start), second(free), "厂商"))
    return (*found[:-1], found[-1]._replace(end=None)) if found and last_open else tuple(found)


def spent_by_seconds(clock: Clock, now: int) -> int:
    """Every second since the start that was not spent waiting."""
    if clock.started is None:
        return 0
    end = min(clock.done or second(now), second(now))
    return sum(
        clock.started <= second(one) < end
        and not any(wait.start <= second(one) and (wait.end is None or second(one) < wait.end) for wait in clock.waits)
        for one in range(-60, 400)
    )


# Around the edges: entries are made by the minute, so that many fall together; 30, 48 and 60 are shares of the limit.
lengths = st.sampled_from([0, 0, 1, 10, 12, 18, 20, 30, 48, 60])
spans = st.lists(st.tuples(lengths, lengths), max_size=4)
clock_s = st.builds(
    lambda start, done, some, last_open: Clock(
        "repair", "修复", LIMIT, second(start), None if done is None else second(done),
        waits_of(some, last_open=last_open),
    ),
    st.sampled_from([-50, -20, 0, 10]), st.none() | lengths.map(lambda length: 2 * length - 20), spans, st.booleans(),
)  # fmt: skip


perhaps = st.none() | st.integers(0, 99)


class TestClocks:
    @often
    @given(clock_s, st.integers(-10, 250))
    def test_what_is_spent_is_counted_second_by_second(self, clock: Clock, now: int) -> None:
        spent = clock.spent(second(now))
        assert spent == timedelta(seconds=spent_by_seconds(clock, now))
        assert clock.started is not None
        assert timedelta() <= spent <= max(timedelta(), second(now) - clock.started)
        assert clock.breached(second(now)) is (spent_by_seconds(clock, now) > 60)

    @often
    @given(clock_s, st.sampled_from([0.5, 0.8, 1.0]), st.integers(-10, 250))
    def test_a_warning_is_due_where_so_much_is_spent(self, clock: Clock, share: float, now: int) -> None:
        """A breach is told if and only if it is one; of what was done at the very moment nobody is warned."""
        reached = clock.reaches(share, second(now))
        assert clock.started is not None
        if share == 1.0:
            assert (reached is not None) is clock.breached(second(now))
        elif reached is None:
            first = clock.started + clock.limit * share
            spent = clock.spent(second(now))
            assert spent < clock.limit * share or (spent == clock.limit * share and clock.done and clock.done >= first)
        if reached is not None:
            assert clock.spent(reached) == clock.limit * share

    @often
    @given(clock_s, st.integers(-10, 250), st.integers(-60, 250), st.integers(0, 60))
    def test_a_wait_more_never_costs_time(self, clock: Clock, now: int, start: int, length: int) -> None:
        """Where the third party did not have it already."""
        free = all(
            wait.end is not None and (wait.end <= second(start) or second(start + length) <= wait.start)
            for wait in clock.waits
        )
        more = Wait(second(start), second(start + length), "厂商")
        if free:
            longer = clock._replace(waits=tuple(sorted((*clock.waits, more), key=lambda one: one.start)))
            assert longer.spent(second(now)) <= clock.spent(second(now))
        assert clock._replace(waits=()).spent(second(now)) >= clock.spent(second(now))

    @often
    @given(clock_s, st.integers(-10, 250), st.integers(1, 60))
    def test_an_earlier_start_and_a_later_end_never_help(self, clock: Clock, now: int, shift: int) -> None:
        assert clock.started is not None
        earlier = clock._replace(started=clock.started - timedelta(seconds=shift))
        assert earlier.spent(second(now)) >= clock.spent(second(now))
        if clock.done:
            later = clock._replace(done=clock.done + timedelta(seconds=shift))
            assert later.spent(second(now)) >= clock.spent(second(now))

    @often
    @given(
        st.integers(0, 40), perhaps, perhaps, perhaps, st.integers(1, 50), st.integers(0, 200),
    )  # fmt: skip
    def test_whoever_heard_of_it_earlier_has_spent_no_less(
        self, found: int, called: int | None, told: int | None, mended: int | None, shift: int, now: int
    ) -> None:
        def when(minute: int | None) -> datetime | None:
            return None if minute is None else at(minute)

        one = Incident(
            "G-1", "oa", "oa", "probe", at(-60), at(found), received_at=when(called), restored_at=when(mended)
        )

        def spent(it: Incident, name: str, notified: datetime | None) -> timedelta:
            return next(one.spent(at(now)) for one in clocks(it, notified, LIMITS) if one.name == name)

        moved = [one._replace(discovered_at=at(found - shift))]
        moved += [one._replace(received_at=at(called - shift))] if called is not None else []
        for name, earlier in product(("repair", "response"), moved):
            assert spent(earlier, name, when(told)) >= spent(one, name, when(told))
        if mended is not None:
            assert spent(one._replace(restored_at=at(mended + shift)), "repair", when(told)) >= spent(
                one, "repair", when(told)
            )

    @pytest.mark.parametrize(("name", "minutes"), [("report", 15), ("response", 30), ("dispatch", 30), ("repair", 480)])
    def test_on_the_limit_is_in_time_and_a_second_later_is_not(self, name: str, minutes: int) -> None:
        """R12, from the entries on."""
        for late, breached in ((0, False), (1, True)):
            done = at(minutes) + timedelta(seconds=late)
            record = Record()
            record.put(call(CONTRACT, [], "oa", at(0), BY, at(0), down=True), at(0))
            step = {"response": Step.RESPONDED, "dispatch": Step.DISPATCHED, "repair": Step.RESTORED}.get(name)
            if step:
                record.person(step, done, done)
            one = record.only if step else record.only._replace(received_at=None)
            assert next(one.breached(at(9999)) for one in clocks(one, done, LIMITS) if one.name == name) is breached


class Said(NamedTuple):
    """Something that somebody enters, in seconds, and whether the caller says that all of it is down."""

    at: int
    step: Step
    down: bool = False


ENTERED = [Step.RECEIVED, Step.RECEIVED, Step.HANDED_OVER, Step.TAKEN_BACK, Step.RESTORED]
entered = st.lists(st.builds(Said, st.integers(0, 240), st.sampled_from(ENTERED), st.booleans()), max_size=7)
NOW = second(300)


def told_of(first: Said, those: Sequence[Said]) -> Record:
    """A call, and what the desk lets through of the rest."""
    record = Record()
    record.put(call(CONTRACT, [], "oa", second(first.at), BY, NOW, down=first.down), NOW)
    for one in those:
        again(record, one)
    return record


def again(record: Record, one: Said) -> None:
    try:
        if one.step is Step.RECEIVED:
            record.put(call(CONTRACT, record.known, "oa", second(one.at), BY, NOW, down=one.down), NOW)
        else:
            record.person(one.step, second(one.at), NOW)
    except RequestError:
        pass


def second_by_second(record: Record) -> Iterator[tuple[bool, bool, bool]]:
    """What holds in each second of the time: reported down, with a third party, restored."""
    down = waiting = mended = False
    since = -1
    for number in range(300):
        here = [one for one in record.events if one.at == second(number)]
        for one in sorted(here, key=lambda one: one.id):
            step = Step(one.body["step"])
            # A call of the very moment of the recovery is of before it.
            if step in (Step.DISCOVERED, Step.RECEIVED, Step.REOPENED) and not (mended and since == number):
                down, mended = down or one.body["down"], False
            elif step is Step.RESTORED:
                down, waiting, mended, since = False, False, True, number
            elif step in (Step.HANDED_OVER, Step.TAKEN_BACK):
                waiting = step is Step.HANDED_OVER
        yield down, waiting, mended


def down_spans(known: Sequence[Incident]) -> list[Span]:
    """As availability takes them."""
    return [
        Span(int(start.timestamp()), int((end or NOW).timestamp()))
        for one in known
        if not one.void
        for start, end in one.down
    ]


PERIOD = Span(int(second(0).timestamp()), int(NOW.timestamp()))


def counted(known: Sequence[Incident], seen: str, planned: Sequence[Span]) -> Seconds:
    """The availability of the whole time, with a reading every ten seconds."""
    readings = [(PERIOD.start + 10 * place, SIGHTS[letter]) for place, letter in enumerate(seen)]
    return seconds(stretches(readings, 10), down_spans(known), planned, PERIOD)


def excluded(record: Sequence[EventRecord]) -> list[Span]:
    return [
        Span(int(one.excluded[0].timestamp()), int(one.excluded[1].timestamp()))
        for one in windows(record)
        if one.excluded
    ]


def not_better(after: Seconds, before: Seconds) -> bool:
    if after.low is None or before.low is None or after.high is None or before.high is None:
        return after.counted == before.counted == 0
    return after.counted == before.counted and after.low <= before.low and after.high <= before.high


firsts = st.builds(lambda when, down: Said(when, Step.RECEIVED, down), st.integers(0, 200), st.booleans())
sights = st.text("UUUDB", min_size=30, max_size=30)
window_s = st.builds(lambda start, length: Span(PERIOD.start + start, PERIOD.start + start + length),
                     st.integers(0, 280), st.integers(1, 90))  # fmt: skip


class TestReportedDowntime:
    @often
    @given(firsts, entered)
    def test_it_is_what_holds_second_by_second(self, first: Said, those: list[Said]) -> None:
        record = told_of(first, those)
        if len(record.known) > 1:  # a call after an end that was entered for a moment long ago
            return
        one, said = record.only, list(second_by_second(record))
        for number, (down, waiting, _) in enumerate(said):
            assert down is any(start <= second(number) and (not end or second(number) < end) for start, end in one.down)
            assert waiting is any(
                start <= second(number) and (not end or second(number) < end) for start, end, _ in one.waits
            )
        assert (one.restored_at is not None) is said[-1][2]
        repair = next(clock for clock in clocks(one, None, LIMITS) if clock.name == "repair")
        start = min(event.at for event in record.events if event.body["step"] in ("discovered", "received", "reopened"))
        counting = [n for n, (_, waiting, _) in enumerate(said) if second(n) >= start and not waiting]
        until = one.restored_at or NOW
        assert repair.spent(NOW) == timedelta(seconds=sum(second(n) < until for n in counting))

    @often
    @given(firsts, entered, firsts, sights, st.lists(window_s, max_size=2))
    def test_a_call_more_never_raises_availability(
        self, first: Said, those: list[Said], extra: Said, seen: str, planned: list[Span]
    ) -> None:
        record = told_of(first, those)
        before = counted(record.known, seen, planned)
        assert sum(before) == before.period == PERIOD.end - PERIOD.start
        repaired = spent_in_all(record)
        again(record, extra._replace(down=True))
        assert not_better(counted(record.known, seen, planned), before)
        assert spent_in_all(record) >= repaired

    @often
    @given(firsts, entered, st.integers(0, 200), st.integers(0, 60), sights, st.lists(window_s, max_size=2))
    def test_a_later_recovery_never_raises_availability(
        self, first: Said, those: list[Said], mended: int, shift: int, seen: str, planned: list[Span]
    ) -> None:
        found = []
        for when in (mended, mended + shift):
            record = told_of(first, [one for one in those if one.step is not Step.RESTORED])
            again(record, Said(when, Step.RESTORED))
            if record.events[-1].body["step"] != Step.RESTORED:
                return  # before something else that was said
            found.append(counted(record.known, seen, planned))
        assert not_better(found[1], found[0])

    @often
    @given(firsts, entered, st.data())
    def test_a_correction_is_as_if_the_wrong_entry_had_never_been_made(
        self, first: Said, those: list[Said], data: st.DataObject
    ) -> None:
        """Whatever else was entered between the two."""
        record = told_of(first, those)
        own = [one for one in record.events if one.body["step"] in Step.__members__.values() and one.id > 1]
        mine = [one for one in own if one.body["step"] not in ("discovered", "reopened")]
        if not mine:
            return
        wrong = mine[data.draw(st.integers(0, len(mine) - 1))]
        when = second(data.draw(st.integers(0, 240)))
        try:
            number = record.person(Step(wrong.body["step"]), when, NOW, corrects=wrong.id)
        except RequestError:
            return
        right = record.events[number - 1].model_copy(update={"corrects": None})
        assert incidents([*(one for one in record.events[:-1] if one is not wrong), right]) == record.known
        # and: what says less than the wrong one said, says no less of what was down
        if wrong.body["step"] == Step.RECEIVED:
            assert right.body["down"] == wrong.body["down"]

    @often
    @given(st.integers(0, 280), st.integers(1, 60), st.integers(-60, 300), sights)
    def test_a_window_that_was_approved_late_changes_nothing(
        self, start: int, length: int, approved: int, seen: str
    ) -> None:
        """Exactly at its start is late: approved before it starts (R4)."""
        record = Record()
        when = second(start), second(start + length)
        record.put(downtime(CONTRACT, ["oa"], *when, BY, second(-90)), second(-90))
        said = decision(DOWNTIME, windows(record.events), "T-2026-0001", Move.APPROVED, "文号", BY, second(approved))
        record.put(said, second(approved))
        after, before = counted([], seen, excluded(record.events)), counted([], seen, [])
        if approved >= start:
            assert after == before
        else:
            assert after.planned == min(300, start + length) - start
        assert sum(after) == PERIOD.end - PERIOD.start


def spent_in_all(record: Record) -> timedelta:
    """The time for all repairs."""
    each = (clock for one in record.known for clock in clocks(one, None, LIMITS) if clock.name == "repair")
    return sum((clock.spent(NOW) for clock in each), timedelta())
