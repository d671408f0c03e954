"""The 日报 as data: computed from the contract and the ledger's records, so it can be computed again.

Headings: inspection-items, Reports: 巡检概况｜页面巡检结果表｜异常及反馈（发现、反馈时间）｜遗留问题.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from checks.contract import Contract, System
from checks.downtime import DowntimeLine, Window, planned_during
from checks.feedback import Feedback
from checks.finding import State, worst
from checks.page_check import MANUAL, Part, page_checks
from checks.records import EvidenceRecord, FindingRecord, RunRecord, merged
from checks.secrecy import Grade
from checks.slots import page_slots


class Line(BaseModel):
    """A row of one of the report's tables."""

    model_config = ConfigDict(frozen=True)


class SystemLine(Line):
    """巡检概况: one system."""

    name: str
    importance: str
    state: State | None  # None: no finished run, 未执行
    pages: int
    ok: int
    warn: int
    crit: int
    unknown: int
    started_at: datetime | None
    ended_at: datetime | None
    trigger: str
    run_id: str


class PageLine(Line):
    """页面巡检结果表: one page or function."""

    system: str
    page: str
    state: State | None
    seconds: float | None  # slowest action
    attempts: int
    summary: str
    screenshot: EvidenceRecord | None


class AnomalyLine(Line):
    """异常及反馈: one verdict that is not OK."""

    system: str
    page: str
    item: str
    state: State
    summary: str
    found_at: datetime
    reported_at: datetime | None


class LeftoverLine(Line):
    """遗留问题: an anomaly of an earlier day that is still there, with the first day it was seen without a break."""

    system: str
    page: str
    item: str
    state: State
    since: date


class DailyReport(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    contract: str
    client: str
    contractor: str
    day: date
    grade: Grade
    contract_hash: str
    code_version: str
    head: str  # of the ledger's chain when this was computed; empty where nothing is sealed yet
    expected: int  # slots
    done: int
    systems: tuple[SystemLine, ...]
    pages: tuple[PageLine, ...]
    anomalies: tuple[AnomalyLine, ...]
    leftovers: tuple[LeftoverLine, ...]
    planned: tuple[DowntimeLine, ...] = ()


def item_titles() -> dict[str, str]:
    """The name of every item by its id."""
    return {check.id: check.title for check in (MANUAL, *page_checks())}


def daily_report(
    contract: Contract,
    day: date,
    runs: Sequence[RunRecord],
    earlier: Sequence[RunRecord],
    head: str = "",
    feedback: Feedback = Feedback(),  # noqa: B008 - a tuple
    windows: Sequence[Window] = (),
) -> DailyReport:
    """Compute the day's report.

    Args:
        runs: the day's runs, oldest first; where several looked at the same item, the last one counts.
        earlier: runs of days before, oldest first, to tell how long an anomaly has lasted.
        head: the head of the ledger's chain, which the report prints.
        feedback: who was told of what, and when.
        windows: planned downtimes on record.
    """
    slots = list(page_slots(contract, day))
    counting = {slot.target: merged(run for run in runs if run.slot == slot.id) for slot in slots}
    systems = [system for system in contract.systems if system.id in counting]
    anomalies = [line for system in systems for line in _anomalies(contract, system, counting[system.id], feedback)]
    found = [run for run in counting.values() if run]
    return DailyReport(
        contract=contract.name,
        client=contract.client.name,
        contractor=contract.contractor.name,
        day=day,
        grade=Grade.MEDIUM,  # it names pages of the client's systems and shows their (masked) pictures
        contract_hash=found[-1].contract_hash if found else "",
        code_version=found[-1].code_version if found else "",
        head=head,
        expected=len(slots),
        done=sum(run.ended_at is not None for run in found),
        systems=tuple(_system_line(contract, system, counting[system.id]) for system in systems),
        pages=tuple(_page_line(system, part, counting[system.id]) for system in systems for part in system.targets()),
        anomalies=tuple(anomalies),
        planned=planned_during(
            contract, windows, [(one, run.started_at, run.ended_at) for one, run in counting.items() if run]
        ),
        leftovers=tuple(line for system in systems for line in _leftovers(system, counting, earlier)),
    )


def _of(run: RunRecord | None, target: str) -> list[FindingRecord]:
    return [record for record in run.latest() if record.target == target] if run else []


def _page_state(run: RunRecord | None, target: str) -> State | None:
    records = _of(run, target)
    return worst(record.finding.state for record in records) if records else None


def _system_line(contract: Contract, system: System, run: RunRecord | None) -> SystemLine:
    states = [_page_state(run, system.target(part)) for part in system.targets()]
    return SystemLine(
        name=system.name,
        importance=system.importance,
        state=worst(state or State.UNKNOWN for state in states) if run else None,
        pages=len(states),
        ok=states.count(State.OK),
        warn=states.count(State.WARN),
        crit=states.count(State.CRIT),
        unknown=states.count(State.UNKNOWN) + states.count(None),
        started_at=run.started_at.astimezone(contract.tz) if run else None,
        ended_at=run.ended_at.astimezone(contract.tz) if run and run.ended_at else None,
        trigger=run.trigger if run else "",
        run_id=run.id if run else "",
    )


def _page_line(system: System, part: Part, run: RunRecord | None) -> PageLine:
    target = system.target(part)
    records = _of(run, target)
    state = _page_state(run, target)
    bad = next((record for record in records if record.finding.state is state), None)
    visits = [visit for visit in run.visits if visit.target == target] if run else []
    pictures = [file for file in run.evidence if file.target == target] if run else []
    if state is None:
        summary = "未执行"
    elif state is State.OK:
        summary = f"{len(records)} 项正常" + ("，重试后正常" if visits and visits[-1].attempt > 1 else "")
        if any("已接受" in record.finding.summary for record in records):
            summary += "，含已接受的错误"
    else:
        summary = bad.finding.summary if bad else ""
    return PageLine(
        system=system.name,
        page=part.title,
        state=state,
        seconds=max((step.seconds for step in visits[-1].steps), default=None) if visits else None,
        attempts=visits[-1].attempt if visits else 0,
        summary=summary,
        screenshot=pictures[-1] if pictures else None,
    )


def _anomalies(contract: Contract, system: System, run: RunRecord | None, feedback: Feedback) -> Iterable[AnomalyLine]:
    titles, parts = item_titles(), {system.target(part): part for part in system.targets()}
    for record in run.latest() if run else ():
        if record.finding.state is not State.OK:
            yield AnomalyLine(
                system=system.name,
                page=parts[record.target].title if record.target in parts else record.target,
                item=titles.get(record.finding.check, record.finding.check),
                state=record.finding.state,
                summary=record.finding.summary,
                found_at=record.at.astimezone(contract.tz),
                reported_at=feedback.at(record.target, record.finding.check, record.at, contract.tz),
            )


def _leftovers(
    system: System, counting: dict[str, RunRecord | None], earlier: Sequence[RunRecord]
) -> Iterable[LeftoverLine]:
    """Follow each of today's anomalies back, slot by slot, as long as it was there."""
    today = counting[system.id]
    titles, parts = item_titles(), {system.target(part): part.title for part in system.targets()}
    days = _verdicts_by_day(system, earlier)
    for record in today.latest() if today else ():
        if record.finding.state is State.OK:
            continue
        since = None
        for day, verdicts in days:
            if verdicts.get((record.target, record.finding.check), State.OK) is State.OK:
                break
            since = day
        if since:
            yield LeftoverLine(
                system=system.name,
                page=parts.get(record.target, record.target),
                item=titles.get(record.finding.check, record.finding.check),
                state=record.finding.state,
                since=since,
            )


def _verdicts_by_day(system: System, earlier: Sequence[RunRecord]) -> list[tuple[date, dict[tuple[str, str], State]]]:
    """The verdicts of each earlier slot of a system, the latest day first."""
    slots: dict[str, list[RunRecord]] = {}
    for run in earlier:
        if run.slot.split("/")[1] == system.id:
            slots.setdefault(run.slot, []).append(run)
    days = []
    for slot in sorted(slots, reverse=True):  # a slot's id ends with its day
        together = merged(slots[slot])
        records = together.latest() if together else []
        verdicts = {(record.target, record.finding.check): record.finding.state for record in records}
        days.append((date.fromisoformat(slot.rpartition("/")[2]), verdicts))
    return days
