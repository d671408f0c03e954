"""Incidents: what went wrong, derived from probes and findings, deduplicated by cause, kept as events alone.

Clauses 七2(2)(6), Annex 4. Discovered, notified, responded, restored and cleared are five separate instants (R12). A
state or a clock is never stored: both are computed from the events, and can be computed again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from checks.contract import Contract
from checks.finding import Reason, State
from checks.host_check import host_checks
from checks.records import Event, EventRecord, FindingRecord

INCIDENT = "incident"
PROBE_CHECK = "AV01"
"""The probe, as an item among others."""

UNREACHABLE = "SSH"
"""A host that could not be reached at all: nothing is known of its items, which is a problem of its own."""

CERTIFICATE = "PG03"
_STOPPING = frozenset({"OS08", "OS09", "OS10", "OS14", UNREACHABLE, PROBE_CHECK})
"""Beside pages, databases and middleware: what stops a system or shows that it has stopped. Symptoms of these in one
system at one time have one cause; everything else is an incident of its own."""


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
    `reported_down`: whoever called said that the whole system did not work, which counts against its availability."""

    id: str
    key: str
    system: str
    found_by: str
    started_at: datetime
    discovered_at: datetime
    symptoms: tuple[Symptom, ...] = ()
    received_at: datetime | None = None
    responded_at: datetime | None = None
    dispatched_at: datetime | None = None
    waits: tuple[Wait, ...] = ()
    restored_at: datetime | None = None
    cleared_at: datetime | None = None
    reopened: tuple[datetime, ...] = ()
    reports_due: tuple[tuple[datetime, str], ...] = ()  # (entered, due day): every value that ever held
    reported_down: bool = False
    void: bool = False

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
        return "处理中" if self.responded_at else "待响应"


def incidents(events: Iterable[EventRecord]) -> list[Incident]:
    """Every incident on record, oldest first. A corrected entry is as if it had never been; its correction stands.

    Args:
        events: those of kind INCIDENT, as they were entered.
    """
    events = list(events)
    corrected = {one.corrects for one in events if one.corrects is not None}
    standing = [(Step(one.body["step"]), one) for one in events if one.id not in corrected]
    told = {one.subject: _opened(one) for step, one in standing if step is Step.DISCOVERED}
    # By when it happened: what was first may be entered last, even the call before our own discovery.
    for step, event in sorted(standing, key=lambda pair: (pair[1].at, pair[1].id)):
        if step is not Step.DISCOVERED and event.subject in told:
            told[event.subject] = _after(told[event.subject], step, event)
    return sorted(told.values(), key=lambda one: (one.discovered_at, one.id))


def _opened(event: EventRecord) -> Incident:
    body = event.body
    first = Incident(
        id=event.subject,
        key=body["key"],
        system=body["system"],
        found_by=body["found_by"],
        started_at=datetime.fromisoformat(body["started_at"]),
        discovered_at=event.at,
        symptoms=tuple(_symptom(one) for one in body["symptoms"]),
        reported_down=body.get("down", False),
    )
    # Whoever calls has noticed it first: the call is the discovery, and the notice that starts the clock.
    return first._replace(received_at=event.at) if first.found_by == "call" else first


def _after(before: Incident, step: Step, event: EventRecord) -> Incident:
    at = event.at
    match step:
        case Step.SYMPTOM:
            return before._replace(symptoms=(*before.symptoms, _symptom(event.body["symptom"])))
        case Step.RECEIVED:
            return before._replace(received_at=before.received_at or at)
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
            return before._replace(restored_at=at, waits=_ended(before.waits, at))
        case Step.REOPENED:
            again = before._replace(restored_at=None, cleared_at=None, reopened=(*before.reopened, at))
            seen = [_symptom(one) for one in event.body.get("symptoms", [])]
            kept = [one for one in again.symptoms if one.name not in {new.name for new in seen}]
            return again._replace(symptoms=(*kept, *seen))
        case Step.CLEARED:
            return before._replace(cleared_at=at, restored_at=before.restored_at or at, waits=_ended(before.waits, at))
        case Step.REPORT_DUE:
            return before._replace(reports_due=(*before.reports_due, (event.entered_at, event.body["due"])))
        case Step.VOID:
            # It covers what was seen until then: or the same false alarm would be back with the next round.
            return before._replace(void=True, restored_at=at, cleared_at=at)
    return before


def _ended(waits: tuple[Wait, ...], at: datetime) -> tuple[Wait, ...]:
    return (*waits[:-1], waits[-1]._replace(end=at)) if waits and waits[-1].end is None else waits


_MOMENTS = ("at", "found_at", "seen_at")


def _symptom(body: Mapping[str, Any]) -> Symptom:
    moments = (datetime.fromisoformat(body[name]) for name in _MOMENTS)
    return Symptom(body["target"], body["check"], body["summary"], *moments)


def _as_body(symptom: Symptom) -> dict[str, str]:
    return {**symptom._asdict(), **{name: getattr(symptom, name).isoformat() for name in _MOMENTS}}


class Outage(NamedTuple):
    """A system that does not answer: since when, when that was certain (the second probe in a row), when it was last
    seen, and why."""

    since: datetime
    confirmed_at: datetime
    last_at: datetime
    fault: str


class World(NamedTuple):
    """What is known at one moment. `down`: by system; `up_since`: the first good probe after the last bad one;
    `verdicts`: the latest on each target and item."""

    down: Mapping[str, Outage]
    up_since: Mapping[str, datetime]
    verdicts: Mapping[tuple[str, str], FindingRecord]


def symptoms(world: World) -> list[Symptom]:
    """All that is wrong now: systems that do not answer, CRIT findings, hosts that cannot be reached."""
    found = [
        Symptom(system, PROBE_CHECK, outage.fault, outage.since, outage.confirmed_at, outage.last_at)
        for system, outage in world.down.items()
    ]
    silent: dict[str, FindingRecord] = {}
    for (target, check), record in world.verdicts.items():
        finding = record.finding
        if finding.state is State.CRIT:
            found.append(Symptom(target, check, finding.summary, record.at, record.at, record.at))
        elif finding.reason is Reason.UNREACHABLE and "/" not in target:
            silent[target] = record
    found += [Symptom(host, UNREACHABLE, one.finding.summary, one.at, one.at, one.at) for host, one in silent.items()]
    return found


def system_of(contract: Contract, target: str) -> str:
    """The system to which a page, a host or the system itself belongs; "" if the contract no longer has it."""
    head = target.partition("/")[0]
    if any(system.id == head for system in contract.systems):
        return head
    return next((placed.group.system for placed in contract.all_hosts() if placed.host.name == head), "")


def key_of(contract: Contract, symptom: Symptom) -> str:
    """The cause that a symptom points at: the system as a whole, or the item by itself."""
    system = system_of(contract, symptom.target)
    if symptom.check == CERTIFICATE:
        return f"{system}/{CERTIFICATE}"  # every page of a site shows the same one
    is_page = "/" in symptom.target
    is_service = any(check.id == symptom.check and check.service for check in host_checks())
    return system if is_page or is_service or symptom.check in _STOPPING else f"{symptom.target}/{symptom.check}"


def news(contract: Contract, known: Sequence[Incident], world: World, now: datetime, settle: timedelta) -> list[Event]:
    """The events that what is seen now adds to the record. Once they are entered, the same world adds nothing.

    Args:
        known: all incidents on record.
        settle: how long a restored incident is watched before it counts as cleared; what comes back until then is
            the same incident, so a flapping system has one.
    """
    seen: dict[str, list[Symptom]] = {}
    for symptom in symptoms(world):
        seen.setdefault(key_of(contract, symptom), []).append(symptom)
    last = {one.key: one for one in known}
    added: list[Event] = []
    for key, those in seen.items():
        added += _seen_again(last[key], those) if key in last else []
        if key not in last or (last[key].cleared_at and _after_end(last[key], those)):
            new = those if key not in last else _after_end(last[key], those)
            added.append(_discovered(contract, key, new))
    for one in last.values():
        if one.cleared_at is None:
            added += _ends(contract, one, seen.get(one.key, []), world, now, settle)
    return added


def _after_end(incident: Incident, those: Iterable[Symptom]) -> list[Symptom]:
    """What was still seen after an incident is said to have ended: a finding of before has been dealt with."""
    ended = incident.restored_at or incident.cleared_at
    return [one for one in those if ended is None or one.seen_at > ended]


def _seen_again(incident: Incident, those: Sequence[Symptom]) -> list[Event]:
    if incident.cleared_at:
        return []
    if incident.restored_at:
        back = _after_end(incident, those)
        body = {"step": Step.REOPENED.value, "symptoms": [_as_body(one) for one in back]}
        again = [one.found_at if one.found_at > incident.restored_at else one.seen_at for one in back]
        return [_event(incident.id, min(again), f"又看到：{back[0].summary}", body)] if back else []
    names = {one.name for one in incident.symptoms}
    return [
        _event(incident.id, one.found_at, one.summary, {"step": Step.SYMPTOM.value, "symptom": _as_body(one)})
        for one in those
        if one.name not in names
    ]


def _discovered(contract: Contract, key: str, those: Sequence[Symptom]) -> Event:
    found_at = min(one.found_at for one in those)
    body = {
        "step": Step.DISCOVERED.value,
        "key": key,
        "system": system_of(contract, those[0].target),
        "found_by": "probe" if any(one.check == PROBE_CHECK for one in those) else "inspection",
        "started_at": min(one.at for one in those).isoformat(),
        "symptoms": [_as_body(one) for one in those],
    }
    return _event(series(found_at), found_at, those[0].summary, body)


def series(at: datetime) -> str:
    """What comes before an incident's number, which the ledger gives as it is entered: G-2026-0007."""
    return f"G-{at.year}-"


def _ends(
    contract: Contract, one: Incident, still: Sequence[Symptom], world: World, now: datetime, settle: timedelta
) -> list[Event]:
    if one.restored_at is None and one.symptoms and not _after_end(one, still):
        gone = [_gone_at(contract, symptom, world) for symptom in one.symptoms]
        if all(at is not None for at in gone):
            at = max(at for at in gone if at is not None)
            return [_event(one.id, at, "再看时都已正常", {"step": Step.RESTORED.value})]
    if one.restored_at is not None and now - one.restored_at >= settle:
        why = f"恢复后 {int(settle.total_seconds() // 60)} 分钟没有再发生"
        return [_event(one.id, one.restored_at + settle, why, {"step": Step.CLEARED.value})]
    return []


def _gone_at(contract: Contract, symptom: Symptom, world: World) -> datetime | None:
    """Since when a symptom is known to be gone; None if it is not known to be."""
    system = system_of(contract, symptom.target)
    up = world.up_since.get(system)
    if symptom.check == PROBE_CHECK:
        return up if up and up > symptom.at and system not in world.down else None
    if symptom.check == UNREACHABLE:
        answers = [one.at for (target, _), one in world.verdicts.items()
                   if target == symptom.target and one.finding.reason is not Reason.UNREACHABLE]  # fmt: skip
        return min((at for at in answers if at > symptom.found_at), default=None)
    latest = world.verdicts.get(symptom.name)
    fine = latest is not None and latest.finding.state in (State.OK, State.WARN)
    return latest.at if latest and fine and latest.at > symptom.found_at else None


def _event(incident: str, at: datetime, why: str, body: dict[str, Any]) -> Event:
    return Event(kind=INCIDENT, subject=incident, at=at, who="巡检程序", why=why, via="watch", body=body)
