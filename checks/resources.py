"""CPU, memory and disks of hosts over a period: what the first look saw, and the last; when a disk will be full."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from checks.filesystems import IGNORED, ignored
from checks.forecast import Point, days_until_full
from checks.hosts import cpu, disk, memory
from checks.number import Number, count, row
from checks.period_lines import ResourceLine

CPU, MEMORY = "CPU", "内存"
"""What is no mount point."""

ITEMS = (cpu.CHECK.id, memory.CHECK.id, disk.CHECK.id)
"""The items that tell."""


_VISIBLE = 0.05  # what rounds to a tenth of a percentage point


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


def trends(looks: Iterable[Look], start: datetime) -> list[Trend]:
    """CPU, memory, then each file system.

    Args:
        looks: at one host, oldest first: of the period, and those before it that a forecast rests on.
        start: when the period begins.
    """
    shares: dict[str, list[tuple[str, float]]] = {CPU: [], MEMORY: []}
    points: dict[str, list[Point]] = {}
    for look in looks:
        for what, share, point in _read(look):
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
                if not ignored(one.mount, IGNORED):
                    yield one.mount, one.percent, (look.at, one.used, one.used + one.available)
    except ValidationError:  # by a version that kept other facts
        return


def _forecast(points: Sequence[Point]) -> str:
    found = days_until_full(points)
    return str(found) if found else ""


def line(host: str, trend: Trend) -> ResourceLine:
    """As a table has it: per cent with one decimal, growth in percentage points."""
    rows = tuple(row("run", run) for run, _ in trend.seen)
    shares = [share for _, share in trend.seen]
    growth = shares[-1] - shares[0]

    def number(value: float, text: str) -> Number:
        return Number(round(value, 3), "", rows, text)

    return ResourceLine(
        host=host,
        what=trend.what,
        looks=count("", rows),
        first=number(shares[0], f"{shares[0]:.1f}%"),
        last=number(shares[-1], f"{shares[-1]:.1f}%"),
        most=number(max(shares), f"{max(shares):.1f}%"),
        growth=number(growth, f"{growth:+.1f}" if abs(growth) >= _VISIBLE else "0"),
        forecast=trend.forecast,
        moving=bool(trend.forecast) or abs(growth) >= _VISIBLE or shares[-1] >= disk.Params().warn,
        rows=rows,
    )
