"""Up, down, planned and unknown, second by second."""

import time
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from checks.availability import (
    Condition,
    Outage,
    Piece,
    Seconds,
    Sight,
    Span,
    Stretch,
    clip,
    merge,
    outages,
    pieces,
    seconds,
    stretches,
)

U, D, B = Sight.UP, Sight.DOWN, Sight.BLIND
SIGHTS = {"U": U, "D": D, "B": B}
LETTERS = {"U": Condition.UP, "D": Condition.DOWN, "P": Condition.PLANNED, "?": Condition.UNKNOWN}


def every_minute(signs: str, start: int = 0) -> list[Stretch]:
    """A reading a minute: U, D, B, or nothing where there is a dot."""
    readings = [(start + 60 * n, SIGHTS[sign]) for n, sign in enumerate(signs) if sign != "."]
    return stretches(readings, 60)


def minutes(seen: Sequence[Stretch], length: int, reported: Sequence[Span] = (), planned: Sequence[Span] = ()) -> str:
    """What each minute was: U, D, P or ?; all pieces here are whole minutes."""
    found = pieces(seen, reported, planned, Span(0, 60 * length))
    assert all(at % 60 == 0 for span, _ in found for at in span)
    letter = {condition: sign for sign, condition in LETTERS.items()}
    return "".join(letter[condition] * ((span.end - span.start) // 60) for span, condition in found)


def span(first: int, last: int) -> Span:
    """From minute to minute."""
    return Span(60 * first, 60 * last)


class TestSpans:
    def test_merged_they_are_in_order_and_do_not_touch(self) -> None:
        given = [Span(40, 50), Span(0, 10), Span(10, 20), Span(5, 8), Span(45, 60), Span(30, 30), Span(35, 31)]
        assert merge(given) == [Span(0, 20), Span(40, 60)]
        assert merge([]) == []

    def test_one_within_another_does_not_shorten_it(self) -> None:
        assert merge([Span(0, 100), Span(10, 20)]) == [Span(0, 100)]

    def test_clipped_only_what_is_within_remains(self) -> None:
        given = [Span(0, 10), Span(5, 15), Span(12, 14), Span(18, 30), Span(20, 30), Span(0, 40)]
        assert [*clip(given, Span(10, 20))] == [Span(10, 15), Span(12, 14), Span(18, 20), Span(10, 20)]


class TestStretches:
    def test_what_saw_the_same_is_one(self) -> None:
        assert every_minute("UUUDDBU") == [
            Stretch(0, 120, U, 60),
            Stretch(180, 240, D, 60),
            Stretch(300, 300, B, 60),
            Stretch(360, 360, U, 60),
        ]
        assert stretches([], 60) == []

    @pytest.mark.parametrize(("every", "near"), [(60, 90), (61, 91), (1, 1)])
    def test_half_as_far_again_is_near_enough_and_a_second_more_is_not(self, every: int, near: int) -> None:
        assert stretches([(0, U), (near, U)], every) == [Stretch(0, near, U, every)]
        far = near + 1
        assert stretches([(0, U), (far, U)], every) == [Stretch(0, 0, U, every), Stretch(far, far, U, every)]

    @pytest.mark.parametrize("back", [100, 40])
    def test_a_clock_that_stood_still_or_was_set_back_begins_a_new_one(self, back: int) -> None:
        got = stretches([(100, D), (back, D)], 60)
        assert got == [Stretch(100, 100, D, 60), Stretch(back, back, D, 60)]


class TestWhatAReadingSpeaksOf:
    def test_until_the_next(self) -> None:
        assert minutes(every_minute("UUDDUU"), 6) == "UUDDUU"

    def test_where_some_are_missing_only_until_the_next_was_due(self) -> None:
        assert minutes(every_minute("UU.UU"), 5) == "UU?UU"
        assert minutes(every_minute("UU..UU"), 6) == "UU??UU"
        assert minutes(every_minute("DD..UU"), 6) == "DD??UU"

    def test_half_as_long_again_and_a_second_more(self) -> None:
        for gap, unknown in ((90, 0), (91, 31)):
            got = seconds(stretches([(0, U), (gap, U)], 60), [], [], Span(0, gap))
            assert (got.up, got.unknown) == (gap - unknown, unknown)

    def test_nothing_before_the_first_and_little_after_the_last(self) -> None:
        assert minutes(every_minute("UU", start=120), 6) == "??UU??"

    def test_what_was_read_before_the_period_speaks_of_its_first_seconds(self) -> None:
        got = pieces(stretches([(-30, U), (30, U)], 60), [], [], Span(0, 60))
        assert got == [Piece(Span(0, 60), Condition.UP)]

    def test_without_readings_all_is_unknown(self) -> None:
        assert minutes([], 3) == "???"

    def test_blind_is_unknown(self) -> None:
        assert minutes(every_minute("UBBU"), 4) == "U??U"

    def test_a_period_without_length(self) -> None:
        assert pieces(every_minute("UU"), [span(0, 1)], [span(0, 1)], Span(60, 60)) == []

    def test_the_interval_between_readings_may_change(self) -> None:
        # Given: every minute, then every five
        seen = [*every_minute("UU"), *stretches([(120, U), (420, U), (1320, U)], 300)]
        # Then: ten minutes would be near enough, fifteen are too far
        assert minutes(seen, 27) == "U" * 12 + "?" * 10 + "U" * 5


class TestOutages:
    def test_two_in_a_row_begin_at_the_first_and_end_at_the_next_up(self) -> None:
        seen = every_minute("UDDDUU")
        assert minutes(seen, 6) == "UDDDUU"
        assert outages(seen) == [Outage(60, 240)]

    def test_one_alone_is_none_and_never_up(self) -> None:
        seen = every_minute("UDUDU")
        assert minutes(seen, 5) == "U?U?U"
        assert outages(seen) == []

    def test_one_at_the_end_is_not_yet_one(self) -> None:
        assert minutes(every_minute("UD"), 3) == "U??"
        assert outages(every_minute("UD")) == []
        # When: one minute later
        assert minutes(every_minute("UDD"), 3) == "UDD"
        assert outages(every_minute("UDD")) == [Outage(60, None)]

    def test_blind_readings_in_between_are_not_down(self) -> None:
        seen = every_minute("UDBBDU")
        assert minutes(seen, 6) == "UD??DU"
        assert outages(seen) == [Outage(60, 300)]

    def test_nor_is_a_gap(self) -> None:
        seen = every_minute("UD...DU")
        assert minutes(seen, 7) == "UD???DU"
        assert outages(seen) == [Outage(60, 360)]

    def test_it_ends_with_the_first_up_however_late(self) -> None:
        seen = every_minute("DDB...UU")
        assert minutes(seen, 8) == "DD????UU"
        assert outages(seen) == [Outage(0, 360)]

    def test_blind_does_not_end_it(self) -> None:
        assert outages(every_minute("DDBB")) == [Outage(0, None)]

    def test_one_within_the_period_is_confirmed_by_one_after_it(self) -> None:
        seen = every_minute("UUDDU")
        assert minutes(seen, 3) == "UUD"

    def test_several(self) -> None:
        assert outages(every_minute("DDUDUDDUD")) == [Outage(0, 120), Outage(300, 420)]

    def test_the_interval_changes_in_the_midst(self) -> None:
        seen = [*every_minute("UD"), *stretches([(120, D), (420, U)], 300)]
        assert minutes(seen, 12) == "U" + "D" * 6 + "U" * 5
        assert outages(seen) == [Outage(60, 420)]


class TestReported:
    def test_down_whatever_the_prober_says(self) -> None:
        assert minutes(every_minute("UUB.UU"), 6, reported=[span(1, 5)]) == "UDDDDU"

    def test_overlapping_ones_count_once(self) -> None:
        assert minutes(every_minute("UDDUUU"), 6, reported=[span(2, 4), span(3, 5), span(3, 4)]) == "UDDDDU"

    def test_only_within_the_period(self) -> None:
        assert minutes([], 3, reported=[span(-5, 1), span(2, 9), span(7, 8)]) == "D?D"


class TestPlanned:
    def test_wins_over_everything_and_is_not_counted(self) -> None:
        seen = every_minute("UDDUB.UDUU")
        assert minutes(seen, 10, [span(3, 4)], [span(0, 2), span(1, 9)]) == "P" * 9 + "U"
        assert seconds(seen, [span(3, 4)], [span(0, 9)], span(0, 10)) == (60, 0, 540, 0)

    def test_an_overrun_counts(self) -> None:
        # Given: the window is over after two minutes; the first DOWN after it is confirmed by those within
        assert minutes(every_minute("DDDU"), 4, planned=[span(0, 2)]) == "PPDU"

    def test_overlapping_ones_and_those_that_touch(self) -> None:
        got = pieces([], [], [span(1, 3), span(2, 4), span(4, 5)], span(0, 6))
        assert got == [
            (span(0, 1), Condition.UNKNOWN),
            (span(1, 5), Condition.PLANNED),
            (span(5, 6), Condition.UNKNOWN),
        ]


class TestAClockThatWasSetBack:
    """The same seconds were looked at twice."""

    def test_down_wins_over_up(self) -> None:
        assert minutes([*every_minute("UUUU"), *every_minute("UDDU")], 4) == "UDDU"
        assert minutes([*every_minute("UDDU"), *every_minute("UUUU")], 4) == "UDDU"

    def test_up_wins_over_blind_and_over_nothing(self) -> None:
        assert minutes([*every_minute("UUUU"), *every_minute("BBBB")], 4) == "UUUU"
        assert minutes([*every_minute("U..U"), *every_minute("UUUU")], 5) == "UUUU?"

    def test_what_nothing_confirms_is_not_up_either(self) -> None:
        assert minutes([*every_minute("UUUU"), *every_minute("UDUU")], 4) == "U?UU"

    def test_the_last_reading_before_it_speaks_until_the_next_was_due(self) -> None:
        # Given: set back by four minutes, from 05:00 to 01:00
        seen = stretches([(240, U), (300, U), (60, U)], 60)
        assert minutes(seen, 7) == "?U??UU?"

    def test_an_outage_does_not_end_before_it_begins(self) -> None:
        seen = stretches([(300, D), (360, D), (60, U)], 60)
        assert outages(seen) == [Outage(300, 420)]

    def test_an_outage_that_is_seen_on_both_sides_begins_with_the_earlier(self) -> None:
        seen = stretches([(300, D), (60, D), (120, U)], 60)
        assert outages(seen) == [Outage(60, 360)]
        assert minutes(seen, 6) == "?DU??D"


class TestSums:
    def test_the_interval(self) -> None:
        # Given: 90 up, 4 down, 2 planned, 6 unknown
        got = Seconds(up=90, down=4, planned=2, unknown=6)
        # Then
        assert (got.period, got.counted) == (102, 100)
        assert (got.low, got.high) == (Fraction(90, 100), Fraction(96, 100))

    def test_where_all_was_planned_there_is_none(self) -> None:
        got = seconds(every_minute("DD"), [], [span(0, 2)], span(0, 2))
        assert (got.low, got.high, got.counted, got.period) == (None, None, 0, 120)

    def test_by_name_not_by_place(self) -> None:
        got = seconds(every_minute("UUDDDB"), [], [span(0, 1)], span(0, 10))
        assert got._asdict() == {"up": 60, "down": 180, "planned": 60, "unknown": 300}

    def test_words_for_people(self) -> None:
        assert [one.label for one in Condition] == ["正常", "中断", "计划内停机", "不明"]


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [
        (("2026-03-08", "America/New_York"), ("2026-03-09", "America/New_York"), 23),
        (("2026-11-01", "America/New_York"), ("2026-11-02", "America/New_York"), 25),
        (("2026-11-01", "America/New_York"), ("2026-12-01", "America/New_York"), 30 * 24 + 1),
        (("2026-03-01", "Asia/Shanghai"), ("2026-04-01", "Asia/Shanghai"), 31 * 24),
        # the contract moves from Shanghai to Tokyo: midnight is an hour earlier there
        (("2026-03-01", "Asia/Shanghai"), ("2026-04-01", "Asia/Tokyo"), 31 * 24 - 1),
        # Samoa had no 30th of December
        (("2011-12-29", "Pacific/Apia"), ("2011-12-31", "Pacific/Apia"), 24),
    ],
)
def test_a_period_is_as_long_as_it_truly_was(first: tuple[str, str], last: tuple[str, str], hours: int) -> None:
    # Given: a reading every five minutes of the true time, of which the last two hours are missing
    start, end = (
        int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp()) for day, zone in (first, last)
    )
    seen = stretches([(at, U) for at in range(start, end - 7200, 300)], 300)
    # Then
    assert seconds(seen, [], [], Span(start, end)) == ((hours - 2) * 3600, 0, 0, 7200)


MONTH = 30 * 24 * 60


def a_month(minutes_down: frozenset[int]) -> list[tuple[int, Sight]]:
    return [(60 * n, D if n % 1440 in minutes_down else U) for n in range(MONTH)]


def test_a_month_of_ten_systems_takes_little() -> None:
    """The figures of 2 cores: stretches 0.03 s, sums 0.006 s; in the worst case, which is flapping, 0.1 s a system."""
    # Given: an outage of two minutes every day, a window a week, and the readings at hand
    readings = a_month(frozenset({600, 601})) * 10
    weekly = [span(7 * 1440 * n, 7 * 1440 * n + 120) for n in range(5)]
    # When
    started = time.process_time()
    found = stretches(readings, 60)
    put_together = time.process_time()
    sums = [seconds(found[: len(found) // 10], [span(0, 30)], weekly, span(0, MONTH)) for _ in range(10)]
    took = put_together - started, time.process_time() - put_together
    # Then: the half hour that was reported lies within the first window
    assert set(sums) == {Seconds(up=60 * (MONTH - 60 - 600), down=3600, planned=36000, unknown=0)}
    assert took[0] < 0.3
    assert took[1] < 0.1


def test_a_year_of_ten_systems_month_by_month() -> None:
    # Given: as they are kept; two outages a day
    busy = frozenset({600, 601, 900, 901})
    year = stretches([(at + 60 * MONTH * n, sight) for n in range(12) for at, sight in a_month(busy)], 60)
    # When
    started = time.process_time()
    sums = [seconds(year, [], [], span(MONTH * n, MONTH * (n + 1))) for n in range(12) for _ in range(10)]
    took = time.process_time() - started
    # Then
    assert set(sums) == {Seconds(up=60 * (MONTH - 120), down=7200, planned=0, unknown=0)}
    assert took < 1
