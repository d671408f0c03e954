"""The drill of availability: a system that stops, channels that fail, a clock that jumps. Clauses 七2(2)(6), Annex 4.

A case has a ledger of its own, and a probe a second, so that what takes minutes in earnest takes seconds. Where a case
needs an hour, the clock is set, and nothing else: systems, channels and ledger are the real ones.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.table import Table

from checks.availability import Seconds, Span, seconds
from checks.downtime import DOWNTIME, Move, windows
from checks.entries import Who, downtime
from checks.incidents import INCIDENT, Incident, incidents
from checks.notices import DELIVERY, Attempt, attempts
from checks.slots import RequestError, probe_slot
from flows import incident_desk
from flows.availability_probe import probe_until
from flows.caller import Caller
from flows.drill import borrowed
from flows.exit_codes import FINE, PROBLEMS
from flows.incident_board import board
from flows.incident_drafts import draft_missing
from flows.office import Office, now
from flows.watch import Watch
from rehearsal.desks import Letter
from rehearsal.estate import Estate
from rehearsal.sample import copy_contract
from tasks.crypto.tls import trusting
from tasks.settings import Settings

SYSTEM = "oa"
_PROBE = "{ every: 1, every_in_support: 1, timeout: 0.45 }"
_BY = Who("演练", "演练", "drill")


class Result(NamedTuple):
    """What a case has shown."""

    seen: str
    passed: bool


class Clock:
    """This machine's clock, ahead or behind by what a case says."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self._ahead

    def move(self, by: timedelta) -> None:
        """Set it."""
        self._ahead += by


Act = tuple[float, Callable[[], object]]


class Stage:
    """What a case plays on: the estate, and an office with an empty ledger."""

    def __init__(self, estate: Estate, settings: Settings) -> None:
        self.estate, self.office, self.clock = estate, Office(settings), Clock()
        self._before = len(estate.letters())

    def fault(self, name: str) -> Callable[[], object]:
        """Something goes wrong, when it is called."""
        return lambda: self.estate.fault(name)

    def clear(self, name: str = "") -> Callable[[], object]:
        """It is mended."""
        return lambda: self.estate.clear(name)

    def probing(self, length: float, *acts: Act) -> None:
        """One run of the probe with its watch, for so many seconds; meanwhile acts, at their seconds."""
        slot = probe_slot(self.office.contract, self.office.today())
        assert slot is not None  # noqa: S101 - the sample contract runs for years
        self.office.expect([slot])
        run = self.office.begin(slot, Caller("", "drill", "演练", "演练"), {})
        until = now() + timedelta(seconds=length)

        async def play() -> None:
            plays: list[Awaitable[object]] = [
                probe_until(self.office, run, until, clock=self.clock, rounds=0.5), *(_later(*act) for act in acts)
            ]  # fmt: skip
            await asyncio.gather(*plays)

        asyncio.run(play())
        self.office.ledger.cut_off(run, now())

    def look(self, *later: float) -> None:
        """A watch that has just been started goes its rounds, these seconds after each other."""
        watch = Watch(self.office, trusting(self.office.settings.ca_dir), self.clock)
        for gap in later or (0,):
            self.clock.move(timedelta(seconds=gap))
            watch.round()

    @property
    def incidents(self) -> list[Incident]:
        """Those on record."""
        return incidents(self.office.ledger.events(INCIDENT))

    @property
    def tries(self) -> list[Attempt]:
        """To deliver, on record; the day's results left out."""
        tried = attempts(self.office.ledger.events(DELIVERY))
        return [one for one in tried if any(notice.startswith("G-") for notice in one.notices)]

    @property
    def letters(self) -> list[Letter]:
        """What has arrived since the case began."""
        return self.estate.letters()[self._before :]

    def seconds(self, since: datetime) -> Seconds:
        """What the time since a moment counts as."""
        start, end = int(since.timestamp()), int(self.clock().timestamp())
        hours = self.office.ledger.probe_hours(SYSTEM, since - timedelta(hours=2), self.clock() + timedelta(hours=2))
        seen = [one for hour in hours for one in hour.stretches()]
        planned = [one.excluded for one in windows(self.office.ledger.events(DOWNTIME)) if one.excluded]
        spans = [Span(int(first.timestamp()), int(last.timestamp())) for first, last in planned]
        return seconds(seen, [], spans, Span(start, end))


async def _later(after: float, act: Callable[[], object]) -> None:
    await asyncio.sleep(after)
    await asyncio.to_thread(act)


def switched_off(stage: Stage) -> Result:
    """OA is switched off and on again."""
    stage.probing(11, (2.2, stage.fault("oa-down")), (6.2, stage.clear()))
    if len(stage.incidents) != 1:
        return Result(f"登记了 {len(stage.incidents)} 个故障", False)
    one = stage.incidents[0]
    stage.look((stage.office.contract.deadlines.settle + 1) * 60)
    drafts = draft_missing(stage.office)
    [one] = stage.incidents
    sent = min((tried.at for tried in stage.tries if tried.ok), default=None)
    by = {letter.channel for letter in stage.letters if one.id in letter.text}
    found = one.discovered_at - one.started_at
    passed = found <= timedelta(seconds=2) and sent is not None and sent - one.discovered_at < timedelta(minutes=15)
    passed = passed and by == {"mail", "hook"} and bool(one.cleared_at and one.reports_due) and drafts == [one.id]
    delay = f"{(sent - one.discovered_at).total_seconds():.1f} 秒送达" if sent else "没有送达"
    due = one.reports_due[-1][1] if one.reports_due else "没有"
    return Result(
        f"开始后 {found.total_seconds():.0f} 秒发现，发现后 {delay}（{'、'.join(sorted(by))}），{one.state}，"
        f"故障报告 {due} 前交，草稿 {len(drafts)} 份", passed,
    )  # fmt: skip


def channel_down(stage: Stage) -> Result:
    """The first channel fails, the next one is used."""
    stage.estate.fault("mail-down")
    stage.probing(5, (0, stage.fault("oa-down")))
    stage.look(16, 16)
    first = stage.office.contract.escalation[0].who
    tried = attempts(stage.office.ledger.events(DELIVERY))  # the day's results too: they take their turn
    mine = [(one.channel, one.ok) for one in tried if one.who == first]
    passed = mine[:3] == [("mail", False), ("mail", False), ("hook", True)]
    return Result("，".join(f"{channel} {'送达' if ok else '失败'}" for channel, ok in mine), passed)


def all_channels_down(stage: Stage) -> Result:
    """Nothing can be delivered; later all of it is, once."""
    for name in ("mail-down", "hook-down", "oa-down"):
        stage.estate.fault(name)
    stage.probing(5)
    stage.look(*[60] * 20)
    failed, shown = len(stage.tries), "没有送达" in board(stage.office, stage.clock())
    lost_nothing = not any(one.ok for one in stage.tries) and failed > 0
    stage.estate.clear()
    stage.look(360, 15, 15)
    told = [(notice, one.who) for one in stage.tries if one.ok for notice in one.notices]
    [one] = stage.incidents
    people = {who for notice, who in told if notice == f"{one.id}/open"}
    passed = lost_nothing and shown and len(told) == len({*told}) and len(people) == 2 and len(stage.letters) > 0
    return Result(
        f"二十分钟里试了 {failed} 次都失败，界面{'' if shown else '没有'}显示未送达；恢复后 {len(told)} 件各送达一次",
        passed,
    )


def duplicates(stage: Stage) -> Result:
    """The same outage is seen, called in and looked at again and again."""
    stage.probing(5, (0, stage.fault("oa-down")))
    office, at = stage.office, stage.clock()
    for _ in range(2):
        incident_desk.call(office.ledger, office.contract, SYSTEM, at, _BY, at, down=True)
    for _ in range(3):
        stage.look()
    opened = [one.who for one in stage.tries for notice in one.notices if notice.endswith("/open") and one.ok]
    passed = len(stage.incidents) == 1 and len(opened) == len({*opened}) == 2
    return Result(f"{len(stage.incidents)} 个故障，“发现”告诉了 {len(opened)} 人各一次", passed)


def clock_set_back(stage: Stage) -> Result:
    """The clock jumps back by an hour, then the system stops."""
    since = stage.clock()
    stage.probing(4)
    stage.clock.move(-timedelta(hours=1))
    stage.probing(9, (2.2, stage.fault("oa-down")), (5.7, stage.clear()))
    stage.clock.move(timedelta(hours=1))
    counted, period = stage.seconds(since), int(stage.clock().timestamp()) - int(since.timestamp())
    opened = [one for one in stage.tries if one.ok and any(notice.endswith("/open") for notice in one.notices)]
    passed = len(stage.incidents) == 1 and stage.incidents[0].restored_at is not None and len(opened) == 2
    passed = passed and counted.period == period and counted.down == 0
    return Result(f"{len(stage.incidents)} 个故障，通知照发；时间合计不多不少（{counted.period} 秒）", passed)


def stopped_for_an_hour(stage: Stage) -> Result:
    """The prober itself is away for an hour: that is nobody's outage."""
    since = stage.clock()
    stage.probing(4)
    stage.clock.move(timedelta(hours=1))
    stage.probing(4)
    counted = stage.seconds(since)
    passed = not stage.incidents and counted.down == 0 and 3590 <= counted.unknown <= 3615 and counted.up > 0
    return Result(f"不明 {counted.unknown} 秒，中断 {counted.down} 秒，故障 {len(stage.incidents)} 个", passed)


def window_overruns(stage: Stage) -> Result:
    """A planned downtime that was approved in time ends, and the system is still off."""
    office, since = stage.office, stage.clock()
    start = since.replace(microsecond=0) + timedelta(seconds=3)
    end = start + timedelta(seconds=5)
    entry = downtime(office.contract, [SYSTEM], start, end, _BY, since)
    incident_desk.enter(office.ledger, entry, since)
    [window] = windows(office.ledger.events(DOWNTIME))
    incident_desk.decide(office.ledger, DOWNTIME, window.id, Move.APPROVED, "演练申请单", _BY, since)
    off, on = (start - since).total_seconds() + 0.5, (end - since).total_seconds() + 4.5
    stage.probing(on + 4, (off, stage.fault("oa-down")), (on, stage.clear()))
    counted = stage.seconds(since)
    started = [one.started_at for one in stage.incidents]
    early = [one for one in stage.tries if one.at < end]
    passed = started == [end] and not early and counted.planned == 5 and 3 <= counted.down <= 6
    return Result(f"计划内 {counted.planned} 秒，超出的 {counted.down} 秒计为中断，到点才通知", passed)


def flapping(stage: Stage) -> Result:
    """Off and on, three times: one incident."""
    acts = [act for at in (1.2, 6.2, 11.2) for act in ((at, stage.fault("oa-down")), (at + 2.5, stage.clear()))]
    stage.probing(16, *acts)
    again = sum(len(one.reopened) for one in stage.incidents)
    return Result(f"{len(stage.incidents)} 个故障，再次发生 {again} 次", len(stage.incidents) == 1 and again == 2)


class Case(NamedTuple):
    """What can go wrong. `title` says it to operators."""

    name: str
    title: str
    play: Callable[[Stage], Result]


CASES = (
    Case("switched-off", "系统停机又恢复", switched_off),
    Case("flapping", "系统时好时坏", flapping),
    Case("channel-down", "第一个通知渠道发不出", channel_down),
    Case("all-channels-down", "所有通知渠道都发不出", all_channels_down),
    Case("duplicates", "同一个故障反复看到、反复来电", duplicates),
    Case("clock-set-back", "时钟被拨回一小时", clock_set_back),
    Case("stopped-for-an-hour", "探测停了一小时", stopped_for_an_hour),
    Case("window-overruns", "计划内停机超时", window_overruns),
)


@contextmanager
def _folder(settings: Settings, base_port: int) -> Iterator[Settings]:
    """A folder for one case, with a contract of OA alone."""
    parent = settings.root / "drill"
    parent.mkdir(parents=True, exist_ok=True)
    home = Path(mkdtemp(prefix="availability-", dir=parent))
    try:
        contract = copy_contract(home / "contract", base_port, hosts=False)
        for file in contract.glob("systems/*.yaml"):
            if file.stem.endswith(f"-{SYSTEM}"):
                file.write_text(f"{file.read_text(encoding='utf-8')}\nprobe: {_PROBE}\n", encoding="utf-8")
            else:
                file.unlink()
        own = {"home": home, "contract": contract, "ledger_url": "", "evidence": None, "reports": None, "backup": None}
        # made anew: a copy would keep what the settings have worked out for their own home
        yield Settings(**{**settings.model_dump(), **own, "secrets": settings.secrets_dir, "ca": settings.ca_dir})
    finally:
        rmtree(home)


def chosen(names: Iterable[str]) -> list[Case]:
    """Those named, or all.

    Raises:
        RequestError: there is none of that name.
    """
    known = {case.name: case for case in CASES}
    if unknown := [name for name in names if name not in known]:
        raise RequestError(f"没有情形 {'、'.join(unknown)}；可选：{'、'.join(known)}")
    return [known[name] for name in names] or list(CASES)


def practise(estate: Estate, settings: Settings, names: Iterable[str]) -> int:
    """Drill in the rehearsal estate of this machine and print the table. Returns the exit code."""
    cases, missed = chosen(names), list[str]()
    out = Console(width=None if sys.stdout.isatty() else 200)  # into a file nothing need be cut off
    table = Table("情形", "说明", "看到的", "结论", title="可用性与故障演练", title_justify="left")
    logging.getLogger("xunjian").setLevel(logging.CRITICAL)  # what goes wrong is meant to

    def tell(case: Case, result: Result) -> None:
        table.add_row(
            case.name, case.title, result.seen, "[green]通过[/green]" if result.passed else "[red]没有通过[/red]"
        )
        missed.extend([] if result.passed else [case.name])

    with borrowed(estate), Live(table, console=out, refresh_per_second=2, vertical_overflow="visible"):
        run(estate, settings, cases, tell)
    if not out.is_terminal:
        out.print()  # which `Live` leaves out there
    if missed:
        out.print(f"{len(missed)} 个情形没有通过：{'、'.join(missed)}", style="red")
        return PROBLEMS
    out.print(f"{len(cases)} 个情形全部通过", style="green")
    return FINE


def run(estate: Estate, settings: Settings, cases: Iterable[Case], tell: Callable[[Case, Result], None]) -> bool:
    """Play cases one after the other; whether all passed. The estate is up; afterwards it has no fault."""
    passed = True
    for case in cases:
        with _folder(settings, estate.settings.base_port) as own:
            try:
                result = case.play(Stage(estate, own))
            finally:
                estate.clear()
        tell(case, result)
        passed = passed and result.passed
    return passed
