"""Incidents over a period, for the picture of a report: a lane for each system, and how many were found
in each month."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from checks.downtime import Window
from checks.incidents import Incident


class Bar(NamedTuple):
    """A fault, or a planned downtime. `end`: None where it goes on."""

    number: str
    start: datetime
    end: datetime | None


class Lane(NamedTuple):
    """One system. `planned`: the downtimes that are excluded from its availability."""

    name: str
    faults: tuple[Bar, ...]
    planned: tuple[Bar, ...]


class Happened(NamedTuple):
    """A period's lanes, and how many faults were found in which month (its first day): as the text counts them."""

    lanes: tuple[Lane, ...]
    months: Counter[date]

    @property
    def faults(self) -> int:
        """How many there are; one that goes on from before counts, too."""
        return sum(len(lane.faults) for lane in self.lanes)

    @property
    def planned(self) -> tuple[str, ...]:
        """The numbers of the downtimes; one may be of several systems."""
        return tuple(dict.fromkeys(one.number for lane in self.lanes for one in lane.planned))


def happened(
    names: dict[str, str], faults: Iterable[Incident], windows: Sequence[Window],
    start: datetime, end: datetime, now: datetime, zone: tzinfo,
) -> Happened:  # fmt: skip
    """What of a period's time [start, end) is on record by `now`. What turned out to be none is left out.

    Args:
        names: the systems by id, in order; one that is no longer among them is named by its id.
    """
    those = [
        one
        for one in faults
        if not one.void and one.started_at < min(end, now) and (one.restored_at is None or one.restored_at >= start)
    ]
    planned = [
        (one, *one.excluded) for one in windows if one.excluded and one.excluded[0] < end and one.excluded[1] > start
    ]
    touched = [*(one.system for one in those), *(system for one, *_ in planned for system in one.systems)]
    lanes = tuple(
        Lane(
            names.get(system, system),
            tuple(Bar(one.id, one.started_at, one.restored_at) for one in those if one.system == system),
            tuple(Bar(one.id, *lasts) for one, *lasts in planned if system in one.systems),
        )
        for system in dict.fromkeys([*names, *touched])
    )
    found = (one.discovered_at for one in those if start <= one.discovered_at < end)
    return Happened(lanes, Counter(at.astimezone(zone).date().replace(day=1) for at in found))
