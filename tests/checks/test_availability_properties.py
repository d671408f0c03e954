"""Availability over random histories, against a second computation that labels each second by itself.

That one is written from the readings R2 and R4 and shares nothing with the first but the words for what was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import cycle, groupby, pairwise, product
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from checks.availability import (
    Condition,
    Seconds,
    Sight,
    Span,
    Stretch,
    joined,
    merge,
    outages,
    pieces,
    seconds,
    stretches,
)

# The same examples every time, so that what fails fails again.
steadily = settings(derandomize=True, max_examples=300, deadline=None, database=None)

U, D, B = Sight.UP, Sight.DOWN, Sight.BLIND
LENGTH = 180  # seconds, of most periods


class Reading(NamedTuple):
    at: int
    sight: Sight
    every: int


@dataclass(frozen=True)
class History:
    readings: tuple[Reading, ...]
    reported: tuple[Span, ...] = ()
    planned: tuple[Span, ...] = ()


def put_together(readings: Sequence[Reading]) -> list[Stretch]:
    """As a prober does it whose interval changes."""
    return [
        stretch
        for every, some in groupby(readings, key=lambda reading: reading.every)
        for stretch in stretches([(reading.at, reading.sight) for reading in some], every)
    ]


PERIOD = Span(0, LENGTH)


def summed(history: History, period: Span = PERIOD) -> Seconds:
    return seconds(put_together(history.readings), history.reported, history.planned, period)


def labels(history: History, period: Span = PERIOD) -> list[str]:
    """What each second is, from the product's pieces."""
    found = pieces(put_together(history.readings), history.reported, history.planned, period)
    return [condition.value for span, condition in found for _ in range(span.start, span.end)]


def one_by_one(history: History, period: Span = PERIOD) -> list[str]:
    """What each second is, asked of everything that has something to say about it."""
    said: dict[int, set[str]] = {}
    readings = history.readings
    for place, (at, sight, every) in enumerate(readings):
        # until when it speaks
        until = at + every
        if place + 1 < len(readings) and 0 < readings[place + 1].at - at <= 3 * every / 2:
            until = readings[place + 1].at
        # whether one of the two readings beside it that saw anything saw the same
        before = next((one.sight for one in reversed(readings[:place]) if one.sight is not B), None)
        after = next((one.sight for one in readings[place + 1 :] if one.sight is not B), None)
        word = {U: "up", D: "down" if D in (before, after) else "alone", B: "blind"}[sight]
        for second in range(at, until):
            said.setdefault(second, set()).add(word)
    found = []
    for second in range(period.start, period.end):
        words = said.get(second, set())
        if any(start <= second < end for start, end in history.planned):
            found.append("planned")
        elif any(start <= second < end for start, end in history.reported) or "down" in words:
            found.append("down")
        elif "alone" in words:
            found.append("unknown")
        else:
            found.append("up" if "up" in words else "unknown")
    return found


def spans(longest: int = 80) -> st.SearchStrategy[Span]:
    starts, lengths = st.integers(-40, LENGTH + 10), st.integers(0, longest)
    return st.builds(lambda start, length: Span(start, start + length), starts, lengths)


SIGHTS = [U, U, U, D, D, B]
sights = st.sampled_from(SIGHTS)
everys = st.sampled_from([1, 3, 5, 10, 20])
some_spans = st.lists(spans(), max_size=3).map(tuple)
start = st.integers(-60, 120)
# From one reading to the next, in intervals and seconds: mostly one interval, else around the edges that matter.
REGULAR = [(1, 0)] * 12
SPARSE = [(1, 1), (2, -1), (2, 0), (2, 1), (3, 0), (4, 1)]
DENSE = [(0, 1), (0, 2), (1, -1)]
SET_BACK = [(0, 0), (0, -1), (-1, 0), (-2, 1), (-5, 0), (7, 0)]


def steps(*kinds: list[tuple[int, int]]) -> st.SearchStrategy[tuple[Sight, tuple[int, int]]]:
    """What a reading saw and how far away the next is, in one draw: drawing is what takes the time."""
    return st.sampled_from([*product(SIGHTS, [step for kind in kinds for step in kind])])


@st.composite
def any_readings(draw: st.DrawFn) -> tuple[Reading, ...]:
    """Regular and irregular, with gaps, a clock that is set back and forward, and an interval that changes."""
    at, found = draw(start), []
    for _ in range(draw(st.integers(0, 3))):
        every = draw(everys)
        for sight, (intervals, more) in draw(st.lists(steps(REGULAR, SPARSE, DENSE, SET_BACK), max_size=8)):
            found.append(Reading(at, sight, every))
            at += intervals * every + more
    return tuple(found)


@st.composite
def in_order(draw: st.DrawFn, *kinds: list[tuple[int, int]]) -> tuple[Reading, ...]:
    """One interval, and a clock that runs forward."""
    at, every, found = draw(start), draw(everys), []
    for sight, (intervals, more) in draw(st.lists(steps(REGULAR, *kinds), min_size=1, max_size=15)):
        found.append(Reading(at, sight, every))
        at += max(1, intervals * every + more)
    return tuple(found)


histories = st.builds(History, any_readings(), some_spans, some_spans)


def not_better(after: Seconds, before: Seconds) -> bool:
    """Neither end of the interval is higher."""
    assert after.counted == before.counted
    if after.low is None or before.low is None or after.high is None or before.high is None:
        return after.counted == 0
    return after.low <= before.low and after.high <= before.high


class TestTwoComputationsAgree:
    @steadily
    @given(histories)
    def test_on_every_second_and_so_on_the_sums(self, history: History) -> None:
        expected = one_by_one(history)
        assert labels(history) == expected
        assert summed(history)._asdict() == {word.value: expected.count(word.value) for word in Condition}

    @steadily
    @given(any_readings(), st.integers(1, 9))
    def test_packed_in_parts_and_joined_is_as_recorded_in_one(self, readings: tuple[Reading, ...], size: int) -> None:
        packs = [put_together(readings[first : first + size]) for first in range(0, len(readings), size)]
        assert joined(stretch for pack in packs for stretch in pack) == put_together(readings)

    @steadily
    @given(any_readings())
    def test_an_outage_is_two_in_a_row_until_the_next_up(self, readings: tuple[Reading, ...]) -> None:
        # Given: rows of what was seen, without the blind ones
        telling = [reading for reading in readings if reading.sight is not B]
        rows = [(sight, [*some]) for sight, some in groupby(telling, key=lambda reading: reading.sight)]
        # When
        found = outages(put_together(readings))
        # Then
        long = [place for place, (sight, some) in enumerate(rows) if sight is D and len(some) > 1]
        assert [outage.end is None for outage in found] == [place + 1 == len(rows) for place in long]
        for outage, place in zip(found, long, strict=True):
            times = [reading.at for reading in rows[place][1]]
            assert outage.start == min(times)
            if outage.end is not None and all(one.at < other.at for one, other in pairwise(readings)):
                assert outage.end == rows[place + 1][1][0].at

    @steadily
    @given(any_readings())
    def test_what_is_down_lies_within_an_outage(self, readings: tuple[Reading, ...]) -> None:
        found = outages(put_together(readings))
        for second, word in enumerate(one_by_one(History(readings))):
            if word == "down":
                assert any(start <= second and (end is None or second < end) for start, end in found)
        assert all(end is None or start < end for start, end in found)


class TestForm:
    @steadily
    @given(histories, spans())
    def test_pieces_are_ordered_gapless_and_unlike_their_neighbours(self, history: History, period: Span) -> None:
        found = pieces(put_together(history.readings), history.reported, history.planned, period)
        edges = [period.start, *(span.end for span, _ in found)]
        assert [span for span, _ in found] == [Span(*pair) for pair in pairwise(edges)]
        assert edges[-1] == period.end
        assert all(span.start < span.end for span, _ in found)
        assert all(one.condition is not other.condition for one, other in pairwise(found))

    @steadily
    @given(histories, spans(longest=300))
    def test_nothing_is_lost_and_nothing_counted_twice(self, history: History, period: Span) -> None:
        got = summed(history, period)
        assert got.period == sum(got) == period.end - period.start
        assert all(count >= 0 for count in got)
        assert got.counted == 0 or 0 <= got.low <= got.high <= 1  # type: ignore[operator]

    @steadily
    @given(histories, st.integers(0, LENGTH))
    def test_a_period_is_the_sum_of_its_parts(self, history: History, at: int) -> None:
        parts = [summed(history, Span(0, at)), summed(history, Span(at, LENGTH))]
        assert tuple(map(sum, zip(*parts, strict=True))) == summed(history)

    @steadily
    @given(histories)
    def test_it_does_not_matter_how_readings_were_put_together(self, history: History) -> None:
        apart = [Stretch(at, at, sight, every) for at, sight, every in history.readings]
        assert pieces(apart, history.reported, history.planned, PERIOD) == pieces(
            put_together(history.readings), history.reported, history.planned, PERIOD
        )
        assert outages(apart) == outages(put_together(history.readings))

    @steadily
    @given(histories)
    def test_nor_in_which_order_and_how_often_spans_are_given(self, history: History) -> None:
        twice = History(history.readings, history.reported[::-1] * 2, history.planned[::-1] * 2)
        merged = History(history.readings, tuple(merge(history.reported)), tuple(merge(history.planned)))
        assert summed(twice) == summed(merged) == summed(history)

    @steadily
    @given(histories, st.integers(-(10**6), 10**10))
    def test_when_it_was_does_not_matter(self, history: History, later: int) -> None:
        moved = History(
            tuple(reading._replace(at=reading.at + later) for reading in history.readings),
            tuple(Span(start + later, end + later) for start, end in history.reported),
            tuple(Span(start + later, end + later) for start, end in history.planned),
        )
        assert summed(moved, Span(later, LENGTH + later)) == summed(history)


WORSE = {U: (B, D), B: (D,), D: ()}


class TestNothingThatIsWorseHelps:
    """What was seen, reported or lost."""

    @steadily
    @given(histories, st.data())
    def test_a_reading_that_saw_worse(self, history: History, data: st.DataObject) -> None:
        """UP, blind, DOWN: in this order neither end rises; so the prober has no interest in being blind either."""
        better = [place for place, reading in enumerate(history.readings) if WORSE[reading.sight]]
        assume(better)
        place = data.draw(st.sampled_from(better))
        readings = [*history.readings]
        readings[place] = readings[place]._replace(sight=data.draw(st.sampled_from(WORSE[readings[place].sight])))
        assert not_better(summed(History(tuple(readings), history.reported, history.planned)), summed(history))

    @steadily
    @given(histories, spans(), st.integers(0, 50), st.integers(0, 50))
    def test_a_reported_outage_that_is_longer(self, history: History, outage: Span, before: int, after: int) -> None:
        longer = Span(outage.start - before, outage.end + after)
        short, long = (
            summed(History(history.readings, (*history.reported, one), history.planned)) for one in (outage, longer)
        )
        assert not_better(long, short)
        assert not_better(short, summed(history))

    @steadily
    @given(in_order(SPARSE, DENSE), st.data())
    def test_a_lost_reading_that_says_what_the_one_before_it_said(
        self, readings: tuple[Reading, ...], data: st.DataObject
    ) -> None:
        """Neither raises the low end nor lowers the high one; nor does the loss of the very first.

        It does not hold for a reading that brings news. Those after DOWN or before it may decide what is in a row: of
        DOWN, UP, DOWN without the UP an outage is left. And a reading before a lost one speaks of the time until the
        next if that is not more than half as long again away: of UP, DOWN, UP, closely spaced, nothing but UP is left.
        Nor does it hold where the clock jumped or the interval changed: then the reading before may reach farther than
        the lost one did.
        """
        repeated = [n for n, one in enumerate(readings) if n == 0 or readings[n - 1].sight is one.sight]
        place = data.draw(st.sampled_from(repeated))
        before, after = summed(History(readings)), summed(History(readings[:place] + readings[place + 1 :]))
        assert after.up <= before.up
        assert after.down <= before.down

    @steadily
    @given(in_order(SPARSE, DENSE), st.data())
    def test_a_lost_reading_that_brought_news(self, readings: tuple[Reading, ...], data: st.DataObject) -> None:
        """What is left of the rule: an UP that is lost never raises the low end, a DOWN never lowers the high one."""
        place = data.draw(st.sampled_from(range(len(readings))))
        before, after = summed(History(readings)), summed(History(readings[:place] + readings[place + 1 :]))
        if readings[place].sight is U:
            assert after.up <= before.up
        if readings[place].sight is D:
            assert after.down <= before.down

    @steadily
    @given(in_order(SPARSE), st.data())
    def test_a_prober_that_was_switched_off(self, readings: tuple[Reading, ...], data: st.DataObject) -> None:
        """For longer than one and a half intervals, or for good: that never raises the low end.

        It may lower the high one, where the UP is lost between two DOWN that nothing else confirms. Readings closer
        together than the interval, as by hand, are left out: what the last of them says reaches over what was lost.
        """
        first = data.draw(st.integers(0, len(readings)))
        last = data.draw(st.integers(first, len(readings)))
        kept, resumed = readings[:first], readings[last:]
        assume(not kept or not resumed or resumed[0].at - kept[-1].at > 3 * kept[-1].every / 2)
        before, after = summed(History(readings)), summed(History(kept + resumed))
        assert after.up <= before.up
        if not resumed:
            assert after.down <= before.down


class TestPlanned:
    @steadily
    @given(histories, spans())
    def test_a_window_changes_nothing_outside_it(self, history: History, window: Span) -> None:
        with_it = History(history.readings, history.reported, (*history.planned, window))
        for second, (before, after) in enumerate(zip(labels(history), labels(with_it), strict=True)):
            assert after == ("planned" if window.start <= second < window.end else before)

    @steadily
    @given(st.builds(History, any_readings(), some_spans), st.integers(1, 80), st.integers(0, 100), st.integers(0, 100))
    def test_a_window_that_is_shifted_off_downtime_does_not_help(
        self, history: History, length: int, one: int, other: int
    ) -> None:
        """Within the period, where nothing else is planned: the less downtime it covers, the lower the high end.

        The same holds for the low end, with downtime and what is unknown. A window that is shifted out of the period,
        or into another, may help: then the time it gives up was up.
        """
        truth = one_by_one(history)
        windows = [Span(at, at + length) for at in (one, other)]
        sums = [summed(History(history.readings, history.reported, (window,))) for window in windows]
        for ends, words in (
            ([found.high for found in sums], ("down",)),
            ([found.low for found in sums], ("down", "unknown")),
        ):
            covered = [sum(truth[second] in words for second in range(*window)) for window in windows]
            less, more = sorted(zip(covered, ends, strict=True))
            assert less[1] is not None
            assert more[1] is not None
            assert less[1] <= more[1]

    @steadily
    @given(histories, spans())
    def test_what_was_planned_cannot_be_made_worse(self, history: History, window: Span) -> None:
        """Whatever is reported within a window that counts changes nothing."""
        planned = (*history.planned, window)
        reported = (*history.reported, window)
        assert summed(History(history.readings, reported, planned)) == summed(
            History(history.readings, history.reported, planned)
        )


ZONES = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo"])


@steadily
@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(1, 40),
    st.integers(0, 40),
    ZONES,
    ZONES,
    st.lists(sights, min_size=1, max_size=9),
)
@example(date(2026, 3, 8), 1, 1, "America/New_York", "America/New_York", [U])
@example(date(2026, 11, 1), 1, 1, "America/New_York", "America/New_York", [U])
@example(date(2026, 3, 1), 31, 15, "Asia/Shanghai", "Asia/Tokyo", [U, D, D])
def test_days_sum_to_the_time_that_truly_passed(
    first: date, count: int, moved: int, zone: str, other: str, signs: list[Sight]
) -> None:
    """Across summer time, and where the contract moves into another zone after some of the days."""
    # Given
    midnights = [
        datetime.combine(first + timedelta(days=n), time(), ZoneInfo(zone if n < moved else other))
        for n in range(count + 1)
    ]
    instants = [int(midnight.timestamp()) for midnight in midnights]
    before, after = (midnight.utcoffset() or timedelta() for midnight in (midnights[0], midnights[-1]))
    # and: a reading every two hours
    times = range(instants[0], instants[-1], 7200)
    seen = stretches(zip(times, cycle(signs), strict=False), 7200)
    # When
    days = [seconds(seen, [], [], Span(*pair)) for pair in pairwise(instants)]
    whole = seconds(seen, [], [], Span(instants[0], instants[-1]))
    # Then
    assert whole.period == 86400 * count - (after - before).total_seconds()
    assert tuple(map(sum, zip(*days, strict=True))) == whole
