"""The year's host inspections: twelve hosts of forty items weekly, judged by the real items."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from year_frame import SCHEDULED, Act, Fate, Frame
from year_pages import AFTERWARDS, notice_late
from year_seen import SEEN, TAKEN_AT, moved

from checks.finding import Finding, Reason, State, worst
from checks.host_check import Look, Past, Planned, not_looked
from checks.slots import Slot, host_slots
from checks.visit import HostVisit

FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("OS04", {"busy": 92.4}),
    ("OS06", {"available": 520_000}),
    ("OS12", {"count": 7, "examples": ["java"]}),
    ("OS20", {"names": []}),
    ("MY2", {"used": 46}),
    ("PG2", {"age": 9_000}),
)
SPAN = timedelta(weeks=1)
DISK = 262_144  # KiB, of /data
FILLS, FULL = "oa-db-01", "archive-app-01"
"""Whose disk fills until somebody makes room, and whose has been too full for weeks."""

# What an application says now and then beside what real runs saw: key, level, text, how often a week, an example.
MESSAGES = (
    ("3f1c9a40d1", "error", "ERROR [DocumentService] timeout after <数> ms calling <*>", 4,
     "ERROR [DocumentService] timeout after 30000 ms calling gateway"),
    ("a71e0b52c3", "error", "ERROR [AttachmentStore] checksum mismatch: <*>", 1,
     "ERROR [AttachmentStore] checksum mismatch: oa-in-0412.pdf"),
    ("b3d55e17f8", "warning", "WARN [NoticeJob] queue length <数>", 18, "WARN [NoticeJob] queue length 214"),
    ("c90d21aa64", "error", "ERROR [FlowEngine] deadlock found when trying to get lock", 2,
     "ERROR [FlowEngine] deadlock found when trying to get lock"),
)  # fmt: skip


class Hosts:
    """Every host once a week, on the first day of it on which anything runs."""

    def __init__(self, frame: Frame, alarm: Act) -> None:
        self._frame, self._alarm = frame, alarm
        self._chance = frame.chance("hosts")
        self._before: dict[str, list[Past[Any]]] = {}  # by host and item
        self._due: dict[date, list[Slot]] = {}
        self._late: dict[date, list[Slot]] = {}
        self._planned = {placed.host.name: placed.planned for placed in frame.contract.all_hosts()}
        weeks = [day for day in frame.days if day.weekday() == 0 or day == frame.first]
        for day in weeks:
            ready = min(one for one in frame.up if one >= day)  # a duty that should have run by now is run
            self._due.setdefault(ready, []).extend(host_slots(frame.contract, day))
        early = [slot for day in weeks[:-1] for slot in host_slots(frame.contract, day)]
        frame.choose(self._chance, early, [Fate.ABANDONED, Fate.LATE, Fate.UNKNOWN] * frame.many)
        notice_late(frame, early, self._late)

    def day(self, day: date) -> None:
        """What is due on a day."""
        frame = self._frame
        for slot in self._late.get(day, []):
            frame.at(frame.there(day, 10.2), lambda at, slot=slot: self._do(slot, at, AFTERWARDS))
        for slot in self._due.get(day, []):
            fate = frame.fates.get(slot.id)
            if fate is not Fate.LATE:
                frame.at(frame.there(day, 7.5), lambda at, slot=slot, fate=fate: self._do(slot, at, SCHEDULED, fate))

    def _do(self, slot: Slot, at: datetime, by: tuple[str, str, str], fate: Fate | None = None) -> None:
        run, planned = self._frame.begin(slot, at, by), self._planned[slot.target]
        if fate is Fate.ABANDONED:
            return  # killed before there was an answer
        if fate is Fate.UNKNOWN:
            findings, visit, kept = not_looked(planned, Reason.UNREACHABLE, "22 端口没有应答"), None, []
        else:
            findings, visit = self._answer(slot.target, planned, at)
            answer = self._chance.randbytes(self._frame.evidence_bytes // 10).hex().encode()
            kept = [self._frame.keep(slot.target, 1, "raw-output", at, answer)]
        end = at + timedelta(seconds=4)
        outcome = worst(finding.state for finding in findings)
        self._frame.ledger.add(run, slot.target, 1, findings, visit=visit, evidence=kept, now=end, outcome=outcome)
        if outcome is State.CRIT or visit is None:
            self._alarm(end)

    def _answer(self, host: str, planned: Sequence[Planned], at: datetime) -> tuple[list[Finding], HostVisit]:
        """What the host says, item by item; one in fifty hosts refuses to tell one of them."""
        items = {one.check.id: one for one in planned}
        told = self._facts(host, items, at)
        refused = self._chance.choice(sorted(items)) if self._chance.random() < 0.02 else ""
        told.pop(refused, None)
        findings = []
        for item, one in items.items():
            if item == refused:
                what = "需要 root 权限：合同没有允许 sudo"
                findings.append(Finding(check=item, state=State.UNKNOWN, summary=what, reason=Reason.PERMISSION))
                continue
            facts, past = one.check.facts.model_validate(told[item]), self._before.setdefault(f"{host} {item}", [])
            state, summary, reason = one.check.evaluate(facts, Look(at, 0.02, past[-12:]), one.params)
            findings.append(Finding(check=item, state=state, summary=summary, reason=reason))
            past.append(Past(at, facts))
        return findings, HostVisit(
            target=host, attempt=1, started_at=at, seconds=1.47, script=SEEN["script"], facts=told
        )

    def _facts(self, host: str, items: dict[str, Planned], at: datetime) -> dict[str, Any]:
        told: dict[str, Any] = moved({item: SEEN["items"][item] for item in items}, at - TAKEN_AT)
        began = self._frame.there(self._frame.first)
        days, chance = (at - began) / timedelta(days=1), self._chance
        told["OS03"] = {"seconds": 35180.49 + (at - began).total_seconds()}
        told["OS04"]["busy"] = chance.uniform(1, 30)
        told["OS06"]["available"] = chance.randrange(3_000_000, 6_000_000)
        told["OS08"]["filesystems"][1] = self._data(host, days)
        told["OS16"]["public"] = sorted(items["OS16"].params.expected)
        told["OS22"]["expiring"][0]["password_ends"] = at.toordinal() - date(1970, 1, 1).toordinal() + 50
        told["OS26"] = self._logs(told["OS26"], at, days, certain=host == FILLS)
        if chance.random() < 0.06:
            item, fault = chance.choice(FAULTS)
            told[item] = {**told[item], **fault}
        return told

    def _data(self, host: str, days: float) -> dict[str, Any]:
        """/data: most grow slowly. One grows until room is made on it, again and again, one is too full from the
        second quarter to the third."""
        length = (self._frame.last - self._frame.first).days
        share = 0.17 + 0.25 * days / 365
        if host == FILLS:
            share = 0.5 + 0.28 * (days % 100) / 100
        elif host == FULL and 0.25 * length <= days <= 0.7 * length:
            share = 0.84
        used = int(DISK * share)
        return {"mount": "/data", "size": DISK, "used": used, "available": DISK - used}

    def _logs(self, seen: dict[str, Any], at: datetime, days: float, *, certain: bool) -> dict[str, Any]:
        """A week's reading: what is always there, what comes up for the first time, what becomes much more."""
        chance, until = self._chance, int(at.timestamp())
        first = days < 7
        found = [{**one, "count": chance.randint(1, 6), "new": False, "seen": until} for one in seen["templates"]]
        for number, (key, level, text, often, example) in enumerate(MESSAGES):
            dice = chance.random()
            if dice < 0.5 or (certain and number < 2):
                amount = often * 12 if dice < 0.04 or (certain and 14 <= days < 21) else chance.randint(1, 2 * often)
                new = not first and dice < 0.02
                found.append({
                    "key": key, "source": "/var/log/app/app.log", "level": level, "text": text, "count": amount,
                    "new": new, "seen": until, "first": f"{at:%Y-%m-%d %H:%M:%S},118 {example}", "last": "",
                })  # fmt: skip
        since = 0 if first else until - int(SPAN.total_seconds())
        return {**seen, "since": since, "until": until, "templates": found}
