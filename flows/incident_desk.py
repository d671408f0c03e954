"""The incident desk: what is entered by people, from the UI or the shell, checked against what is on record."""

from datetime import datetime
from typing import NamedTuple

from checks import entries
from checks.clocks import Clock, clocks
from checks.contract import Contract
from checks.downtime import DOWNTIME, Move, support_periods, windows
from checks.entries import Entry, Who
from checks.incidents import INCIDENT, Incident, Step, incidents
from checks.notices import DELIVERY, attempts, notified_at
from checks.records import EventRecord
from checks.slots import RequestError
from tasks.ledger import Ledger


class Case(NamedTuple):
    """An incident with its clocks."""

    incident: Incident
    notified_at: datetime | None
    clocks: tuple[Clock, ...]


def cases(ledger: Ledger, contract: Contract) -> list[Case]:
    """Every incident on record, oldest first."""
    told = notified_at(attempts(ledger.events(DELIVERY)))
    return [
        Case(one, told.get(one.id), clocks(one, told.get(one.id), contract.deadlines))
        for one in incidents(ledger.events(INCIDENT))
    ]


def call(ledger: Ledger, contract: Contract, system: str, at: datetime, by: Who, now: datetime, *, down: bool) -> str:
    """Enter that somebody has reported a fault; returns what was entered, in words.

    Raises:
        RequestError: it makes no sense.
    """
    known = incidents(ledger.events(INCIDENT))
    return enter(ledger, entries.call(contract, known, system, at, by, now, down=down), now)


def step(ledger: Ledger, number: str, step: Step, at: datetime, by: Who, now: datetime, corrects: int = 0) -> str:
    """Enter a step of an incident, checked against what is on record without the entry that it corrects.

    Raises:
        RequestError: it makes no sense, or there is no such entry to correct.
    """
    events = ledger.events(INCIDENT)
    wrong = next((one for one in events if one.id == corrects), None)
    if corrects and wrong is None:
        raise RequestError(f"没有第 {corrects} 号故障登记；事件号见 xunjian incident show")
    if wrong is not None and Step(wrong.body["step"]) is Step.DISCOVERED:
        raise RequestError("故障的发现不能更正；整个登记错了用“作废”")
    left = incidents(one for one in events if one.id != corrects)
    entry = entries.progress(left, number or (wrong.subject if wrong else ""), step, at, by, now)
    return enter(ledger, entry._replace(event=entry.event.model_copy(update={"corrects": corrects or None})), now)


def decide(ledger: Ledger, kind: str, number: str, move: Move, document: str, by: Who, now: datetime) -> str:
    """Enter what is decided of a planned downtime or a support period.

    Args:
        kind: DOWNTIME or SUPPORT.

    Raises:
        RequestError: there is none of that number, or it makes no sense.
    """
    events = ledger.events(kind)
    known = windows(events) if kind == DOWNTIME else support_periods(events)
    return enter(ledger, entries.decision(kind, known, number, move, document, by, now), now)


def enter(ledger: Ledger, entry: Entry, now: datetime) -> str:
    """Enter it; returns what was entered, in words."""
    number = ledger.enter(entry.event, now, numbered=entry.numbered)
    record = next(one for one in ledger.events(entry.event.kind) if one.id == number)
    return f"第 {number} 号事件：{record.subject} {said(record)}"


def said(record: EventRecord) -> str:
    """One event in words."""
    if record.kind == INCIDENT:
        return f"{Step(record.body['step']).label}：{record.why}"
    return f"{Move(record.body['move']).label}：{record.why}"
