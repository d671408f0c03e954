"""Slots: what the contract expects, from contract and calendar alone, without Prefect.

Clause 七2(1): every system's pages at least once every natural day.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from checks.contract import Contract

PAGE_INSPECTION = "page-inspection"


class Slot(NamedTuple):
    """One expectation: `duty` on `target`, to be done in [opens_at, closes_at), both UTC."""

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
    if day not in contract.term:
        raise RequestError(f"{day} 不在服务期限内（{contract.term.start} 至 {contract.term.end}）")
    if day > today:
        raise RequestError(f"{day} 还没有到，不能预先巡检")
    return [slot for slot in page_slots(contract, day) if not systems or slot.target in systems]


def page_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The day's slots, one per system: none outside the contract's term."""
    if day not in contract.term:
        return
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    for system in contract.systems:
        slot_id = f"{PAGE_INSPECTION}/{system.id}/{day.isoformat()}"
        yield Slot(slot_id, PAGE_INSPECTION, system.id, day, opens, closes)
