"""The incident desk: what is entered by people, from the UI or the shell, checked against what is on record."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from checks import entries
from checks.clocks import Case as Case
from checks.clocks import clocks
from checks.contract import Contract
from checks.downtime import DOWNTIME, Move, support_periods, windows
from checks.entries import Entry, Who
from checks.feedback import Feedback
from checks.incidents import INCIDENT, Incident, Step, incidents
from checks.notices import DELIVERY, attempts, notified_at
from checks.records import EventRecord
from checks.sightings import planned_spans, still_seen
from checks.slots import RequestError
from tasks.ledger import Ledger

_AROUND = timedelta(hours=1)  # an outage that had begun before


def cases(ledger: Ledger, contract: Contract) -> list[Case]:
    """Every incident on record, oldest first."""
    told = notified_at(attempts(ledger.events(DELIVERY)))
    return [
        Case(one, told.get(one.id), clocks(one, told.get(one.id), contract.deadlines))
        for one in incidents(ledger.events(INCIDENT))
    ]


def find(known: Iterable[Case], number: str) -> Case:
    """An incident by its number.

    Raises:
        RequestError: there is none.
    """
    wanted = number.strip().upper()
    for case in known:
        if case.incident.id == wanted:
            return case
    raise RequestError(f"没有故障 {wanted}；编号见 xunjian incident list --all")


def feedback(ledger: Ledger) -> Feedback:
    """Who was told of what, and when."""
    return Feedback.of(ledger.events(INCIDENT), ledger.events(DELIVERY))


def call(ledger: Ledger, contract: Contract, system: str, at: datetime, by: Who, now: datetime, *, down: bool) -> str:
    """Enter that somebody has reported a fault; returns what was entered, in words.

    Raises:
        RequestError: it makes no sense.
    """

    def make(events: Sequence[EventRecord]) -> Entry:
        return entries.call(contract, incidents(events), system, at, by, now, down=down)

    return _entered(ledger, INCIDENT, make, now)


def step(ledger: Ledger, number: str, step: Step, at: datetime, by: Who, now: datetime, corrects: int = 0) -> str:
    """Enter a step of an incident, checked against what is on record without the entry that it corrects.

    Raises:
        RequestError: it makes no sense, there is no such entry to correct, or what was seen says otherwise.
    """

    def make(events: Sequence[EventRecord]) -> Entry:
        entry = entries.progress(events, number, step, at, by, now, corrects)
        one = next(one for one in incidents(events) if one.id == entry.event.subject)
        if step in (Step.RESTORED, Step.CLEARED) and (seen := _still_seen(ledger, one, at, now)):
            there = f"{seen.astimezone(at.tzinfo):%m-%d %H:%M:%S}"
            raise RequestError(f"{there} 还看到 {one.id} 没有恢复；{step.label}的时间要晚于它")
        return entry

    return _entered(ledger, INCIDENT, make, now)


def _still_seen(ledger: Ledger, one: Incident, at: datetime, now: datetime) -> datetime | None:
    verdicts = [record for _, record in ledger.verdicts(at)]
    hours = ledger.probe_hours(one.system, at - _AROUND, now)
    readings = [reading for hour in hours for reading in hour.readings()]
    planned = planned_spans(windows(ledger.events(DOWNTIME))).get(one.system, ())
    return still_seen(one, at, verdicts, readings, planned)


def decide(ledger: Ledger, kind: str, number: str, move: Move, document: str, by: Who, now: datetime) -> str:
    """Enter what is decided of a planned downtime or a support period.

    Args:
        kind: DOWNTIME or SUPPORT.

    Raises:
        RequestError: there is none of that number, or it makes no sense.
    """

    def make(events: Sequence[EventRecord]) -> Entry:
        known = windows(events) if kind == DOWNTIME else support_periods(events)
        return entries.decision(kind, known, number, move, document, by, now)

    return _entered(ledger, kind, make, now)


def enter(ledger: Ledger, entry: Entry, now: datetime) -> str:
    """Enter what rests on nothing that was entered before; returns what was entered, in words."""
    return _told(ledger, entry, ledger.enter(entry.event, now, numbered=entry.numbered))


def _entered(ledger: Ledger, kind: str, make: Callable[[Sequence[EventRecord]], Entry], now: datetime) -> str:
    """Enter what rests on what was entered before: made anew if somebody else, or the watch, was faster."""
    while True:
        events = ledger.events(kind)
        entry = make(events)
        number = ledger.enter(entry.event, now, numbered=entry.numbered, last=events[-1].id if events else 0)
        if number is not None:
            return _told(ledger, entry, number)


def _told(ledger: Ledger, entry: Entry, number: int | None) -> str:
    record = next(one for one in ledger.events(entry.event.kind) if one.id == number)
    return f"第 {number} 号事件：{record.subject} {said(record)}"


def said(record: EventRecord) -> str:
    """One event in words."""
    if record.kind == INCIDENT:
        return f"{Step(record.body['step']).label}：{record.why}"
    return f"{Move(record.body['move']).label}：{record.why}"
