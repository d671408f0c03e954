"""A September in a ledger, written as the program writes it, with an office in front of it: what reports are made of.

Two systems, two hosts, one backup. Every number that a report of it may print can be counted by hand from this file.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from checks.availability import Sight
from checks.downtime import DOWNTIME, Move, windows
from checks.entries import Who, downtime
from checks.finding import Finding, Reason, State
from checks.incidents import INCIDENT, Step
from checks.probe import ProbeHour, Reading
from checks.records import CONTRACT, Event
from checks.report_period import Every, named
from checks.retest import VERDICT
from checks.security_finding import SECURITY_FINDING
from checks.slots import Slot, backup_slots, drill_slots, host_slots, page_slots, probe_slot, retest_slot
from checks.visit import HostVisit, RestoreVisit
from flows import incident_desk, standing
from flows.office import Office
from flows.queries import Asking
from flows.queries.facts import Facts
from tasks.ledger import Ledger
from tasks.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")
BY = Who("值班员", "按流程登记", "cli:duty")
OK, WARN, CRIT, UNKNOWN = State.OK, State.WARN, State.CRIT, State.UNKNOWN


def at(day: int, hour: float = 12) -> datetime:
    """A moment of September 2026 in China."""
    return datetime(2026, 9, 1, tzinfo=CHINA) + timedelta(days=day - 1, hours=hour)


NOW = at(32)
"""Noon of the second of October."""

_JOURNEY = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
_FILES: dict[str, Any] = {
    "contract.yaml": {
        "name": "运维合同",
        "client": {"name": "示例单位"},
        "contractor": {"name": "示例公司"},
        "term": {"start": "2026-01-01", "end": "2026-12-31"},
        "baseline": False,
    },
    **{
        f"systems/{number}-{one}.yaml": {"id": one, "name": name, "url": "https://127.0.0.1:1", "journeys": [_JOURNEY]}
        for number, one, name in ((1, "oa", "综合办公系统"), (2, "mobile", "移动办公系统"))
    },
    "hosts/oa.yaml": {
        "system": "oa",
        "hosts": [{"name": f"oa-{one}-01", "role": one} for one in ("db", "app")],
    },
    "backups/oa.yaml": {
        "system": "oa",
        "backups": [
            {
                "id": "db",
                "title": "业务库",
                "kind": "pg-custom",
                "at": {"folder": "/b"},
                "restore": {"newest": "SELECT 1"},
            }
        ],
    },
}


def furnish(folder: Path, *without: str) -> Settings:
    """A contract folder, and a machine for it. `without`: files that are left out."""
    for name, said in _FILES.items():
        if name in without:
            continue
        file = folder / "contract" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(said), encoding="utf-8")
    return Settings(home=folder / "var", contract=folder / "contract")


class Book:
    """An office whose ledger begins at a moment."""

    def __init__(self, folder: Path, began: datetime, *without: str) -> None:
        self.settings = furnish(folder, *without)
        self.office = self.opened(began)
        self.ledger: Ledger = self.office.ledger
        self.contract = self.office.contract

    def opened(self, now: datetime) -> Office:
        with patch("flows.office.now", lambda: now):
            return Office(self.settings)

    def facts(self, kind: str, every: Every, name: str, as_of: datetime = NOW) -> Facts:
        return Facts(self.office, kind, named(every, name, as_of.date()), as_of)

    def ask(
        self, kind: str = "monthly", every: Every = Every.MONTH, name: str = "2026-09", as_of: datetime = NOW
    ) -> Asking:
        return Asking(self.facts(kind, every, name, as_of))

    # what the program does

    def begin(self, slot: Slot, when: datetime) -> str:
        self.ledger.expect([slot], when)
        return self.ledger.begin(
            slot, flow_run_id="", trigger="schedule", who="计划任务", why="按计划执行", parameters={},
            code_version="1", contract_hash="c", calendar_version="1", now=when,
        )  # fmt: skip

    def looked(self, slot: Slot, when: datetime, *findings: Finding, target: str = "", visit: Any = None) -> str:
        """One run; `findings` as attempts of one item each, where there are several of one. Returns its id."""
        run, attempts = self.begin(slot, when), dict[str, int]()
        for number, finding in enumerate(findings or [fine()]):
            attempts[finding.check] = attempt = attempts.get(finding.check, 0) + 1
            mine = visit if not number else None
            self.ledger.add(run, target or slot.target, attempt, [finding], visit=mine, evidence=(), now=when)
        self.ledger.end(run, OK, when + timedelta(seconds=9))
        return run

    def page(self, system: str, day: int, *findings: Finding, when: datetime | None = None) -> None:
        slot = next(one for one in page_slots(self.contract, at(day).date()) if one.target == system)
        self.looked(slot, when or at(day), *(findings or [fine(), fine("PG05")]), target=f"{system}/todo")

    def host(self, host: str, day: int, facts: dict[str, Any], *findings: Finding) -> None:
        slot = next(one for one in host_slots(self.contract, at(day).date()) if one.target == host)
        visit = HostVisit(target=host, attempt=1, started_at=at(day).astimezone(UTC), seconds=1, facts=facts)
        self.looked(slot, at(day), *findings, visit=visit)

    def backup(self, day: int, *findings: Finding) -> None:
        [slot] = backup_slots(self.contract, at(day).date())
        self.looked(slot, at(day, 8), *findings)

    def drill(self, day: int, took: float, *findings: Finding) -> None:
        [slot] = drill_slots(self.contract, at(day).date())
        visit = RestoreVisit(
            target=slot.target, attempt=1, started_at=at(day).astimezone(UTC), seconds=took, restored_seconds=took,
            copy_at=at(day, 2), newest=at(day, 1.5),
        )  # fmt: skip
        self.looked(slot, at(day), *findings, visit=visit)

    def probed(self, system: str, day: int, down: range = range(0)) -> None:
        """All of a day, every five minutes. `down`: numbers of readings."""
        slot = probe_slot(self.contract, at(day).date())
        assert slot
        run = self.begin(slot, at(day, 0))
        readings = [
            Reading(at(day, number / 12).astimezone(UTC), Sight.DOWN if number in down else Sight.UP, 40, "")
            for number in range(288)
        ]
        hour = ProbeHour.of(system, 300, readings)
        self.ledger.add(run, system, 1, [], visit=hour, evidence=(), now=at(day, 24))  # type: ignore[arg-type]
        self.ledger.end(run, OK, at(day, 24))

    # what people enter

    def incident(self, called: datetime, *steps: tuple[Step, datetime], system: str = "oa", down: bool = False) -> str:
        incident_desk.call(self.ledger, self.contract, system, called, BY, called, down=down)
        number = self.ledger.events(INCIDENT)[-1].subject
        for step, when in steps:
            incident_desk.step(self.ledger, number, step, when, BY, when)
        return number

    def planned(self, system: str, start: datetime, end: datetime) -> None:
        asked = start - timedelta(days=3)
        incident_desk.enter(self.ledger, downtime(self.contract, [system], start, end, BY, asked), asked)
        number = windows(self.ledger.events(DOWNTIME))[-1].id
        incident_desk.decide(self.ledger, DOWNTIME, number, Move.APPROVED, "同意停机〔2026〕1 号", BY, asked)

    def found(self, number: int, severity: str, due: str, when: datetime) -> None:
        body = {
            "title": f"弱点 {number}", "severity": severity, "asset": "oa-app-01:22", "days": 30, "due": due,
            "probe": "port-closed", "key": str(number), "vantage": "", "step": "imported",
        }  # fmt: skip
        self.say(SECURITY_FINDING, f"F-2026-{number:03}", when, **body)

    def tested(self, number: int, when: datetime, probe: State, verdict: State | None = None) -> None:
        """A look at a finding; `verdict`: of the retest, None where it was before the repair (取证)."""
        subject, said = f"F-2026-{number:03}", [wrong("port-closed", probe)]
        if verdict:
            said.append(Finding(check=VERDICT, state=verdict, summary="整改前（严重），现在（正常）"))
        run = self.looked(retest_slot(self.contract, subject, when.date()), when, *said)
        body = {
            "run": run,
            "before": "",
            "tester": "王五",
            "probe": "port-closed",
            "version": 1,
            "identity": "ssh-ed25519 SHA256:aaaa",
        }
        self.say(SECURITY_FINDING, subject, when, step="tested", verdict=(verdict or probe).value, **body)

    def say(self, kind: str, subject: str, when: datetime, **body: Any) -> None:
        event = Event(kind=kind, subject=subject, at=when, who=BY.name, why=BY.why, via=BY.via, body=body)
        self.ledger.enter(event, when)

    def changed(self, when: datetime) -> None:
        """The contract folder with another file in it."""
        before = self.ledger.events(CONTRACT)[-1].body
        self.say(CONTRACT, "c2", when, files={**before["files"], "ssh_config": "Host *"}, contract=before["contract"])

    def excused(self, slots: Sequence[Slot], when: datetime) -> None:
        standing.excuse(self.ledger, [one.id for one in slots], "甲方负责人", "机房检修", "检修通知〔2026〕9 号", when)


def fine(check: str = "PG01") -> Finding:
    return Finding(check=check, state=OK, summary="如常")


def wrong(check: str, state: State, what: str = "实际与期望不符") -> Finding:
    return Finding(check=check, state=state, summary=what, reason=Reason.TIMEOUT if state is UNKNOWN else None)


def resources(busy: float, free: int, used: int) -> dict[str, Any]:
    """What a host says: CPU in per cent, free memory and used disk of a hundred KiB each."""
    disk = {"mount": "/data", "size": 100, "used": used, "available": 100 - used}
    return {
        "OS04": {"busy": busy, "waiting": 0, "tasks": busy, "load": 0},
        "OS06": {"total": 100, "available": free},
        "OS08": {"filesystems": [disk, {"mount": "/", "size": 100, "used": 20, "available": 80}]},
    }


def september(folder: Path) -> Book:
    """Half of it goes well.

    Pages: daily but on the 7th (mobile), late on the 10th (mobile), not seen on the 15th (mobile), excused on the 20th
    (both). Hosts: four weeks begin in it (7, 14, 21, 28); oa-app-01 is left out once. The backup: daily but on the
    11th, wrong on the 12th and 13th. Probes: oa from the 1st to the 10th, an hour down on the 2nd.
    """
    book = Book(folder, at(1, 0))
    for day in range(1, 31):
        if day != 11:
            book.backup(
                day, *({12: [wrong("BK03", WARN), wrong("BK01", CRIT)], 13: [wrong("BK03", WARN)]}.get(day, []))
            )
        if day == 20:
            book.excused([*page_slots(book.contract, date(2026, 9, 20))], at(20, 9))
            continue
        book.page("oa", day, *({3: [wrong("PG05", WARN)], 4: [wrong("PG05", CRIT)], 5: [wrong("PG05", WARN)],
                                8: [wrong("PG01", CRIT), fine()]}.get(day, [])))  # fmt: skip
        if day == 10:
            book.page("mobile", day, when=at(12))
        elif day != 7:
            book.page("mobile", day, *({15: [wrong("PG01", UNKNOWN)], 30: [wrong("PG01", CRIT)]}.get(day, [])))
    for number, day in enumerate((7, 14, 21, 28)):
        book.host("oa-db-01", day, resources(10 * (number + 1), 50, 40 + 2 * number), fine("OS04"))
        if day != 21:
            book.host("oa-app-01", day, resources(5, 60, 95), wrong("OS08", CRIT))
    book.drill(18, 95, fine("RS01"))
    for day in range(1, 11):
        book.probed("oa", day, range(100, 112) if day == 2 else range(0))
    book.incident(at(10, 9), (Step.RESPONDED, at(10, 9.75)), (Step.RESTORED, at(10, 12)), (Step.CLEARED, at(10, 13)))
    book.incident(at(29, 9), (Step.RESPONDED, at(29, 9.25)), system="mobile")
    book.planned("oa", at(6, 0), at(6, 6))
    book.found(1, "高危", "2026-09-20", at(5))
    book.found(2, "中危", "2026-10-20", at(6))
    book.tested(1, at(8), CRIT)
    book.say(SECURITY_FINDING, "F-2026-001", at(9), step="fixed", fixer="李四")
    book.tested(1, at(11), OK, OK)
    book.found(3, "高危", "2026-09-25", at(12))
    book.changed(at(16))
    book.office = book.opened(NOW)  # as the program is started on that day
    return book
