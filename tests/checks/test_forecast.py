"""In how many days something will be full."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from checks.forecast import Forecast, Point, days_until_full

START = datetime(2026, 1, 1, 8, tzinfo=UTC)


def history(*used: float, capacity: float = 100, every: float = 1) -> list[Point]:
    return [(START + timedelta(days=every * n), one, capacity) for n, one in enumerate(used)]


def test_a_straight_line_is_continued() -> None:
    # Given 2 a day for 20 days, up to 38 of 100
    points = history(*range(0, 40, 2))
    # When it is continued, Then the 62 that are free last 31 days, and there is no doubt
    assert days_until_full(points) == pytest.approx((31, 31, 31))


def test_the_order_of_points_does_not_matter() -> None:
    points = history(*range(0, 40, 2))
    assert days_until_full(points[::-1]) == days_until_full(points)


@pytest.mark.parametrize("at", [0, 7, 18])
def test_one_outlier_moves_little(at: int) -> None:
    used = [10 + n for n in range(20)]
    used[at] = 95
    forecast = days_until_full(history(*used))
    assert forecast is not None
    assert forecast.mid == pytest.approx(71, rel=0.1)


def test_noise_widens_the_interval() -> None:
    noise = random.Random(1)
    forecast = days_until_full(history(*(n + noise.gauss(0, 3) for n in range(30))))
    assert forecast is not None
    assert forecast.low < forecast.mid < forecast.high


@pytest.mark.parametrize(
    ("used", "every", "slopes"),
    [
        ((1, 3, 2, 4, 5, 5, 8, 6, 9, 10), 2, (0.25, 0.5, 0.58333333)),
        ((1, 3, 2, 40, 5, 7, 8, 6, 9, 10, 13, 12), 2, (0.33333333, 0.5, 0.6)),
    ],
)
def test_the_interval_is_scipys(used: tuple[int, ...], every: int, slopes: tuple[float, ...]) -> None:
    # Given what scipy 1.17.1's theilslopes(used, days, 0.95) says
    forecast = days_until_full(history(*used, every=every))
    # When it is continued, Then the free space lasts as long at these slopes
    assert forecast == pytest.approx([(100 - used[-1]) / slope for slope in reversed(slopes)])


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([], id="nothing"),
        pytest.param(history(10, 20, 30, every=10), id="three points"),
        pytest.param(history(*range(14)), id="thirteen days"),
        pytest.param(history(*range(4), every=0.1), id="one day"),
        pytest.param(history(*[50] * 30), id="no growth"),
        pytest.param(history(*range(60, 30, -1)), id="less and less"),
        pytest.param(history(*[40, 50, 60, 70, 80, 45, 42] * 4), id="a weekly saw"),
        pytest.param(history(*(10 + n / 100 for n in range(30))), id="not within a year"),
        pytest.param([*history(*range(30), capacity=50), (START + timedelta(30), 30, 100)], id="enlarged just now"),
        pytest.param(history(*[0] * 20, capacity=0), id="no capacity"),
    ],
)
def test_nothing_is_said(points: list[Point]) -> None:
    assert days_until_full(points) is None


@pytest.mark.parametrize("days", [15, 16])
def test_fourteen_days_are_enough(days: int) -> None:
    assert days_until_full(history(*range(days))) is not None


def test_only_points_since_the_last_change_of_size_count() -> None:
    # Given a quick growth, then a larger disk and a slow growth
    before = history(*range(0, 60, 3), capacity=60)
    after = [(at + timedelta(days=20), used, size) for at, used, size in history(*range(57, 77), capacity=120)]
    # When it is continued, Then by the slow growth
    assert days_until_full(before + after) == pytest.approx((44, 44, 44))


def test_a_size_that_trembles_is_one_size() -> None:
    points = [(at, used, 100 + index % 3 * 0.3) for index, (at, used, _) in enumerate(history(*range(20)))]
    assert days_until_full(points) is not None


def test_what_is_full_lasts_no_more() -> None:
    assert days_until_full(history(*range(81, 101))) == (0, 0, 0)


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (Forecast(25, 40, 90), "约 40 天后写满（25–90 天）"),
        (Forecast(25, 40, 400), "约 40 天后写满（25 天至一年以上）"),
        (Forecast(0, 0.2, 3), "不到 1 天就会写满（0–3 天）"),
    ],
)
def test_in_words(forecast: Forecast, said: str) -> None:
    assert str(forecast) == said
