"""Coverage: which expected inspections were done, late, missed, excused or unknown, from the contract and the ledger.

Clause 七2(1) says how often; Annex 4 deducts for each one that was missed, so every mark but "done" says why.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from checks.contract import Contract
from checks.finding import Finding, Reason, State
from checks.records import RunRecord
from checks.slots import (
    BACKUP_CHECK,
    BASELINE_CHECK,
    HOST_INSPECTION,
    PAGE_INSPECTION,
    RESTORE_DRILL,
    Slot,
    backup_slots,
    baseline_slots,
    drill_slots,
    host_slots,
    page_slots,
    site,
)


class Mark(StrEnum):
    """What became of one slot."""

    DONE = "done"
    LATE = "late"
    MISSED = "missed"
    EXCUSED = "excused"
    UNKNOWN = "unknown"  # there was a run that did not see all that was planned, or no ledger yet
    PENDING = "pending"  # there is still time

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _WORDS[self][0]

    @property
    def symbol(self) -> str:
        """One character that tells the mark in a terminal and in black and white print."""
        return _WORDS[self][1]


# The cross is the multiplication sign: Chinese fonts lack the nicer ones.
_WORDS = {
    Mark.DONE: ("完成", "●"),
    Mark.LATE: ("迟做", "△"),
    Mark.MISSED: ("漏检", "×"),
    Mark.EXCUSED: ("免除", "免"),
    Mark.UNKNOWN: ("不明", "?"),
    Mark.PENDING: ("未到期", "·"),
}


class Look(NamedTuple):
    """One run of a slot. `finished`: it was not cut off and is not under way. `seen`: targets as in findings."""

    slot: str
    run_id: str
    started_at: datetime
    finished: bool
    seen: frozenset[str]


class Excuse(NamedTuple):
    """Somebody's written word that a slot need not be done. `document`: where it is written; "" if nowhere."""

    slot: str
    who: str
    why: str
    document: str
    at: datetime


class SlotMark(NamedTuple):
    """A slot and its mark. `why`: one line, empty only for DONE and PENDING. `run_ids`: the looks that count."""

    slot: Slot
    mark: Mark
    why: str
    run_ids: tuple[str, ...]


class Due(NamedTuple):
    """What is inspected under one target of a duty: its name for people, and the targets that must be seen."""

    label: str
    parts: frozenset[str]


class Duty(NamedTuple):
    """A duty that recurs. `starts`: the days in [first, last] to ask `slots` for. `due`: by target, in order."""

    id: str
    title: str
    starts: Callable[[date, date], Iterator[date]]
    slots: Callable[[Contract, date], Iterable[Slot]]
    due: Callable[[Contract], dict[str, Due]]


def _each_day(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _each_week(first: date, last: date) -> Iterator[date]:
    """The Mondays, from that of the week in which `first` is."""
    for number in range(-first.weekday(), (last - first).days + 1, 7):
        yield first + timedelta(days=number)


def _systems(contract: Contract) -> dict[str, Due]:
    return {
        system.id: Due(system.name, frozenset(system.target(part) for part in system.targets()))
        for system in contract.systems
    }


def _hosts(contract: Contract) -> dict[str, Due]:
    names = [placed.host.name for placed in contract.all_hosts()]
    return {name: Due(name, frozenset({name})) for name in names}


def _hosts_and_sites(contract: Contract) -> dict[str, Due]:
    with_hosts = {group.system for group in contract.hosts}
    sites = {site(one.id): f"{one.name}（网址）" for one in contract.systems if one.id in with_hosts}
    return _hosts(contract) | {name: Due(label, frozenset({name})) for name, label in sites.items()}


def _each_month(first: date, last: date) -> Iterator[date]:
    """The first days, from that of the month in which `first` is."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def _backups(contract: Contract) -> dict[str, Due]:
    return {one.target: Due(one.backup.title, frozenset({one.target})) for one in contract.all_backups()}


def _restored(contract: Contract) -> dict[str, Due]:
    due = _backups(contract)
    return {one.target: due[one.target] for one in contract.all_backups() if one.backup.restore}


DUTIES = (
    Duty(PAGE_INSPECTION, "页面巡检", _each_day, page_slots, _systems),
    Duty(HOST_INSPECTION, "主机巡检", _each_week, host_slots, _hosts),
    Duty(BACKUP_CHECK, "备份检查", _each_day, backup_slots, _backups),
    Duty(RESTORE_DRILL, "恢复演练", _each_month, drill_slots, _restored),
    Duty(BASELINE_CHECK, "等保自查", _each_month, baseline_slots, _hosts_and_sites),
)
"""In the order in which people read them. A further duty is a further line."""

_DUTY = {duty.id: duty for duty in DUTIES}


def tells(finding: Finding) -> bool:
    """Whether a verdict shows that its target was looked at: it says what was seen, or which fault stood before it."""
    return finding.state is not State.UNKNOWN or finding.reason is Reason.BLOCKED


def look_of(run: RunRecord) -> Look:
    """What a run on record saw."""
    seen = frozenset(record.target for record in run.findings if tells(record.finding))
    return Look(run.slot, run.id, run.started_at, run.ended_at is not None, seen)


def planned_targets(contract: Contract, slot: Slot) -> frozenset[str]:
    """What must be seen for a slot to be done.

    Raises:
        KeyError: the contract has no such duty or target.
    """
    return _DUTY[slot.duty].due(contract)[slot.target].parts


def mark(
    slot: Slot, planned: frozenset[str], looks: Iterable[Look], excuse: Excuse | None, now: datetime, zone: tzinfo
) -> SlotMark:
    """Judge a slot.

    Args:
        slot: what was expected.
        planned: what had to be seen.
        looks: the slot's runs; one that starts before the slot opens does not count.
        excuse: why it need not be done, if somebody said so.
        now: up to when; a slot that closes later can still be done.
        zone: in which lateness is told.
    """
    counting = sorted((look for look in looks if look.started_at >= slot.opens_at), key=_started)
    done_at = _done_at(planned, counting)
    finished = any(look.finished for look in counting)
    if done_at is not None and done_at < slot.closes_at:
        verdict, why = Mark.DONE, ""
    elif done_at is not None:
        verdict, why = Mark.LATE, f"{done_at.astimezone(zone):%Y-%m-%d %H:%M} 才做"
    elif excuse is not None:
        verdict, why = Mark.EXCUSED, _one_line(f"{excuse.who}：{excuse.why}", excuse.document)
    elif now < slot.closes_at:
        verdict, why = Mark.PENDING, ""
    elif finished:
        seen = frozenset[str]().union(*(look.seen for look in counting))
        verdict, why = Mark.UNKNOWN, f"没有看到 {_short(sorted(planned - seen))}"
    else:
        verdict, why = Mark.MISSED, f"执行被中断 {len(counting)} 次" if counting else "没有执行"
    return SlotMark(slot, verdict, why, tuple(look.run_id for look in counting))


def _started(look: Look) -> tuple[datetime, str]:
    return look.started_at, look.run_id


def _done_at(planned: frozenset[str], looks: Sequence[Look]) -> datetime | None:
    """When the look began with which all was seen and one look, at least, had come to its end."""
    missing, finished = planned, False
    for look in looks:
        missing, finished = missing - look.seen, finished or look.finished
        if finished and not missing:
            return look.started_at
    return None


def _one_line(text: str, document: str) -> str:
    return " ".join(f"{text}（{document}）".split() if document else text.split())


def _short(targets: Sequence[str], most: int = 3) -> str:
    named = "、".join(targets[:most])
    return named if len(targets) <= most else f"{named} 等 {len(targets)} 项"


Version = tuple[datetime, Contract]
"""A contract and since when it is in force."""


def in_force(versions: Sequence[Version], at: datetime) -> Contract:
    """The contract at an instant; before the first version, the first. `versions`: at least one, oldest first."""
    return versions[max(bisect_right(versions, at, key=_since) - 1, 0)][1]


def _in_force_between(versions: Sequence[Version], since: datetime, until: datetime) -> list[Contract]:
    """The contracts at any instant in [since, until), oldest first."""
    start = max(bisect_right(versions, since, key=_since) - 1, 0)
    return [contract for _, contract in versions[start : max(bisect_left(versions, until, key=_since), start + 1)]]


def _since(version: Version) -> datetime:
    return version[0]


def expected(versions: Sequence[Version], on_record: Iterable[Slot], first: date, last: date) -> list[Slot]:
    """The slots whose day is in [first, last]: by duty, target and day.

    A slot is expected if the contract in force when it opens has it, or if it is on record, which then says its times.
    """
    found = {slot.id: slot for slot in _by_contract(versions, first, last)}
    found |= {slot.id: slot for slot in on_record}
    slots = [slot for slot in found.values() if first <= slot.day <= last]
    duties, targets = [*_DUTY], _order(versions)

    def place(slot: Slot) -> tuple[int, str, int, str, date]:
        """What no version knows comes after the rest."""
        duty = duties.index(slot.duty) if slot.duty in _DUTY else len(duties)
        return duty, slot.duty, targets.get((slot.duty, slot.target), len(targets)), slot.target, slot.day

    return sorted(slots, key=place)


def _by_contract(versions: Sequence[Version], first: date, last: date) -> Iterator[Slot]:
    for duty in DUTIES:
        for start in duty.starts(first, last):
            # Wide enough for every zone, and for a slot that opens within its month because the term begins there.
            day = datetime.combine(start, time(), UTC)
            for contract in _in_force_between(versions, day - timedelta(days=1), day + timedelta(days=32)):
                for slot in duty.slots(contract, start):
                    if in_force(versions, slot.opens_at) is contract:
                        yield slot


def _order(versions: Sequence[Version]) -> dict[tuple[str, str], int]:
    """Each target's place: as in the newest contract; after them, those that only earlier ones had."""
    keys = [(duty.id, target) for duty in DUTIES for _, contract in reversed(versions) for target in duty.due(contract)]
    return {key: place for place, key in enumerate(dict.fromkeys(keys))}


class Counts(NamedTuple):
    """Slots by their mark."""

    done: int = 0
    late: int = 0
    missed: int = 0
    excused: int = 0
    unknown: int = 0
    pending: int = 0

    @classmethod
    def of(cls, marks: Iterable[Mark]) -> Self:
        """Count."""
        tally = Counter(marks)
        return cls(**{one.value: tally[one] for one in Mark})

    @property
    def expected(self) -> int:
        """All that is decided: what is pending is not yet owed."""
        return self.done + self.late + self.missed + self.excused + self.unknown


class Line(BaseModel):
    """One target of one duty, its slots by day."""

    model_config = ConfigDict(frozen=True)

    duty: str
    target: str
    label: str  # for people: the system's name, the host's
    marks: tuple[SlotMark, ...]

    @property
    def counts(self) -> Counts:
        """The line's slots by mark."""
        return Counts.of(one.mark for one in self.marks)


class Coverage(BaseModel):
    """A period's expected slots with their marks. Days are the contract's, both included."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date
    lines: tuple[Line, ...]

    def total(self, duty: str = "") -> Counts:
        """The slots by mark: of one duty, or of all."""
        return Counts.of(one.mark for line in self.lines if duty in ("", line.duty) for one in line.marks)


def coverage(
    versions: Sequence[Version],
    on_record: Iterable[Slot],
    looks: Iterable[Look],
    excuses: Iterable[Excuse],
    first: date,
    last: date,
    now: datetime,
) -> Coverage:
    """Judge every slot that is expected in a period.

    Args:
        versions: the contract's versions and since when, oldest first; at least one.
        on_record: the slots that the ledger has; those outside the period do no harm.
        looks: the runs of the period's slots, in any order.
        excuses: of the period's slots; the latest counts where a slot has several.
        first: the period's first day.
        last: the period's last day.
        now: up to when.
    """
    by_slot: dict[str, list[Look]] = {}
    for look in looks:
        by_slot.setdefault(look.slot, []).append(look)
    excused = {excuse.slot: excuse for excuse in sorted(excuses, key=lambda excuse: excuse.at)}
    lines = []
    for (duty, target), slots in groupby(expected(versions, on_record, first, last), key=_whose):
        marks = []
        for slot in slots:
            due, zone = _due(versions, slot), in_force(versions, slot.opens_at).tz
            one = mark(slot, due.parts, by_slot.get(slot.id, ()), excused.get(slot.id), now, zone)
            if one.mark is Mark.MISSED and slot.closes_at <= versions[0][0]:
                one = one._replace(mark=Mark.UNKNOWN, why="台账启用之前，没有记录")
            marks.append(one)
        # what the target was last called
        lines.append(Line(duty=duty, target=target, label=due.label, marks=tuple(marks)))
    return Coverage(first=first, last=last, lines=tuple(lines))


def _whose(slot: Slot) -> tuple[str, str]:
    return slot.duty, slot.target


def _due(versions: Sequence[Version], slot: Slot) -> Due:
    """What the contract wanted when the slot opened.

    A slot may be on record whose target came into the contract later on the same day, or stood in a version that is
    not among these: then the first version that knows the target says so; the target alone where none does.
    """
    at_the_time = _in_force_between(versions, slot.opens_at, slot.closes_at)
    for contract in (*at_the_time, *(contract for _, contract in versions)):
        if slot.duty in _DUTY and (due := _DUTY[slot.duty].due(contract).get(slot.target)):
            return due
    return Due(slot.target, frozenset({slot.target}))
