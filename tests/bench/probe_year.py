"""A calendar year of ten systems, probed every minute and written into a fresh ledger, with what came of it.

Planned downtime that sometimes overruns, an incident for every outage with its steps and messages, calls of people who
saw a system down. The last run is still going on: its readings are not packed yet.
"""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sky import EVERY, Seen, Sky, begun, record

from checks.availability import Sight
from checks.contract import Contract
from checks.downtime import DOWNTIME, Move
from checks.escalation import Deadlines
from checks.incident_news import WATCH
from checks.incidents import INCIDENT, PROBE_CHECK, Step, Symptom, as_body
from checks.notices import DELIVERY, NOTICE
from checks.probe import Reading
from checks.records import Event
from checks.slots import probe_slot
from flows import standing
from flows.watch import report_due
from tasks import contract_folder
from tasks.ledger import Ledger, probes
from tasks.settings import Settings

YEAR = 2025
SYSTEMS = 10
PEOPLE = ("驻场工程师", "项目经理", "公司值班")
_MINUTE = timedelta(minutes=1)


def generate(folder: Path, watch: Callable[[Sequence[date]], Iterable[date]] = iter, *, probed: bool = True) -> int:
    """Write the year into an empty folder; returns how many probes there are.

    Args:
        watch: sees the days go by.
        probed: False: all but the probes, to see what they add.
    """
    settings = Settings(home=folder, contract=folder / "contract")
    _furnish(settings.contract)
    contract = contract_folder.load(settings.contract)
    ledger = Ledger(settings.ledger)
    # A year that is half written is written anew: no row has to wait for the disk.
    sa.event.listen(ledger._engine, "connect", lambda new, _: new.execute("PRAGMA synchronous=OFF"))
    ledger._engine.dispose()
    first = datetime.combine(contract.term.start, time(), contract.tz).astimezone(UTC)
    standing.record_contract(ledger, settings.contract, contract, first)
    chance = random.Random(2025)
    people = _People(ledger, contract, chance)
    sky = Sky(chance, [one.id for one in contract.systems], people.plan())
    days = [contract.term.start + timedelta(days=n) for n in range((contract.term.end - contract.term.start).days + 1)]
    count = 0
    for day in watch(days):
        slot = probe_slot(contract, day)
        assert slot
        ledger.expect([slot] if probed else [], slot.opens_at)
        for number in range(24):
            begins = slot.opens_at + timedelta(hours=number)
            runs, over = sky.hour(begins), begins + timedelta(hours=1)
            for which, seen in enumerate(runs, 1):
                people.hear(seen)
                count += sum(map(len, seen.values()))
                if probed:
                    run = begun(ledger, slot, begins)
                    if over < slot.closes_at or day < days[-1]:
                        record(ledger, run, seen, over, killed=which < len(runs))
                    else:
                        _leave(ledger, run, seen)
            if number == 10:
                people.results(day)
    return count


def _leave(ledger: Ledger, run: str, seen: Seen) -> None:
    """A run that goes on."""
    with ledger._writing() as connection:
        for system, readings in seen.items():
            for reading in readings[:-5]:
                probes.add(connection, run, system, EVERY, reading)


def _furnish(folder: Path) -> None:
    """JSON is YAML."""
    term = {"start": f"{YEAR}-01-01", "end": f"{YEAR}-12-31"}
    people = {"client": {"name": "示例单位"}, "contractor": {"name": "示例公司"}}
    channels = [{"id": "hook", "title": "回调", "kind": "webhook", "url": "http://127.0.0.1:9/hook", "grade": 2}]
    escalation = [{"who": who, "channels": ["hook"]} for who in PEOPLE]
    head = {"name": "一年的探测", **people, "term": term, "channels": channels, "escalation": escalation}
    (folder / "systems").mkdir(parents=True)
    (folder / "contract.yaml").write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
    for number in range(1, SYSTEMS + 1):
        journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
        name = f"s{number:02}"
        system = {"id": name, "name": f"业务系统{number}", "url": f"https://127.0.0.1:{9000 + number}"}
        system_file = folder / "systems" / f"{name}.yaml"
        system_file.write_text(json.dumps({**system, "journeys": [journey]}, ensure_ascii=False), encoding="utf-8")


class _People:
    """What is entered beside the probes, by the program and by people."""

    def __init__(self, ledger: Ledger, contract: Contract, chance: random.Random) -> None:
        self._ledger, self._contract, self._chance = ledger, contract, chance
        self._bad: dict[str, list[Reading]] = {}
        self._work: dict[str, list[tuple[datetime, datetime]]] = {}

    def plan(self) -> dict[str, list[tuple[datetime, datetime]]]:
        """Two hours' work on every system every month, approved the day before; when it is down. One in six is late."""
        for month in range(1, 13):
            for number, system in enumerate(self._contract.systems):
                start = datetime.combine(date(YEAR, month, 2 + number), time(22), self._contract.tz).astimezone(UTC)
                end, before = start + timedelta(hours=2), start - timedelta(days=1)
                body = {"move": Move.REQUESTED.value, "systems": [system.id]}
                body |= {"start": start.isoformat(), "end": end.isoformat()}
                window = self._enter(DOWNTIME, f"T-{YEAR}-", before, body, numbered=True)
                approved = {"move": Move.APPROVED.value, "document": f"停机申请单〔{YEAR}〕{month:02}{number:02} 号"}
                self._enter(DOWNTIME, window, before + timedelta(hours=1), approved)
                late = self._chance.randrange(6) == 0
                down = (start + 5 * _MINUTE, end + (25 if late else -10) * _MINUTE)
                self._work.setdefault(system.id, []).append(down)
        return self._work

    def hear(self, seen: Seen) -> None:
        """Every outage that nobody planned becomes an incident as it ends."""
        for system, readings in seen.items():
            bad = self._bad.setdefault(system, [])
            for one in readings:
                if one.sight is Sight.DOWN:
                    bad.append(one)
                elif one.sight is Sight.UP and bad:
                    planned = any(start <= bad[0].at < end for start, end in self._work[system])
                    if len(bad) > 1 and not planned:
                        self._incident(system, bad, one.at)
                    bad.clear()

    def _incident(self, system: str, bad: Sequence[Reading], up_at: datetime) -> None:
        """Its events in the order of their times, and a message about most of them."""
        first, found = bad[0], bad[1]
        symptom = as_body(Symptom(system, PROBE_CHECK, first.fault, first.at, found.at, found.at))
        body = {
            "step": Step.DISCOVERED.value, "key": system, "system": system, "found_by": "probe",
            "started_at": first.at.isoformat(), "symptoms": [symptom],
        }  # fmt: skip
        name = self._enter(INCIDENT, f"G-{YEAR}-", found.at, body, numbered=True)
        self._message(name, "open", found.at)
        called = self._chance.random() < 0.3
        cleared_on = (up_at + 30 * _MINUTE).astimezone(self._contract.tz).date()
        due = report_due(cleared_on, self._contract)
        limits = {name: getattr(Deadlines(), name) for name in ("report", "response", "dispatch", "repair")}
        steps: list[tuple[Step, datetime, dict[str, Any]]] = [
            (Step.LIMITS, found.at, {"limits": limits}),
            *([(Step.RECEIVED, found.at + _MINUTE, {"down": True})] if called else []),
            (Step.RESPONDED, found.at + 2 * _MINUTE, {}),
            (Step.RESTORED, up_at, {}),
            (Step.CLEARED, up_at + 30 * _MINUTE, {"since": up_at.isoformat()}),
            (Step.REPORT_DUE, up_at + 31 * _MINUTE, {"due": due, "calendar": "chinesecalendar 1.11.0"}),
        ]
        for step, at, more in steps:
            self._enter(INCIDENT, name, at, {"step": step.value, **more})
            if step in (Step.RESTORED, Step.CLEARED):
                self._message(name, f"{step.value}-0", at)
        if (up_at - found.at) > 15 * _MINUTE:
            self._message(name, "response-0.5", found.at + 16 * _MINUTE, to=1)

    def results(self, day: date) -> None:
        """What came of the day's inspections, and that it was told."""
        at = datetime.combine(day, time(10), self._contract.tz).astimezone(UTC)
        lines = [[1, f"【巡检结果】{day:%m-%d}：全部正常"]]
        lines += [
            [1, f"　{system.name} 页面 10 个：正常 10、告警 0、严重 0、未取得 0"] for system in self._contract.systems
        ]
        self._enter(NOTICE, f"daily/{day}", at, {"complete": True, "lines": lines})
        self._message("daily", f"{day}", at)

    def _message(self, subject: str, what: str, at: datetime, to: int = 0) -> None:
        text = f"【{subject}】业务系统：{what}\n通知：驻场工程师　台账链头：123456:9f86d081884c7d65…"
        body = {
            "message": f"{subject}-{what}-{to}", "notices": [f"{subject}/{what}"], "channel": "hook", "ok": True,
            "answer": "204", "seconds": 0.031, "text": text,
        }  # fmt: skip
        self._enter(DELIVERY, f"{subject}-{what}-{to}", at + timedelta(seconds=9), body, who=PEOPLE[to])

    def _enter(
        self,
        kind: str,
        subject: str,
        at: datetime,
        body: dict[str, Any],
        who: str = PEOPLE[0],
        *,
        numbered: bool = False,
    ) -> str:
        event = Event(kind=kind, subject=subject, at=at, who=who, why="按计划", via=WATCH, body=body)
        number = self._ledger.enter(event, at, numbered=numbered)
        if not numbered:
            return subject
        with self._ledger._engine.connect() as connection:
            return str(connection.execute(sa.text(f"SELECT subject FROM event WHERE id = {number}")).scalar())
