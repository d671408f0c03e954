"""CPU, memory and disks of hosts over a period: what the first look saw, and the last; when a disk will be full."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import floor
from typing import Any, NamedTuple

from pydantic import ValidationError

from checks.forecast import Point, days_until_full
from checks.host import Placed
from checks.hosts import cpu, disk, memory
from checks.number import Number, count, row
from checks.period_lines import ResourceLine

CPU, MEMORY = "CPU", "内存"
"""What is no mount point."""

_USUAL = disk.Params()

ITEMS = (cpu.CHECK.id, memory.CHECK.id, disk.CHECK.id)
"""The items that tell."""


class Look(NamedTuple):
    """What one look at a host has found out, by item. `run`: of the ledger."""

    run: str
    at: datetime
    facts: dict[str, Any]


class Trend(NamedTuple):
    """One resource of a host: what was seen of it in the period, in per cent, with the looks' runs."""

    what: str
    seen: list[tuple[str, float]]
    forecast: str = ""


def disk_params(placed: Placed) -> disk.Params:
    """What the contract says of a host's disks."""
    return next((one.params for one in placed.planned if one.check.id == disk.CHECK.id), _USUAL)


def trends(looks: Iterable[Look], start: datetime, disks: disk.Params = _USUAL) -> list[Trend]:
    """CPU, memory, then each file system.

    Args:
        looks: at one host, oldest first: of the period, and those before it that a forecast rests on.
        start: when the period begins.
        disks: which mount points the contract wants looked at.
    """
    shares: dict[str, list[tuple[str, float]]] = {CPU: [], MEMORY: []}
    points: dict[str, list[Point]] = {}
    for look in looks:
        for what, share, point in _read(look):
            if point and disks.levels(what) is None:
                continue
            if look.at >= start:
                shares.setdefault(what, []).append((look.run, share))
            if point:
                points.setdefault(what, []).append(point)
    return [Trend(what, seen, _forecast(points.get(what, []))) for what, seen in shares.items() if seen]


def _read(look: Look) -> Iterator[tuple[str, float, Point | None]]:
    """What a look tells: name, per cent, and of a disk the point of a forecast."""
    try:
        if (found := look.facts.get(cpu.CHECK.id)) is not None:
            yield CPU, cpu.CHECK.facts.model_validate(found).busy, None
        if (found := look.facts.get(memory.CHECK.id)) is not None:
            kib = memory.CHECK.facts.model_validate(found)
            yield MEMORY, 100 * (1 - kib.available / kib.total), None
        if (found := look.facts.get(disk.CHECK.id)) is not None:
            for one in disk.CHECK.facts.model_validate(found).filesystems:
                yield one.mount, one.percent, (look.at, one.used, one.used + one.available)
    except ValidationError:  # by a version that kept other facts
        return


def _forecast(points: Sequence[Point]) -> str:
    found = days_until_full(points)
    return str(found) if found else ""


def line(host: str, trend: Trend, disks: disk.Params = _USUAL) -> ResourceLine:
    """As a table has it: per cent with one decimal, growth in percentage points.

    What follows the first decimal is cut off, as the inspection's own verdicts do (79.99 % is below 80 %), and growth
    is that of what is printed, or the line would not add up.
    """
    warn = (disks.levels(trend.what) or disks).warn
    rows = tuple(row("run", run) for run, _ in trend.seen)
    tenths = [floor(round(10 * share, 6)) for _, share in trend.seen]
    growth = tenths[-1] - tenths[0]

    def number(tenths: int, text: str) -> Number:
        return Number(tenths / 10, "", rows, text)

    return ResourceLine(
        host=host,
        what=trend.what,
        looks=count("", rows),
        first=number(tenths[0], f"{tenths[0] / 10}%"),
        last=number(tenths[-1], f"{tenths[-1] / 10}%"),
        most=number(max(tenths), f"{max(tenths) / 10}%"),
        growth=number(growth, f"{growth / 10:+}" if growth else "0"),
        forecast=trend.forecast,
        moving=bool(trend.forecast or growth) or tenths[-1] >= 10 * warn,
        rows=rows,
    )
