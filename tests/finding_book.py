"""The register of findings without a database: a contract with assets, events numbered as the ledger does it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from document_book import contract as bare

from checks.records import EventRecord
from checks.security_finding import SECURITY_FINDING, SecurityFinding, Step, register

CHINA = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)  # Monday, 09:00 in Shanghai
ONE = "F-2026-001"
KEY, OTHER_KEY = "ssh-ed25519 SHA256:aaaa", "ssh-ed25519 SHA256:bbbb"
HOSTS = [{"system": "oa", "hosts": [{"name": "oa-app-01", "role": "app"}, {"name": "oa-cache-01", "role": "cache"}]}]
ASSETS = [{"names": ["oa.example"], "ports": [443], "system": "oa"}]


def contract(**more: Any) -> Any:
    return bare(**{"hosts": HOSTS, "assets": ASSETS, "bastions": {"bastion": {}}, **more})


CONTRACT = contract()


class Told:
    """What was entered of findings."""

    def __init__(self, now: datetime = T0) -> None:
        self.now = now
        self.events: list[EventRecord] = []

    def enter(
        self, step: Step, body: Mapping[str, Any], subject: str = ONE, corrects: int | None = None, who: str = "张三"
    ) -> int:
        number = len(self.events) + 1
        self.events.append(
            EventRecord(
                kind=SECURITY_FINDING, subject=subject, at=self.now, who=who, why="按流程登记", via="cli:duty",
                body={"step": step.value, **body}, corrects=corrects, id=number, entered_at=self.now,
            )
        )  # fmt: skip
        return number

    def found(self, subject: str = ONE, corrects: int | None = None, **more: Any) -> int:
        body = {
            "title": "TLS 1.0 未禁用", "severity": "中危", "asset": "oa-app-01:22", "days": 30, "due": "2026-12-23",
            "probe": "port-closed", "key": subject, "vantage": "bastion", **more,
        }  # fmt: skip
        return self.enter(Step.IMPORTED, body, subject, corrects)

    def fixed(self, fixer: str = "李四", corrects: int | None = None) -> int:
        return self.enter(Step.FIXED, {"fixer": fixer}, corrects=corrects)

    def tested(self, verdict: str, tester: str = "王五", identity: str = KEY, probe: str = "port-closed") -> int:
        run = f"run-{len(self.events)}"
        body = {"verdict": verdict, "run": run, "before": "", "tester": tester, "probe": probe, "version": 1}
        return self.enter(Step.TESTED, {**body, "identity": identity})

    def accepted(self, until: str, corrects: int | None = None) -> int:
        return self.enter(Step.ACCEPTED, {"until": until, "document": "批示"}, corrects=corrects, who="赵六")

    def later(self, days: int) -> "Told":
        self.now += timedelta(days=days)
        return self

    def one(self, today: date | None = None) -> SecurityFinding:
        [found] = [
            one for one in register(self.events, today or self.now.astimezone(CHINA).date(), CHINA) if one.id == ONE
        ]
        return found
