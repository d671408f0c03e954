"""Weaknesses of real servers, from first seen to verified and back: OpenSSH, nginx, Redis, Tomcat on practice hosts."""

from datetime import UTC, date, datetime

import pytest

from checks.entries import Who
from checks.finding import Reason, State
from checks.finding_rows import Default
from checks.records import RunRecord
from checks.retest import result_of
from checks.slots import RETEST
from flows.demo import FINDINGS
from flows.exit_codes import FINE
from flows.finding_desk import FindingDesk
from flows.office import Office
from flows.retest_drill import FAULTS, RetestDrill, practise
from flows.retest_plan import asked
from rehearsal.hosts.estate import HostEstate
from tasks.finding_files import read
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify
from tasks.settings import Settings


def reasons(run: RunRecord) -> set[Reason | None]:
    """Why the retest came to no verdict."""
    return {one.finding.reason for one in run.findings if result_of(one.finding)}


def test_every_weakness_is_retested_from_first_seen_to_verified_and_back(
    host_settings: Settings, hosts: HostEstate
) -> None:
    """Given each weakness, seen: then retests say 未修复 while it is there, 无法复测 while its host is cut off or
    another one answers under its address, 已修复 once it is really mended; it reopens, and is mended once more."""
    # When
    courses = RetestDrill(host_settings, hosts).run(FAULTS, lambda _: None)
    # Then
    assert [(one.fault.name, one.before, one.stages) for one in courses if not one.passed] == []
    assert len({probe for one in courses for _, probe, _ in one.fault.caught_by}) >= 20
    ledger = Office(host_settings).ledger
    for one in courses:
        before, still, cut_off, replaced, *_ = ledger.runs(RETEST, date.min, date.max, one.number)
        assert reasons(cut_off) <= {Reason.UNREACHABLE, Reason.TIMEOUT}
        assert reasons(replaced) == {Reason.HOST_KEY}
        assert len({visit.identity for run in (before, still) for visit in run.probe_visits}) == 1
        for run in (before, still):
            assert {each.finding.state for each in run.findings} == {State.CRIT}
            [visit], [proof] = run.probe_visits, run.evidence
            assert (visit.vantage, visit.way) in (("bastion", "bastion"), ("host", ""))
            assert visit.sent
            assert (host_settings.evidence_dir / proof.path).is_file()
        for run in (cut_off, replaced):  # nobody is asked who has not shown who he is
            assert all("SSH 握手" in words for visit in run.probe_visits for words in visit.sent)
    with stored(host_settings.ledger, host_settings.evidence_dir) as book:
        assert verify(book).problems == []


def test_the_sample_register_is_imported_whole_and_once(host_settings: Settings) -> None:
    office = Office(host_settings)
    table = read(FINDINGS, {})
    for new, known in ((13, 0), (0, 13)):
        desk = FindingDesk(office.ledger, office.contract, datetime.now(UTC))
        done = desk.take(table.rows, Default("示例", ""), table.heads, Who("测试", "测试", "cli:test"))
        assert (len(done.new), done.known, list(done.broken)) == (new, known, [])
    findings = FindingDesk(office.ledger, office.contract, datetime.now(UTC)).findings()
    assert [one.title for one in findings if not one.probe] == ["改动地址里的编号可以看到别的部门的公文"]
    assert [asked(office.contract, one, "") for one in findings if one.probe]


def test_the_table_of_the_drill(host_settings: Settings, hosts: HostEstate, capsys: pytest.CaptureFixture[str]) -> None:
    assert practise(host_settings, hosts, ["oa-app-02:telnet-open"]) == FINE
    said = capsys.readouterr().out
    assert "port-closed" in said
    assert "重新打开" in said
    assert "1 个漏洞：" in said
    assert hosts.status().faults == ()
