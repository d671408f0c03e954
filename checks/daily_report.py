"""The 日报 as data: computed from the contract and the ledger's records, so it can be computed again.

Headings: inspection-items, Reports: 巡检概况｜页面巡检结果表｜异常及反馈（发现、反馈时间）｜遗留问题.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from checks.contract import Contract, System
from checks.coverage import look_of
from checks.downtime import DowntimeLine, Window, planned_during
from checks.feedback import Feedback
from checks.finding import State, worst
from checks.number import Number, count, row
from checks.page_check import MANUAL, Part, page_checks
from checks.records import EvidenceRecord, FindingRecord, RunRecord, merged
from checks.report_lines import ReportLine, StatesLine, counted
from checks.slots import Slot, page_slots


class SystemLine(StatesLine):
    """巡检概况: one system."""

    name: str
    importance: str
    state: State | None  # None: no finished run, 未执行
    pages: Number
    started_at: datetime | None
    ended_at: datetime | None
    trigger: str
    run_id: str


class PageLine(ReportLine):
    """页面巡检结果表: one page or function."""

    system: str
    page: str
    state: State | None
    seconds: Number | None  # slowest action
    attempts: Number
    items: Number  # that were looked at
    remark: str
    screenshot: EvidenceRecord | None

    @property
    def summary(self) -> str:
        """What came of it, in a few words."""
        return f"{self.items} 项正常{self.remark}" if self.state is State.OK else self.remark


class AnomalyLine(ReportLine):
    """异常及反馈: one verdict that is not OK."""

    system: str
    page: str
    item: str
    state: State
    summary: str
    found_at: datetime
    reported_at: datetime | None


class LeftoverLine(ReportLine):
    """遗留问题: an anomaly of an earlier day that is still there, with the first day it was seen without a break.
    `days`: how many that makes, with today; its rows are the verdicts of the days on which it was looked at."""

    system: str
    page: str
    item: str
    state: State
    since: date
    days: Number


class DailyReport(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    expected: Number  # slots
    done: Number  # all was seen
    partly: Number  # it came to its end, and not all was seen
    systems: tuple[SystemLine, ...]
    pages: tuple[PageLine, ...]
    anomalies: tuple[AnomalyLine, ...]
    leftovers: tuple[LeftoverLine, ...]
    planned: tuple[DowntimeLine, ...] = ()

    @property
    def cut(self) -> Number:
        """Systems whose inspection came to no end."""
        return counted("daily.cut", [one for one in self.systems if one.state and not one.ended_at])

    @property
    def missed(self) -> Number:
        """Systems that nobody inspected."""
        return counted("daily.missed", [one for one in self.systems if one.state is None])

    @property
    def found(self) -> Number:
        """What was at fault."""
        return counted("daily.anomalies", [one for one in self.anomalies if one.state is not State.UNKNOWN])

    @property
    def unseen(self) -> Number:
        """What could not be looked at: it is neither well nor at fault."""
        return counted("daily.unseen", [one for one in self.anomalies if one.state is State.UNKNOWN])

    @property
    def left(self) -> Number:
        """How many anomalies were there on an earlier day already."""
        return counted("daily.leftovers", self.leftovers)


def item_titles() -> dict[str, str]:
    """The name of every item by its id."""
    return {check.id: check.title for check in (MANUAL, *page_checks())}


def daily_report(
    contract: Contract,
    day: date,
    runs: Sequence[RunRecord],
    earlier: Sequence[RunRecord],
    feedback: Feedback = Feedback(),  # noqa: B008 - a tuple
    windows: Sequence[Window] = (),
) -> DailyReport:
    """Compute the day's report.

    Args:
        runs: the day's runs, oldest first; where several looked at the same item, the last one counts.
        earlier: runs of days before, oldest first, to tell how long an anomaly has lasted.
        feedback: who was told of what, and when.
        windows: planned downtimes on record.
    """
    slots = {slot.target: slot for slot in page_slots(contract, day)}
    looks = [
        _Look(contract, system, slots[system.id], merged(run for run in runs if run.slot == slots[system.id].id))
        for system in contract.systems
        if system.id in slots
    ]
    return DailyReport(
        day=day,
        expected=count("daily.expected", [one.place() for one in looks]),
        done=count("daily.done", [one.place() for one in looks if one.ended and one.whole]),
        partly=count("daily.partly", [one.place() for one in looks if one.ended and not one.whole]),
        systems=tuple(_system_line(one) for one in looks),
        pages=tuple(_page_line(one, part) for one in looks for part in one.system.targets()),
        anomalies=tuple(line for one in looks for line in _anomalies(one, feedback)),
        planned=planned_during(
            contract, windows, [(one.system.id, one.run.started_at, one.run.ended_at) for one in looks if one.run]
        ),
        leftovers=tuple(line for one in looks for line in _leftovers(one, earlier)),
    )


class _Look(NamedTuple):
    """One system and what the day's runs have seen of it."""

    contract: Contract
    system: System
    slot: Slot
    run: RunRecord | None

    @property
    def ended(self) -> bool:
        return self.run is not None and self.run.ended_at is not None

    @property
    def whole(self) -> bool:
        """As the coverage has it."""
        return self.run is not None and look_of(self.run).seen >= {
            self.system.target(part) for part in self.system.targets()
        }

    def of(self, target: str) -> list[FindingRecord]:
        return [record for record in self.run.latest() if record.target == target] if self.run else []

    def state(self, target: str) -> State | None:
        records = self.of(target)
        return worst(record.finding.state for record in records) if records else None

    def bad(self) -> list[FindingRecord]:
        return [one for one in self.run.latest() if one.finding.state is not State.OK] if self.run else []

    def place(self, *words: str) -> str:
        """Where in the ledger its verdicts are: those of the slot's runs, of which the last one counts."""
        return row("slot", " ".join((self.slot.id, *words)))

    def called(self, record: FindingRecord) -> dict[str, str]:
        """A verdict's system, page and item as people call them."""
        parts = {self.system.target(part): part.title for part in self.system.targets()}
        return {
            "system": self.system.name,
            "page": parts.get(record.target, record.target),
            "item": item_titles().get(record.finding.check, record.finding.check),
        }


def _system_line(look: _Look) -> SystemLine:
    run, zone = look.run, look.contract.tz
    states = {look.place(target): look.state(target) for target in map(look.system.target, look.system.targets())}

    def those(name: str, state: State | None) -> Number:
        return count(f"daily.{name}", [place for place, one in states.items() if one is state])

    return SystemLine(
        rows=(look.place(),),
        name=look.system.name,
        importance=look.system.importance,
        state=worst(state or State.UNKNOWN for state in states.values()) if run else None,
        pages=count("daily.pages", states),
        ok=those("ok", State.OK),
        warn=those("warn", State.WARN),
        crit=those("crit", State.CRIT),
        unknown=those("unknown", State.UNKNOWN),
        not_done=those("not_done", None),
        started_at=run.started_at.astimezone(zone) if run else None,
        ended_at=run.ended_at.astimezone(zone) if run and run.ended_at else None,
        trigger=run.trigger if run else "",
        run_id=run.id if run else "",
    )


def _page_line(look: _Look, part: Part) -> PageLine:
    target = look.system.target(part)
    rows = (look.place(target),)
    visits = [visit for visit in look.run.visits if visit.target == target] if look.run else []
    pictures = [file for file in look.run.evidence if file.target == target] if look.run else []
    steps = [step.seconds for step in visits[-1].steps] if visits else []
    return PageLine(
        rows=rows,
        system=look.system.name,
        page=part.title,
        state=look.state(target),
        seconds=Number(max(steps), "daily.slowest", rows, f"{max(steps):.2f}") if steps else None,
        attempts=Number(visits[-1].attempt if visits else 0, "daily.attempts", rows),
        items=count("daily.items", [look.place(target, record.finding.check) for record in look.of(target)]),
        remark=_remark(look, target, again=bool(visits) and visits[-1].attempt > 1),
        screenshot=pictures[-1] if pictures else None,
    )


def _remark(look: _Look, target: str, again: bool) -> str:
    records, state = look.of(target), look.state(target)
    if state is None:
        return "未执行"
    if state is not State.OK:
        return next(record.finding.summary for record in records if record.finding.state is state)
    accepted = any("已接受" in record.finding.summary for record in records)
    return ("，重试后正常" if again else "") + ("，含已接受的错误" if accepted else "")


def _anomalies(look: _Look, feedback: Feedback) -> Iterator[AnomalyLine]:
    for record in look.bad():
        check, zone = record.finding.check, look.contract.tz
        yield AnomalyLine(
            **look.called(record),
            rows=(look.place(record.target, check),),
            state=record.finding.state,
            summary=record.finding.summary,
            found_at=record.at.astimezone(zone),
            reported_at=feedback.at(record.target, check, record.at, zone),
        )


def _leftovers(look: _Look, earlier: Sequence[RunRecord]) -> Iterator[LeftoverLine]:
    """Follow each of today's anomalies back, slot by slot, as long as it was there."""
    days = _verdicts_by_slot(look.system, earlier)
    for record in look.bad():
        key = (record.target, record.finding.check)
        kept = [look.slot.id]
        for slot, verdicts in days:
            if verdicts.get(key, State.OK) is State.OK:
                break
            kept.append(slot)
        if kept[1:]:
            since = date.fromisoformat(kept[-1].rpartition("/")[2])
            rows = tuple(row("slot", " ".join((slot, *key))) for slot in reversed(kept))
            yield LeftoverLine(
                **look.called(record),
                rows=rows,
                state=record.finding.state,
                since=since,
                days=Number((look.slot.day - since).days + 1, "daily.days", rows),
            )


def _verdicts_by_slot(system: System, earlier: Sequence[RunRecord]) -> list[tuple[str, dict[tuple[str, str], State]]]:
    """The verdicts of each earlier slot of a system, the latest day first."""
    slots: dict[str, list[RunRecord]] = {}
    for run in earlier:
        if run.slot.split("/")[1] == system.id:
            slots.setdefault(run.slot, []).append(run)
    found = []
    for slot in sorted(slots, reverse=True):  # a slot's id ends with its day
        together = merged(slots[slot])
        records = together.latest() if together else []
        found.append((slot, {(record.target, record.finding.check): record.finding.state for record in records}))
    return found
