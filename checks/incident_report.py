"""The 故障报告 as data: what the ledger knows of one incident. Due three working days after it is cleared (Annex 4).

Headings: inspection-items, Reports: 基本信息｜现象与影响｜时间线｜原因｜处置｜时限符合性｜改进措施｜附件.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from checks.clocks import Clock
from checks.contract import Contract
from checks.incidents import INCIDENT, Incident, Step
from checks.records import EventRecord
from checks.secrecy import Grade


class Line(BaseModel):
    """A row of one of the report's tables."""

    model_config = ConfigDict(frozen=True)


class SymptomLine(Line):
    """现象: one thing that was wrong."""

    target: str
    check: str
    summary: str
    since: datetime


class MomentLine(Line):
    """时间线: one event. `void`: it was corrected by another and no longer counts."""

    at: datetime
    what: str
    said: str
    who: str
    number: int
    void: bool


class ClockLine(Line):
    """时限符合性: one deadline. Seconds; `met`: None while it is still open."""

    title: str
    limit: int
    spent: int
    met: bool | None


class IncidentReport(BaseModel):
    """All that the template needs. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    contract: str
    client: str
    contractor: str
    grade: Grade
    head: str
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
    down_seconds: int
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
    head: str,
) -> IncidentReport:
    """Gather what is known.

    Args:
        events: the incident's own and the deliveries that told of it.
        titles: of items, by id.
    """
    system = next((system for system in contract.systems if system.id == one.system), None)
    events = sorted(events, key=lambda event: (event.at, event.id))
    corrected = {event.corrects for event in events}
    end = one.restored_at or now
    return IncidentReport(
        contract=contract.name,
        client=contract.client.name,
        contractor=contract.contractor.name,
        grade=Grade.MEDIUM,
        head=head,
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
        down_seconds=max(0, int((end - one.started_at).total_seconds())),
        due=one.reports_due[-1][1] if one.reports_due else "",
        symptoms=tuple(
            SymptomLine(
                target=symptom.target,
                check=titles.get(symptom.check, symptom.check),
                summary=symptom.summary,
                since=symptom.at.astimezone(contract.tz),
            )
            for symptom in one.symptoms
        ),
        moments=tuple(_moment(contract, event, corrected) for event in events),
        clocks=tuple(
            ClockLine(
                title=clock.title,
                limit=int(clock.limit.total_seconds()),
                spent=int(clock.spent(now).total_seconds()),
                met=False if clock.breached(now) else True if clock.done else None,
            )
            for clock in clocks
        ),
    )


def _moment(contract: Contract, event: EventRecord, corrected: set[int | None]) -> MomentLine:
    if event.kind == INCIDENT:
        what, said = Step(event.body["step"]).label, event.why
    else:
        what, said = f"通知{event.why}", f"渠道 {event.body['channel']}：{event.body['answer']}"
    at = event.at.astimezone(contract.tz)
    return MomentLine(at=at, what=what, said=said, who=event.who, number=event.id, void=event.id in corrected)


def _there(contract: Contract, at: datetime | None) -> datetime | None:
    return at.astimezone(contract.tz) if at else None
