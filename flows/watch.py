"""The watch over incidents: what is seen is put on record, and what has to be told is told. Clause 七2(6), Annex 4.

It goes round inside the run of the availability probe. All it knows it reads from the ledger, so that a restart loses
no warning and sends none twice.
"""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from checks.contract import Contract
from checks.daily_result import daily_result, to_be_told
from checks.downtime import DOWNTIME, windows
from checks.escalation import Deadlines
from checks.incident_news import WATCH, news
from checks.incidents import INCIDENT, Incident, Step, incidents
from checks.notices import NOTICE
from checks.records import Event, FindingRecord
from checks.sightings import Outage, World, outages_in, planned_spans
from flows.document_inbox import Left, look_over
from flows.event_book import EventBook
from flows.office import Office, now
from flows.telling import Teller
from tasks import working_days
from tasks.crypto.tls import Trusted
from tasks.inbox import InboxError

EVERY = 15.0
"""Seconds from one round to the next."""

_BACK = timedelta(hours=2)  # an outage that began before is on record as an incident
_BACK_AT_FIRST = timedelta(days=1)  # but for one that was seen, and nobody was there any more to enter it
_LOOKS = timedelta(days=15)  # every host is inspected once a week
_LATE = timedelta(minutes=5)  # a run may be on record this much later than it says that it ended
_PASSES = 50  # an outage a minute since the last round would take that many

_CLOCKS = {"report": "上报", "response": "响应", "dispatch": "派工", "repair": "修复"}

log = logging.getLogger("xunjian")


class Watch:
    """Goes round; one at a time, since it runs under the claim of the probe.

    Args:
        clock: tells the time; drills set their own.
    """

    def __init__(self, office: Office, trusted: Trusted, clock: Callable[[], datetime] = now) -> None:
        self._office, self._clock = office, clock
        self._book = EventBook(office.ledger)
        self._teller = Teller(office, self._book, trusted, clock)
        self._left: list[Left] = []
        self._verdicts: dict[tuple[str, str], FindingRecord] = {}
        self._read_to, self._back = clock() - _LOOKS, _BACK_AT_FIRST

    def round(self) -> None:
        """Look, enter what is new, send what is owed."""
        at = self._clock()
        world = self._world(at)
        for _ in range(_PASSES):
            if not self._enter_news(world, at):
                break
        self._set_terms(at)
        self._put_results(at)
        self._take_documents(at)
        self._teller.tell()

    def known(self) -> list[Incident]:
        """The incidents on record."""
        return incidents(self._book.of(INCIDENT))

    def _enter_news(self, world: World, at: datetime) -> bool:
        """Put on record what is new; whether there was anything. What a person entered meanwhile is looked at anew."""
        ledger, settle = self._office.ledger, timedelta(minutes=self._office.contract.deadlines.settle)
        events = self._book.of(INCIDENT)
        last: int | None = events[-1].id if events else 0
        added = news(self._office.contract, incidents(events), world, at, settle)
        for event in added:
            step = Step(event.body["step"])
            last = ledger.enter(event, at, numbered=step is Step.DISCOVERED, last=last)
            if last is None:
                break
            log.warning("%s %s：%s", self._book.of(INCIDENT)[-1].subject, step.label, event.why)
        return bool(added)

    def _set_terms(self, at: datetime) -> None:
        """The time limits of open incidents and the due days of the cleared ones' reports: where they come out
        otherwise than they stand on record, the old ones stay beside the new."""
        contract = self._office.contract
        for one in self.known():
            if one.is_open and _minutes(one.limits) != _minutes(contract.deadlines):
                limits = _minutes(contract.deadlines)
                said = "、".join(f"{_CLOCKS[name]} {limit} 分钟" for name, limit in limits.items())
                why = f"改为：{said}" if one.limits else said
                self._enter(one, at, why, {"step": Step.LIMITS.value, "limits": limits})
            elif one.cleared_at and not one.void:
                due = report_due(one.cleared_at.astimezone(contract.tz).date(), contract)
                last = one.reports_due[-1][1] if one.reports_due else ""
                past = last < at.astimezone(contract.tz).date().isoformat()  # "不确定…" comes after every date
                if due != last and not (last and past):
                    body = {"step": Step.REPORT_DUE.value, "due": due, "calendar": self._office.calendar_version}
                    self._enter(one, at, f"故障报告的期限：{due}", body)

    def _enter(self, one: Incident, at: datetime, why: str, body: dict[str, Any]) -> None:
        event = Event(kind=INCIDENT, subject=one.id, at=at, who="巡检程序", why=why, via=WATCH, body=body)
        self._office.ledger.enter(event, at)

    def _put_results(self, at: datetime) -> None:
        """The day's results, to be told even when all is well."""
        contract = self._office.contract
        here = at.astimezone(contract.tz)
        if here.date() not in contract.term or not contract.escalation:
            return
        told = {one.subject: bool(one.body["complete"]) for one in self._book.of(NOTICE)}
        latest = datetime.combine(here.date(), contract.deadlines.feedback, contract.tz)
        result = daily_result(contract, here.date(), self._verdicts, self.known())
        if due := to_be_told(result, told, at, latest):
            self._office.ledger.enter(due.event(NOTICE, at), at)

    def _take_documents(self, at: datetime) -> None:
        """What lies in the inbox; what is wrong with it is told once, and shown by the list of documents."""
        try:
            left = look_over(self._office.ledger, self._office.settings, at, self._teller.documents)
        except InboxError as error:
            left = [Left("", str(error))]
        for one in left:
            if one not in self._left:
                log.warning("收件目录 %s：%s", one.name, one.why)
        self._left = left

    def _world(self, at: datetime) -> World:
        outages: dict[str, list[Outage]] = {}
        up_since: dict[str, datetime] = {}
        for system in self._office.contract.systems:
            hours = self._office.ledger.probe_hours(system.id, at - self._back, at + _BACK)
            outages[system.id], since = outages_in(reading for hour in hours for reading in hour.readings())
            up_since |= {system.id: since} if since else {}
        self._back = _BACK
        self._read_verdicts()
        return World(outages, up_since, self._verdicts, planned_spans(windows(self._book.of(DOWNTIME))))

    def _read_verdicts(self) -> None:
        for ended_at, record in self._office.ledger.verdicts(self._read_to - _LATE):
            name = record.target, record.finding.check
            if name not in self._verdicts or self._verdicts[name].at <= record.at:
                self._verdicts[name] = record
            self._read_to = max(self._read_to, ended_at)


def _minutes(deadlines: Deadlines | None) -> dict[str, int]:
    """The limits of clocks, by name."""
    return {name: getattr(deadlines, name) for name in _CLOCKS} if deadlines else {}


def report_due(cleared: date, contract: Contract) -> str:
    """The n-th working day after the day of clearing, R11; a year that is not published is not guessed."""
    try:
        return working_days.after(cleared, contract.deadlines.document, contract.calendar).isoformat()
    except working_days.UnpublishedYear as error:
        return f"不确定（{error}）"
