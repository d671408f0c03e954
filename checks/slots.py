"""Slots: what the contract expects, from contract and calendar alone, without Prefect.

Clause 七2(1): every system's pages at least once every natural day, every host at least once a week.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from checks.contract import Contract

PAGE_INSPECTION = "page-inspection"
HOST_INSPECTION = "host-inspection"
BACKUP_CHECK = "backup-check"
RESTORE_DRILL = "restore-drill"
AVAILABILITY_PROBE = "availability-probe"
DOCUMENT_TIMELINESS = "document-timeliness"
RETEST = "verify-remediation"
BASELINE_CHECK = "baseline-check"


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


def asked_backup_slots(contract: Contract, day: date, targets: Sequence[str], today: date) -> list[Slot]:
    """The day's slots of the backups asked for; of all where none is named.

    Raises:
        RequestError: the contract has no backups, an unknown one, a day outside the term or in the future.
    """
    _check_day(contract, day, today)
    return _named(list(backup_slots(contract, day)), targets, "备份", "backups/oa.yaml")


def asked_drill_slots(contract: Contract, day: date, targets: Sequence[str], today: date) -> list[Slot]:
    """The slots, in the month of `day`, of the restore drills asked for; of all where none is named.

    Raises:
        RequestError: no backup of the contract is restored, an unknown one, a day outside the term or in the future.
    """
    _check_day(contract, day, today)
    what = "恢复演练（backups/ 里写了 restore 的备份）"
    return _named(list(drill_slots(contract, day)), targets, what, "backups/oa.yaml")


def asked_baseline_slots(contract: Contract, day: date, hosts: Sequence[str], today: date) -> list[Slot]:
    """The slots, in the month of `day`, of the hosts whose baseline is asked for; of all where none is named.

    Raises:
        RequestError: the contract has no hosts, an unknown one, a day outside the term or in the future.
    """
    _check_day(contract, day, today)
    return _named(list(baseline_slots(contract, day)), hosts, "主机和网址", "hosts/oa.yaml")


def _named(slots: list[Slot], targets: Sequence[str], what: str, file: str) -> list[Slot]:
    known = [slot.target for slot in slots]
    if not known:
        raise RequestError(f"合同里没有{what}；每个系统写一个文件，例如 {file}")
    if unknown := [one for one in targets if one not in known]:
        raise RequestError(f"合同里没有{what} {'、'.join(unknown)}；可选：{'、'.join(known)}")
    return [slot for slot in slots if not targets or slot.target in targets]


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


def backup_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The day's slots, one per backup: none outside the contract's term."""
    if day not in contract.term:
        return
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    for placed in contract.all_backups():
        slot_id = f"{BACKUP_CHECK}/{placed.target}/{day.isoformat()}"
        yield Slot(slot_id, BACKUP_CHECK, placed.target, day, opens, closes)


def drill_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The slots of the month in which `day` is, one per backup that is restored; as far as the term goes."""
    targets = (placed.target for placed in contract.all_backups() if placed.backup.restore)
    return _monthly(contract, day, RESTORE_DRILL, targets)


def baseline_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The slots of the month in which `day` is, one per host, then one per address of a system that has hosts; as far
    as the term goes. None where the contract wants no baseline."""
    if not contract.baseline:
        return iter(())
    sites = [site(system.id) for system in contract.systems if system.id in {one.system for one in contract.hosts}]
    return _monthly(contract, day, BASELINE_CHECK, [*(one.host.name for one in contract.all_hosts()), *sites])


def site(system: str) -> str:
    """Under which name the address of a system stands in the ledger; no host has a dot in its name."""
    return f"{system}.web"


def _monthly(contract: Contract, day: date, duty: str, targets: Iterable[str]) -> Iterator[Slot]:
    month = day.replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    first, last = max(month, contract.term.start), min(after - timedelta(days=1), contract.term.end)
    if first > last:
        return
    opens, closes = (
        datetime.combine(at, time(), contract.tz).astimezone(UTC) for at in (first, last + timedelta(days=1))
    )
    for target in targets:
        yield Slot(f"{duty}/{target}/{month_of(month)}", duty, target, first, opens, closes)


def probe_slot(contract: Contract, day: date) -> Slot | None:
    """The day on which all systems are probed without a break; None outside the contract's term."""
    if day not in contract.term:
        return None
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    return Slot(f"{AVAILABILITY_PROBE}/all/{day.isoformat()}", AVAILABILITY_PROBE, "all", day, opens, closes)


def retest_slot(contract: Contract, target: str, day: date) -> Slot:
    """The day's retests of a security finding, or the day's looks by one probe; also beyond the term."""
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    return Slot(f"{RETEST}/{target}/{day.isoformat()}", RETEST, target, day, opens, closes)


def document_slot(contract: Contract, day: date) -> Slot:
    """The day on which the documents that are due are looked over; also beyond the term, when the last ones are due."""
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    return Slot(f"{DOCUMENT_TIMELINESS}/all/{day.isoformat()}", DOCUMENT_TIMELINESS, "all", day, opens, closes)


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


def month_of(day: date) -> str:
    """A month's name: 2026-11."""
    return f"{day:%Y-%m}"


def week_of(day: date) -> str:
    """A week's name, ISO 8601: 2026-W47."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
