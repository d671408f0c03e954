"""可用性探测. Annex 4, 信息系统可用性; duties.md, "Availability": every system asked every minute, day and night.

A run lasts an hour and loops inside, so that Prefect's database holds 24 runs a day. It starts a minute before its hour
and waits for the one before, so that nothing is missed in between.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import BaseModel, Field

from checks.availability import Sight
from checks.contract import Contract, System
from checks.downtime import SUPPORT, support_periods
from checks.finding import State as Verdict
from checks.slots import Slot, probe_slot
from flows.caller import caller
from flows.event_book import EventBook
from flows.finding_board import FindingBoard
from flows.forms import dated
from flows.incident_board import Board
from flows.incident_drafts import draft_missing
from flows.office import Office, now
from flows.outcome import FINE, NOT_LOOKED, PROBLEMS, nothing_to_do
from flows.watch import EVERY, Watch
from tasks.crypto.tls import trusting
from tasks.ledger import LedgerError, RunClosedError
from tasks.probe import Prober

log = logging.getLogger("xunjian")

Clock = Callable[[], datetime]
Shows = Sequence[Callable[[], Awaitable[None]]]

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
    office, asked_by, at = Office(), caller("", ""), now()
    until = at + timedelta(minutes=form.minutes) if form.minutes else end_of_hour(at)
    slot = slot_of(office.contract, at, until)
    if slot is None:
        return nothing_to_do("不在服务期限内")
    async with _in_turn(office, slot) as free:
        if not free:
            return nothing_to_do("另一个执行正在探测，本次不再重复")
        office.expect([slot])
        run = office.begin(slot, asked_by, form.model_dump())
        try:
            hour = await probe_until(office, run, until, show=[Board(office).show, FindingBoard(office).show])
            office.ledger.end(run, hour.outcome, now())
        except BaseException:
            with suppress(LedgerError):  # the next start does what cannot be done now
                office.ledger.cut_off(run, now())
            raise
    return hour.state


@dataclass(frozen=True)
class Hour:
    """What a run has seen; and in words what it could not put on record or do beside, though the probes went on."""

    seen: list[Sight] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Verdict:
        """As it goes on record."""
        if Sight.UP not in self.seen and Sight.DOWN not in self.seen:
            return Verdict.UNKNOWN
        return Verdict.CRIT if Sight.DOWN in self.seen else Verdict.OK

    @property
    def state(self) -> State:
        """As it is shown."""
        bad = len(self.seen) - self.seen.count(Sight.UP)
        said = f"探测 {len(self.seen)} 次，其中 {bad} 次不正常"
        if self.troubles:
            return Failed(
                name=NOT_LOOKED, message=f"{said}。出错 {len(self.troubles)} 次，最后一次：{self.troubles[-1]}"
            )
        return Completed(name=PROBLEMS if bad else FINE, message=said)

    def went_wrong(self, doing: str, error: Exception) -> None:
        """Note what went wrong, for the log and for the end."""
        log.error("%s：%s", doing, error, exc_info=None if isinstance(error, LedgerError) else error)
        self.troubles.append(f"{doing}：{error}")


def slot_of(contract: Contract, at: datetime, until: datetime) -> Slot | None:
    """The slot of the day for which a run probes: one that starts just before midnight is for the day that comes."""
    first = max(at, until - timedelta(hours=1))
    return probe_slot(contract, first.astimezone(contract.tz).date())


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


async def probe_until(
    office: Office, run: str, until: datetime, *, clock: Clock = now, rounds: float = EVERY, show: Shows = ()
) -> Hour:
    """Probe all systems side by side, each at its interval, and go the rounds of the watch; what was seen.

    Args:
        clock: what goes on record as the time; drills set their own.
        rounds: seconds from one round of the watch to the next.
        show: put the lists of incidents and findings where operators look.
    """
    trusted = await asyncio.to_thread(trusting, office.settings.ca_dir)
    book, hour = EventBook(office.ledger), Hour()
    async with Prober(trusted, office.contract.witnesses) as prober, asyncio.TaskGroup() as group:
        for system in office.contract.systems:
            group.create_task(_probe(office, run, system, book, prober, until, clock, hour))
        group.create_task(_watch(office, Watch(office, trusted, clock), until, rounds, show, hour))
    return hour


async def _probe(
    office: Office, run: str, system: System, book: EventBook, prober: Prober, until: datetime, clock: Clock, hour: Hour
) -> None:
    every = await asyncio.to_thread(interval, system, book, clock())
    while await _next(every, until):
        at = clock().replace(microsecond=0)
        reading = (await prober.look(system))._replace(at=at)
        try:
            every = await asyncio.to_thread(interval, system, book, at)  # until the next one, of which this one speaks
            await asyncio.to_thread(office.ledger.probed, run, system.id, every, reading)
        except RunClosedError:
            raise
        except LedgerError as error:  # what is not on record is unknown; the next one may be on record again
            hour.went_wrong(f"{system.name}的探测没有记入", error)
            continue
        hour.seen.append(reading.sight)
        if reading.fault:
            log.warning("%s %s", system.name, reading.fault)


def interval(system: System, book: EventBook, at: datetime) -> int:
    """Seconds to the next probe of a system: fewer in a support period (重保)."""
    special = any(period.covers(system.id, at) for period in support_periods(book.of(SUPPORT)))
    return min(system.probe.every, system.probe.every_in_support) if special else system.probe.every


async def _watch(office: Office, watch: Watch, until: datetime, rounds: float, show: Shows, hour: Hour) -> None:
    while await _next(rounds, until):
        try:
            await asyncio.to_thread(watch.round)
            await asyncio.to_thread(draft_missing, office)
            for each in show:
                await each()
        except Exception as error:  # whatever is wrong with incidents and notices, the probes go on
            hour.went_wrong("照看故障", error)


async def _next(every: float, until: datetime) -> bool:
    """Wait for the next full interval of the clock; False where it would be after the end."""
    at = (now().timestamp() // every + 1) * every
    if at > until.timestamp():
        await asyncio.sleep(max(0.0, until.timestamp() - now().timestamp()))
        return False
    while (left := at - now().timestamp()) > 0:
        await asyncio.sleep(min(left, 1.0))  # in short steps: a clock that is set does not hold it up
    return True
