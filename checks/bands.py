"""What an availability earns: the bands of Annex 4, and a verdict on an interval that never guesses (readings R2, R3).

Shares are exact fractions of whole seconds, 0 to 1; a figure that was rounded for people is never compared.
"""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from checks.availability import Seconds


class Band(NamedTuple):
    """The shares from `floor`, in percent, up to where the next better band begins.

    `above`: not the floor itself. Annex 4 leaves open where that belongs; reading R3 puts it into the band below.
    """

    label: str  # for people; 以上 includes the figure, 超过 does not (Civil Code, article 1259)
    points: Decimal
    floor: int
    above: bool = False


class Scale(NamedTuple):
    """A row of Annex 4. `bands`: best first, the last one's floor is 0."""

    title: str
    bands: tuple[Band, ...]

    def band(self, share: Fraction) -> Band:
        """Where a share lies."""
        percent = share * 100
        return next(band for band in self.bands if percent > band.floor or (percent == band.floor and not band.above))


SYSTEMS = Scale(
    "信息系统可用性",
    (
        Band("达到 99%", Decimal("1"), 99),
        Band("90% 以上，不到 99%", Decimal("-0.5"), 90),
        Band("低于 90%", Decimal("-1"), 0),
    ),
)
"""Reading R2: exactly 99 % is reached, exactly 90 % is not yet below."""

KEY_SUPPORT = Scale(
    "重要保障",
    (
        Band("达到 100%", Decimal("0.5"), 100),
        Band("超过 99%，不到 100%", Decimal("0"), 99, above=True),
        Band("90% 至 99%", Decimal("-0.5"), 90),
        Band("低于 90%", Decimal("-1"), 0),
    ),
)
"""Reading R3."""

GENERAL_SUPPORT = Scale(
    "一般保障",
    (
        Band("达到 100%", Decimal("0.5"), 100),
        Band("超过 90%，不到 100%", Decimal("0"), 90, above=True),
        Band("80% 至 90%", Decimal("-0.5"), 80),
        Band("低于 80%", Decimal("-1"), 0),
    ),
)
"""Reading R3."""


class Verdict(NamedTuple):
    """The bands of an interval's ends. `flagged`: an end is precisely where Annex 4 leaves open which band it is."""

    low_band: Band
    high_band: Band
    flagged: bool

    @property
    def determined(self) -> bool:
        """Whether no edge lies between the ends, so that what is unknown does not matter."""
        return self.low_band == self.high_band

    @property
    def points(self) -> Decimal | None:
        """None where it is undetermined; then they are between those of the two bands."""
        return self.low_band.points if self.determined else None

    @property
    def label(self) -> str:
        """What operators read."""
        return (
            self.low_band.label if self.determined else f"不能确定：从“{self.low_band.label}”到“{self.high_band.label}”"
        )


def judge(found: Seconds, scale: Scale) -> Verdict | None:
    """The verdict on a period; None where nothing of it is counted, so that there is nothing to judge."""
    low, high = found.low, found.high
    if low is None or high is None:
        return None
    open_edges = {Fraction(band.floor, 100) for band in scale.bands if band.above}
    return Verdict(scale.band(low), scale.band(high), not open_edges.isdisjoint((low, high)))


def percent(share: Fraction) -> str:
    """A share for people, such as 98.99%: in the same band as the share itself.

    Cut off, never rounded up; two decimals, or as many as it takes: what looks like a whole percent is one.
    """
    exact, digits = share * 100, 2
    while exact.denominator > 1 and int(exact * 10**digits) % 10**digits == 0:
        digits += 1
    whole, decimals = divmod(int(exact * 10**digits), 10**digits)
    return f"{whole}.{decimals:0{digits}}%"
