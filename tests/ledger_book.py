"""A ledger with some days in it, as tests of the audit and of the backup need it."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from checks.finding import Finding, State
from checks.records import Event, EvidenceRecord
from checks.slots import PAGE_INSPECTION, Slot
from checks.visit import Document, Visit
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.package import Period, export
from tasks.ledger.verify import Verdict, verify

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
DAYS = 6


@dataclass
class Book:
    """A ledger with some days in it, and its evidence folder."""

    url: str
    evidence: Path

    def verdict(self, head: str = "") -> Verdict:
        with stored(self.url, self.evidence) as book:
            return verify(book, head)

    def package(self, out: Path, period: Period | None = None) -> Path:
        with stored(self.url, self.evidence) as book:
            return export(book, out, NOON, period=period).path


def fill(ledger: Ledger, evidence: Path, days: int = DAYS, visits: int = 3) -> None:
    """Runs of some days, each with pictures; an event a day; the last run is still under way."""
    for number in range(days):
        at = NOON + timedelta(days=number)
        slot = Slot(f"{PAGE_INSPECTION}/oa/{at.date()}", PAGE_INSPECTION, "oa", at.date(), at, at + timedelta(days=1))
        ledger.expect([slot], at)
        run = ledger.begin(
            slot, flow_run_id="f", trigger="schedule", who="计划任务", why="按计划执行", parameters={"系统": ["oa"]},
            code_version="1", contract_hash="c", calendar_version="chinesecalendar 1", now=at,
        )  # fmt: skip
        for visit in range(visits):
            target = f"oa/p{visit}"
            content = f"{number} {visit}".encode() * 50
            sha256 = hashlib.sha256(content).hexdigest()
            path = f"{sha256[:2]}/{sha256}.jpg"
            (evidence / path).parent.mkdir(parents=True, exist_ok=True)
            (evidence / path).write_bytes(content)
            seen = Visit(
                target=target, attempt=1, started_at=at, seconds=0.1 + number / 3,
                documents=[Document(url="https://x/", title=f"待办 “{number}”\n\u2028\x01😀", load=1e-7)],
            )  # fmt: skip
            findings = [
                Finding(check=f"PG{item:02}", state=State.OK, summary=f"第 {number} 天 {item} 一切如常")
                for item in range(1, 5)
            ]
            file = EvidenceRecord(
                target=target, attempt=1, kind="screenshot", path=path, sha256=sha256, size=len(content), grade=2, at=at
            )
            ledger.add(run, target, 1, findings, visit=seen, evidence=[file], now=at)
        if number < days - 1:
            ledger.end(run, State.OK, at + timedelta(minutes=1))
        ledger.enter(
            Event(
                kind="excuse",
                subject=f"s{number}",
                at=at,
                who="值班员甲",
                why="停电",
                via="ui",
                body={"document": "通知"},
            ),
            at,
        )
