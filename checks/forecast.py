"""In how many days something will be full: a line through what earlier inspections saw.

The slope is Theil and Sen's: the median of the slopes between all pairs of points, which one outlier does not move.
Its 95 % confidence interval is that of P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau",
Journal of the American Statistical Association 63 (1968), eq. 2.6; scipy.stats.theilslopes does the same. Points of
successive days depend on each other, so that the interval is rather too narrow than too wide.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations, takewhile
from math import sqrt
from statistics import NormalDist, median
from typing import NamedTuple

Point = tuple[datetime, float, float]
"""When, how much was used, and of how much: any unit, the same for both."""

LEAST_POINTS, LEAST_DAYS = 4, 14
MOST_POINTS = 60  # what came before says little about now
HORIZON = 365  # days; a line through at most a year says nothing about what comes later

_APART = timedelta(hours=12)  # of several inspections on one day one counts
_SAME_SIZE = 0.01  # ZFS and btrfs give a slightly other size every day; nobody enlarges a disk by so little
_Z = NormalDist().inv_cdf(0.975)


class Forecast(NamedTuple):
    """Days until full: most likely, and the ends of the 95 % confidence interval."""

    low: float
    mid: float
    high: float

    def __str__(self) -> str:
        """约 40 天后写满（25–90 天）."""
        about = f"约 {self.mid:.0f} 天后写满" if self.mid >= 1 else "不到 1 天就会写满"
        between = f"{self.low:.0f} 天至一年以上" if self.high > HORIZON else f"{self.low:.0f}–{self.high:.0f} 天"
        return f"{about}（{between}）"


def days_until_full(points: Sequence[Point]) -> Forecast | None:
    """How long what is free now will last.

    Args:
        points: in any order, the latest is now. Only those since the last change of size count.

    Returns:
        None where there is too little history (fewer than 4 points, or less than 14 days), where use does not grow
        significantly, or where it will not be full within a year.
    """
    line = _line(points)
    if not _enough(line):
        return None
    _, used, capacity = max(points)
    slow, slope, fast = _slopes(line)
    free = max(0.0, capacity - used)
    if slow <= 0 or free / slope > HORIZON:
        return None
    return Forecast(free / fast, free / slope, free / slow)


def enough(points: Sequence[Point]) -> bool:
    """Whether there is as much history as a forecast takes; arguments as there."""
    return _enough(_line(points))


def _line(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Days from now and how much was used, the latest first: those that count."""
    latest_first = sorted(points, reverse=True)
    if not latest_first:
        return []
    now, _, capacity = latest_first[0]
    same_size = takewhile(lambda point: abs(point[2] - capacity) <= _SAME_SIZE * capacity, latest_first)
    return [((at - now) / timedelta(days=1), amount) for at, amount, _ in _apart(same_size)][:MOST_POINTS]


def _enough(line: Sequence[tuple[float, float]]) -> bool:
    return len(line) >= LEAST_POINTS and round(-line[-1][0]) >= LEAST_DAYS


def _apart(latest_first: Iterable[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in latest_first:
        if not kept or kept[-1][0] - point[0] >= _APART:
            kept.append(point)
    return kept


def _slopes(line: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """The median slope between the ends of its confidence interval."""
    slopes = sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(line, 2))
    sizes = (len(line), *Counter(y for _, y in line).values())  # equal values are ties in Kendall's tau
    whole, *ties = (n * (n - 1) * (2 * n + 5) for n in sizes)
    spread = _Z * sqrt((whole - sum(ties)) / 18)
    low = max(0, round((len(slopes) - spread) / 2) - 1)
    high = min(len(slopes) - 1, round((len(slopes) + spread) / 2))
    return slopes[low], median(slopes), slopes[high]
