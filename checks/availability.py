"""Availability: how long a system was up, was down, was planned to be down, and how long nobody could tell.

From what a prober saw, what people reported and what was planned (readings R2 and R4, "Availability: what can be
claimed"). Times are whole seconds since the epoch and a span is without its end, so that no zone and no rounding comes
in and no second is counted twice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

# × every: how far apart two readings may be and still speak of all the time between them. One that is missing must
# leave a hole: or a prober that skips what is bad, or every other reading, would show what nobody has seen.
_REACH = 1.5


class Sight(StrEnum):
    """What one reading saw."""

    UP = "up"
    DOWN = "down"
    BLIND = "blind"  # the prober itself could not see: that says nothing about the system


class Condition(StrEnum):
    """What a second counts as."""

    UP = "up"
    DOWN = "down"
    PLANNED = "planned"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _WORDS[self]


_WORDS = {
    Condition.UP: "正常",
    Condition.DOWN: "中断",
    Condition.PLANNED: "计划内停机",
    Condition.UNKNOWN: "不明",
}


class Span(NamedTuple):
    """The seconds from `start` up to `end`, without `end` itself."""

    start: int
    end: int


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same seconds, each in one span: in order, none empty, none touching the next."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(end, found[-1].end))
        else:
            found.append(Span(start, end))
    return found


def clip(spans: Iterable[Span], within: Span) -> Iterator[Span]:
    """What of each span lies within another; those that lie outside are left out."""
    for start, end in spans:
        if start < within.end and end > within.start:
            yield Span(max(start, within.start), min(end, within.end))


class Stretch(NamedTuple):
    """Readings in a row that saw the same.

    `first`, `last`: when the first and the last were taken; one reading alone has both the same. `every`: the seconds
    from one to the next; no two neighbours are more than half as long again apart.
    """

    first: int
    last: int
    sight: Sight
    every: int


def near(gap: int, every: int) -> bool:
    """Whether two readings so many seconds apart speak of all the time between them."""
    return 0 < gap <= _REACH * every


def stretches(readings: Iterable[tuple[int, Sight]], every: int) -> list[Stretch]:
    """Put readings together.

    Args:
        readings: when and what, in the order in which they were recorded. The clock may have been set back in between.
        every: seconds from one to the next. Where it changed, put the stretches of before and after in one list.
    """
    found: list[Stretch] = []
    seen, first, last = None, 0, 0
    for at, sight in readings:
        # later than the last, or two readings of the same second would look like one
        if sight is seen and near(at - last, every):
            last = at
            continue
        if seen is not None:
            found.append(Stretch(first, last, seen, every))
        seen, first, last = sight, at, at
    if seen is not None:
        found.append(Stretch(first, last, seen, every))
    return found


def joined(seen: Iterable[Stretch]) -> list[Stretch]:
    """The same readings in fewer stretches: recorded hour by hour, most go on where the one before ended.

    Args:
        seen: in the order in which they were recorded.
    """
    found: list[Stretch] = []
    before: Stretch | None = None
    last = 0
    for one in seen:
        if before and one.sight is before.sight and one.every == before.every and near(one.first - last, one.every):
            last = one.last
            continue
        if before:
            found.append(before._replace(last=last))
        before, last = one, one.last
    return [*found, before._replace(last=last)] if before else found


def _spoken(seen: Sequence[Stretch]) -> Iterator[tuple[Stretch, Span]]:
    """Each stretch with the time that it speaks of.

    A reading speaks of the time until the next one; where that is too far away, or the clock was set back, until the
    next one was due. What follows is unknown.
    """
    for stretch, following in zip(seen, [*seen[1:], None], strict=False):  # of no stretches, none has a following one
        last, every = stretch.last, stretch.every
        goes_on = following is not None and near(following.first - last, every)
        yield stretch, Span(stretch.first, following.first if following and goes_on else last + every)


class _Row(NamedTuple):
    """What the DOWN readings between one UP and the next speak of. `ended`: when that next UP was read."""

    spans: list[Span]
    confirmed: bool  # there are two readings at least: one alone may be a hiccup of the network
    ended: int | None


def _rows(spoken: Iterable[tuple[Stretch, Span]]) -> Iterator[_Row]:
    """Time that was blind, or without readings, does not end a row."""
    spans: list[Span] = []
    confirmed = False
    for stretch, span in spoken:
        if stretch.sight is Sight.DOWN:
            confirmed = bool(spans) or stretch.first < stretch.last
            spans.append(span)
        elif stretch.sight is Sight.UP and spans:
            yield _Row(spans, confirmed, stretch.first)
            spans = []
    if spans:
        yield _Row(spans, confirmed, None)


class Outage(NamedTuple):
    """A system that was seen down: from the first DOWN reading to the first UP after it, None while there is none."""

    start: int
    end: int | None


def outages(seen: Sequence[Stretch]) -> list[Outage]:
    """The outages that a prober saw, in the order in which they were recorded.

    It takes two DOWN readings in a row. An outage's length is not its downtime: of that, `pieces` says what was seen.
    """
    found = []
    for row in _rows(_spoken(seen)):
        if row.confirmed:
            start, end = min(span.start for span in row.spans), max(span.end for span in row.spans)
            # A clock that was set back may put the UP reading before what was seen down.
            found.append(Outage(start, None if row.ended is None else max(end, row.ended)))
    return found


class Piece(NamedTuple):
    """Seconds that follow one another and count as the same."""

    span: Span
    condition: Condition


def pieces(seen: Sequence[Stretch], reported: Iterable[Span], planned: Iterable[Span], period: Span) -> list[Piece]:
    """What a period was made of: in order, without gaps, each unlike its neighbours; nothing if it has no length.

    Args:
        seen: what the prober saw, as recorded. Also what lies around the period: what was read before it speaks of its
            first seconds, and one DOWN reading within it may be confirmed by another outside.
        reported: outages that people entered; they may overlap. Down, whatever the prober says.
        planned: the planned windows that count; they may overlap. Within them nothing else matters.
        period: what to look at. Time that has not come yet is unknown.
    """
    spoken = [*_spoken(seen)]
    down, unconfirmed = [*reported], list[Span]()
    for row in _rows(spoken):
        (down if row.confirmed else unconfirmed).extend(row.spans)
    up = [span for stretch, span in spoken if stretch.sight is Sight.UP]
    # The first layer that has a second says what it is: a DOWN reading beats an UP even where nothing confirms it.
    layers = (
        (Condition.PLANNED, planned),
        (Condition.DOWN, down),
        (Condition.UNKNOWN, unconfirmed),
        (Condition.UP, up),
        (Condition.UNKNOWN, [period]),
    )
    edges = [
        (at, layer) for layer, (_, spans) in enumerate(layers) for span in merge(clip(spans, period)) for at in span
    ]
    found: list[Piece] = []
    start, here = period.start, set[int]()
    for at, layer in sorted(edges):
        if at > start:
            condition = layers[min(here)][0]
            if found and found[-1].condition is condition:
                found[-1] = Piece(Span(found[-1].span.start, at), condition)
            else:
                found.append(Piece(Span(start, at), condition))
            start = at
        here ^= {layer}  # merged spans never touch, so that each edge either enters its layer or leaves it
    return found


class Seconds(NamedTuple):
    """A period's seconds by what they count as."""

    up: int
    down: int
    planned: int
    unknown: int

    @property
    def period(self) -> int:
        """All of them."""
        return self.up + self.down + self.planned + self.unknown

    @property
    def counted(self) -> int:
        """The denominator: planned downtime is not in it (reading R4)."""
        return self.period - self.planned

    @property
    def low(self) -> Fraction | None:
        """The availability, 0 to 1, if all that is unknown was down. None: nothing is counted."""
        return Fraction(self.up, self.counted) if self.counted else None

    @property
    def high(self) -> Fraction | None:
        """The availability, 0 to 1, if all that is unknown was up. None: nothing is counted."""
        return Fraction(self.up + self.unknown, self.counted) if self.counted else None


def seconds(seen: Sequence[Stretch], reported: Iterable[Span], planned: Iterable[Span], period: Span) -> Seconds:
    """How much of a period counts as what; see `pieces`, of which it is the sum."""
    return summed(pieces(seen, reported, planned, period))


def summed(parts: Iterable[Piece]) -> Seconds:
    """How much of a period counts as what."""
    total = Counter[Condition]()
    for span, condition in parts:
        total[condition] += span.end - span.start
    return Seconds(**{condition.value: total[condition] for condition in Condition})
