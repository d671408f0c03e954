"""What an availability earns, and what is printed of it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.availability import Seconds
from checks.bands import GENERAL_SUPPORT, KEY_SUPPORT, SYSTEMS, Scale, judge, percent

SCALES = (SYSTEMS, KEY_SUPPORT, GENERAL_SUPPORT)
MONTH = 30 * 86400


def up_for(up: int, down: int) -> Seconds:
    return Seconds(up=up, down=down, planned=0, unknown=0)


@pytest.mark.parametrize(
    ("scale", "up", "down", "points", "label", "flagged"),
    [
        (SYSTEMS, 1, 0, "1", "达到 99%", False),
        (SYSTEMS, 99, 1, "1", "达到 99%", False),
        # one second of a hundred months
        (SYSTEMS, 99 * MONTH - 1, MONTH + 1, "-0.5", "90% 以上，不到 99%", False),
        (SYSTEMS, 90, 10, "-0.5", "90% 以上，不到 99%", False),
        (SYSTEMS, 90 * MONTH - 1, 10 * MONTH + 1, "-1", "低于 90%", False),
        (SYSTEMS, 0, 1, "-1", "低于 90%", False),
        (KEY_SUPPORT, 1, 0, "0.5", "达到 100%", False),
        (KEY_SUPPORT, MONTH - 1, 1, "0", "超过 99%，不到 100%", False),
        (KEY_SUPPORT, 99 * MONTH + 1, MONTH - 1, "0", "超过 99%，不到 100%", False),
        (KEY_SUPPORT, 99, 1, "-0.5", "90% 至 99%", True),
        (KEY_SUPPORT, 95, 5, "-0.5", "90% 至 99%", False),
        (KEY_SUPPORT, 90, 10, "-0.5", "90% 至 99%", False),
        (KEY_SUPPORT, 90 * MONTH - 1, 10 * MONTH + 1, "-1", "低于 90%", False),
        (GENERAL_SUPPORT, 1, 0, "0.5", "达到 100%", False),
        (GENERAL_SUPPORT, 99, 1, "0", "超过 90%，不到 100%", False),
        (GENERAL_SUPPORT, 90 * MONTH + 1, 10 * MONTH - 1, "0", "超过 90%，不到 100%", False),
        (GENERAL_SUPPORT, 90, 10, "-0.5", "80% 至 90%", True),
        (GENERAL_SUPPORT, 80, 20, "-0.5", "80% 至 90%", False),
        (GENERAL_SUPPORT, 80 * MONTH - 1, 20 * MONTH + 1, "-1", "低于 80%", False),
        (GENERAL_SUPPORT, 0, 1, "-1", "低于 80%", False),
    ],
)
def test_edges(scale: Scale, up: int, down: int, points: str, label: str, flagged: bool) -> None:
    verdict = judge(up_for(up, down), scale)
    assert verdict is not None
    assert (verdict.determined, verdict.points, verdict.label, verdict.flagged) == (
        True,
        Decimal(points),
        label,
        flagged,
    )


def test_one_second_of_a_month_decides() -> None:
    # Given: 1 % of a month is 25,920 s
    for down, points in ((25920, "1"), (25921, "-0.5")):
        verdict = judge(up_for(MONTH - down, down), SYSTEMS)
        assert verdict is not None
        assert verdict.points == Decimal(points)


class TestUndetermined:
    def test_where_an_edge_lies_between_the_ends(self) -> None:
        # Given: between 98 % and 99 %
        verdict = judge(Seconds(up=98, down=1, planned=0, unknown=1), SYSTEMS)
        # Then
        assert verdict is not None
        assert (verdict.determined, verdict.points) == (False, None)
        assert (verdict.low_band.points, verdict.high_band.points) == (Decimal("-0.5"), Decimal("1"))
        assert verdict.label == "不能确定：从“90% 以上，不到 99%”到“达到 99%”"

    def test_not_where_what_is_unknown_does_not_matter(self) -> None:
        for up, down, unknown, points in ((990, 0, 10, "1"), (900, 11, 89, "-0.5"), (0, 101, 899, "-1")):
            verdict = judge(Seconds(up=up, down=down, planned=0, unknown=unknown), SYSTEMS)
            assert verdict is not None
            assert verdict.points == Decimal(points)

    def test_one_unknown_second_keeps_from_a_full_hundred(self) -> None:
        verdict = judge(Seconds(up=MONTH - 1, down=0, planned=0, unknown=1), KEY_SUPPORT)
        assert verdict is not None
        assert (verdict.points, verdict.label) == (None, "不能确定：从“超过 99%，不到 100%”到“达到 100%”")

    def test_an_end_on_the_open_edge_is_flagged(self) -> None:
        for up, down, unknown, points in ((97, 1, 2, "-0.5"), (99, 0, 1, None), (98, 0, 2, None)):
            verdict = judge(Seconds(up=up, down=down, planned=0, unknown=unknown), KEY_SUPPORT)
            assert verdict is not None
            assert verdict.points == (None if points is None else Decimal(points))
            assert verdict.flagged == (99 in (up, up + unknown))


def test_planned_downtime_is_not_in_the_denominator() -> None:
    verdict = judge(Seconds(up=99, down=1, planned=900, unknown=0), SYSTEMS)
    assert verdict is not None
    assert verdict.points == Decimal(1)


def test_where_nothing_is_counted_there_is_no_verdict() -> None:
    assert judge(Seconds(up=0, down=0, planned=MONTH, unknown=0), SYSTEMS) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(1), "100.00%"),
        (Fraction(99, 100), "99.00%"),
        (Fraction(98_999_997, 100_000_000), "98.99%"),
        (Fraction(99_000_001, 100_000_000), "99.000001%"),
        (Fraction(999_999, 1_000_000), "99.99%"),
        (Fraction(90_005, 100_000), "90.005%"),
        (Fraction(9_005, 10_000), "90.05%"),
        (Fraction(2, 3), "66.66%"),
        (Fraction(1, 366 * 86400), "0.000003%"),
        (Fraction(0), "0.00%"),
    ],
)
def test_for_people(share: Fraction, text: str) -> None:
    assert percent(share) == text


near_an_edge = st.builds(
    lambda edge, parts, off: min(max(Fraction(edge, 100) + Fraction(off, 100 * parts), Fraction(0)), Fraction(1)),
    st.sampled_from([0, 80, 90, 99, 100]),
    st.integers(1, 366 * 86400),
    st.integers(-3, 3),
)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(near_an_edge | st.fractions(0, 1, max_denominator=366 * 86400))
def test_what_is_printed_is_in_the_same_band_and_never_too_high(share: Fraction) -> None:
    printed = Fraction(percent(share).removesuffix("%")) / 100
    assert share - Fraction(1, 10_000) < printed <= share
    for scale in SCALES:
        assert scale.band(printed) == scale.band(share)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(st.builds(Seconds, *[st.integers(0, 1000)] * 4), st.sampled_from(SCALES))
def test_determined_is_what_no_truth_could_change(found: Seconds, scale: Scale) -> None:
    """Whatever the unknown seconds were, each of the possible truths is judged as the interval was."""
    # Given: every way in which the unknown may have been up
    verdict = judge(found, scale)
    if verdict is None:
        assert found.counted == 0
        return
    truths = [scale.band(Fraction(found.up + up, found.counted)) for up in range(found.unknown + 1)]
    # Then
    assert verdict.determined == (len({*truths}) == 1)
    assert (verdict.low_band, verdict.high_band) == (truths[0], truths[-1])
    assert [band.points for band in truths] == sorted(band.points for band in truths)
