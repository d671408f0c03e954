"""What is seen of the world: outages in probes' readings, symptoms in verdicts, and the cause that each points at."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from checks.availability import Sight
from checks.clauses import CLAUSES
from checks.contract import Contract
from checks.downtime import Window
from checks.finding import Reason, State
from checks.host_check import host_checks
from checks.incidents import PROBE_CHECK, UNREACHABLE, Incident, Symptom
from checks.probe import Reading
from checks.records import FindingRecord

CERTIFICATE = "PG03"
_STOPPING = frozenset({"OS08", "OS09", "OS10", "OS14", UNREACHABLE, PROBE_CHECK})
"""Beside pages, databases and middleware: what stops a system or shows that it has stopped. Symptoms of these in one
system at one time have one cause; everything else is an incident of its own."""

Spans = Sequence[tuple[datetime, datetime]]


class Outage(NamedTuple):
    """A system that does not answer. `bad`: the probes that saw it, two at least, in the order in which they were
    taken; the clock may have been set back in between. `up_at`: the first good probe after it."""

    bad: tuple[datetime, ...]
    fault: str
    up_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """When it was first seen."""
        return min(self.bad)

    @property
    def confirmed_at(self) -> datetime:
        """When it was certain."""
        return max(self.bad[:2])


class World(NamedTuple):
    """What is known at one moment. `outages`: by system, one after the other; `up_since`: the first of the good probes
    in a row that are the latest; `verdicts`: the latest on each target and item; `planned`: by system, the downtime
    that is not counted, one after the other."""

    outages: Mapping[str, Sequence[Outage]]
    up_since: Mapping[str, datetime]
    verdicts: Mapping[tuple[str, str], FindingRecord]
    planned: Mapping[str, Spans] = {}


def outages_in(readings: Iterable[Reading]) -> tuple[list[Outage], datetime | None]:
    """The outages, and since when the system is up now. It takes two bad probes in a row; a blind one says nothing."""
    found: list[Outage] = []
    bad: list[Reading] = []
    up_since = None
    for one in readings:
        if one.sight is Sight.UP:
            # By a clock that was set back it would be up before it was down.
            at = max(one.at, max(each.at for each in bad) + timedelta(seconds=1)) if bad else one.at
            found += [_outage(bad, at)] if len(bad) > 1 else []
            up_since = at if bad or up_since is None else up_since
            bad = []
        elif one.sight is Sight.DOWN:
            bad.append(one)
    found += [_outage(bad, None)] if len(bad) > 1 else []
    return found, None if bad else up_since


def _outage(bad: Sequence[Reading], up_at: datetime | None) -> Outage:
    return Outage(tuple(one.at for one in bad), bad[-1].fault, up_at)


def planned_spans(windows: Iterable[Window]) -> dict[str, Spans]:
    """Planned downtime that is not counted, by system."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for window in windows:
        for system in window.systems if window.excluded else ():
            assert window.excluded  # noqa: S101 - or there would be no systems
            found.setdefault(system, []).append(window.excluded)
    return {system: sorted(spans) for system, spans in found.items()}


def symptoms(contract: Contract, world: World) -> list[Symptom]:
    """All that is wrong by the latest looks, oldest first: outages, CRIT findings, hosts that cannot be reached.

    What planned downtime explains is not wrong: an outage within it is one from its end on, if it lasts so long. What
    the contract no longer has is nobody's to look after; its open incidents stay until somebody ends them.
    """
    known = {system.id for system in contract.systems}
    found = [
        one
        for system in known & world.outages.keys()
        for outage in world.outages[system]
        if (one := _beyond(system, outage, world.planned.get(system, ())))
    ]
    for record in _wrong(contract, world.verdicts):
        check = record.finding.check if record.finding.state is State.CRIT else UNREACHABLE
        one = Symptom(record.target, check, record.finding.summary, record.at, record.at, record.at)
        system = system_of(contract, record.target)
        planned = key_of(contract, one) == system and _during(record.at, world.planned.get(system, ()))
        found += [one] if system and not planned else []
    return sorted(found, key=lambda one: (one.at, one.name))


def _beyond(system: str, outage: Outage, planned: Spans) -> Symptom | None:
    """What of an outage is not planned."""
    seen = max((at for at in outage.bad if not _during(at, planned)), default=None)
    if seen is None:
        return None
    since = outage.since
    for start, end in planned:
        since = end if start <= since < end else since
    return Symptom(system, PROBE_CHECK, outage.fault, since, max(outage.confirmed_at, since), seen)


def _during(at: datetime, planned: Spans) -> bool:
    return any(start <= at < end for start, end in planned)


def _wrong(contract: Contract, verdicts: Mapping[tuple[str, str], FindingRecord]) -> Iterable[FindingRecord]:
    """CRIT findings, and one for each host of which the last look could not reach it. What the baseline finds wanting
    is no fault: nothing has stopped, and it is mended by the hardening plan."""
    hosts = {placed.host.name for placed in contract.all_hosts()}
    looks: dict[str, list[FindingRecord]] = {}
    for record in verdicts.values():
        if record.finding.state is State.CRIT and record.finding.check not in CLAUSES:
            yield record
        if record.target in hosts:
            looks.setdefault(record.target, []).append(record)
    for those in looks.values():
        last = max(record.at for record in those)
        latest = [record for record in those if record.at == last]
        if all(record.finding.reason is Reason.UNREACHABLE for record in latest):
            yield latest[0]


def system_of(contract: Contract, target: str) -> str:
    """The system to which a page, a host, a backup or the system itself belongs; "" if the contract has it no more."""
    head = target.partition("/")[0]
    if any(system.id == head for system in contract.systems):
        return head
    if "." in head:  # neither a system's nor a host's name has one
        return next((placed.system for placed in contract.all_backups() if placed.target == head), "")
    return next((placed.group.system for placed in contract.all_hosts() if placed.host.name == head), "")


def key_of(contract: Contract, symptom: Symptom) -> str:
    """The cause that a symptom points at: the system as a whole, one backup by its check or by its drill, or the item
    by itself."""
    system = system_of(contract, symptom.target)
    if symptom.check == CERTIFICATE:
        return f"{system}/{CERTIFICATE}"  # every page of a site shows the same one
    if "." in symptom.target:  # a copy that is cut short is too small, too, and does not fit its checksum
        return f"{symptom.target}/{symptom.check[:2]}"
    stops = "/" in symptom.target or symptom.check in _STOPPING or symptom.check in _services()
    return system if stops else f"{symptom.target}/{symptom.check}"


@cache
def _services() -> frozenset[str]:
    return frozenset(check.id for check in host_checks() if check.service)


def gone_at(symptom: Symptom, world: World) -> datetime | None:
    """Since when a symptom is known to be gone; None if nobody knows: what could not be looked at is not gone."""
    if symptom.check == PROBE_CHECK:
        ups = [one.up_at for one in world.outages.get(symptom.target, ())] + [world.up_since.get(symptom.target)]
        return min((at for at in ups if at and at > symptom.found_at), default=None)
    if symptom.check == UNREACHABLE:
        told = [one.at for (target, _), one in world.verdicts.items()
                if target == symptom.target and one.finding.state is not State.UNKNOWN]  # fmt: skip
        return min((at for at in told if at > symptom.found_at), default=None)
    latest = world.verdicts.get(symptom.name)
    fine = latest is not None and latest.finding.state in (State.OK, State.WARN)
    return latest.at if latest and fine and latest.at > symptom.found_at else None


def still_seen(
    one: Incident, at: datetime, verdicts: Iterable[FindingRecord], readings: Iterable[Reading], planned: Spans
) -> datetime | None:
    """When it was seen that an incident was not over yet, though somebody says it was; None if nothing contradicts.

    Of each item only the first look after that moment counts: what is seen later has come back.

    Args:
        verdicts: those of after that moment, oldest first.
        readings: the system's, from before that moment on.
        planned: the system's downtime that is not counted.
    """
    names = {symptom.name for symptom in one.symptoms}
    looks: dict[tuple[str, str], tuple[bool, datetime]] = {}
    for record in verdicts:
        if record.at > at and not (one.key == one.system and _during(record.at, planned)):
            for name, bad in _told(record):
                looks.setdefault(name, (bad, record.at))
    seen = [when for name, (bad, when) in looks.items() if bad and name in names]
    if (one.system, PROBE_CHECK) in names:
        beyond = [_beyond(one.system, outage, planned) for outage in outages_in(readings)[0]]
        seen += [symptom.seen_at for symptom in beyond if symptom and symptom.at <= at < symptom.seen_at]
    return min(seen, default=None)


def _told(record: FindingRecord) -> Iterable[tuple[tuple[str, str], bool]]:
    """Of which symptoms a verdict says something, and whether it is bad. What could not be looked at says nothing."""
    unreachable = record.finding.reason is Reason.UNREACHABLE
    if unreachable or record.finding.state is not State.UNKNOWN:
        yield (record.target, UNREACHABLE), unreachable
    if record.finding.state is not State.UNKNOWN:
        yield (record.target, record.finding.check), record.finding.state is State.CRIT
