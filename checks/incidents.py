"""Incidents: what went wrong, derived from probes and findings, deduplicated by cause, kept as events alone.

Clauses 七2(2)(6), Annex 4. Discovered, notified, responded, restored and cleared are five separate instants (R12). A
state or a clock is never stored: both are computed from the events, and can be computed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from checks.escalation import Deadlines
from checks.records import EventRecord, standing

INCIDENT = "incident"
PROBE_CHECK = "AV01"
"""The probe, as an item among others."""

UNREACHABLE = "SSH"
"""A host that could not be reached at all: nothing is known of its items, which is a problem of its own."""


class Step(StrEnum):
    """What an event says of an incident."""

    DISCOVERED = "discovered"
    SYMPTOM = "symptom"
    RECEIVED = "received"
    RESPONDED = "responded"
    DISPATCHED = "dispatched"
    HANDED_OVER = "handed-over"
    TAKEN_BACK = "taken-back"
    RESTORED = "restored"
    REOPENED = "reopened"
    CLEARED = "cleared"
    LIMITS = "limits"
    REPORT_DUE = "report-due"
    VOID = "void"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _STEPS[self]


_STEPS = {
    Step.DISCOVERED: "发现",
    Step.SYMPTOM: "新现象",
    Step.RECEIVED: "接报",
    Step.RESPONDED: "响应",
    Step.DISPATCHED: "派工二线",
    Step.HANDED_OVER: "移交第三方",
    Step.TAKEN_BACK: "第三方交回",
    Step.RESTORED: "恢复",
    Step.REOPENED: "再次发生",
    Step.CLEARED: "解除",
    Step.LIMITS: "时限",
    Step.REPORT_DUE: "故障报告期限",
    Step.VOID: "作废",
}


class Symptom(NamedTuple):
    """One thing that is wrong now: since when, when that was discovered, and when it was last seen."""

    target: str
    check: str
    summary: str
    at: datetime
    found_at: datetime
    seen_at: datetime

    @property
    def name(self) -> tuple[str, str]:
        """What it is, whenever it is seen."""
        return self.target, self.check


class Wait(NamedTuple):
    """Time with a third party, which stops the clock. `end`: None while it lasts."""

    start: datetime
    end: datetime | None
    why: str


class Incident(NamedTuple):
    """One incident as its events tell it. `started_at`: the outage's begin; `found_by`: probe, inspection or call;
    `said`: what was said as it was found; `heard_at`: the last time that somebody reported it; `down`: when, by the
    word of whoever called, the whole system did not work, which counts against its availability."""

    id: str
    key: str
    system: str
    found_by: str
    started_at: datetime
    discovered_at: datetime
    symptoms: tuple[Symptom, ...] = ()
    said: str = ""
    received_at: datetime | None = None
    heard_at: datetime | None = None
    responded_at: datetime | None = None
    dispatched_at: datetime | None = None
    waits: tuple[Wait, ...] = ()
    restored_at: datetime | None = None
    cleared_at: datetime | None = None
    reopened: tuple[datetime, ...] = ()
    limits: Deadlines | None = None  # in force while it was open; what the contract says later changes nothing
    reports_due: tuple[tuple[datetime, str], ...] = ()  # (entered, due day): every value that ever held
    down: tuple[tuple[datetime, datetime | None], ...] = ()
    void_at: datetime | None = None

    @property
    def void(self) -> bool:
        """It was no incident."""
        return self.void_at is not None

    @property
    def is_open(self) -> bool:
        """Somebody has to look after it."""
        return not self.void and self.cleared_at is None

    @property
    def over_at(self) -> datetime | None:
        """Up to when everything that was seen has been dealt with; None while it is going on.

        Whoever says of one that had long been cleared that it was none does not speak of what came after it.
        """
        return self.restored_at if self.cleared_at else self.void_at or self.restored_at

    def covers(self, at: datetime) -> bool:
        """Whether what was seen then belongs to it, and has been dealt with."""
        return self.over_at is not None and self.started_at <= at <= self.over_at

    @property
    def state(self) -> str:
        """Where it stands, in the operator's word."""
        if self.void:
            return "作废"
        if self.cleared_at:
            return "已解除"
        if self.restored_at:
            return "已恢复，观察中"
        if self.waits and self.waits[-1].end is None:
            return "第三方处理中"
        return "处理中" if self.responded_at or self.dispatched_at else "待响应"


def incidents(events: Iterable[EventRecord]) -> list[Incident]:
    """Every incident on record, oldest first. A corrected entry is as if it had never been; its correction stands.

    Args:
        events: those of kind INCIDENT, as they were entered.
    """
    counting = [(Step(one.body["step"]), one) for one in standing(events)]
    told = {one.subject: _opened(one) for step, one in counting if step is Step.DISCOVERED}
    # By when it happened: what was first may be entered last, even the call before our own discovery.
    for step, event in sorted(counting, key=lambda pair: (pair[1].at, pair[1].id)):
        if step is not Step.DISCOVERED and event.subject in told:
            told[event.subject] = _after(told[event.subject], step, event)
    return sorted(told.values(), key=lambda one: (one.discovered_at, one.id))


def _opened(event: EventRecord) -> Incident:
    body, called = event.body, event.body["found_by"] == "call"
    first = Incident(
        id=event.subject,
        key=body["key"],
        system=body["system"],
        found_by=body["found_by"],
        started_at=datetime.fromisoformat(body["started_at"]),
        discovered_at=event.at,
        symptoms=tuple(_symptom(one) for one in body["symptoms"]),
        said=event.why,
    )
    # Whoever calls has noticed it first: the call is the discovery, and the notice that starts the clock.
    return _heard(first, event) if called else first


def _after(before: Incident, step: Step, event: EventRecord) -> Incident:
    at = event.at
    match step:
        case Step.SYMPTOM:
            return _seen(before, [_symptom(event.body["symptom"])])
        case Step.RECEIVED:
            # A recovery that was entered later, or corrected, does not take back what was reported after it.
            return _again(before, event) if before.restored_at and at > before.restored_at else _heard(before, event)
        case Step.RESPONDED:
            return before._replace(responded_at=before.responded_at or at)
        case Step.DISPATCHED:
            return before._replace(dispatched_at=before.dispatched_at or at)
        case Step.HANDED_OVER:
            waiting = before.waits and before.waits[-1].end is None
            return before if waiting else before._replace(waits=(*before.waits, Wait(at, None, event.why)))
        case Step.TAKEN_BACK:
            return before._replace(waits=_ended(before.waits, at))
        case Step.RESTORED:
            # Who says so after it was cleared has found out that it was not yet: the later word holds.
            cleared = max(before.cleared_at, at) if before.cleared_at else None
            return _mended(before, at)._replace(restored_at=at, cleared_at=cleared)
        case Step.REOPENED:
            return _again(before, event)
        case Step.CLEARED:
            since = event.body.get("since")
            if since and (before.restored_at is None or datetime.fromisoformat(since) != before.restored_at):
                return before  # that recovery was corrected, or did not last: what was concluded from it falls too
            return _mended(before, at)._replace(restored_at=before.restored_at or at, cleared_at=at)
        case Step.LIMITS:
            return before._replace(limits=Deadlines().model_copy(update=event.body["limits"]))
        case Step.REPORT_DUE:
            return before._replace(reports_due=(*before.reports_due, (event.entered_at, event.body["due"])))
        case Step.VOID:
            # It covers what was seen until it was said, whatever time was written: or it would be back at once.
            return before._replace(void_at=max(at, event.entered_at))
    return before


def _heard(before: Incident, event: EventRecord) -> Incident:
    """Somebody has called: perhaps of a time before the call that is the discovery, or of the last moment of it."""
    at, down = event.at, before.down
    if event.body.get("down") and before.restored_at is None:
        going_on = bool(down) and down[-1][1] is None
        down = (*down[:-1], (min(down[-1][0], at), None)) if going_on else (*down, (at, None))
    return before._replace(
        started_at=min(before.started_at, at),
        received_at=min(before.received_at or at, at),
        heard_at=max(before.heard_at or at, at),
        down=down,
    )


def _seen(before: Incident, those: Sequence[Symptom]) -> Incident:
    """More is wrong, or the same again: of each, what was found last."""
    last = {one.name: one for one in sorted((*before.symptoms, *those), key=lambda one: one.found_at)}
    return before._replace(symptoms=(*last.values(),), started_at=min([before.started_at, *(one.at for one in those)]))


def _again(before: Incident, event: EventRecord) -> Incident:
    """It is back: seen, or somebody has called."""
    seen = [_symptom(one) for one in event.body.get("symptoms", [])]
    # A recovery that was corrected away never was: then nothing has come back.
    times = (*before.reopened, event.at) if before.restored_at else before.reopened
    after = before._replace(restored_at=None, cleared_at=None, reopened=times)
    return _seen(after, seen) if seen else _heard(after, event)


def _mended(before: Incident, at: datetime) -> Incident:
    """Nobody waits for a third party any longer, and nobody says that it is down."""
    down = before.down
    if down and down[-1][1] is None:
        down = (*down[:-1], (down[-1][0], at))
    return before._replace(waits=_ended(before.waits, at), down=down)


def _ended(waits: tuple[Wait, ...], at: datetime) -> tuple[Wait, ...]:
    return (*waits[:-1], waits[-1]._replace(end=at)) if waits and waits[-1].end is None else waits


_MOMENTS = ("at", "found_at", "seen_at")


def _symptom(body: Mapping[str, Any]) -> Symptom:
    moments = (datetime.fromisoformat(body[name]) for name in _MOMENTS)
    return Symptom(body["target"], body["check"], body["summary"], *moments)


def as_body(symptom: Symptom) -> dict[str, str]:
    """A symptom as an event keeps it."""
    return {**symptom._asdict(), **{name: getattr(symptom, name).isoformat() for name in _MOMENTS}}


def series(at: datetime, zone: ZoneInfo) -> str:
    """What comes before an incident's number, which the ledger gives as it is entered: G-2026-0007."""
    return f"G-{at.astimezone(zone).year}-"


def open_twice(known: Iterable[Incident]) -> tuple[Incident, Incident] | None:
    """Two incidents that are open for the same cause, which may not be."""
    found: dict[str, Incident] = {}
    for one in known:
        if one.is_open and one.key in found:
            return found[one.key], one
        if one.is_open:
            found[one.key] = one
    return None
