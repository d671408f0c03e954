"""A contract of one host with a real sshd, and a port of it that is open while a real server listens; what is retested
on it stands in a real ledger."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ssh_servers import Place, Server

from checks.entries import Who
from checks.finding import Finding, State
from checks.records import RunRecord
from checks.retest import VERDICT
from checks.security_finding import SecurityFinding
from checks.slots import RETEST, retest_slot
from flows.caller import Caller
from flows.finding_book import FindingBook
from flows.finding_desk import FindingDesk
from flows.office import Office
from flows.retest import Retest, enter_claim
from flows.retest_plan import Claim, chosen
from flows.run import carried_out
from tasks.settings import Settings

SYSTEM = {
    "id": "oa", "name": "OA", "url": "https://127.0.0.1:1",
    "journeys": [{"id": "todo", "title": "待办", "steps": [{"expect": {"text": "待办"}}]}],
}  # fmt: skip
FIXER, TESTER = "整改员甲", "复测员乙"


@dataclass
class Desk:
    """An office, a host and findings of it."""

    place: Place
    contract: Path
    settings: Settings
    server: Server
    port: int = 0
    listening: list[socket.socket] = field(default_factory=list)

    def broken(self) -> None:
        """The weakness is there: the port is open."""
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        self.port = listener.getsockname()[1]
        self.listening.append(listener)

    def mended(self) -> None:
        for one in self.listening:
            one.close()
        self.listening.clear()

    def office(self) -> Office:
        return Office(self.settings)

    def enter(self, **cells: str) -> str:
        """A finding on record; returns its number."""
        office = self.office()
        given = {"title": "缓存端口对办公网开放", "severity": "高危", "asset": f"app-01:{self.port}",
                 "probe": "port-closed", "vantage": "here", **cells}  # fmt: skip
        FindingDesk(office.ledger, office.contract, datetime.now(UTC)).enter(given, by("登记员丙"))
        return self.findings()[-1].id

    def findings(self, at: datetime | None = None) -> list[SecurityFinding]:
        office = self.office()
        return FindingBook(office.ledger, office.contract.tz).findings(at or datetime.now(UTC))

    def claim(self, number: str, fixer: str = FIXER) -> None:
        office, at = self.office(), datetime.now(UTC)
        FindingDesk(office.ledger, office.contract, at).fixed(number, fixer, at, by(fixer))

    def retest(self, number: str, tester: str = TESTER, fixer: str = "") -> Finding:
        """Test it now; returns the verdict on record."""
        office = self.office()
        claim = Claim(tester, fixer)
        [one] = chosen(office.ledger, office.contract, [number], claim, "测试", datetime.now(UTC))
        slot = retest_slot(office.contract, one.finding.id, office.today())
        office.expect([slot])
        asked_by = Caller("", "cli", tester, "测试")
        enter_claim(office, [one], claim, asked_by)
        with office.network() as network:
            carried_out(office, slot, asked_by, {}, lambda run: Retest(run, network, one, asked_by).go())
        return next(each.finding for each in self.runs(number)[-1].findings if each.finding.check == VERDICT)

    def runs(self, target: str = "") -> list[RunRecord]:
        return self.office().ledger.runs(RETEST, date.min, date.max, target)

    def verify_days_ago(self, number: str, days: int) -> None:
        """Mended and found so some days ago: the register is told of the test in the ledger as of that day."""
        office, at = self.office(), datetime.now(UTC) - timedelta(days=days)
        desk = FindingDesk(office.ledger, office.contract, datetime.now(UTC))
        desk.fixed(number, FIXER, at, by(FIXER))
        [*_, seen] = self.runs(number)
        identity = seen.probe_visits[-1].identity
        desk.tested(number, State.OK, by(TESTER), run=seen.id, tester=TESTER, at=at, probe="port-closed", version=1,
                    identity=identity)  # fmt: skip


def by(name: str) -> Who:
    return Who(name, "测试", "cli:test")


@contextmanager
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helpers: Any) -> Iterator[Desk]:
    """A desk with its host, until the test is over; flows read its settings from the environment."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    place = Place(tmp_path, key)
    desk = _desk(tmp_path, place, helpers)
    for name in ("home", "contract", "secrets", "known_hosts"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(desk.settings, name)))
    try:
        yield desk
    finally:
        desk.mended()
        for server in place.servers:
            if server.process.poll() is None:
                server.end_connections(itself=True)


def _desk(tmp_path: Path, place: Place, helpers: Any) -> Desk:
    server = place.sshd("app-01")
    contract: Path = helpers.write_contract(tmp_path / "contract", SYSTEM)
    (contract / "hosts").mkdir()
    group = {"system": "oa", "access": {"key": "inspector.key"}, "hosts": [{"name": "app-01", "role": "应用"}]}
    (contract / "hosts" / "oa.yaml").write_text(yaml.safe_dump(group, allow_unicode=True), encoding="utf-8")
    (contract / "ssh_config").write_text(place.config.read_text(encoding="utf-8"), encoding="utf-8")
    helpers.write_secret(tmp_path / "secrets", "inspector.key", place.key.read_text())
    settings = Settings(
        home=tmp_path / "home", contract=contract, secrets=tmp_path / "secrets", known_hosts=place.known_hosts
    )
    desk = Desk(place, contract, settings, server)
    desk.broken()
    return desk
