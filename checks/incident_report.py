"""The 故障报告 as data: what the ledger knows of one incident. Due three working days after it is cleared (Annex 4).

Headings: inspection-items, Reports: 基本信息｜现象与影响｜时间线｜原因｜处置｜时限符合性｜改进措施｜附件.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from checks.clocks import Clock
from checks.contract import Contract
from checks.incidents import INCIDENT, Incident, Step
from checks.number import Number, row
from checks.records import EventRecord, standing
from checks.report_lines import ReportLine


class SymptomLine(ReportLine):
    """现象: one thing that was wrong."""

    target: str
    check: str
    summary: str
    since: datetime


class MomentLine(ReportLine):
    """时间线: one event. `void`: it was corrected by another and no longer counts."""

    at: datetime
    what: str
    said: str
    who: str
    number: Number
    void: bool


class ClockLine(ReportLine):
    """时限符合性: one deadline. Seconds; `met`: None while it is still open."""

    title: str
    limit: Number
    spent: Number
    met: bool | None


class IncidentReport(ReportLine):
    """All that the template needs. Times are in the contract's zone."""

    number: str
    system: str
    importance: str
    state: str
    found_by: str
    started_at: datetime
    discovered_at: datetime
    notified_at: datetime | None
    restored_at: datetime | None
    cleared_at: datetime | None
    lasted: Number  # seconds
    due: str
    symptoms: tuple[SymptomLine, ...]
    moments: tuple[MomentLine, ...]
    clocks: tuple[ClockLine, ...]


_FOUND_BY = {"probe": "可用性探测", "inspection": "巡检", "call": "用户来电"}


def incident_report(
    contract: Contract,
    one: Incident,
    clocks: Sequence[Clock],
    notified_at: datetime | None,
    events: Iterable[EventRecord],
    titles: Mapping[str, str],
    now: datetime,
    contract_hash: str = "",
) -> IncidentReport:
    """Gather what is known.

    Args:
        events: the incident's own and the deliveries that told of it.
        titles: of items, by id.
        contract_hash: of the version that the limits are taken from.
    """
    system = next((system for system in contract.systems if system.id == one.system), None)
    events = sorted(events, key=lambda event: (event.at, event.id))
    counting = standing(events)
    rows = tuple(row("event", event.id) for event in counting)
    limited = tuple(row("event", event.id) for event in counting if event.body.get("step") == Step.LIMITS)
    end = one.restored_at or now
    return IncidentReport(
        rows=rows,
        number=one.id,
        system=system.name if system else one.system,
        importance=system.importance if system else "未登记",
        state=one.state,
        found_by=_FOUND_BY.get(one.found_by, one.found_by),
        started_at=one.started_at.astimezone(contract.tz),
        discovered_at=one.discovered_at.astimezone(contract.tz),
        notified_at=_there(contract, notified_at),
        restored_at=_there(contract, one.restored_at),
        cleared_at=_there(contract, one.cleared_at),
        lasted=Number(max(0, int((end - one.started_at).total_seconds())), "incident.lasted", rows),
        due=one.reports_due[-1][1] if one.reports_due else "",
        symptoms=tuple(
            SymptomLine(
                target=symptom.target,
                check=titles.get(symptom.check, symptom.check),
                summary=symptom.summary,
                since=symptom.at.astimezone(contract.tz),
                rows=rows,
            )
            for symptom in one.symptoms
        ),
        moments=tuple(_moment(contract, event, event not in counting) for event in events),
        clocks=tuple(
            ClockLine(
                title=clock.title,
                limit=Number(
                    int(clock.limit.total_seconds()), "incident.limit", limited or (row("contract", contract_hash),)
                ),
                spent=Number(int(clock.spent(now).total_seconds()), "incident.spent", rows),
                met=False if clock.breached(now) else True if clock.done else None,
                rows=rows,
            )
            for clock in clocks
        ),
    )


def _moment(contract: Contract, event: EventRecord, void: bool) -> MomentLine:
    if event.kind == INCIDENT:
        what, said = Step(event.body["step"]).label, event.why
    else:
        what, said = f"通知{event.why}", f"渠道 {event.body['channel']}：{event.body['answer']}"
    rows = (row("event", event.id),)
    return MomentLine(
        at=event.at.astimezone(contract.tz),
        what=what,
        said=said,
        who=event.who,
        number=Number(event.id, "incident.event", rows),
        void=void,
        rows=rows,
    )


def _there(contract: Contract, at: datetime | None) -> datetime | None:
    return at.astimezone(contract.tz) if at else None
