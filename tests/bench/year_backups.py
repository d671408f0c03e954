"""The year's backups: copies that are made every night, looked at every morning and restored every month.

What the places hold is simulated; the real items judge it. Faults come and go; one drill fails, one is left out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from year_frame import SCHEDULED, Act, Fate, Frame
from year_pages import notice_late

from checks.backup import Kind, PlacedBackup
from checks.backup_check import judge, not_looked
from checks.finding import Finding, Reason, State, worst
from checks.restore_check import Drilled
from checks.restore_check import judge as judge_drill
from checks.slots import Slot, backup_slots, drill_slots
from checks.visit import BackupVisit, Contents, Copy, RestoreVisit

KEPT, LOOKS = 10, 14
"""Copies that a place keeps, and earlier looks in the light of which one is judged."""

REPEATED = ("ui", "驻场工程师", "重做备份后再演练")
NIGHT, MORNING, DRILLED, AGAIN = 2.0, 6.0, 14.0, 16.5  # hours
FAILING, LEFT_OUT = "archive.originals", "oa.cache"
"""Of the first month: whose copy cannot be restored, and whom nobody drilled."""

_KINDS: dict[Kind, tuple[str, str, float, dict[str, Any]]] = {
    Kind.MYSQLDUMP: ("gzip sql", "app-{:%Y%m%d}.sql.gz", 48e6, {"made_by": "mariadb-dump 10.11.14", "tables": 14}),
    Kind.PG_PLAIN: ("gzip sql", "app-{:%Y%m%d}.sql.gz", 36e6, {"made_by": "pg_dump 15.18", "tables": 11}),
    Kind.PG_CUSTOM: ("pgdmp", "app-{:%Y%m%d}.dump", 61e6, {"made_by": "pg_dump 15.18", "tables": 17}),
    Kind.ARCHIVE: ("gzip tar", "attachments-{:%Y%m%d}.tar.gz", 210e6, {"entries": 1840}),
    Kind.REDIS: ("rdb", "dump-{:%Y%m%d}.rdb", 9e6, {"entries": 5210}),
    Kind.RESTIC: ("restic", "snapshot-{:%m%d}", 480e6, {}),
    Kind.BORG: ("borg", "gateway-{:%Y%m%d}", 33e6, {}),
}
"""What a copy of each kind is, how it is called, how large it is at first, and what reading it shows."""

_FAULTS = ("left out", "small", "same", "broken", "sidecar", "elsewhere")


@dataclass
class _Place:
    """One backup's place. `fault`: what was wrong with last night's copy."""

    placed: PlacedBackup
    copies: list[Copy] = field(default_factory=list)  # newest first
    fault: str = ""
    looks: list[BackupVisit] = field(default_factory=list)


class Backups:
    """The copies of every backup of the contract."""

    def __init__(self, frame: Frame, alarm: Act) -> None:
        self._frame, self._alarm = frame, alarm
        self._chance = frame.chance("backups")
        self._places = {one.target: _Place(one) for one in frame.contract.all_backups()}
        self._late: dict[date, list[Slot]] = {}
        self._drilled: dict[str, RestoreVisit] = {}
        self._months: dict[str, date] = {}  # by month, on which day it is drilled
        for day in frame.up:
            self._months.setdefault(f"{day:%Y-%m}", day)
        self._months = {month: _some_days_on(frame.up, day) for month, day in self._months.items()}
        slots = {day: list(backup_slots(frame.contract, day)) for day in frame.days}
        frame.fates |= {slot.id: Fate.DOWN for day in frame.down for slot in slots[day]}
        others = [slot for day in frame.up[:-2] for slot in slots[day]]
        frame.choose(self._chance, others, [Fate.LATE, Fate.UNKNOWN] * frame.many)
        notice_late(frame, others, self._late)
        for days in range(KEPT, 0, -1):  # there were backups before there was a contract
            self._copy(frame.there(frame.first - timedelta(days=days), NIGHT))
        first = next(iter(self._months))
        frame.fates[f"restore-drill/{LEFT_OUT}/{first}"] = Fate.DOWN
        self._failing = f"restore-drill/{FAILING}/{first}"

    def night(self, day: date) -> None:
        """Copies are made also where nobody looks at them."""
        self._frame.at(self._frame.there(day, NIGHT), self._copy)

    def day(self, day: date) -> None:
        """What is due on a day."""
        frame = self._frame
        for slot in self._late.get(day, []):
            frame.at(frame.there(day, 10.3), lambda at, slot=slot: self._look(slot, at, None))
        for slot in backup_slots(frame.contract, day):
            fate = frame.fates.get(slot.id)
            if fate is not Fate.LATE:
                frame.at(frame.there(day, MORNING), lambda at, slot=slot, fate=fate: self._look(slot, at, fate))
        if self._months[f"{day:%Y-%m}"] == day:
            for slot in drill_slots(frame.contract, day):
                if frame.fates.get(slot.id) is not Fate.DOWN:
                    frame.at(frame.there(day, DRILLED), lambda at, slot=slot: self._drill(slot, at, SCHEDULED))
                if slot.id == self._failing:
                    frame.at(frame.there(day, AGAIN), lambda at, slot=slot: self._drill(slot, at, REPEATED))

    def _copy(self, at: datetime) -> None:
        for place in self._places.values():
            _, name, size, _ = _KINDS[place.placed.backup.kind]
            days = (self._frame.day_of(at) - self._frame.first).days
            place.fault = self._chance.choice(_FAULTS) if days >= 0 and self._chance.random() < 0.012 else ""
            made = at + timedelta(minutes=self._chance.uniform(1, 25))
            grown = int(size * (1 + days / 900) * self._chance.uniform(0.98, 1.02))
            if place.fault == "left out":
                continue
            if place.fault == "small":
                grown //= 3
            copy = Copy(
                name=name.format(self._frame.day_of(at)), size=grown, at=made.replace(microsecond=0), mode=0o640
            )
            place.copies = [copy, *place.copies][:KEPT]

    # the daily check

    def _look(self, slot: Slot, at: datetime, fate: Fate | None) -> None:
        place, backup = self._places[slot.target], self._places[slot.target].placed.backup
        run, end = self._frame.begin(slot, at), at + timedelta(seconds=self._chance.uniform(3, 40))
        visit = BackupVisit(target=slot.target, attempt=1, started_at=at, seconds=(end - at).total_seconds())
        kept = []
        if fate is Fate.UNKNOWN:
            findings = not_looked(backup, Reason.UNREACHABLE, "22 端口没有应答")
            visit = visit.model_copy(update={"obstacle": findings[0].summary, "reason": Reason.UNREACHABLE})
        else:
            visit = visit.model_copy(update=self._facts(place))
            findings = judge(visit, backup, place.looks[-LOOKS:], end.astimezone(self._frame.contract.tz))
            listed = "\n".join(f"{one.size}\t{one.at:%Y-%m-%d %H:%M}\t{one.name}" for one in place.copies)
            kept = [self._frame.keep(slot.target, 1, "listing", at, f"{slot.target}\n{listed}\n".encode())]
        place.looks.append(visit)
        state = worst(one.state for one in findings)
        self._frame.ledger.add(run, slot.target, 1, findings, visit=visit, evidence=kept, now=end, outcome=state)
        if state is State.CRIT:
            self._alarm(end)

    def _facts(self, place: _Place) -> dict[str, Any]:
        backup, fault = place.placed.backup, place.fault
        form, _, _, shown = _KINDS[backup.kind]
        if not place.copies:
            return {}
        newest = place.copies[0]
        contents = Contents(
            sha256=_sha256(f"{place.placed.target} {newest.name}"), size=newest.size, whole=True, form=form,
            of_kind=True, databases=(backup.database,) if backup.database else (), **shown,
        )  # fmt: skip
        if backup.checksum:
            contents = contents.model_copy(update={"checksum": "sha256", "checksum_fits": fault != "sidecar"})
        if fault == "broken":
            contents = contents.model_copy(update={"trouble": "压缩数据在中途断了", "whole": False})
        facts: dict[str, Any] = {"copies": tuple(place.copies), "count": len(place.copies), "contents": contents}
        if fault == "same" and len(place.copies) > 1:
            facts["same_as"] = place.copies[1].name
        if backup.offsite:  # a day later than here, and sometimes a good deal later
            facts["offsite"] = place.copies[min(4 if fault == "elsewhere" else 1, len(place.copies) - 1)]
        return facts

    # the monthly drill

    def _drill(self, slot: Slot, at: datetime, by: tuple[str, str, str]) -> None:
        frame, place = self._frame, self._places[slot.target]
        run, backup = frame.begin(slot, at, by), place.placed.backup
        failed = slot.id == self._failing and by is SCHEDULED
        visit = self._restored(place, at, "仓库里缺 2 个数据块" if failed else "")
        drilled = Drilled(visit, backup, self._drilled.get(slot.target), frame.contract.tz)
        findings: Sequence[Finding] = judge_drill(drilled)
        if visit.tables:
            self._drilled[slot.target] = visit
        end = at + timedelta(seconds=visit.seconds)
        state = worst(one.state for one in findings)
        frame.ledger.add(run, slot.target, 1, findings, visit=visit, evidence=[], now=end, outcome=state)
        if state is State.CRIT:
            self._alarm(end)

    def _restored(self, place: _Place, at: datetime, failed: str) -> RestoreVisit:
        backup, newest = place.placed.backup, place.copies[0]
        took = round(newest.size / 2.2e6 * self._chance.uniform(0.8, 1.3), 3)
        facts: dict[str, Any] = {"copy_name": newest.name, "copy_at": newest.at, "opened": True, "gone": True}
        if failed:
            facts |= {"failed": failed}
        else:
            rows = {name: int(count * newest.size / 1e6) for name, count in _TABLES[backup.kind.engine].items()}
            facts |= {"restored_seconds": took, "engine": _ENGINES[backup.kind.engine], "tables": rows}
            facts["sha256"] = _sha256(f"{place.placed.target} {newest.name}")
            terms = backup.restore
            assert terms
            if backup.kind.engine in ("postgresql", "mariadb"):
                facts["definitions"] = {name: _sha256(name) for name in rows}
            if terms.source:
                facts["source"] = {name: count + self._chance.randint(0, 9) for name, count in rows.items()}
                facts["source_definitions"] = facts["definitions"]
            if terms.newest:
                facts["newest"] = newest.at - timedelta(minutes=self._chance.uniform(5, 400))
            facts["assertions"] = {one.title: True for one in terms.assertions}
            facts["sampled"] = terms.sample if backup.kind.engine == "folder" else 0
        return RestoreVisit(target=place.placed.target, attempt=1, started_at=at, seconds=took + 9.4, **facts)


_ENGINES = {"postgresql": "PostgreSQL 15.18", "mariadb": "MariaDB 10.11.14", "redis": "Redis 7.0.15", "folder": ""}
_TABLES = {
    "postgresql": {"document": 61.0, "attachment": 88.0, "person": 4.0, "borrowing": 12.0},
    "mariadb": {"document": 55.0, "attachment": 71.0, "person": 5.0, "todo": 33.0},
    "redis": {"0": 520.0},
    "folder": {"2024": 2.1, "2025": 1.4},
}
"""Rows, files or keys per million bytes of a copy."""


def _some_days_on(up: Sequence[date], day: date) -> date:
    """The fourth day of the month on which anything runs, or its last."""
    month = [one for one in up if (one.year, one.month) == (day.year, day.month)]
    return month[min(3, len(month) - 1)]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
