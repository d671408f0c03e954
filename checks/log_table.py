"""The rows of a report's log table: what is new first, then what has grown most."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from checks.log_facts import DAY, Logs, Template, counts


class Period(NamedTuple):
    """The readings of one host: those of the time that is reported, and of the time before (last week)."""

    now: Sequence[Logs]
    before: Sequence[Logs] = ()


class Row(NamedTuple):
    """One template of one host, redacted. `found`, `before`: lines; None where there was no reading to compare with."""

    host: str
    source: str
    level: str  # 错误, 警告
    text: str
    found: int
    before: int | None
    new: bool
    example: str
    growth: float  # lines more per day than before
    key: str  # the template's


class LogTable(NamedTuple):
    """The rows that are shown, and what is not shown."""

    rows: tuple[Row, ...]
    more_kinds: int = 0
    more_lines: int = 0
    incomplete: tuple[str, ...] = ()  # hosts with logs that were cut, rotated away or not allowed


_LEVELS = {"error": "错误", "warning": "警告"}


def source_name(source: str) -> str:
    """As operators read it: a path, or 系统日志 for the journal."""
    return "系统日志" if source == "journal" else source


def table(hosts: Mapping[str, Period], top: int = 20) -> LogTable:
    """The `top` rows; the rest is counted, with the lines that no template was kept for."""
    rows = sorted((row for host, period in hosts.items() for row in _rows(host, period)), key=_order)
    rest = rows[top:]
    uncounted = sum(one.others for period in hosts.values() for one in period.now)
    incomplete = (
        host
        for host, period in hosts.items()
        if any(one.cut or one.gaps or one.denied or one.missing for one in period.now)
    )
    return LogTable(tuple(rows[:top]), len(rest), sum(row.found for row in rest) + uncounted, tuple(incomplete))


def _order(row: Row) -> tuple[bool, bool, float, int, str, str, str]:
    return (not row.new, row.level == "警告", -row.growth, -row.found, row.host, row.source, row.text)


def _rows(host: str, period: Period) -> list[Row]:
    latest: dict[str, Template] = {}
    new: set[str] = set()
    for one in (template for logs in period.now for template in logs.templates if template.count):
        latest[one.key] = one
        if one.new:
            new.add(one.key)
    total, past = counts(period.now), counts(period.before)
    days, days_before = _days(period.now), _days(period.before)
    return [
        Row(
            host=host,
            source=source_name(one.source),
            level=_LEVELS.get(one.level, one.level),
            text=one.text,
            found=total[key],
            before=past.get(key, 0) if period.before else None,
            new=key in new,
            example=one.last or one.first,
            growth=total[key] / days - past.get(key, 0) / days_before if days and days_before else 0.0,
            key=key,
        )
        for key, one in latest.items()
    ]


def _days(readings: Sequence[Logs]) -> float:
    return sum(one.until - one.since for one in readings if one.since) / DAY
