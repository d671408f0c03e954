"""BK03 大小: beside the last copies, by robust statistics.

An outlier is a modified z-score above 3.5, on the median absolute deviation (Iglewicz and Hoaglin, How to Detect and
Handle Outliers, 1993). Deviations are taken from the line that the last copies follow (Theil 1950, Sen 1968: the median
of the slopes between all pairs), so that a backup that grows by and by is no outlier and one that then loses half is.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from statistics import median
from typing import NamedTuple

from checks.backup import Backup, SizeLimits
from checks.backup_check import BackupCheck, Past, bytes_of, known_copies, no_copy
from checks.finding import State, Verdict
from checks.visit import BackupVisit

LAST, FEWEST = 14, 3
"""How many earlier copies are compared with at most; and at least, before anything is called an outlier."""

FACTOR, CONSISTENT = 3.5, 0.6745
"""Iglewicz and Hoaglin's limit; the MAD of a normal distribution is 0.6745 of its standard deviation."""


class Expected(NamedTuple):
    """What the earlier sizes let expect, in bytes. `line`: where the line leads; `spread`: the MAD about the line."""

    median: float
    line: float
    spread: float
    most: float

    @property
    def usual(self) -> float:
        """A copy at which one would not wonder: of the median and the line the larger, but nothing never seen."""
        return max(self.median, min(self.line, self.most))


def expected(sizes: Sequence[int]) -> Expected:
    """What the sizes of earlier copies, oldest first and at least one, let expect of the next."""
    slopes = [(sizes[j] - sizes[i]) / (j - i) for i, j in combinations(range(len(sizes)), 2)]
    slope = median(slopes) if slopes else 0.0
    start = median(size - slope * i for i, size in enumerate(sizes))
    spread = median(abs(size - start - slope * i) for i, size in enumerate(sizes))
    return Expected(median(sizes), start + slope * len(sizes), spread, max(sizes))


def state_of(size: int, sizes: Sequence[int], limits: SizeLimits) -> State:
    """The state of a copy's size beside those of earlier ones, oldest first."""
    if not size:
        return State.CRIT
    if not sizes:
        return State.OK
    by = expected(sizes)
    if size * 100 <= limits.shrunk * by.usual:
        return State.CRIT
    if len(sizes) < FEWEST or _near(size, (by.median, by.line), limits) or _grown(size, sizes[-1], limits):
        return State.OK
    return State.WARN if CONSISTENT * abs(size - by.line) > FACTOR * by.spread else State.OK


def _near(size: int, those: Sequence[float], limits: SizeLimits) -> bool:
    return any(abs(size - one) * 100 <= limits.tolerance * one for one in those)


def _grown(size: int, last: int, limits: SizeLimits) -> bool:
    """By no more than a little since the last: ever so often, that is growth, and a jump is said once."""
    return last <= size <= last * (1 + limits.tolerance / 100)


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: nothing, or about half of the usual. WARN: an outlier. With fewer than three earlier ones it says so."""
    if not visit.copies:
        return no_copy(visit)
    newest = visit.copies[0]
    earlier = [copy for copy in known_copies(visit, backup, past) if copy.at < newest.at]
    # An empty one is no measure; of an old snapshot the size may not be known.
    sizes = [copy.size for copy in earlier if copy.size][:LAST][::-1]
    state = state_of(newest.size, sizes, backup.sizes)
    if not newest.size:
        return Verdict(state, "最新一份是空的：0 字节")
    if not sizes:
        return Verdict(state, f"最新一份 {bytes_of(newest.size)}；还没有更早的可比")
    by = expected(sizes)
    share = f"为往常的 {newest.size / by.usual:.0%}"
    said = f"最新一份 {bytes_of(newest.size)}，前 {len(sizes)} 份中位数 {bytes_of(by.median)}，{share}"
    if state is State.CRIT:
        return Verdict(state, f"{said}，期望大于 {backup.sizes.shrunk:g}%；请查备份是否完整、数据是否丢失")
    if state is State.WARN:
        return Verdict(state, f"{said}，期望相差 {backup.sizes.tolerance:g}% 以内；请核实数据是否真有这样的变化")
    few = f"；更早的只有 {len(sizes)} 份，还不足以判断异常" if len(sizes) < FEWEST else ""
    return Verdict(state, f"{said}{few}")


CHECK = BackupCheck("BK03", "大小", evaluate)
