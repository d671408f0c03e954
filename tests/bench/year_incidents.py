"""The year's incidents: the product's own watch goes round at simulated moments, and people do their part.

What the watch sends nobody receives: in the place of the far side stands an answer, or at times none.
"""

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from unittest.mock import patch

from year_frame import CALENDAR, Frame
from year_ledger import CountingBook
from year_plans import ENGINEER, FALSE, FLAPPING, LONG, THIRD, Plans
from year_probes import Probes

from checks.channels import Channel
from checks.clocks import clocks
from checks.entries import Who
from checks.incidents import INCIDENT, PROBE_CHECK, Incident, Step, incidents
from checks.records import EventRecord
from checks.slots import RequestError
from flows import incident_desk, telling, watch
from flows.office import Office
from tasks import notify
from tasks.notify import Message, Receipt

_MINUTE, _A_LITTLE = timedelta(minutes=1), timedelta(seconds=5)
ROUNDS = (10.4, 17.6)
"""When the watch goes round on every day, in hours: the day's results are told when all is done, or at 17:30."""


class _Then(Office):
    """The office as it was at a moment: nothing is brought up to date by today's clock."""

    def __init__(self, frame: Frame) -> None:
        self.settings, self.contract, self.ledger = frame.settings, frame.contract, frame.ledger
        self.folder, self.calendar_version = frame.settings.contract, CALENDAR


class _Watch(watch.Watch):
    """Reads verdicts only when there are new ones: fifteen seconds on, there would be; from one of our rounds to the
    next it would read the morning's again and again."""

    def __init__(self, frame: Frame, office: Office, trusted: ssl.SSLContext, clock: Callable[[], datetime]) -> None:
        super().__init__(office, trusted, clock)
        self._frame, self._begun = frame, -1

    def _read_verdicts(self) -> None:
        if self._begun != self._frame.begun:
            self._begun = self._frame.begun
            super()._read_verdicts()


class Incidents:
    """The watch, and who is on duty."""

    def __init__(self, frame: Frame, plans: Plans) -> None:
        self._frame, self._plans = frame, plans
        self._chance = frame.chance("people")
        self._trusted: ssl.SSLContext = ssl.create_default_context()
        self._now = frame.there(frame.first)
        self._silent_until = self._now
        self._failed, self._sent = False, 0
        self._watch: _Watch | None = None
        self._known: list[Incident] = []
        self._met: set[tuple[object, ...]] = set()
        self._computed: tuple[int, list[Incident]] = (0, [])
        self.probes = Probes(frame, plans.spans(), lambda at: frame.at(at, self.round), self._going_on)

    def day(self, day: date) -> None:
        """The rounds of every day."""
        for hours in ROUNDS:
            self._frame.at(self._frame.there(day, hours), self.round)

    def alarm(self, at: datetime) -> None:
        """Something is wrong: the watch comes round in its own time."""
        self._frame.at(at + timedelta(seconds=15), self.round)

    def round(self, at: datetime) -> None:
        """Look, enter, tell; then people take up what is new. Not where nobody runs anything."""
        if self._frame.day_of(at) in self._frame.down:
            return
        self._now, self._failed, self._sent = at, False, 0
        self.probes.seen(at)
        if self._watch is None or self._watch._office.contract is not self._frame.contract:
            with patch.object(watch, "EventBook", CountingBook):
                self._watch = _Watch(self._frame, _Then(self._frame), self._trusted, lambda: self._now)
        with (
            patch.object(notify, "deliver", self._deliver),
            patch.object(watch, "incidents", self._incidents),
            patch.object(telling, "incidents", self._incidents),
        ):
            self._watch.round()
            self._known = self._watch.known()
        if self._failed:
            self._once(("again", at), at + _MINUTE)
        if self._sent > 1:  # what comes after two messages is gathered for two minutes
            self._once(("gathered", at), at + 2.2 * _MINUTE)
        for number, one in enumerate(self._known):
            if one.is_open:
                self._take_up(number, one)

    def _incidents(self, events: Sequence[EventRecord]) -> list[Incident]:
        """As the real one, which would compute the same four times in a round."""
        newest = events[-1].id if events else 0
        if self._computed[0] != newest:
            self._computed = (newest, incidents(events))
        return self._computed[1]

    def _going_on(self) -> bool:
        return any(
            one.is_open and one.restored_at is None and any(each.check == PROBE_CHECK for each in one.symptoms)
            for one in self._known
        )

    def _once(self, name: tuple[object, ...], at: datetime) -> None:
        """A round at a moment, unless it is known already that there will be one for this."""
        if name not in self._met and at > self._now:
            self._met.add(name)
            self._frame.at(at, self.round)

    def _take_up(self, number: int, one: Incident) -> None:
        """When the watch has to come round for it, and what people do about it."""
        if one.restored_at:
            self._once((one.id, "settled", one.restored_at), one.restored_at + 30 * _MINUTE + _A_LITTLE)
        for clock in clocks(one, None, self._frame.contract.deadlines):
            name = (one.id, clock.name)
            if clock.name != "report" and clock.started and clock.done is None and name not in self._met:
                self._met.add(name)
                for share in (0.5, 0.8, 1.0):
                    moment = clock.started + clock.limit * share + _A_LITTLE
                    self._frame.at(moment, lambda at, name=name: self._warn(*name, at))
        if (one.id,) not in self._met:
            self._met.add((one.id,))
            self._handle(number, one)

    def _warn(self, number: str, clock: str, at: datetime) -> None:
        """A round for a clock that may still run."""
        one = next(each for each in self._known if each.id == number)
        if one.is_open and not one.restored_at and not (clock == "response" and one.responded_at):
            self.round(at)

    def _handle(self, number: int, one: Incident) -> None:
        """Somebody answers, most of the time within the half hour; whoever has mended it says so."""
        chance, at = self._chance, one.discovered_at
        script = self._plans.about(one.system, one.started_at)
        kind = script.kind if script and one.key == one.system else ""
        respond = at + min(chance.lognormvariate(2.2, 0.7), 55) * _MINUTE
        if number % 5 == 1 and one.found_by == "probe":
            self._call(one, at + 4 * _MINUTE)
        self._step(one, Step.RESPONDED, respond, "已到现场处理")
        if kind == FALSE:
            self._step(one, Step.VOID, at + 22 * _MINUTE, "核实为探测线路的问题，系统没有中断")
        elif kind == THIRD and script:
            self._step(one, Step.HANDED_OVER, at + 40 * _MINUTE, "运营商线路故障，已报修")
            self._step(one, Step.TAKEN_BACK, script.end - 20 * _MINUTE, "线路已修复")
        elif kind == LONG or number % 6 == 2:
            self._step(one, Step.DISPATCHED, respond + 12 * _MINUTE, "现场处理不了，派工二线")
        if one.found_by != "probe" and kind != FLAPPING:
            mended = respond + min(chance.lognormvariate(4.2, 0.8), 440) * _MINUTE
            why = "重做备份，已核对" if "." in one.key.partition("/")[0] else "重启服务后恢复，已核对"
            self._step(one, Step.RESTORED, mended, why)

    def _step(self, one: Incident, step: Step, moment: datetime, why: str) -> None:
        def act(at: datetime) -> None:
            now = next(each for each in self._incidents(self._frame.ledger.events(INCIDENT)) if each.id == one.id)
            over = now.void or (step is not Step.VOID and now.restored_at is not None)
            if not over:
                try:
                    incident_desk.step(self._frame.ledger, one.id, step, at, Who(ENGINEER, why, "ui"), at)
                except RequestError:
                    return self._frame.at(at + 20 * _MINUTE, act)  # it is still seen: tried anew later
                if step in (Step.RESTORED, Step.VOID):
                    self.round(at)
            return None

        self._frame.at(max(moment, self._now + _A_LITTLE), act)

    def _call(self, one: Incident, moment: datetime) -> None:
        def act(at: datetime) -> None:
            by = Who(ENGINEER, "用户来电：系统打不开", "ui")
            incident_desk.call(self._frame.ledger, self._frame.contract, one.system, at, by, at, down=True)

        self._frame.at(max(moment, self._now + _A_LITTLE), act)

    def _deliver(
        self, channel: Channel, message: Message, secrets: Mapping[str, str], *, trusted: ssl.SSLContext
    ) -> Receipt:
        """The far side's answer. Once in a while nobody answers for twenty minutes, on any channel."""
        if self._now >= self._silent_until and "发现故障" in message.text and self._chance.random() < 0.06:
            self._silent_until = self._now + 20 * _MINUTE
        if self._now < self._silent_until:
            self._failed = True
            return Receipt(False, f"{channel.where}：拒绝连接", 0.004)
        self._sent += 1
        return Receipt(True, "250 2.0.0 Ok: queued" if channel.kind == "smtp" else "204", 0.031)
