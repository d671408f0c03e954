"""How fast each system answered, day by day, for the picture of a report: from the probes that got their answer."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from math import ceil
from typing import NamedTuple

from checks.availability import Sight
from checks.probe import ProbeHour


class Day(NamedTuple):
    """The median and the 95th percentile of a day's response times, in seconds."""

    day: date
    median: float
    p95: float


class Series(NamedTuple):
    """One system. `warn`: the contract's limit, seconds. `days`: in order; a day without any answer is missing."""

    name: str
    warn: float
    days: tuple[Day, ...]


def series(name: str, warn: float, hours: Iterable[ProbeHour], first: date, last: date, zone: tzinfo) -> Series:
    """Of the days from `first` to `last` in a zone. A probe without an answer has no response time: it tells of an
    outage, and how long nobody answered is not how fast they do."""
    by_day: dict[date, list[int]] = {}
    for hour in hours:
        begins = datetime.fromtimestamp(hour.first, zone)
        ends = begins + timedelta(seconds=sum(gap * number for gap, number in hour.gaps))
        if begins.date() == ends.date() and all(sight is Sight.UP for sight, _, _ in hour.seen):
            by_day.setdefault(begins.date(), []).extend(hour.ms)  # nearly every hour of a year
            continue
        for one in hour.readings():
            if one.sight is Sight.UP:
                by_day.setdefault(one.at.astimezone(zone).date(), []).append(one.ms)
    return Series(name, warn, tuple(_day(day, by_day[day]) for day in sorted(by_day) if first <= day <= last))


def _day(day: date, times: list[int]) -> Day:
    """By the nearest rank: each is a time that was measured."""
    times = sorted(times)
    return Day(day, *(times[ceil(share * len(times)) - 1] / 1000 for share in (0.5, 0.95)))
