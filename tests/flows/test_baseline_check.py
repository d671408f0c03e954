"""The monthly baseline check from start to end: real sshds behind a bastion, faults in their real configuration."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

from checks.baseline_check import Conformity
from checks.baseline_lines import BaselineReport
from checks.baseline_verdicts import BASELINE_MANUAL, manual_entry
from checks.clauses import ON_SITES
from checks.entries import Who
from checks.finding import Finding, Reason, State
from checks.host_script import forced_command
from checks.records import RunRecord
from checks.report_period import Every, period_with
from checks.slots import BASELINE_CHECK, HOST_INSPECTION, baseline_slots, host_slots
from flows.baseline_check import BaselineCheckForm, baseline_check, outstanding
from flows.baseline_sites import SiteRounds
from flows.caller import Caller
from flows.forms import CHINA
from flows.host_inspection import inspect_host
from flows.host_visits import HostRounds
from flows.office import Office, now
from flows.queries import Asking
from flows.queries.facts import Facts
from flows.report_files import as_of
from flows.run import carried_out
from rehearsal.estate import Estate
from rehearsal.hosts.broken_baseline import BASELINE_FAULTS
from rehearsal.hosts.estate import HostEstate
from tasks.ledger import Ledger
from tasks.settings import Settings

BY_HAND = Caller("", "cli", "测试", "测试")
PLANNED = Caller("", "schedule", "计划任务", "按计划执行")


def recorded(settings: Settings, duty: str, host: str) -> list[RunRecord]:
    today = datetime.now(CHINA).date()
    return Ledger(settings.ledger).runs(duty, today.replace(day=1).replace(year=today.year - 1), today, host)


def checked(settings: Settings, hosts: Sequence[str]) -> dict[str, list[Finding]]:
    """Without Prefect: what a task of the flow does, one thread per host."""
    office = Office(settings)
    slots = [slot for slot in baseline_slots(office.contract, office.today()) if slot.target in hosts]
    found: dict[str, list[Finding]] = {}

    def one(slot: Any, network: Any) -> None:
        outcome = carried_out(office, slot, BY_HAND, {}, lambda run: HostRounds([run], network).go()[0])
        found[slot.target] = [finding for _, finding in outcome.findings]

    office.expect(slots)
    with office.network() as network:
        threads = [threading.Thread(target=one, args=(slot, network)) for slot in slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def told(office: Office) -> BaselineReport:
    """This month's report, as far as the ledger goes."""
    month = period_with(Every.MONTH, office.today())
    answer = Asking(Facts(office, "baseline", month, as_of(office)))("baseline")
    assert isinstance(answer, BaselineReport)
    return answer


def bad(found: dict[str, list[Finding]]) -> set[tuple[str, str, State]]:
    """All that does not conform; two databases have no encryption, and an exemption for it."""
    known = {("oa-db-01", "B28", State.WARN), ("oa-db-02", "B28", State.WARN)}
    every = {(host, one.check, one.state) for host, findings in found.items() for one in findings}
    return {one for one in every if one[2] is not State.OK} - known


def test_every_fault_is_found_and_mended(host_settings: Settings, hosts: HostEstate) -> None:
    """Given faults of every item at once, then each is 不符合 on its host and nowhere else; mended, all conform."""
    broken = sorted({fault.host for fault in BASELINE_FAULTS})
    assert len({item for fault in BASELINE_FAULTS for _, item, _ in fault.caught_by}) == 23  # all but B29
    assert bad(checked(host_settings, broken)) == set()
    # When
    for fault in BASELINE_FAULTS:
        hosts.fault(fault.name)
    # Then
    expected = {(host, item, State(state)) for fault in BASELINE_FAULTS for host, item, state in fault.caught_by}
    assert bad(checked(host_settings, broken)) == expected
    # and the report says so, beside what a person has to do; what is exempted is no failure, and no conformity
    office = Office(host_settings)
    report = told(office)
    assert [(line.host, line.item[:3], line.was) for line in report.exemptions] == [
        ("oa-db-01", "B28", Conformity.NOT_MET)
    ]
    expected -= {("oa-db-01", "B28", State.CRIT)}
    assert {(line.host, line.item[:3], line.conformity) for line in report.failures} == {
        (host, item, Conformity.NOT_MET) for host, item, _ in expected
    }
    assert {line.item[:3] for line in report.plan} == {item for _, item, _ in expected}
    # and
    hosts.clear()
    assert bad(checked(host_settings, broken)) == set()


def test_the_flow_reports(
    host_settings: Settings, hosts: HostEstate, prefect: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    for name in ("home", "contract", "secrets", "known_hosts"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(host_settings, name)))
    # When
    form = BaselineCheckForm(hosts=["oa-web-01", "oa-db-01"], who="值班员", why="加固后复查")
    state = asyncio.run(baseline_check(form, return_state=True))  # type: ignore[arg-type]
    # Then: an exempted item is still a problem on record
    assert (state.type.name, state.name) == ("COMPLETED", "发现问题"), state.message
    [run] = recorded(host_settings, BASELINE_CHECK, "oa-web-01")
    assert (run.who, run.why, run.outcome) == ("值班员", "加固后复查", "OK")
    assert {one.finding.check for one in run.findings} == set(run.host_visits[0].facts)
    for kind in ("等保自查报告", "加固方案"):
        files = list(host_settings.reports_dir.glob(f"{kind}-*"))
        assert {path.suffix for path in files} == {".md", ".html", ".pdf", ".docx", ".json"}
    text = next(host_settings.reports_dir.glob("等保自查报告-*.md")).read_text(encoding="utf-8")
    for words in ("甲方信息中心", "豁免", "人工核查表", "B12 多余账号"):
        assert words in text

    plan = next(host_settings.reports_dir.glob("加固方案-*.md")).read_text(encoding="utf-8")
    assert "项次未执行，情况不明" in plan  # ten hosts were not looked at

    async def keys() -> set[str | None]:
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        async with get_client() as client:
            return {one.key for one in await client.read_artifacts(artifact_filter=mine)}

    assert asyncio.run(keys()) == {"baseline-report", "hardening-plan"}
    # and the private parts of the answer are not kept
    raw = (host_settings.evidence_dir / run.evidence[0].path).read_text(encoding="utf-8")
    assert "== B14 退出码 0" in raw
    assert "root:x:0:0" not in raw


class TestInOneConnection:
    """When the week's inspection comes by schedule and the month's baseline is outstanding."""

    def inspected(self, settings: Settings, host: str, by: Caller) -> None:
        office = Office(settings)
        [slot] = [one for one in host_slots(office.contract, office.today()) if one.target == host]
        office.expect([slot])
        along = outstanding(office, [host], by)
        with office.network() as network:
            inspect_host.fn(office, slot, along.get(host), by, {}, network)

    def test_both_are_asked_at_once(self, host_settings: Settings, hosts: HostEstate) -> None:
        # Given
        host, before = "oa-app-01", hosts.counts()["oa-app-01"]
        # When
        self.inspected(host_settings, host, PLANNED)
        # Then: one connection, one session, two runs, each with its own items
        after = hosts.counts()[host]
        assert (after.connections - before.connections, after.sessions - before.sessions) == (1, 1)
        [inspection], [baseline] = (recorded(host_settings, duty, host) for duty in (HOST_INSPECTION, BASELINE_CHECK))
        assert {one.finding.check[:2] for one in inspection.findings} == {"OS", "TC"}
        assert {one.finding.check[:1] for one in baseline.findings} == {"B"}
        assert (inspection.outcome, baseline.outcome, baseline.trigger) == ("OK", "OK", "schedule")
        assert inspection.host_visits[0].script == baseline.host_visits[0].script
        # and what both ask is asked once: the ports
        raw = [
            (host_settings.evidence_dir / run.evidence[0].path).read_text(encoding="utf-8")
            for run in (inspection, baseline)
        ]
        assert all(text.count("sl  local_address") >= 1 for text in raw)
        # and next week the month's baseline is done
        assert outstanding(Office(host_settings), [host], PLANNED) == {}

    def test_not_when_a_person_asks(self, host_settings: Settings, hosts: HostEstate) -> None:
        self.inspected(host_settings, "oa-app-02", BY_HAND)
        assert recorded(host_settings, BASELINE_CHECK, "oa-app-02") == []
        assert len(recorded(host_settings, HOST_INSPECTION, "oa-app-02")) == 1

    def test_a_host_that_cannot_be_reached_is_unknown_in_both(self, host_settings: Settings, hosts: HostEstate) -> None:
        hosts.fault("archive-db-01:sshd-down")
        self.inspected(host_settings, "archive-db-01", PLANNED)
        for duty in (HOST_INSPECTION, BASELINE_CHECK):
            [run] = recorded(host_settings, duty, "archive-db-01")
            assert {one.finding.reason for one in run.findings} == {Reason.UNREACHABLE}
        assert outstanding(Office(host_settings), ["archive-db-01"], PLANNED)

    def test_a_restricted_account_answers_either(self, host_settings: Settings, hosts: HostEstate) -> None:
        """Given an account that can run one installed program only, then that program holds both sets."""
        # Given
        placed = Office(host_settings).contract.host("archive-app-01")
        hosts.install_forced("archive-app-01", forced_command(placed.script.text))
        file: Path = host_settings.contract / "hosts" / "archive.yaml"
        text = file.read_text(encoding="utf-8")
        whole = "access: { key: inspector.key, passphrase: inspector.passphrase }"
        file.write_text(text.replace(whole, "access: { key: inspector-restricted.key }"), encoding="utf-8")
        # When: the baseline alone, whose ports stand under another item's name in the answer
        found = checked(host_settings, ["archive-app-01"])
        # Then
        assert bad(found) == set()


def test_an_address_is_looked_at_from_the_network(
    host_settings: Settings, estate: Estate, sample_contract: Path, hosts: HostEstate
) -> None:
    """Given a site with TLS and one without, then the first is judged by the probes, the second has no HTTPS."""
    # Given
    settings = host_settings.model_copy(update={"contract": sample_contract})
    office, found = Office(settings), {}
    slots = [one for one in baseline_slots(office.contract, office.today()) if one.target in ("oa.web", "archive.web")]
    office.expect(slots)
    # When
    with office.network() as network:
        for slot in slots:
            outcome = carried_out(office, slot, BY_HAND, {}, lambda run: SiteRounds(run, network).go())
            found[slot.target] = {one.check: one for _, one in outcome.findings}
    # Then
    assert found["oa.web"]["B24"].state is State.OK, found["oa.web"]["B24"].summary
    assert found["oa.web"]["W04"].state is State.OK, found["oa.web"]["W04"].summary
    assert found["archive.web"]["B24"].state is State.CRIT
    assert found["archive.web"]["W02"].reason is Reason.CONFIGURATION  # nobody shows who he is
    assert {item for one in found.values() for item in one} == {clause.id for clause in ON_SITES}
    # and each look's requests are kept
    [run] = office.ledger.runs(BASELINE_CHECK, slots[0].day, slots[0].day, "oa.web")
    assert len(run.evidence) == sum(len(clause.probes) for clause in ON_SITES)
    # and they stand in the report beside the hosts
    report = told(office)
    assert report.matrices[-1].hosts == ("oa.web", "mobile.web", "archive.web")
    assert ("archive.web", "B24 HTTPS") in {(line.host, line.item) for line in report.failures}


def test_what_people_enter_counts_for_a_year(host_settings: Settings, hosts: HostEstate) -> None:
    # Given
    office = Office(host_settings)
    event = manual_entry(office.contract, "B12", "oa-web-01", "符合", Who("张三", "逐个对照名册", "cli:t"), now())
    # When
    office.ledger.enter(event, now())
    # Then
    report = told(office)
    lines = [line for line in report.manual if line.item.startswith("B12")]
    assert {(line.hosts, line.conformity) for line in lines if line.conformity is Conformity.MET} == {
        ("oa-web-01", Conformity.MET)
    }
    assert office.ledger.events(BASELINE_MANUAL)[0].body == {"verdict": "符合"}
