"""The 周巡检报告 as data: computed from the contract and the ledger's records, so it can be computed again.

Heading: inspection-items, Reports: 服务器巡检（主机×项目）. What could not be read stands apart: it is not fine.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import takewhile
from math import ceil, inf
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from checks import log_report
from checks.contract import Contract
from checks.daily_report import Line
from checks.downtime import DowntimeLine, Window, planned_during
from checks.feedback import Feedback
from checks.filesystems import ignored
from checks.finding import Reason, State, worst
from checks.forecast import Point, days_until_full
from checks.host import Placed
from checks.host_check import AnyCheck, HostCheck, Params, Planned, host_checks
from checks.hosts import disk, logs
from checks.log_report import Period
from checks.records import RunRecord, merged
from checks.secrecy import Grade
from checks.slots import host_slots, week_of
from checks.visit import Facts

F = TypeVar("F", bound=Facts)

WIDEST = 6
"""Hosts beside each other in one table: what an A4 page holds."""


class Blank(StrEnum):
    """Why a cell of host × item holds no state. The value is what operators read."""

    NOT_DONE = "未执行"
    NOT_APPLICABLE = "不适用"
    NOT_DUE = "—"

    @property
    def label(self) -> str:
        """As a state has it."""
        return self.value


Cell = State | Blank


class HostLine(Line):
    """巡检概况: one host."""

    system: str
    host: str
    role: str
    state: State | None  # None: no run, 未执行
    ok: int
    warn: int
    crit: int
    unknown: int
    not_done: int
    started_at: datetime | None
    ended_at: datetime | None  # None: cut off
    run_ids: tuple[str, ...]

    @property
    def items(self) -> int:
        """How many there were to look at."""
        return self.ok + self.warn + self.crit + self.unknown + self.not_done

    @property
    def unreached(self) -> bool:
        """It was tried, and nothing at all could be read."""
        return 0 < self.unknown == self.items


class ItemLine(Line):
    """服务器巡检: one item on the hosts of its matrix."""

    item: str
    cells: tuple[Cell, ...]


class Matrix(Line):
    """服务器巡检: items × hosts of one system; a system of many hosts has several."""

    system: str
    hosts: tuple[str, ...]
    lines: tuple[ItemLine, ...]


class AnomalyLine(Line):
    """异常及反馈: one fault. `before`: last week's verdict, if any. `found_at`: when it was first seen this week."""

    system: str
    host: str
    item: str
    state: State
    before: State | None
    summary: str
    found_at: datetime
    reported_at: datetime | None


class UnseenLine(Line):
    """未取得的项目: items of one host that could not be read for one reason, or were not tried."""

    system: str
    host: str
    items: str
    reason: str
    summary: str


class ServiceLine(Line):
    """数据库与中间件: one item."""

    system: str
    host: str
    item: str
    state: Cell
    summary: str


class CapacityLine(Line):
    """容量预测: a file system that is filling up, or is already over its threshold."""

    host: str
    what: str
    percent: float
    state: State
    days: float | None  # until full; None: no forecast can be made
    forecast: str


class LeftoverLine(Line):
    """遗留问题: items of one host that were at fault, or could not be read, in an earlier week and not well since."""

    system: str
    host: str
    items: str
    state: Cell
    since: str  # a week
    weeks: int  # with this one


class MendedLine(Line):
    """遗留问题: was at fault when last seen, in an earlier week or earlier this week, and is well now."""

    system: str
    host: str
    item: str
    state: State
    summary: str
    mended_at: datetime


class ExemptLine(Line):
    """不适用的项目: by contract."""

    item: str
    hosts: str
    why: str


class StandardLine(Line):
    """判定标准: an item's or a service's thresholds as they are by default."""

    item: str
    thresholds: str


class ThresholdLine(Line):
    """判定标准: a threshold that the contract sets otherwise."""

    item: str
    field: str
    value: str
    default: str
    hosts: str


class LogLine(Line):
    """日志分析: one kind of message. Counts are lines; `before`: last week's, None where nothing was read."""

    host: str
    source: str
    level: str
    text: str
    found: int
    before: int | None
    new: bool


class LogSummary(Line):
    """日志分析: the rows that are shown, and what they leave out."""

    lines: tuple[LogLine, ...]
    more_kinds: int
    more_lines: int
    read: int  # hosts whose logs were read this week
    unread: tuple[str, ...]  # hosts whose logs should have been
    incomplete: tuple[str, ...]  # hosts of whose logs a part is missing


class HostReport(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    contract: str
    client: str
    contractor: str
    week: str  # 2026-W47
    first: date
    last: date
    grade: Grade
    contract_hash: str
    code_version: str
    head: str  # of the ledger's chain when this was computed; empty where nothing is sealed yet
    hosts: tuple[HostLine, ...]  # one for each slot
    matrices: tuple[Matrix, ...]
    anomalies: tuple[AnomalyLine, ...]
    unseen: tuple[UnseenLine, ...]
    services: tuple[ServiceLine, ...]
    capacity: tuple[CapacityLine, ...]
    volumes: int  # file systems that were seen, with those in `capacity`
    logs: LogSummary
    planned: tuple[DowntimeLine, ...] = ()
    leftovers: tuple[LeftoverLine, ...]
    mended: tuple[MendedLine, ...]
    exempt: tuple[ExemptLine, ...]
    standards: tuple[StandardLine, ...]
    thresholds: tuple[ThresholdLine, ...]


def host_report(
    contract: Contract,
    monday: date,
    runs_of: Callable[[str], Sequence[RunRecord]],
    head: str = "",
    feedback: Feedback = Feedback(),  # noqa: B008 - a tuple
    windows: Sequence[Window] = (),
) -> HostReport:
    """Compute the week's report.

    Args:
        monday: or any other day of the week.
        runs_of: a host's runs, oldest first: the week's, of which the last one that looked at an item counts, and
            those of weeks before: how long a fault has lasted, and how fast disks fill up.
        head: the head of the ledger's chain, which the report prints.
        feedback: who was told of what, and when.
        windows: planned downtimes on record.
    """
    week, monday = week_of(monday), monday - timedelta(days=monday.weekday())
    slots = list(host_slots(contract, monday))
    hosts = [_host(contract, contract.host(slot.target), week, runs_of(slot.target)) for slot in slots]
    last = max((run for host in hosts if (run := host.run)), key=lambda run: run.started_at, default=None)
    volumes = [line for host in hosts for line in host.volumes()]
    return HostReport(
        contract=contract.name,
        client=contract.client.name,
        contractor=contract.contractor.name,
        week=week,
        first=max(monday, contract.term.start) if slots else monday,
        last=min(monday + timedelta(days=6), contract.term.end) if slots else monday + timedelta(days=6),
        grade=Grade.MEDIUM,  # it names hosts and says how they are configured
        contract_hash=last.contract_hash if last else "",
        code_version=last.code_version if last else "",
        head=head,
        hosts=tuple(host.line() for host in hosts),
        matrices=tuple(_matrices(hosts)),
        anomalies=tuple(sorted((line for host in hosts for line in host.anomalies(feedback)), key=_mildness)),
        unseen=tuple(line for host in hosts for line in host.unseen()),
        services=tuple(line for host in hosts for line in host.services()),
        capacity=tuple(
            sorted((line for line in volumes if line.days is not None or _mildness(line) < 2), key=_soonest)
        ),
        volumes=len(volumes),
        logs=_logs(hosts),
        leftovers=tuple(line for host in hosts for line in host.leftovers()),
        planned=planned_during(
            contract,
            windows,
            [(host.placed.group.system, host.run.started_at, host.run.ended_at) for host in hosts if host.run],
        ),
        mended=tuple(line for host in hosts for line in host.mended()),
        exempt=tuple(_exempt(hosts)),
        standards=tuple(_standards(hosts)),
        thresholds=tuple(_thresholds(hosts)),
    )


_FEW = 4  # items that are named in a cell; of more the numbers must do
_FAULTS = (State.CRIT, State.WARN)


def _mildness(line: AnomalyLine | CapacityLine) -> int:
    return _FAULTS.index(line.state) if line.state in _FAULTS else len(_FAULTS)


def _soonest(line: CapacityLine) -> tuple[float, float]:
    return inf if line.days is None else line.days, -line.percent


class _Seen(NamedTuple):
    """A verdict, when it was given, and the week for which. A year of many hosts has a hundred thousand of them."""

    week: str
    at: datetime
    state: State
    summary: str
    reason: Reason | None


def _host(contract: Contract, placed: Placed, week: str, runs: Sequence[RunRecord]) -> "_Host":
    """Take from a host's runs what the report needs of them."""
    recent, history, points = [], dict[str, list[_Seen]](), dict[str, list[Point]]()
    for run in runs:
        its_week = run.slot.rpartition("/")[2]
        if its_week in (week, _week_before(week)):
            recent.append((its_week, run))
        for at, finding in ((one.at, one.finding) for one in run.findings if one.target == placed.host.name):
            seen = _Seen(its_week, at, finding.state, finding.summary, finding.reason)
            history.setdefault(finding.check, []).append(seen)
        for at, disks in _facts(run, disk.CHECK):
            for one in disks.filesystems:
                points.setdefault(one.mount, []).append((at, one.used, one.used + one.available))
    return _Host(contract, placed, week, recent, history, points)


def _facts(run: RunRecord, check: HostCheck[F, Any]) -> Iterator[tuple[datetime, F]]:
    """What an item found out, and when."""
    for visit in run.host_visits:
        try:
            yield visit.started_at, check.facts.model_validate(visit.facts.get(check.id))
        except ValidationError:
            continue  # not looked at, or by a version that kept other facts


@dataclass(frozen=True)
class _Host:
    """One host: what is due on it, and what is on record about it.

    runs: of this week and the last, each with its week, oldest first. history: all verdicts on each item, oldest first.
    points: by mount point, how full it was when, oldest first.
    """

    contract: Contract
    placed: Placed
    week: str
    runs: list[tuple[str, RunRecord]]
    history: dict[str, list[_Seen]]
    points: dict[str, list[Point]]

    @property
    def name(self) -> str:
        return self.placed.host.name

    @cached_property
    def system(self) -> str:
        return self.contract.system(self.placed.group.system).name

    @cached_property
    def run(self) -> RunRecord | None:
        """The week's runs as if they were one."""
        return merged(run for week, run in self.runs if week == self.week)

    @cached_property
    def planned(self) -> dict[str, Planned]:
        return {one.check.id: one for one in self.placed.planned}

    @cached_property
    def exempt(self) -> dict[str, str]:
        return self.placed.group.not_applicable(self.placed.host)

    @cached_property
    def logs(self) -> Period:
        """The readings of its logs, this week's and last week's."""
        read = [(week, one) for week, run in self.runs for _, one in _facts(run, logs.CHECK)]
        return Period(*([one for week, one in read if (week == self.week) is now] for now in (True, False)))

    @cached_property
    def items(self) -> list[str]:
        """What was due or was looked at this week."""
        return sorted({*self.planned, *(item for item in self.history if self.latest(item))}, key=_place)

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

    def named(self, items: Sequence[str]) -> str:
        """Several items in a cell."""
        if len(items) == len(self.items) > 1:
            return f"全部 {len(items)} 项"
        return "、".join(map(_label, items)) if len(items) <= _FEW else f"{' '.join(items)}（{len(items)} 项）"

    def line(self) -> HostLine:
        cells = [self.cell(item) for item in self.items]
        return HostLine(
            system=self.system,
            host=self.name,
            role=self.placed.host.role,
            state=_worst(cells) if self.run else None,
            ok=cells.count(State.OK),
            warn=cells.count(State.WARN),
            crit=cells.count(State.CRIT),
            unknown=cells.count(State.UNKNOWN),
            not_done=cells.count(Blank.NOT_DONE),
            started_at=self.run.started_at.astimezone(self.contract.tz) if self.run else None,
            ended_at=self.run.ended_at.astimezone(self.contract.tz) if self.run and self.run.ended_at else None,
            run_ids=tuple(run.id for week, run in self.runs if week == self.week),
        )

    def anomalies(self, feedback: Feedback) -> Iterator[AnomalyLine]:
        for item in self.items:
            record = self.latest(item)
            if record is None or record.state not in _FAULTS:
                continue
            found_at = min(one.at for one in self.open(item) if one.week == self.week and one.state in _FAULTS)
            before = [one.state for one in self.history[item] if one.week == _week_before(self.week)]
            yield AnomalyLine(
                system=self.system,
                host=self.name,
                item=_label(item),
                state=record.state,
                before=before[-1] if before else None,
                summary=record.summary,
                found_at=found_at.astimezone(self.contract.tz),
                reported_at=feedback.at(self.name, item, found_at, self.contract.tz),
            )

    def unseen(self) -> Iterator[UnseenLine]:
        together: dict[tuple[str, str], list[str]] = {}
        for item in self.items:
            record = self.latest(item)
            if record is None:
                together.setdefault((Blank.NOT_DONE.value, self._why_not_done()), []).append(item)
            elif record.reason:
                together.setdefault((record.reason.label, record.summary), []).append(item)
        for (reason, summary), items in together.items():
            yield UnseenLine(
                system=self.system, host=self.name, items=self.named(items), reason=reason, summary=summary
            )

    def _why_not_done(self) -> str:
        if self.run is None:
            return "本周没有巡检这台主机"
        return "巡检中断，没有看到这里" if self.run.ended_at is None else "本周的巡检没有看这一项"

    def services(self) -> Iterator[ServiceLine]:
        for item in sorted({*self.items, *self.exempt}):
            if _is_service(item):
                record = self.latest(item)
                summary = record.summary if record else self.exempt.get(item) or self._why_not_done()
                yield ServiceLine(
                    system=self.system, host=self.name, item=_label(item), state=self.cell(item), summary=summary
                )

    def volumes(self) -> Iterator[CapacityLine]:
        """Every file system that was seen this week; what was seen before only serves the forecast."""
        seen = [disks for week, run in self.runs if week == self.week for _, disks in _facts(run, disk.CHECK)]
        if disk.CHECK.id not in self.planned or not seen:
            return
        params: disk.Params = self.planned[disk.CHECK.id].params
        for one in seen[-1].filesystems:
            if ignored(one.mount, params.ignore):
                continue
            full = days_until_full(self.points[one.mount])
            yield CapacityLine(
                host=self.name,
                what=one.mount,
                percent=one.percent,
                state=params.mounts.get(one.mount, params).state(one.percent),
                days=full.mid if full else None,
                forecast=str(full) if full else "",
            )

    def leftovers(self) -> Iterator[LeftoverLine]:
        """What has not been well since an earlier week. That it could not be seen since does not end a fault."""
        together: dict[tuple[Cell, str], list[str]] = {}
        for item in self.items:
            kept = self.open(item)
            faults = [one.week for one in kept if one.state in _FAULTS]
            weeks = faults or ([one.week for one in kept] if self.cell(item) is State.UNKNOWN else [])
            if weeks and weeks[0] < self.week:
                together.setdefault((self.cell(item), weeks[0]), []).append(item)
        for (state, since), items in together.items():
            weeks_apart = (_monday(self.week) - _monday(since)).days // 7
            yield LeftoverLine(
                system=self.system,
                host=self.name,
                items=self.named(items),
                state=state,
                since=since,
                weeks=weeks_apart + 1,
            )

    def mended(self) -> Iterator[MendedLine]:
        for item in self.items:
            seen = self.history.get(item, [])
            well = list(takewhile(lambda one: one.state is State.OK and one.week == self.week, reversed(seen)))
            before = seen[: len(seen) - len(well)]
            fault = next((one for one in reversed(before) if one.state is not State.UNKNOWN), None)
            if well and fault and fault.state in _FAULTS:
                yield MendedLine(
                    system=self.system,
                    host=self.name,
                    item=_label(item),
                    state=fault.state,
                    summary=fault.summary,
                    mended_at=well[-1].at.astimezone(self.contract.tz),
                )


def _matrices(hosts: Sequence[_Host]) -> Iterator[Matrix]:
    """Tables of about the same width, with a row for all services together."""
    for system in dict.fromkeys(host.system for host in hosts):
        its = [host for host in hosts if host.system == system]
        known = [check.id for check in host_checks()]
        strange = sorted({item for host in its for item in host.items} - set(known))
        items = [item for item in (*known, *strange) if not _is_service(item)]
        width = ceil(len(its) / ceil(len(its) / WIDEST))
        for first in range(0, len(its), width):
            part = its[first : first + width]
            lines = [ItemLine(item=_label(item), cells=tuple(host.cell(item) for host in part)) for item in items]
            services = ItemLine(item="数据库与中间件", cells=tuple(_service_cell(host) for host in part))
            yield Matrix(system=system, hosts=tuple(host.name for host in part), lines=(*lines, services))


def _service_cell(host: _Host) -> Cell:
    cells = [line.state for line in host.services()]
    due = [cell for cell in cells if cell is not Blank.NOT_APPLICABLE]
    if not due:
        return Blank.NOT_APPLICABLE if cells else Blank.NOT_DUE
    return Blank.NOT_DONE if set(due) == {Blank.NOT_DONE} else _worst(due)


def _worst(cells: Iterable[Cell]) -> State:
    """What was due and not done is as good as unknown."""
    return worst(cell if isinstance(cell, State) else State.UNKNOWN for cell in cells)


def _logs(hosts: Sequence[_Host]) -> LogSummary:
    read = {host.name: host.logs for host in hosts if host.logs.now}
    shown = log_report.table(read)
    return LogSummary(
        lines=tuple(LogLine(**{name: getattr(row, name) for name in LogLine.model_fields}) for row in shown.rows),
        more_kinds=shown.more_kinds,
        more_lines=shown.more_lines,
        read=len(read),
        unread=tuple(host.name for host in hosts if logs.CHECK.id in host.planned and host.name not in read),
        incomplete=shown.incomplete,
    )


def _exempt(hosts: Sequence[_Host]) -> Iterator[ExemptLine]:
    together: dict[tuple[str, str], list[str]] = {}
    for host in hosts:
        for item, why in host.exempt.items():
            together.setdefault((item, why), []).append(host.name)
    for (item, why), names in sorted(together.items(), key=lambda one: _place(one[0][0])):
        yield ExemptLine(item=_label(item), hosts="、".join(names), why=why)


def _standards(hosts: Sequence[_Host]) -> Iterator[StandardLine]:
    due = {item: one.check for host in hosts for item, one in host.planned.items()}
    usual = {_owner(due[item]): _numbers(_default(due[item])) for item in sorted(due, key=_place)}
    for owner, numbers in usual.items():
        if numbers:
            yield StandardLine(
                item=owner, thresholds="，".join(f"{title} {_plain(numbers[title])}" for title in numbers)
            )


def _thresholds(hosts: Sequence[_Host]) -> Iterator[ThresholdLine]:
    together: dict[tuple[str, str, str, str], dict[str, None]] = {}
    for host in hosts:
        for one in map(host.planned.__getitem__, sorted(host.planned, key=_place)):
            usual = _numbers(_default(one.check))
            for title, value in _numbers(one.params).items():
                if value != usual.get(title):
                    default = _plain(usual[title]) if title in usual else "—"
                    together.setdefault((_owner(one.check), title, _plain(value), default), {})[host.name] = None
    for (owner, title, said, default), names in together.items():
        yield ThresholdLine(item=owner, field=title, value=said, default=default, hosts="、".join(names))


def _owner(check: AnyCheck) -> str:
    """Whose the thresholds are: the items of one service share theirs."""
    return check.service or _label(check.id)


def _default(check: AnyCheck) -> Params:
    params: type[Params] = check.params
    return params.model_construct()


def _plain(number: float) -> str:
    return f"{number:.12g}"


_NO_THRESHOLDS = ("port",)


def _numbers(params: BaseModel, above: str = "") -> dict[str, float]:
    """The thresholds among an item's parameters, by their Chinese names; those of a part begin with its name."""
    numbers: dict[str, float] = {}
    for name, field in type(params).model_fields.items():
        if name in _NO_THRESHOLDS:
            continue
        value, title = getattr(params, name, None), f"{above}{field.title or name}"
        for part, one in (value if isinstance(value, dict) else {"": value}).items():
            whole = f"{title} {part} " if part else title
            if isinstance(one, BaseModel):
                numbers |= _numbers(one, whole)
            elif isinstance(one, int | float) and not isinstance(one, bool):
                numbers[whole] = one
    return numbers


def _label(item: str) -> str:
    """Number and name, as operators read it."""
    return next((f"{item} {check.title}" for check in host_checks() if check.id == item), item)


def _is_service(item: str) -> bool:
    return any(check.service for check in host_checks() if check.id == item)


def _place(item: str) -> tuple[bool, str]:
    """The operating system first, then the services."""
    return _is_service(item), item


def _monday(week: str) -> date:
    """The first day of 2026-W47."""
    return date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)


def _week_before(week: str) -> str:
    return week_of(_monday(week) - timedelta(days=7))
