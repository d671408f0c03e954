"""What the year has in store for its systems beside chance: outages of every kind, planned downtimes, special care."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from sky import Spans
from year_frame import Frame

from checks import entries
from checks.downtime import DOWNTIME, SUPPORT, Move
from checks.entries import Entry, Who
from flows import incident_desk

_MINUTE = timedelta(minutes=1)
ENGINEER, CLIENT = "驻场工程师", "甲方信息中心"
FLAPPING, LONG, THIRD, FALSE = "flapping", "long", "third", "false"


class Outage(NamedTuple):
    """Something that breaks down. `kind`: what becomes of it."""

    system: str
    kind: str
    start: datetime
    end: datetime


class Plans:
    """Chosen by the share of the year at which they come, so that also a short one has them all."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        up = [day for day in frame.up[1:-1] if day not in frame.dark]
        quiet = [up[len(up) * share // 100] for share in (10, 30, 45, 55, 65, 75, 88, 95)]
        there = frame.there
        self.outages = (
            Outage("oa", FLAPPING, there(quiet[0], 10.5), there(quiet[0], 11.3)),
            Outage("archive", LONG, there(quiet[1], 11), there(quiet[1], 20.7)),
            Outage("mobile", THIRD, there(quiet[2], 13), there(quiet[2], 22.4)),
            Outage("oa", FALSE, there(quiet[3], 15.2), there(quiet[3], 15.3)),
        )
        self.work: dict[str, list[tuple[datetime, datetime]]] = {system.id: [] for system in frame.contract.systems}
        for one in self.outages:
            self.work[one.system] += _flaps(one) if one.kind == FLAPPING else [(one.start, one.end)]
        for day in sorted(frame.dark):
            self._downtime([*self.work], day, 8, 18, "机房停电检修")
        self._downtime(["oa"], quiet[4], 20, 22, "协同办公系统升级")
        self._downtime(["mobile"], quiet[5], 20, 21.5, "移动办公系统换证书", overruns=48)
        self._downtime(["archive"], quiet[6], 21, 22, "档案系统紧急打补丁", late=True)
        self._support("重要会议保障", quiet[7], ["oa", "mobile"], in_time=True)
        self._support("节日保障", quiet[5], ["oa"], in_time=False)

    def spans(self) -> dict[str, Spans]:
        """When each system is down, oldest first."""
        return {system: sorted(spans) for system, spans in self.work.items()}

    def about(self, system: str, at: datetime) -> Outage | None:
        """Which of the outages that are in store this one is."""
        around = timedelta(minutes=30)
        return next((one for one in self.outages if one.system == system and one.start <= at < one.end + around), None)

    def _downtime(
        self,
        systems: list[str],
        day: date,
        start: float,
        end: float,
        why: str,
        overruns: int = 0,
        *,
        late: bool = False,
    ) -> None:
        """Asked for and approved on the day before; or put on record when it has begun, and signed afterwards."""
        frame = self._frame
        first, last = frame.there(day, start), frame.there(day, end)
        for system in systems:
            self.work[system].append((first, last + overruns * _MINUTE))
        paper = f"停机申请单〔{day:%Y}〕{day:%m%d} 号"
        asked = first + 10 * _MINUTE if late else max(frame.there(frame.first, 9), first - timedelta(hours=26))
        number: list[str] = []

        def ask(at: datetime) -> None:
            by = Who(ENGINEER, why, "ui")
            number.append(self._enter(entries.downtime(frame.contract, systems, first, last, by, at), at))

        def decide(at: datetime) -> None:
            move, by = (Move.SIGNED if late else Move.APPROVED), Who(CLIENT, "同意", "ui")
            incident_desk.decide(frame.ledger, DOWNTIME, number[0], move, paper, by, at)

        frame.at(asked, ask)
        frame.at(asked + (timedelta(hours=20) if late else 30 * _MINUTE), decide)

    def _support(self, name: str, day: date, systems: list[str], *, in_time: bool) -> None:
        frame = self._frame
        first, last = frame.there(day, 0), frame.there(day, 48)
        number: list[str] = []

        def announce(at: datetime) -> None:
            by = Who(ENGINEER, "甲方通知", "ui")
            made = entries.support(frame.contract, name, systems, first, last, by, at, important=in_time)
            number.append(self._enter(made, at))

        def plan(at: datetime) -> None:
            by = Who(ENGINEER, "已报甲方", "ui")
            incident_desk.decide(frame.ledger, SUPPORT, number[0], Move.PLANNED, f"{name}方案", by, at)

        frame.at(max(frame.there(frame.first, 9), first - timedelta(hours=40)), announce)
        frame.at(first + timedelta(hours=-14 if in_time else 9), plan)

    def _enter(self, entry: Entry, at: datetime) -> str:
        """Put on record; returns its number."""
        incident_desk.enter(self._frame.ledger, entry, at)
        return self._frame.ledger.events(entry.event.kind)[-1].subject


def _flaps(one: Outage) -> list[tuple[datetime, datetime]]:
    """Down for six minutes, up for nine, and so on."""
    found, start = [], one.start
    while start + 6 * _MINUTE <= one.end:
        found.append((start, start + 6 * _MINUTE))
        start += 15 * _MINUTE
    return found
