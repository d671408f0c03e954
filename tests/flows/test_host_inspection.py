"""The weekly host inspection from start to end: the flow, a real Prefect server, twelve real sshds behind a bastion."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State as FlowState

from checks.finding import Finding, Reason, State
from checks.host_script import assembled, forced_command
from checks.records import RunRecord
from checks.slots import HOST_INSPECTION, RequestError, host_slots
from checks.visit import HostVisit
from flows.caller import Caller
from flows.forms import CHINA
from flows.host_inspection import HostInspection, host_inspection
from flows.host_visits import HostRounds
from flows.office import Office
from flows.run import carried_out
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.roster import BASTION, HOSTS
from tasks.ledger import Ledger
from tasks.settings import Settings

NAMES = {host.name for host in HOSTS}


@pytest.fixture
def settings(host_settings: Settings, prefect: None, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine of the test's own: flows read its settings from the environment."""
    for name in ("home", "contract", "secrets", "known_hosts"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(host_settings, name)))
    return host_settings


def run(**form: Any) -> FlowState:
    return asyncio.run(host_inspection(HostInspection(**form), return_state=True))  # type: ignore[arg-type]


def recorded(settings: Settings) -> dict[str, RunRecord]:
    """The last run of each host."""
    today = datetime.now(CHINA).date()
    runs = Ledger(settings.ledger).runs(HOST_INSPECTION, today - timedelta(days=7), today)
    return {run.slot.split("/")[1]: run for run in runs}


def inspect(settings: Settings, *hosts: str) -> dict[str, list[Finding]]:
    """Without Prefect: what a task of the flow does, one thread per host."""
    office = Office(settings)
    slots = [slot for slot in host_slots(office.contract, office.today()) if slot.target in hosts]
    office.expect(slots)
    found: dict[str, list[Finding]] = {}

    def one(slot: Any, network: Any) -> None:
        by = Caller("", "cli", "测试", "测试")
        outcome = carried_out(office, slot, by, {}, lambda run: HostRounds([run], network).go()[0])
        found[slot.target] = [finding for _, finding in outcome.findings]

    with office.network() as network:
        threads = [threading.Thread(target=one, args=(slot, network)) for slot in slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def bad(findings: list[Finding]) -> list[tuple[str, State, Reason | None, str]]:
    return [(one.check, one.state, one.reason, one.summary) for one in findings if one.state is not State.OK]


def artifacts(state: FlowState) -> dict[str, str]:
    async def read() -> dict[str, str]:
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        async with get_client() as client:
            return {one.key or "": str(one.data) for one in await client.read_artifacts(artifact_filter=mine)}

    return asyncio.run(read())


def test_a_week_when_all_is_well(settings: Settings, hosts: HostEstate) -> None:
    # Given
    before = hosts.counts()
    # When
    state = run(who="值班员", why="交接前复查")
    # Then: all is on record, and fine
    assert (state.type.name, state.name) == ("COMPLETED", "全部正常"), state.message
    runs = recorded(settings)
    assert set(runs) == NAMES
    for record in runs.values():
        assert (record.who, record.why, record.outcome) == ("值班员", "交接前复查", "OK")
        assert record.ended_at
        [visit] = record.host_visits
        assert set(visit.facts) == {one.finding.check for one in record.findings}
        [raw] = record.evidence
        assert (raw.kind, raw.grade) == ("raw-output", 2)
        path = settings.evidence_dir / raw.path
        assert (path.stat().st_mode & 0o077, "== OS01 退出码 0" in path.read_text(encoding="utf-8")) == (0, True)
    # and each host was connected to once, with one channel; the bastion once for all
    after = hosts.counts()
    assert {after[name].connections - before[name].connections for name in NAMES} == {1}
    assert {after[name].sessions - before[name].sessions for name in NAMES} == {1}
    assert after[BASTION].connections - before[BASTION].connections == 1
    # and can be read in the UI and as files
    shown = artifacts(state)
    assert set(shown) == {"weekly-report", "host-matrix"}
    rows = json.loads(shown["host-matrix"])
    assert set(rows[0]) == {"项目", *NAMES}
    assert next(row for row in rows if "OS08" in row["项目"])["oa-db-01"] == "正常"
    files = {path.suffix for path in settings.reports_dir.glob("周巡检报告-*")}
    assert files == {".md", ".html", ".pdf", ".docx", ".json"}


def test_a_fault_is_found_on_its_host_and_nowhere_else(settings: Settings, hosts: HostEstate) -> None:
    # Given
    hosts.fault("oa-db-01:disk-full")
    hosts.fault("mobile-app-01:host-key-changed")
    # When
    state = run(hosts=["oa-db-01", "oa-db-02", "mobile-app-01"])
    # Then: what could not be looked at makes it a failure; nothing of it is lost
    assert (state.type.name, state.name) == ("FAILED", "未能全部检查")
    runs = recorded(settings)
    assert set(runs) == {"oa-db-01", "oa-db-02", "mobile-app-01"}
    assert [
        (one.finding.check, one.finding.state) for one in runs["oa-db-01"].findings if one.finding.state != "OK"
    ] == [("OS08", State.CRIT)]
    assert {one.finding.state for one in runs["oa-db-02"].findings} == {State.OK}
    assert {one.finding.reason for one in runs["mobile-app-01"].findings} == {Reason.HOST_KEY}
    report = next(settings.reports_dir.glob("周巡检报告-*.md")).read_text(encoding="utf-8")
    assert "oa\\-db\\-01" in report


def test_a_dry_run_shows_the_scripts_and_connects_to_nobody(settings: Settings, hosts: HostEstate) -> None:
    # Given
    before = hosts.counts()
    # When
    state = run(dry_run=True, hosts=["oa-db-01"])
    # Then
    assert state.name == "试运行"
    assert "section MY1" in artifacts(state)["host-scripts"]
    assert hosts.counts() == before
    assert recorded(settings) == {}


def test_a_host_that_is_not_in_the_contract_is_refused(settings: Settings) -> None:
    with pytest.raises(RequestError, match="没有主机 oa-db-09"):
        asyncio.run(host_inspection(HostInspection(hosts=["oa-db-09"])))


class TestWhatGoesWrongUnderWay:
    """What was looked at is on record, everything else is UNKNOWN, and nothing is there twice."""

    @contextmanager
    def slowly(self, hosts: HostEstate, host: str) -> Iterator[None]:
        """The host takes its time in the middle: its `df` sleeps for three seconds."""
        hosts.put(
            host,
            "/run/practice/slow-df",
            '#!/bin/sh\n# A FAKE for the test: a slow df.\nsleep 3\nexec df.real "$@"\n',
            "755",
        )
        hosts.console(host, "mount --bind /run/practice/slow-df /usr/bin/df")
        try:
            yield
        finally:
            hosts.console(host, "umount -l /usr/bin/df")

    def once(self, settings: Settings, host: str) -> RunRecord:
        record = recorded(settings)[host]
        checks = [one.finding.check for one in record.findings]
        assert sorted(set(checks)) == sorted(checks)
        assert record.ended_at
        return record

    def test_a_host_is_killed(self, host_settings: Settings, hosts: HostEstate) -> None:
        with self.slowly(hosts, "oa-app-02"):
            # When: the sshd of the connection dies while the host works on OS08
            killer = threading.Timer(1.2 + 1.0, lambda: hosts.console("oa-app-02", "pkill -9 -x sshd"))
            killer.start()
            found = inspect(host_settings, "oa-app-02", "oa-web-01")
            killer.join()
        # Then
        states = {one.check: one.state for one in found["oa-app-02"]}
        assert (states["OS01"], states["OS06"], states["OS26"]) == (State.OK, State.OK, State.UNKNOWN)
        lost = next(one for one in found["oa-app-02"] if one.check == "OS26")
        assert lost.reason in (Reason.UNREACHABLE, Reason.INCOMPLETE)
        assert bad(found["oa-web-01"]) == []
        record = self.once(host_settings, "oa-app-02")
        assert {one.finding.check: one.finding.state for one in record.findings} == states

    def test_the_bastion_is_killed(self, host_settings: Settings, hosts: HostEstate) -> None:
        with self.slowly(hosts, "oa-app-02"), self.slowly(hosts, "oa-web-01"):
            killer = threading.Timer(2.2, lambda: hosts.console(BASTION, "pkill -9 -x sshd"))
            killer.start()
            found = inspect(host_settings, "oa-app-02", "oa-web-01")
            killer.join()
        for host in ("oa-app-02", "oa-web-01"):
            states = {one.check: one.state for one in found[host]}
            assert (states["OS01"], states["OS26"]) == (State.OK, State.UNKNOWN)
            lost = next(one for one in found[host] if one.check == "OS26")
            assert "bastion" in lost.summary
            assert len(self.once(host_settings, host).findings) == len(states)

    def test_the_ledger_is_locked_for_twenty_seconds(self, host_settings: Settings, hosts: HostEstate) -> None:
        # Given
        office = Office(host_settings)
        office.expect(host_slots(office.contract, office.today()))
        lock = sqlite3.connect(host_settings.ledger.removeprefix("sqlite:///"), check_same_thread=False)
        began = time.monotonic()
        # When: somebody else writes, from before the answers come until long after
        lock_it = threading.Timer(0.7, lambda: lock.execute("BEGIN EXCLUSIVE"))
        free_it = threading.Timer(20.7, lock.rollback)
        for timer in (lock_it, free_it):
            timer.start()
        found = inspect(host_settings, "oa-web-01", "oa-db-01")
        for timer in (lock_it, free_it):
            timer.join()
        lock.close()
        # Then
        assert time.monotonic() - began > 20
        assert {host: bad(findings) for host, findings in found.items()} == {"oa-web-01": [], "oa-db-01": []}
        for host in found:
            assert len(self.once(host_settings, host).findings) == len(found[host])

    def test_an_answer_that_is_no_answer(self, host_settings: Settings, hosts: HostEstate) -> None:
        hosts.fault("mobile-cache-01:flood")
        found = inspect(host_settings, "mobile-cache-01", "mobile-app-01")
        assert {(one.state, one.reason) for one in found["mobile-cache-01"]} == {(State.UNKNOWN, Reason.INCOMPLETE)}
        assert bad(found["mobile-app-01"]) == []

    def test_a_secret_that_is_not_there_costs_its_host_alone(self, host_settings: Settings, hosts: HostEstate) -> None:
        # Given
        file = host_settings.contract / "hosts" / "archive.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("inspector.key", "nobody.key"), encoding="utf-8")
        # When
        found = inspect(host_settings, "archive-db-01", "oa-web-01")
        # Then
        assert {one.reason for one in found["archive-db-01"]} == {Reason.CONFIGURATION}
        assert "缺少口令 nobody.key" in found["archive-db-01"][0].summary
        assert bad(found["oa-web-01"]) == []


def test_a_restricted_account_answers_as_well(host_settings: Settings, hosts: HostEstate) -> None:
    """Given a key that can run one installed program only, then the inspection is the same, and nothing else runs."""
    office = Office(host_settings)
    placed = office.contract.host("archive-db-01")
    hosts.install_forced("archive-db-01", forced_command(placed.script.text))
    file = host_settings.contract / "hosts" / "archive.yaml"
    text = file.read_text(encoding="utf-8")
    whole = "access: { key: inspector.key, passphrase: inspector.passphrase }"
    assert whole in text
    file.write_text(text.replace(whole, "access: { key: inspector-restricted.key }"), encoding="utf-8")
    # When
    found = inspect(host_settings, "archive-db-01")
    # Then
    assert bad(found["archive-db-01"]) == []
    # and when the installed program is of an older contract, what it does not know is UNKNOWN
    older = placed.planned[:5]
    hosts.install_forced("archive-db-01", forced_command(assembled(older, sudo=False).text))
    states = {one.check: one.state for one in inspect(host_settings, "archive-db-01")["archive-db-01"]}
    assert states["OS01"] is State.OK
    assert states["PG1"] is State.UNKNOWN


def test_sudo_is_used_where_the_contract_allows_it(host_settings: Settings, hosts: HostEstate) -> None:
    """Given a file that only root may read, then it is read with `sudo -n` where sudoers and the contract say so."""
    hosts.console("archive-db-01", "chmod 600 /etc/shadow")
    file = host_settings.contract / "hosts" / "archive.yaml"
    text = file.read_text(encoding="utf-8")
    assert "sudo: true" in text
    try:
        file.write_text(text.replace("sudo: true", "sudo: false"), encoding="utf-8")
        denied = inspect(host_settings, "archive-db-01")["archive-db-01"]
        file.write_text(text, encoding="utf-8")
        allowed = inspect(host_settings, "archive-db-01")["archive-db-01"]
    finally:
        hosts.console("archive-db-01", "chmod 640 /etc/shadow")
    # Then
    assert [(check, reason) for check, _, reason, _ in bad(denied)] == [("OS22", Reason.PERMISSION)]
    assert "合同没有允许 sudo" in bad(denied)[0][3]
    assert bad(allowed) == []


def test_items_that_need_the_past_have_one(host_settings: Settings, hosts: HostEstate) -> None:
    # Given: two inspections
    inspect(host_settings, "mobile-app-01")
    hosts.fault("mobile-app-01:oom")
    # When
    found = inspect(host_settings, "mobile-app-01")
    # Then
    assert [(check, state) for check, state, _, _ in bad(found["mobile-app-01"])] == [("OS14", State.CRIT)]
    past = Ledger(host_settings.ledger).past(HOST_INSPECTION, "mobile-app-01", HostVisit)
    assert len(past) == 2
    assert past[0].started_at < past[1].started_at


@pytest.mark.parametrize("file", ["contract.yaml", "hosts/oa.yaml"])
def test_the_record_names_the_contract_it_was_done_by(host_settings: Settings, file: str) -> None:
    """Given a changed host file, then the contract's hash is another one."""
    before = Office(host_settings).contract_hash
    path: Path = host_settings.contract / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert Office(host_settings).contract_hash != before
