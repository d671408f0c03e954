"""One host in one week: what was due, what is on record, and the rows of the 周巡检报告 that this makes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import takewhile
from math import floor
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from checks.contract import Contract
from checks.feedback import Feedback
from checks.finding import Reason, State, worst
from checks.forecast import Point, days_until_full
from checks.host import Placed
from checks.host_check import HostCheck, Planned
from checks.host_lines import (
    AnomalyLine,
    Blank,
    CapacityLine,
    Cell,
    HostLine,
    LeftoverLine,
    MendedLine,
    ServiceLine,
    UnseenLine,
)
from checks.host_standards import is_service, label, place
from checks.hosts import disk, logs
from checks.log_table import Period
from checks.number import Number, count, row
from checks.records import RunRecord, merged
from checks.slots import HOST_INSPECTION, week_of
from checks.visit import Facts

F = TypeVar("F", bound=Facts)

_FEW = 4  # items that are named in a cell; of more the numbers must do
FAULTS = (State.CRIT, State.WARN)


class _Seen(NamedTuple):
    """A verdict, when it was given, and the week for which. A year of many hosts has a hundred thousand of them."""

    week: str
    at: datetime
    state: State
    summary: str
    reason: Reason | None


def host_week(contract: Contract, placed: Placed, week: str, runs: Sequence[RunRecord]) -> "HostWeek":
    """Take from a host's runs what the report needs of them."""
    recent, history, points = [], dict[str, list[_Seen]](), dict[str, dict[Point, str]]()
    for run in runs:
        its_week = run.slot.rpartition("/")[2]
        if its_week in (week, week_before(week)):
            recent.append((its_week, run))
        for at, finding in ((one.at, one.finding) for one in run.findings if one.target == placed.host.name):
            seen = _Seen(its_week, at, finding.state, finding.summary, finding.reason)
            history.setdefault(finding.check, []).append(seen)
        for at, disks in facts_of(run, disk.CHECK):
            for one in disks.filesystems:
                points.setdefault(one.mount, {})[at, one.used, one.used + one.available] = its_week
    return HostWeek(contract, placed, week, recent, history, points)


def facts_of(run: RunRecord, check: HostCheck[F, Any]) -> Iterator[tuple[datetime, F]]:
    """What an item found out, and when."""
    for visit in run.host_visits:
        try:
            yield visit.started_at, check.facts.model_validate(visit.facts.get(check.id))
        except ValidationError:
            continue  # not looked at, or by a version that kept other facts


@dataclass(frozen=True)
class HostWeek:
    """One host: what is due on it, and what is on record about it.

    runs: of this week and the last, each with its week, oldest first. history: all verdicts on each item, oldest first.
    points: by mount point, how full it was when, and in which week, oldest first.
    """

    contract: Contract
    placed: Placed
    week: str
    runs: list[tuple[str, RunRecord]]
    history: dict[str, list[_Seen]]
    points: dict[str, dict[Point, str]]

    @property
    def name(self) -> str:
        """The host's, in the contract."""
        return self.placed.host.name

    @cached_property
    def system(self) -> str:
        """What people call the system that the host belongs to."""
        return self.contract.system(self.placed.group.system).name

    @cached_property
    def run(self) -> RunRecord | None:
        """The week's runs as if they were one."""
        return merged(run for week, run in self.runs if week == self.week)

    @cached_property
    def planned(self) -> dict[str, Planned]:
        """What is due on the host, by item."""
        return {one.check.id: one for one in self.placed.planned}

    @cached_property
    def exempt(self) -> dict[str, str]:
        """Items that do not apply by contract, with the reason."""
        return self.placed.group.not_applicable(self.placed.host)

    @cached_property
    def logs(self) -> Period:
        """The readings of its logs, this week's and last week's."""
        read = [(week, one) for week, run in self.runs for _, one in facts_of(run, logs.CHECK)]
        return Period(*([one for week, one in read if (week == self.week) is now] for now in (True, False)))

    @cached_property
    def items(self) -> list[str]:
        """The items that were due or were looked at this week, the operating system's first."""
        return sorted({*self.planned, *(item for item in self.history if self.latest(item))}, key=place)

    def latest(self, item: str) -> _Seen | None:
        """The week's last verdict."""
        seen = self.history.get(item)
        return seen[-1] if seen and seen[-1].week == self.week else None

    def cell(self, item: str) -> Cell:
        """What is on record is shown, whatever the contract says by now."""
        if record := self.latest(item):
            return record.state
        if item in self.planned:
            return Blank.NOT_DONE
        return Blank.NOT_APPLICABLE if item in self.exempt else Blank.NOT_DUE

    def open(self, item: str) -> list[_Seen]:
        """The verdicts since it was last well."""
        seen = self.history.get(item, [])
        return list(takewhile(lambda one: one.state is not State.OK, reversed(seen)))[::-1]

    def place(self, item: str = "", week: str = "") -> str:
        """Where in the ledger its verdicts are: those of the slot's runs, of which the last one counts."""
        return row("slot", f"{HOST_INSPECTION}/{self.name}/{week or self.week} {item}".strip())

    def named(self, items: Sequence[str]) -> dict[str, Any]:
        """The fields of a row that is of several items of the host: their names, of many only how many they are."""
        every, few = len(items) == len(self.items) > 1, len(items) <= _FEW
        return {
            "system": self.system,
            "host": self.name,
            "names": "" if every else "、".join(map(label, items)) if few else " ".join(items),
            "number": None if few and not every else count("hosts.items", map(self.place, items)),
        }

    def line(self) -> HostLine:
        """The host's row in 巡检概况: how its items came out."""
        cells = {self.place(item): self.cell(item) for item in self.items}

        def those(name: str, cell: Cell) -> Number:
            return count(f"hosts.{name}", [place for place, one in cells.items() if one is cell])

        return HostLine(
            rows=(self.place(),),
            system=self.system,
            host=self.name,
            role=self.placed.host.role,
            state=worst_of(cells.values()) if self.run else None,
            ok=those("ok", State.OK),
            warn=those("warn", State.WARN),
            crit=those("crit", State.CRIT),
            unknown=those("unknown", State.UNKNOWN),
            not_done=those("not_done", Blank.NOT_DONE),
            started_at=self.run.started_at.astimezone(self.contract.tz) if self.run else None,
            ended_at=self.run.ended_at.astimezone(self.contract.tz) if self.run and self.run.ended_at else None,
            run_ids=tuple(run.id for week, run in self.runs if week == self.week),
        )

    def anomalies(self, feedback: Feedback) -> Iterator[AnomalyLine]:
        """The items at fault this week, with when each was first seen this week and when it was reported."""
        for item in self.items:
            record = self.latest(item)
            if record is None or record.state not in FAULTS:
                continue
            found_at = min(one.at for one in self.open(item) if one.week == self.week and one.state in FAULTS)
            before = [one.state for one in self.history[item] if one.week == week_before(self.week)]
            yield AnomalyLine(
                rows=(self.place(item),),
                system=self.system,
                host=self.name,
                item=label(item),
                state=record.state,
                before=before[-1] if before else None,
                summary=record.summary,
                found_at=found_at.astimezone(self.contract.tz),
                reported_at=feedback.at(self.name, item, found_at, self.contract.tz),
            )

    def unseen(self) -> Iterator[UnseenLine]:
        """What could not be read, or was not tried: one row for all items with the same reason."""
        together: dict[tuple[str, str], list[str]] = {}
        for item in self.items:
            record = self.latest(item)
            if record is None:
                together.setdefault((Blank.NOT_DONE.value, self._why_not_done()), []).append(item)
            elif record.reason:
                together.setdefault((record.reason.label, record.summary), []).append(item)
        for (reason, summary), items in together.items():
            rows = tuple(map(self.place, items))
            yield UnseenLine(**self.named(items), rows=rows, reason=reason, summary=summary)

    def _why_not_done(self) -> str:
        if self.run is None:
            return "本周没有巡检这台主机"
        return "巡检中断，没有看到这里" if self.run.ended_at is None else "本周的巡检没有看这一项"

    def services(self) -> Iterator[ServiceLine]:
        """The items of databases and middleware, those that do not apply among them."""
        for item in sorted({*self.items, *self.exempt}):
            if is_service(item):
                record = self.latest(item)
                summary = record.summary if record else self.exempt.get(item) or self._why_not_done()
                yield ServiceLine(
                    rows=(self.place(item),),
                    system=self.system,
                    host=self.name,
                    item=label(item),
                    state=self.cell(item),
                    summary=summary,
                )

    def volumes(self) -> Iterator[CapacityLine]:
        """Every file system that was seen this week; what was seen before only serves the forecast."""
        seen = [disks for week, run in self.runs if week == self.week for _, disks in facts_of(run, disk.CHECK)]
        if disk.CHECK.id not in self.planned or not seen:
            return
        params: disk.Params = self.planned[disk.CHECK.id].params
        for one in seen[-1].filesystems:
            levels = params.levels(one.mount)
            if levels is None:
                continue
            points, where = self.points[one.mount], f"{disk.CHECK.id} {one.mount}"
            full, rows = days_until_full([*points]), [self.place(where, week) for week in points.values()]
            yield CapacityLine(
                rows=(self.place(where),),
                host=self.name,
                what=one.mount,
                percent=Number(one.percent, "hosts.percent", (self.place(where),), f"{floor(one.percent)}%"),
                state=levels.state(one.percent),
                full=Number(full.mid, "hosts.full", tuple(dict.fromkeys(rows)), str(full)) if full else None,
            )

    def leftovers(self) -> Iterator[LeftoverLine]:
        """What has not been well since an earlier week. That it could not be seen since does not end a fault."""
        together: dict[tuple[Cell, str], list[str]] = {}
        for item in self.items:
            kept = self.open(item)
            faults = [one.week for one in kept if one.state in FAULTS]
            weeks = faults or ([one.week for one in kept] if self.cell(item) is State.UNKNOWN else [])
            if weeks and weeks[0] < self.week:
                together.setdefault((self.cell(item), weeks[0]), []).append(item)
        for (state, since), items in together.items():
            apart = (_monday(self.week) - _monday(since)).days // 7
            seen_in = dict.fromkeys([*(one.week for one in self.open(items[0]) if one.week >= since), self.week])
            yield LeftoverLine(
                **self.named(items),
                rows=tuple(self.place(item, week) for item in items for week in seen_in),
                state=state,
                since=since,
                weeks=Number(apart + 1, "hosts.weeks", tuple(self.place(items[0], week) for week in seen_in)),
            )

    def mended(self) -> Iterator[MendedLine]:
        """What was at fault when it was last seen, and is well now."""
        for item in self.items:
            seen = self.history.get(item, [])
            well = list(takewhile(lambda one: one.state is State.OK and one.week == self.week, reversed(seen)))
            before = seen[: len(seen) - len(well)]
            fault = next((one for one in reversed(before) if one.state is not State.UNKNOWN), None)
            if well and fault and fault.state in FAULTS:
                yield MendedLine(
                    rows=(self.place(item, fault.week), self.place(item)),
                    system=self.system,
                    host=self.name,
                    item=label(item),
                    state=fault.state,
                    summary=fault.summary,
                    mended_at=well[-1].at.astimezone(self.contract.tz),
                )


def worst_of(cells: Iterable[Cell]) -> State:
    """What was due and not done is as good as unknown."""
    return worst(cell if isinstance(cell, State) else State.UNKNOWN for cell in cells)


def _monday(week: str) -> date:
    """The first day of 2026-W47."""
    return date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)


def week_before(week: str) -> str:
    """Of 2026-W01, 2025-W52."""
    return week_of(_monday(week) - timedelta(days=7))
