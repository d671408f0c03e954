"""The year's probes: a reading a minute, hour by hour; and while something is wrong, minute by minute."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from sky import EVERY, Seen, Sky, Spans, record
from year_frame import Frame

from checks.availability import Sight
from checks.finding import State
from checks.probe import Reading
from checks.slots import Slot, probe_slot
from tasks.ledger import probes

HOUR, SOON = timedelta(hours=1), timedelta(seconds=20)


class _Taken(NamedTuple):
    """One reading of an hour that is gone through minute by minute; `run`: which of the hour's."""

    at: datetime
    run: int
    system: str
    reading: Reading


class Probes:
    """What the prober sees, and when somebody should look at it.

    Args:
        work: when each system is down because somebody has decided so, beside what goes wrong by itself.
        alarm: wants a round of the watch at a moment.
        going_on: whether an outage is on record that nobody has seen the end of.
    """

    def __init__(
        self, frame: Frame, work: dict[str, Spans], alarm: Callable[[datetime], None], going_on: Callable[[], bool]
    ) -> None:
        self._frame, self._alarm, self._going_on = frame, alarm, going_on
        self._sky = Sky(frame.chance("sky"), [system.id for system in frame.contract.systems], work)
        self._waiting: deque[_Taken] = deque()
        self._slot: Slot | None = None
        self._run, self._number, self._state = "", 0, State.OK

    def hour(self, begins: datetime) -> None:
        """An hour; a run that was killed in it is closed by the next."""
        frame, over = self._frame, begins + HOUR
        slot = self._slot = probe_slot(frame.contract, frame.day_of(begins))
        assert slot
        frame.ledger.expect([slot], begins)
        runs = self._sky.hour(begins)
        if not (self._going_on() or any(_down(readings) for seen in runs for readings in seen.values())):
            frame.at(over - SOON, lambda at: self._record(slot, runs, over))
            return
        taken = [
            _Taken(one.at, number, system, one)
            for number, seen in enumerate(runs, 1)
            for system, readings in seen.items()
            for one in readings
        ]
        self._waiting.extend(sorted(taken, key=lambda one: (one.at, one.run)))
        down = any(one.reading.sight is Sight.DOWN for one in taken)
        self._number, self._state = 0, State.CRIT if down else State.OK
        for moment in sorted({at for seen in runs for readings in seen.values() for at in _turns(readings)}):
            self._alarm(moment)
        self._alarm(begins + HOUR / 2)
        frame.at(over - SOON, lambda at: self._end(over))

    def seen(self, up_to: datetime) -> None:
        """Put on record what was seen up to a moment of an hour that is gone through minute by minute."""
        while self._waiting and self._waiting[0].at <= up_to:
            if self._number != self._waiting[0].run:
                if self._number:
                    self._frame.ledger.cut_off(self._run, self._waiting[0].at)
                assert self._slot
                self._number, self._run = self._waiting[0].run, self._frame.begin(self._slot, self._waiting[0].at)
            with self._frame.ledger._writing() as connection:
                while self._waiting and self._waiting[0].at <= up_to and self._waiting[0].run == self._number:
                    one = self._waiting.popleft()
                    probes.add(connection, self._run, one.system, EVERY, one.reading)

    def _end(self, over: datetime) -> None:
        self.seen(over)
        self._frame.ledger.end(self._run, self._state, over)

    def _record(self, slot: Slot, runs: Sequence[Seen], over: datetime) -> None:
        """All readings at once: nobody looks at them before the hour is over."""
        for number, seen in enumerate(runs, 1):
            first = min(one.at for readings in seen.values() for one in readings)
            run = self._frame.begin(slot, first)
            record(self._frame.ledger, run, seen, over, killed=number < len(runs))


def _down(readings: Sequence[Reading]) -> bool:
    """Whether an outage is among them, or may have begun: a single bad one within the hour is none."""
    bad = [one.sight is Sight.DOWN for one in readings]
    return any(one and other for one, other in pairwise(bad)) or bad[-1:] == [True]


def _turns(readings: Sequence[Reading]) -> list[datetime]:
    """A little after an outage is certain, and after it is over."""
    found, down = [], 0
    for one in readings:
        if one.sight is Sight.DOWN:
            down += 1
            found += [one.at + SOON] if down == 2 else []
        elif one.sight is Sight.UP:
            found += [one.at + SOON] if down else []
            down = 0
    return found
