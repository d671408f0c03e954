"""What is seen now, held against what is on record: the events that it adds. Clauses 七2(2)(6), Annex 4."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.contract import Contract
from checks.incidents import INCIDENT, PROBE_CHECK, Incident, Step, Symptom, as_body, series
from checks.records import Event
from checks.sightings import World, gone_at, key_of, symptoms, system_of

WATCH = "watch"
"""How the program's own events got on record."""

_NEVER, _FOR_EVER = (moment.replace(tzinfo=UTC) for moment in (datetime.min, datetime.max))


def news(contract: Contract, known: Sequence[Incident], world: World, now: datetime, settle: timedelta) -> list[Event]:
    """The events that what is seen adds to the record, one step of each incident at a time: an outage that began and
    ended unwatched takes several. Once all are entered, the same world adds nothing.

    Args:
        known: all incidents on record.
        settle: how long a restored incident is watched before it counts as cleared; what comes back until then is
            the same incident, whatever anybody said meanwhile, so a flapping system has one.
    """
    latest = {one.key: one for one in sorted(known, key=_rank)}
    seen: dict[str, list[Symptom]] = {}
    for symptom, key in _to_deal_with(contract, known, world):
        seen.setdefault(key, []).append(symptom)
    added: list[Event] = []
    for one in known:
        if one.is_open:
            still = seen.get(one.key, []) if latest[one.key] is one else []
            added += _ends(one, still, world, now, settle)
    for key, those in seen.items():
        added += _goes_on(contract, key, latest.get(key), those, settle)
    return added


def _rank(one: Incident) -> tuple[bool, datetime]:
    """Of several for one cause, what is seen belongs to the open one, or else to the last one that ended."""
    return one.is_open, one.over_at or one.discovered_at


def _to_deal_with(contract: Contract, known: Iterable[Incident], world: World) -> Iterable[tuple[Symptom, str]]:
    """What was not seen within an incident that has ended, with the key of the one that it belongs to now.

    By its name first: a host that has moved to another system, or an item that is counted otherwise than before, does
    not open a second incident beside the one in which it stands.
    """
    by_name: dict[object, list[Incident]] = {}  # and by key
    at_home: dict[tuple[str, str], str] = {}
    for one in known:
        names = [symptom.name for symptom in one.symptoms]
        if one.is_open:
            at_home |= dict.fromkeys(names, one.key)
        for name in (one.key, *names):
            by_name.setdefault(name, []).append(one)
    for symptom in symptoms(contract, world):
        key = at_home.get(symptom.name) or key_of(contract, symptom)
        those = (*by_name.get(key, ()), *by_name.get(symptom.name, ()))
        if not any(one.covers(symptom.seen_at) for one in those):
            yield symptom, key


def _goes_on(
    contract: Contract, key: str, one: Incident | None, those: Sequence[Symptom], settle: timedelta
) -> Iterable[Event]:
    """What is seen opens an incident, opens it again, or adds to it."""
    if one is None or one.void_at:
        yield _discovered(contract, key, [_anew(symptom, one.void_at if one else None) for symptom in _first(those)])
    elif one.restored_at and (back := _back(one.restored_at, those, settle)):
        body = {"step": Step.REOPENED.value, "symptoms": [as_body(symptom) for symptom in back]}
        yield _event(one.id, min(symptom.found_at for symptom in back), f"又看到：{back[0].summary}", body)
    elif one.cleared_at:
        yield _discovered(contract, key, _first(those))
    else:
        until = one.restored_at or _FOR_EVER
        for symptom in _fresh(one, [each for each in those if each.seen_at <= until]):
            added = {"step": Step.SYMPTOM.value, "symptom": as_body(symptom)}
            yield _event(one.id, symptom.found_at, symptom.summary, added)


def _fresh(one: Incident, those: Iterable[Symptom]) -> list[Symptom]:
    """What an incident does not have yet: something else, something of before it began, or what it has, but was seen
    again after a caller had opened it again."""
    since, began = _last(one.reopened), one.started_at
    has = {symptom.name: symptom.found_at for symptom in one.symptoms}
    fresh = [
        each for each in those if each.name not in has or each.seen_at < began or has[each.name] < since < each.seen_at
    ]
    return [_anew(symptom, since) for symptom in _first(fresh)]


def _back(restored_at: datetime, those: Iterable[Symptom], settle: timedelta) -> list[Symptom]:
    """What was seen again after a recovery, and soon enough to be the same incident."""
    back = _first(each for each in those if each.seen_at > restored_at and each.at <= restored_at + settle)
    return [_anew(symptom, restored_at) for symptom in back]


def _first(those: Iterable[Symptom]) -> list[Symptom]:
    """The first sighting of each; they come oldest first."""
    found: dict[tuple[str, str], Symptom] = {}
    for symptom in those:
        found.setdefault(symptom.name, symptom)
    return list(found.values())


def _last(moments: Iterable[datetime | None]) -> datetime:
    return max((moment for moment in moments if moment), default=_NEVER)


def _anew(symptom: Symptom, over: datetime | None) -> Symptom:
    """What was known before the end of an incident was found out a second time as it was seen again."""
    known = over is not None and symptom.found_at <= over < symptom.seen_at
    return symptom._replace(found_at=symptom.seen_at) if known else symptom


def _discovered(contract: Contract, key: str, those: Sequence[Symptom]) -> Event:
    found_at = min(one.found_at for one in those)
    body = {
        "step": Step.DISCOVERED.value,
        "key": key,
        "system": system_of(contract, those[0].target),
        "found_by": "probe" if any(one.check == PROBE_CHECK for one in those) else "inspection",
        "started_at": min(one.at for one in those).isoformat(),
        "symptoms": [as_body(one) for one in those],
    }
    return _event(series(found_at, contract.tz), found_at, those[0].summary, body)


def _ends(one: Incident, still: Sequence[Symptom], world: World, now: datetime, settle: timedelta) -> Iterable[Event]:
    if one.restored_at is None:
        at = _restored(one, world)
        if at is not None and not _fresh(one, still):
            yield _event(one.id, at, "再看时都已正常", {"step": Step.RESTORED.value})
        return
    end = one.restored_at + settle
    if end <= now and not _back(one.restored_at, still, settle):
        why = f"恢复后 {int(settle.total_seconds() // 60)} 分钟没有再看到异常"
        yield _event(one.id, end, why, {"step": Step.CLEARED.value, "since": one.restored_at.isoformat()})


def _restored(one: Incident, world: World) -> datetime | None:
    """When all of it was seen to be well, after it was last seen or heard of; None if it was not.

    What only a caller has noticed, or noticed again, nobody but a person can see to be over.
    """
    gone = [gone_at(symptom, world) for symptom in one.symptoms]
    if None in gone or all(symptom.found_at < _last(one.reopened) for symptom in one.symptoms):
        return None
    at = max(at for at in gone if at is not None)
    if any(symptom.check == PROBE_CHECK for symptom in one.symptoms):
        for outage in world.outages.get(one.system, ()):
            if outage.since <= at < (outage.up_at or _FOR_EVER):
                if outage.up_at is None:
                    return None
                at = outage.up_at
    return at if at > _last((one.heard_at, *one.reopened)) else None


def _event(incident: str, at: datetime, why: str, body: dict[str, Any]) -> Event:
    return Event(kind=INCIDENT, subject=incident, at=at, who="巡检程序", why=why, via=WATCH, body=body)
