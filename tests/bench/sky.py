"""What a prober sees of systems in a year, minute by minute: outages, hiccups, a network that is cut, its own death."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from checks.availability import Sight
from checks.finding import State
from checks.probe import ProbeHour, Reading
from checks.slots import Slot
from tasks.ledger import Ledger

EVERY = 60
FAULTS = ("拒绝连接", "回答 503，应为 2xx", "10 秒内没有完整回答", "回答 200，但没有“登录”")
CUT = "本机断网：佐证也都连不上（10 秒内没有完整回答）"
_MINUTE = timedelta(minutes=1)
Spans = Sequence[tuple[datetime, datetime]]
Seen = dict[str, list[Reading]]
"""What one run has seen, by system."""


class _Trouble(NamedTuple):
    start: datetime
    end: datetime
    fault: str

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


class Sky:
    """Several systems, hour after hour; each hour is asked for once, in order.

    Args:
        work: when each system is down because somebody works on it, beside what goes wrong by itself.
    """

    def __init__(self, chance: random.Random, systems: Sequence[str], work: Mapping[str, Spans] | None = None) -> None:
        self._chance, self._systems = chance, systems
        self._work = work or {}
        self._times = [int(chance.lognormvariate(4.4, 0.35)) for _ in range(5000)]
        self._troubles: dict[str, _Trouble] = {}
        self._cut: _Trouble | None = None

    def hour(self, begins: datetime) -> list[Seen]:
        """What the hour's runs have seen: one, or two where the first was killed and some minutes went by."""
        chance, over = self._chance, begins + timedelta(hours=1)
        if chance.random() < 0.0015:  # once a month
            self._cut = _Trouble(*self._some(begins, 1, 8), CUT)
        gone, back = self._some(begins, 2, 25) if chance.random() < 0.003 else (over, over)
        before: Seen = {}
        after: Seen = {}
        for system in self._systems:
            readings = self._of(system, begins)
            before[system] = [one for one in readings if one.at < gone]
            after[system] = [one for one in readings if one.at >= back]
        return [seen for seen in (before, after) if any(seen.values())]

    def _of(self, system: str, begins: datetime) -> list[Reading]:
        """A system breaks down once in three weeks or so, for up to forty minutes, and hiccups once in two days."""
        chance = self._chance
        if chance.random() < 0.002:
            self._troubles[system] = _Trouble(*self._some(begins, 3, 40), chance.choice(FAULTS))
        hiccup = chance.randrange(60) if chance.random() < 0.02 else -1
        over = begins + timedelta(hours=1)
        cut, trouble = (one if one and one.end > begins else None for one in (self._cut, self._troubles.get(system)))
        work = [(start, end) for start, end in self._work.get(system, ()) if start < over and end > begins]
        quiet = not (cut or trouble or work)
        found = []
        for minute, ms in enumerate(chance.choices(self._times, k=60)):
            at = begins + minute * _MINUTE
            if chance.random() < 0.01:  # the machine was busy
                at += timedelta(seconds=1)
            if minute == hiccup:
                found.append(Reading(at, Sight.DOWN, 10_002, FAULTS[2]))
            elif quiet:
                found.append(Reading(at, Sight.UP, ms))
            elif cut and cut.holds(at):
                found.append(Reading(at, Sight.BLIND, 10_004, CUT))
            elif trouble and trouble.holds(at):
                found.append(Reading(at, Sight.DOWN, 3, trouble.fault))
            elif any(start <= at < end for start, end in work):
                found.append(Reading(at, Sight.DOWN, 2, FAULTS[0]))
            else:
                found.append(Reading(at, Sight.UP, ms))
        return found

    def _some(self, begins: datetime, least: int, most: int) -> tuple[datetime, datetime]:
        start = begins + self._chance.randrange(60) * _MINUTE
        return start, start + self._chance.randint(least, most) * _MINUTE


def record(ledger: Ledger, run: str, seen: Seen, end: datetime, *, killed: bool = False) -> None:
    """Put a run's readings on record as `Ledger.end` packs them, and end it.

    One by one they would pass through the table `probe` first, five million of them; that the rows are the same is
    tested.
    """
    for system, readings in seen.items():
        if readings:
            hour = ProbeHour.of(system, EVERY, readings)
            ledger.add(run, system, 1, [], visit=hour, evidence=[], now=end)  # type: ignore[arg-type]
    if killed:
        ledger.cut_off(run, end)
    else:
        down = any(one.sight is Sight.DOWN for readings in seen.values() for one in readings)
        ledger.end(run, State.CRIT if down else State.OK, end)


def begun(ledger: Ledger, slot: Slot, at: datetime) -> str:
    """A run as the schedule starts it."""
    return ledger.begin(
        slot, flow_run_id="", trigger="schedule", who="计划任务", why="按计划执行", parameters={"minutes": 0},
        code_version="0.1.0", contract_hash="0" * 64, calendar_version="chinesecalendar 1.11.0", now=at,
    )  # fmt: skip
