"""How full disks are and when they will be full, for the picture of a report: the same points and the same line as the
inspection's own verdict (OS08, `checks.forecast`)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple

from pydantic import ValidationError

from checks.finding import State
from checks.forecast import Forecast, Point, days_until_full, enough
from checks.host import Placed
from checks.hosts import disk
from checks.visit import HostVisit


class Volume(NamedTuple):
    """One file system. `points`: when, and per cent used, oldest first; `enough`: whether that is as much
    history as a forecast takes."""

    host: str
    mount: str
    points: tuple[tuple[datetime, float], ...]
    warn: float
    crit: float
    state: State
    enough: bool
    forecast: Forecast | None

    @property
    def full_at(self) -> datetime | None:
        """When it will most likely be full."""
        return self.points[-1][0] + timedelta(days=self.forecast.mid) if self.forecast else None

    @property
    def full_from(self) -> datetime | None:
        """The beginning of the time in which it will be full with 95 % confidence."""
        return self.points[-1][0] + timedelta(days=self.forecast.low) if self.forecast else None

    @property
    def matters(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state is not State.OK or self.forecast is not None


def volumes(placed: Placed, visits: Iterable[HostVisit]) -> list[Volume]:
    """What a host's inspections saw of its disks: those that the last one saw and that count.

    Args:
        visits: oldest first; those that did not see the disks do no harm.
    """
    planned = next((one for one in placed.planned if one.check.id == disk.CHECK.id), None)
    seen = [(visit.started_at, disks) for visit in visits if (disks := _disks(visit)) is not None]
    if planned is None or not seen:
        return []
    params: disk.Params = planned.params
    found = []
    for now in seen[-1][1].filesystems:
        levels = params.levels(now.mount)
        if levels is None:
            continue
        was = [(at, one) for at, disks in seen for one in disks.filesystems if one.mount == now.mount]
        points: list[Point] = [(at, one.used, one.used + one.available) for at, one in was]
        found.append(
            Volume(
                placed.host.name,
                now.mount,
                tuple((at, one.percent) for at, one in was),
                levels.warn,
                levels.crit,
                levels.state(now.percent),
                enough(points),
                days_until_full(points),
            )
        )
    return found


def _disks(visit: HostVisit) -> disk.Disks | None:
    try:
        return disk.Disks.model_validate(visit.facts.get(disk.CHECK.id))
    except ValidationError:
        return None  # not looked at, or by a version that kept other facts


def pressing(found: Iterable[Volume], most: int) -> list[Volume]:
    """Those that matter, the most pressing first: what is full first, then the fullest."""
    those = [one for one in found if one.matters]
    return sorted(those, key=lambda one: (one.forecast.mid if one.forecast else inf, -one.points[-1][1]))[:most]
