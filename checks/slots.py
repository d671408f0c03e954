"""Slots: what the contract expects, from contract and calendar alone, without Prefect.

Clause 七2(1): every system's pages at least once every natural day, every host at least once a week.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from checks.contract import Contract

PAGE_INSPECTION = "page-inspection"
HOST_INSPECTION = "host-inspection"
AVAILABILITY_PROBE = "availability-probe"


class Slot(NamedTuple):
    """One expectation: `duty` on `target`, to be done in [opens_at, closes_at), both UTC. `day`: its first day."""

    id: str
    duty: str
    target: str
    day: date
    opens_at: datetime
    closes_at: datetime


class RequestError(ValueError):
    """What was asked for makes no sense; the message is for the operator."""


def asked_slots(contract: Contract, day: date, systems: Sequence[str], today: date) -> list[Slot]:
    """The day's slots of the systems asked for; of all systems where none is named.

    Raises:
        RequestError: an unknown system, a day outside the term or in the future.
    """
    known = [system.id for system in contract.systems]
    if unknown := [one for one in systems if one not in known]:
        raise RequestError(f"合同里没有系统 {'、'.join(unknown)}；可选：{'、'.join(known)}")
    _check_day(contract, day, today)
    return [slot for slot in page_slots(contract, day) if not systems or slot.target in systems]


def asked_host_slots(contract: Contract, day: date, hosts: Sequence[str], today: date) -> list[Slot]:
    """The slots, in the week of `day`, of the hosts asked for; of all hosts where none is named.

    Raises:
        RequestError: the contract has no hosts, an unknown host, a day outside the term or in the future.
    """
    known = [placed.host.name for placed in contract.all_hosts()]
    if not known:
        raise RequestError("合同里没有主机；每个系统的主机写一个文件，例如 hosts/oa.yaml")
    if unknown := [one for one in hosts if one not in known]:
        raise RequestError(f"合同里没有主机 {'、'.join(unknown)}；可选：{'、'.join(known)}")
    _check_day(contract, day, today)
    return [slot for slot in host_slots(contract, day) if not hosts or slot.target in hosts]


def _check_day(contract: Contract, day: date, today: date) -> None:
    if day not in contract.term:
        raise RequestError(f"{day} 不在服务期限内（{contract.term.start} 至 {contract.term.end}）")
    if day > today:
        raise RequestError(f"{day} 还没有到，不能预先巡检")


def page_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The day's slots, one per system: none outside the contract's term."""
    if day not in contract.term:
        return
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    for system in contract.systems:
        slot_id = f"{PAGE_INSPECTION}/{system.id}/{day.isoformat()}"
        yield Slot(slot_id, PAGE_INSPECTION, system.id, day, opens, closes)


def probe_slot(contract: Contract, day: date) -> Slot | None:
    """The day on which all systems are probed without a break; None outside the contract's term."""
    if day not in contract.term:
        return None
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    return Slot(f"{AVAILABILITY_PROBE}/all/{day.isoformat()}", AVAILABILITY_PROBE, "all", day, opens, closes)


def host_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The slots of the week (ISO 8601, Monday to Sunday) in which `day` is, one per host; as far as the term goes."""
    monday = day - timedelta(days=day.weekday())
    first, last = max(monday, contract.term.start), min(monday + timedelta(days=6), contract.term.end)
    if first > last:
        return
    opens, closes = (
        datetime.combine(at, time(), contract.tz).astimezone(UTC) for at in (first, last + timedelta(days=1))
    )
    for placed in contract.all_hosts():
        slot_id = f"{HOST_INSPECTION}/{placed.host.name}/{week_of(day)}"
        yield Slot(slot_id, HOST_INSPECTION, placed.host.name, first, opens, closes)


def week_of(day: date) -> str:
    """A week's name, ISO 8601: 2026-W47."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
