"""可用性探测. Annex 4, 信息系统可用性; duties.md, "Availability": every system asked every minute, day and night.

A run lasts an hour and loops inside, so that Prefect's database holds 24 runs a day. It starts a minute before its hour
and waits for the one before, so that nothing is missed in between.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import BaseModel, Field

from checks.availability import Sight
from checks.contract import System
from checks.finding import State as Verdict
from checks.slots import Slot, probe_slot
from flows.caller import caller
from flows.forms import dated
from flows.incident_report import draft_missing
from flows.office import Office, now
from flows.outcome import FINE, PROBLEMS, nothing_to_do
from flows.watch import EVERY, Watch
from tasks.crypto.tls import trusting
from tasks.ledger import LedgerError
from tasks.probe import Prober

log = logging.getLogger("xunjian")

_PREDECESSOR = 150.0  # seconds that the run before may need to end


class AvailabilityProbe(BaseModel):
    """The form in the UI."""

    minutes: int = Field(0, ge=0, le=60, title="探测多久（分钟）", description="0 就是到整点")


@flow(
    name="availability-probe",
    description="可用性探测：每分钟探测各系统，发现故障即登记、通知，并照看各项时限。",
    flow_run_name=dated("可用性探测"),
)
async def availability_probe(form: AvailabilityProbe = AvailabilityProbe()) -> State:  # noqa: B008 - shown in the UI
    """Probe every system until the hour ends, and watch over incidents.

    Args:
        form: 探测
    """
    office, asked_by = Office(), caller("", "")
    until = now() + timedelta(minutes=form.minutes) if form.minutes else end_of_hour(now())
    slot = probe_slot(office.contract, office.today())
    if slot is None:
        return nothing_to_do("今天不在服务期限内")
    async with _in_turn(office, slot) as free:
        if not free:
            return nothing_to_do("另一个执行正在探测，本次不再重复")
        office.expect([slot])
        run = office.begin(slot, asked_by, form.model_dump())
        try:
            seen = await probe_until(office, run, until)
            office.ledger.end(run, _outcome(seen), now())
        except BaseException:
            with suppress(LedgerError):  # the next start does what cannot be done now
                office.ledger.cut_off(run, now())
            raise
    bad = len(seen) - seen.count(Sight.UP)
    return Completed(name=PROBLEMS if bad else FINE, message=f"探测 {len(seen)} 次，其中 {bad} 次不正常")


def end_of_hour(at: datetime) -> datetime:
    """The end of the hour to be probed: a run that starts just before an hour is for that hour."""
    return (at + timedelta(minutes=5)).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


@asynccontextmanager
async def _in_turn(office: Office, slot: Slot) -> AsyncIterator[bool]:
    """Take the place of the run before, which ends with its hour; False if it does not."""
    patience = time.monotonic() + _PREDECESSOR
    while True:
        with office.ledger.claimed(slot) as free:
            if free or time.monotonic() > patience:
                yield free
                return
        await asyncio.sleep(1)


async def probe_until(office: Office, run: str, until: datetime) -> list[Sight]:
    """Probe all systems side by side, each at its interval, and go the rounds of the watch; what was seen."""
    trusted = await asyncio.to_thread(trusting, office.settings.ca_dir)
    seen: list[Sight] = []
    async with Prober(trusted, office.contract.witnesses) as prober, asyncio.TaskGroup() as group:
        for system in office.contract.systems:
            group.create_task(_probe(office, run, system, prober, until, seen))
        group.create_task(_watch(office, Watch(office, trusted), until))
    return seen


async def _probe(office: Office, run: str, system: System, prober: Prober, until: datetime, seen: list[Sight]) -> None:
    every = system.probe.every
    while await _next(every, until):
        reading = await prober.look(system)
        await asyncio.to_thread(office.ledger.probed, run, system.id, every, reading)
        seen.append(reading.sight)
        if reading.fault:
            log.warning("%s %s", system.name, reading.fault)


async def _watch(office: Office, watch: Watch, until: datetime) -> None:
    while await _next(EVERY, until):
        await asyncio.to_thread(watch.round)
        await asyncio.to_thread(draft_missing, office)


async def _next(every: float, until: datetime) -> bool:
    """Wait for the next full interval of the clock; False where it would be after the end."""
    at = (now().timestamp() // every + 1) * every
    if at > until.timestamp():
        await asyncio.sleep(max(0.0, until.timestamp() - now().timestamp()))
        return False
    while (left := at - now().timestamp()) > 0:
        await asyncio.sleep(min(left, 1.0))  # in short steps: a clock that is set does not hold it up
    return True


def _outcome(seen: list[Sight]) -> Verdict:
    if Sight.UP not in seen and Sight.DOWN not in seen:
        return Verdict.UNKNOWN
    return Verdict.CRIT if Sight.DOWN in seen else Verdict.OK
