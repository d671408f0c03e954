"""The light probe: does a system answer as it should, asked every minute, beside the daily page inspection.

Source: duties.md, "Availability: what can be claimed": one visit a day cannot support a claim of 99 %.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import NamedTuple, Self, TypeVar

from pydantic import Field, HttpUrl, model_validator

from checks.availability import Sight, Stretch, near, stretches
from checks.journey import Strict
from checks.visit import Facts

One = TypeVar("One")


class Probe(Strict):
    """What is asked of a system, and how often. Nothing is sent but one GET without a login."""

    url: HttpUrl | None = Field(None, title="探测网址", description="不写就用系统的网址；要不登录就能看到")
    text: str = Field("", title="应有的文字", description="回答里要有这段文字才算可用；错误页也可能回答 200")
    every: int = Field(60, ge=1, le=300, title="间隔（秒）", description="合同要求按 99 % 评价可用性，至多 300")
    every_in_support: int = Field(30, ge=1, le=300, title="重保期间的间隔（秒）")
    timeout: float = Field(10, gt=0, le=30, title="时限（秒）", description="整个回答要在这之内到达")

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if 2 * self.timeout + self.pause > min(self.every, self.every_in_support):
            raise ValueError("时限太长：失败要再试一次，两次都要在下一次之前有结果；时限至多是间隔的 0.45 倍")
        return self

    @property
    def pause(self) -> float:
        """Seconds before a probe that failed is tried once more."""
        return min(2.0, min(self.every, self.every_in_support) / 10)


class Reading(NamedTuple):
    """One probe. `at`: when it was sent, UTC, whole seconds; `ms` until the answer was read; `fault`: one line in
    Chinese with the actual beside the expected, "" where all was well."""

    at: datetime
    sight: Sight
    ms: int
    fault: str = ""


class SeenHour(Facts):
    """Some readings of one system in the order in which they were taken, at most an hour of them: a year of a probe a
    minute has to be small, so what repeats is counted. What availability is counted from, and no more.

    first: the time of the first reading, epoch seconds. gaps: seconds to the next reading and how often. seen: sight,
    fault and how often.
    """

    every: int  # seconds
    first: int
    gaps: list[tuple[int, int]]
    seen: list[tuple[Sight, str, int]]

    def times(self) -> Iterator[int]:
        """When each reading was taken, epoch seconds."""
        at = self.first
        yield at
        for gap, number in self.gaps:
            for _ in range(number):
                at += gap
                yield at

    def stretches(self) -> list[Stretch]:
        """What was seen, as availability is counted from it."""
        last = self.first + sum(gap * number for gap, number in self.gaps)
        if len(self.seen) == 1 and all(near(gap, self.every) for gap, _ in self.gaps):
            return [Stretch(self.first, last, self.seen[0][0], self.every)]  # nearly every hour of a year
        sights = (sight for sight, _, number in self.seen for _ in range(number))
        return stretches(zip(self.times(), sights, strict=True), self.every)


class ProbeHour(SeenHour):
    """All that there is to know of them. ms: one for each reading."""

    target: str
    attempt: int = 1
    started_at: datetime
    ms: list[int]

    @classmethod
    def of(cls, target: str, every: int, readings: Sequence[Reading], attempt: int = 1) -> Self:
        """Pack readings; there is at least one."""
        times = [int(one.at.timestamp()) for one in readings]
        steps = [after - before for before, after in pairwise(times)]
        return cls(
            target=target,
            attempt=attempt,
            started_at=readings[0].at,
            every=every,
            first=times[0],
            gaps=_counted(steps),
            ms=[one.ms for one in readings],
            seen=[(*what, number) for what, number in _counted((one.sight, one.fault) for one in readings)],
        )

    def readings(self) -> Iterator[Reading]:
        """Unpack."""
        seen = ((sight, fault) for sight, fault, number in self.seen for _ in range(number))
        for at, ms, (sight, fault) in zip(self.times(), self.ms, seen, strict=True):
            yield Reading(datetime.fromtimestamp(at, UTC), sight, ms, fault)


def _counted(items: Iterable[One]) -> list[tuple[One, int]]:
    return [(one, len(list(same))) for one, same in groupby(items)]
