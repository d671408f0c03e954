"""Slots: what the contract expects, from contract and calendar alone, without Prefect.

Clause 七2(1): every system's pages at least once every natural day.
"""

from collections.abc import Iterator
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


def page_slots(contract: Contract, day: date) -> Iterator[Slot]:
    """The day's slots, one per system: none outside the contract's term."""
    if day not in contract.term:
        return
    opens, closes = (datetime.combine(day + timedelta(days=n), time(), contract.tz).astimezone(UTC) for n in (0, 1))
    for system in contract.systems:
        slot_id = f"{PAGE_INSPECTION}/{system.id}/{day.isoformat()}"
        yield Slot(slot_id, PAGE_INSPECTION, system.id, day, opens, closes)
