"""日志分析报告 as data: what the logs of the hosts came to in a month. Contract, clause 一(6), 提供系统日志分析服务.

A month is that of the weekly inspections whose slots begin in it; what they read is held against the month before.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from checks import log_table
from checks.coverage import Mark
from checks.finding import State
from checks.host_lines import LogLine
from checks.host_standards import label
from checks.host_week import facts_of
from checks.hosts import failed_logins, kernel_errors, logs, oom
from checks.log_facts import Logs
from checks.number import Number, count, row, total
from checks.records import FindingRecord, RunRecord, merged
from checks.report_lines import ReportLine, StatesLine, counted

MOST = 100
"""Kinds of messages that are listed; the others are only counted."""

LOGS = logs.CHECK.id
SECURITY = (failed_logins.CHECK.id, kernel_errors.CHECK.id, oom.CHECK.id)
"""Items whose verdicts say what the logs hold of security and of the kernel."""


class SourceLine(ReportLine):
    """One log of one host. Numbers are lines; `_before`: the month before, None where it was not read then."""

    host: str
    source: str
    errors: Number
    errors_before: Number | None
    warnings: Number
    warnings_before: Number | None
    new: Number  # kinds


class KindLine(LogLine):
    """`more`: how many lines more than before; None where there is nothing to compare with."""

    more: Number | None


class ItemLine(StatesLine):
    """What one item came to, over hosts and weeks."""

    item: str


class VerdictLine(ReportLine):
    """One verdict on such an item that is not OK."""

    host: str
    item: str
    state: State
    summary: str
    at: datetime


class UnreadLine(ReportLine):
    """Logs of one host that were not read, or not whole, for one reason. `times`: how often in the month."""

    host: str
    what: str
    why: str
    times: Number


class LogMonth(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    due: Number  # inspections in which logs were to be read
    read: Number
    sources: tuple[SourceLine, ...]
    kinds: tuple[KindLine, ...]  # at most MOST, the new first, then those that grew most
    more_kinds: Number
    more_lines: Number  # of these, and of kinds for which there was no room
    security: tuple[ItemLine, ...]
    verdicts: tuple[VerdictLine, ...]
    unread: tuple[UnreadLine, ...]

    @property
    def errors(self) -> Number:
        """Lines of level 错误 of the month, all hosts together."""
        return total(line.errors for line in self.sources)

    @property
    def warnings(self) -> Number:
        """Lines of level 警告 of the month, all hosts together."""
        return total(line.warnings for line in self.sources)

    @property
    def new(self) -> Number:
        """Kinds that had not been there before."""
        return total(line.new for line in self.sources)

    @property
    def unwell(self) -> Number:
        """Verdicts on security and kernel that are not OK."""
        return counted("logs.verdicts", self.verdicts)


class HostMonth(NamedTuple):
    """One host. `slots`: its inspections of the month with their marks; `exempt`: items that do not apply, and why."""

    host: str
    slots: Sequence[tuple[str, Mark]]
    runs: Sequence[RunRecord]  # of the month, oldest first
    before: Sequence[RunRecord]
    exempt: Mapping[str, str] = {}

    def due(self, item: str) -> list[str]:
        """The slots in which an item was to be looked at; not those for which there is still time."""
        return [] if item in self.exempt else [slot for slot, mark in self.slots if mark is not Mark.PENDING]


class _Reading(NamedTuple):
    place: str
    logs: Logs


def log_month(hosts: Sequence[HostMonth], zone: ZoneInfo) -> LogMonth:
    """Compute the month's report."""
    now = {one.host: list(_readings(one.runs)) for one in hosts}
    before = {one.host: list(_readings(one.before)) for one in hosts}
    table = log_table.table(
        {host: log_table.Period(_logs(now[host]), _logs(before[host])) for host in now}, top=sys.maxsize
    )
    lines = [_kind_line(one, now[one.host], before[one.host]) for one in table.rows]
    rest, every = lines[MOST:], [one.place for host in now.values() for one in host]
    beyond = Number(table.more_lines, "logs.lines", tuple(every))
    return LogMonth(
        due=count("logs.due", [_place(slot) for one in hosts for slot in one.due(LOGS)]),
        read=count("logs.read", dict.fromkeys(every)),
        sources=tuple(line for host in now for line in _sources(host, now[host], before[host])),
        kinds=tuple(lines[:MOST]),
        more_kinds=counted("logs.kinds", rest),
        more_lines=total([beyond, *(line.found for line in rest)]),
        security=tuple(_item_line(item, hosts) for item in SECURITY),
        verdicts=tuple(line for item in SECURITY for one in hosts for line in _unwell(item, one, zone)),
        unread=tuple(line for one in hosts for line in _unread(one, now[one.host])),
    )


def _place(slot: str, item: str = LOGS) -> str:
    return row("slot", f"{slot} {item}")


def _readings(runs: Iterable[RunRecord]) -> Iterator[_Reading]:
    for run in runs:
        for _, one in facts_of(run, logs.CHECK):
            yield _Reading(_place(run.slot), one)


def _logs(readings: Iterable[_Reading]) -> list[Logs]:
    return [one.logs for one in readings]


def _sources(host: str, now: Sequence[_Reading], before: Sequence[_Reading]) -> Iterator[SourceLine]:
    """Every log that was read, also where there was nothing in it."""
    for source in sorted({source for one in now for source in one.logs.sources}):
        then = [one for one in before if source in one.logs.sources]
        kinds = [(kind, one.place) for one in now for kind in one.logs.templates if kind.source == source]
        fresh = {kind.key: place for kind, place in kinds if kind.new}
        yield SourceLine(
            host=host,
            source=log_table.source_name(source),
            errors=_lines(now, source, "error"),
            errors_before=_lines(then, source, "error") if then else None,
            warnings=_lines(now, source, "warning"),
            warnings_before=_lines(then, source, "warning") if then else None,
            new=Number(len(fresh), "logs.new", tuple(dict.fromkeys(fresh.values()))),
        )


def _lines(readings: Sequence[_Reading], source: str, level: str) -> Number:
    found = [
        (kind.count, one.place)
        for one in readings
        for kind in one.logs.templates
        if kind.source == source and kind.level == level and kind.count
    ]
    return Number(sum(lines for lines, _ in found), "logs.lines", tuple(dict.fromkeys(place for _, place in found)))


def _kind_line(one: log_table.Row, now: Sequence[_Reading], before: Sequence[_Reading]) -> KindLine:
    def lines(value: int, readings: Sequence[_Reading]) -> Number:
        rows = [
            each.place for each in readings if any(kind.key == one.key and kind.count for kind in each.logs.templates)
        ]
        return Number(value, "logs.lines", tuple(dict.fromkeys(rows)))

    found = lines(one.found, now)
    past = None if one.before is None else lines(one.before, before)
    return KindLine(
        rows=found.rows,
        host=one.host,
        source=one.source,
        level=one.level,
        text=one.text,
        found=found,
        before=past,
        more=None if past is None else found - past,
        new=one.new,
    )


def _verdicts(item: str, one: HostMonth) -> dict[str, FindingRecord]:
    """The last verdict of each slot, by slot."""
    found = {}
    for slot in dict.fromkeys(run.slot for run in one.runs):
        together = merged(run for run in one.runs if run.slot == slot)
        for record in together.latest() if together else ():
            if record.finding.check == item and record.target == one.host:
                found[slot] = record
    return found


def _item_line(item: str, hosts: Sequence[HostMonth]) -> ItemLine:
    states: dict[str, State | None] = {}
    for one in hosts:
        states |= {_place(slot, item): None for slot in one.due(item)}
        states |= {_place(slot, item): record.finding.state for slot, record in _verdicts(item, one).items()}

    def those(name: str, state: State | None) -> Number:
        return count(f"logs.{name}", [place for place, one in states.items() if one is state])

    return ItemLine(
        rows=tuple(states),
        item=label(item),
        ok=those("ok", State.OK),
        warn=those("warn", State.WARN),
        crit=those("crit", State.CRIT),
        unknown=those("unknown", State.UNKNOWN),
        not_done=those("not_done", None),
    )


def _unwell(item: str, one: HostMonth, zone: ZoneInfo) -> Iterator[VerdictLine]:
    for slot, record in _verdicts(item, one).items():
        if record.finding.state is not State.OK:
            yield VerdictLine(
                rows=(_place(slot, item),),
                host=one.host,
                item=label(item),
                state=record.finding.state,
                summary=record.finding.summary,
                at=record.at.astimezone(zone),
            )


def _unread(one: HostMonth, readings: Sequence[_Reading]) -> Iterator[UnreadLine]:
    """What was not read at all, week by week, and what was read but is not whole."""
    together: dict[tuple[str, str], list[str]] = {}
    read, verdicts = {each.place for each in readings}, _verdicts(LOGS, one)
    for slot, mark in one.slots:
        place = _place(slot)
        if place not in read and slot in one.due(LOGS):
            why = verdicts[slot].finding.summary if slot in verdicts else mark.label
            together.setdefault(("全部日志", why), []).append(place)
    for each in readings:
        for why, sources in _gaps(each.logs):
            for source in sources:
                together.setdefault((log_table.source_name(source), why), []).append(each.place)
    if LOGS in one.exempt:
        together["全部日志", f"合同写明不适用：{one.exempt[LOGS]}"] = []
    for (what, why), places in together.items():
        yield UnreadLine(rows=tuple(places), host=one.host, what=what, why=why, times=count("logs.unread", places))


def _gaps(one: Logs) -> Iterator[tuple[str, Sequence[str]]]:
    yield "没有权限，或读不了", one.denied
    yield "合同里写了，主机上没有这个文件", one.missing
    yield "日志过多，较早的从略", one.cut
    yield "没有读完就轮转了", one.gaps
