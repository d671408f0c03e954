"""Retests of a real host: what is broken, mended and broken again, what cannot be reached, and who may not test."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from report_desk import sourced
from retest_desk import FIXER, TESTER, Desk, by, opened
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from checks.finding import Finding, Reason, State
from checks.notices import NOTICE
from checks.records import INTERRUPTED
from checks.report_period import Every, period_with
from checks.retest import Result
from checks.retest_report import retest_report
from checks.safe_probe import Vantage, safe_probe
from checks.scope import target
from checks.security_finding import SECURITY_FINDING, Life
from checks.slots import RETEST, RequestError, retest_slot
from checks.visit import ProbeVisit
from flows import retest_plan
from flows.caller import Caller
from flows.finding_desk import FindingDesk
from flows.probing import look
from flows.report_desk import named_of
from flows.report_files import build, kind_of
from flows.retest import Retest
from flows.retest_plan import Claim, alone, follow_ups
from flows.run import carried_out
from flows.single_probe import Single, taken_alone
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify
from tasks.report import Format


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helpers: Any) -> Iterator[Desk]:
    with opened(tmp_path, monkeypatch, helpers) as made:
        yield made


def before(desk: Desk, number: str, *, entered: bool = True) -> Single:
    """Take the evidence before the repair, as `xunjian probe … --finding … --before` does."""
    office = desk.office()
    what = ("port-closed", f"app-01:{desk.port}")
    sight = alone(office.ledger, office.contract, what, "", [], number, datetime.now(UTC))
    done = taken_alone(office, sight, TESTER, "整改前取证", before=entered)
    assert done is not None
    return done


def built(desk: Desk, number: str) -> dict[Format, Path]:
    """The finding's report in every format."""
    office = desk.office()
    return build(office, "retest", named_of(office, kind_of(office, "retest"), number))


def test_broken_mended_verified_and_broken_again(desk: Desk) -> None:
    """Given a before, when it is not mended, mended, and broken again after a week, then: 未修复, 已修复, 重新打开."""
    number = desk.enter()
    taken = before(desk, number)
    assert taken.seen.finding.state is State.CRIT
    assert "已登记" in taken.entered
    # When nothing was done
    claimed = desk.retest(number, fixer=FIXER)
    [finding] = desk.findings()
    assert (claimed.state, finding.life) == (State.CRIT, Life.OPEN)
    office = desk.office()
    told = retest_report(office.contract, finding, desk.runs(number))
    assert told is not None  # who said so then stays in the report, though the register has dropped the claim
    assert (told.result, told.fixer, told.tester, finding.fixers) == (Result.NOT_REPAIRED, FIXER, TESTER, ())
    # When it is mended
    desk.mended()
    mended = desk.retest(number, fixer=FIXER)
    assert mended.state is State.OK
    assert mended.summary == "整改前（严重）：端口开放；应关闭。现在（正常）：拒绝连接；应关闭"
    [finding] = desk.findings()
    assert (finding.life, finding.tester, finding.fixed_by) == (Life.VERIFIED, TESTER, FIXER)
    runs = {run.id: run for run in desk.runs(number)}
    assert finding.evidence_after in runs
    assert runs[finding.evidence_before].probe_visits[0].replies == ({"open": True, "how": "open"},)
    # When it is broken again, and looked at
    desk.broken()
    again = desk.retest(number)
    assert (again.state, desk.findings()[0].life) == (State.CRIT, Life.REOPENED)
    [notice] = desk.office().ledger.events(NOTICE)
    assert notice.body["lines"][0] == [1, f"【{number}】已修复的漏洞复查时又出现，已重新打开（高危）"]
    assert f"app-01:{desk.port}" not in str(notice.body["lines"][0])
    # and all of it is sealed
    with stored(desk.settings.ledger, desk.settings.evidence_dir) as book:
        assert verify(book).problems == []


def test_what_is_on_record_of_a_look(desk: Desk) -> None:
    number = desk.enter()
    before(desk, number)
    [run] = desk.runs(number)
    [visit], [file] = run.probe_visits, run.evidence
    assert run.slot == f"{RETEST}/{number}/{desk.office().today()}"
    assert (visit.probe, visit.version, visit.asset, visit.vantage) == ("port-closed", 1, f"app-01:{desk.port}", "here")
    assert visit.identity.startswith("ssh-ed25519 SHA256:")
    assert "不登录" in visit.sent[0]
    assert len(visit.sent) == 2
    assert (file.kind, file.grade) == ("probe", 2)
    assert b'"how": "open"' in (desk.settings.evidence_dir / file.path).read_bytes()


def test_without_a_before_it_is_not_repaired(desk: Desk) -> None:
    desk.mended()
    number = desk.enter()
    found = desk.retest(number, fixer=FIXER)
    assert found.state is State.UNKNOWN
    assert "没有整改前的证据" in found.summary
    assert f"xunjian probe port-closed app-01:{desk.port} --finding {number} --before" in found.summary
    assert desk.findings()[0].life is Life.UNTESTABLE


def test_that_it_is_there_needs_no_before(desk: Desk) -> None:
    number = desk.enter()
    assert desk.retest(number, fixer=FIXER).state is State.CRIT
    assert desk.findings()[0].life is Life.OPEN


def test_a_before_that_does_not_show_it_is_none(desk: Desk) -> None:
    number = desk.enter()
    desk.mended()
    assert before(desk, number).entered == "没有看到漏洞，不能作为整改前的证据，没有登记"
    assert desk.findings()[0].tests == ()
    assert desk.retest(number, fixer=FIXER).state is State.UNKNOWN


def test_unreachable_is_not_repaired(desk: Desk) -> None:
    number = desk.enter()
    before(desk, number)
    desk.mended()
    desk.server.end_connections(itself=True)
    found = desk.retest(number, fixer=FIXER)
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.UNREACHABLE)
    assert found.summary.startswith("没有测到：")
    assert desk.findings()[0].life is Life.UNTESTABLE
    assert desk.runs(number)[-1].outcome == "UNKNOWN"


def test_another_host_under_the_same_address_is_refused(desk: Desk) -> None:
    """Given another machine where the host was, when it is not trusted, and when somebody has trusted it without a word
    in the register, then nothing is asked of it; when the register knows, then it is."""
    number = desk.enter()
    before(desk, number)
    desk.mended()
    desk.server.end_connections(itself=True)
    other = desk.place.sshd("other")
    (desk.contract / "ssh_config").write_text(f"Host app-01\n HostName 127.0.0.1\n Port {other.port}\n")
    trusted = desk.place.known_hosts.read_text()
    desk.place.known_hosts.write_text(trusted.replace(other.line, ""))
    # When it is not trusted
    stranger = desk.retest(number, fixer=FIXER)
    assert (stranger.state, stranger.reason) == (State.UNKNOWN, Reason.HOST_KEY)
    # When it is
    desk.place.known_hosts.write_text(trusted)
    found = desk.retest(number, fixer=FIXER)
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.HOST_KEY)
    assert f"xunjian findings identity {number}" in found.summary
    visit = desk.runs(number)[-1].probe_visits[-1]
    assert (len(visit.sent), visit.replies) == (1, ())
    # When the register knows of it
    office, at = desk.office(), datetime.now(UTC)
    FindingDesk(office.ledger, office.contract, at).identity(number, visit.identity, by("管理员丁"))
    assert desk.retest(number, fixer=FIXER).state is State.OK


@pytest.mark.parametrize("tester", [FIXER, f" {FIXER[0]} {FIXER[1:]}", "整改员甲\u3000"])
def test_whoever_has_mended_it_does_not_test_it(desk: Desk, tester: str) -> None:
    number = desk.enter()
    desk.claim(number)
    with pytest.raises(RequestError, match="不能自己复测"):
        desk.retest(number, tester=tester)
    with pytest.raises(RequestError, match="不能自己复测"):
        desk.retest(number, tester="ＺＨＡＮＧ san", fixer="zhang San")
    assert desk.runs(number) == []


def test_what_nobody_says_is_mended_is_not_tested(desk: Desk) -> None:
    number = desk.enter()
    with pytest.raises(RequestError, match="还没有人说已经整改"):
        desk.retest(number)
    with pytest.raises(RequestError, match="写上复测人"):
        desk.retest(number, tester=" ")


def test_another_version_of_the_probe_cannot_be_compared(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = desk.enter()
    before(desk, number)
    desk.mended()
    newer = replace(safe_probe("port-closed"), version=2)
    monkeypatch.setattr(retest_plan, "safe_probe", lambda name: newer)
    found = desk.retest(number, fixer=FIXER)
    assert found.state is State.UNKNOWN
    assert "探测项的版本不同，原来 1，现在 2" in found.summary
    # When it is there again, that is told all the same
    desk.broken()
    assert desk.retest(number).state is State.CRIT


@pytest.mark.parametrize("gone", [False, True])
def test_follow_ups_are_due_after_a_week_and_until_they_are_done(desk: Desk, gone: bool) -> None:
    """Given what was verified nine days ago, when nobody looked on the seventh, it is done now, and said; where the
    host cannot be reached it stays verified, and due."""
    number = desk.enter()
    before(desk, number, entered=False)
    desk.mended()
    desk.verify_days_ago(number, 9)
    office, at = desk.office(), datetime.now(UTC)
    due = (at - timedelta(days=2)).astimezone(office.contract.tz).date()
    [one], unable = follow_ups(office.ledger, office.contract, Claim("计划任务"), at)
    assert (one.why, unable) == (f"验证后第 7 天复查（应于 {due}，迟 2 天）", [])
    assert follow_ups(office.ledger, office.contract, Claim("计划任务"), at - timedelta(days=3)) == ([], [])
    # When
    if gone:
        desk.server.end_connections(itself=True)
    slot = retest_slot(office.contract, number, office.today())
    office.expect([slot])
    asked_by = Caller("", "schedule", "计划任务", one.why)
    with office.network() as network:
        carried_out(office, slot, asked_by, {}, lambda run: Retest(run, network, one, asked_by).go())
    # Then
    assert bool(follow_ups(office.ledger, office.contract, Claim("计划任务"), at)[0]) is gone
    assert desk.findings()[0].life is Life.VERIFIED
    assert desk.runs(number)[-1].why == one.why


def test_a_run_that_is_killed_is_closed_at_the_next_start(desk: Desk) -> None:
    number = desk.enter()
    office = desk.office()
    slot = retest_slot(office.contract, number, office.today())
    office.expect([slot])
    office.begin(slot, Caller("", "cli", TESTER, "测试"), {})
    del office
    next_one = desk.office()
    assert next_one.cut_off == [slot.id]
    assert [run.outcome for run in next_one.ledger.runs(RETEST, date.min, date.max, number)] == [INTERRUPTED]


def test_a_program_error_does_not_quote_what_it_met(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    what = "张三 10000009731"

    def fail(*_: object) -> None:
        raise KeyError(what)

    office = desk.office()
    monkeypatch.setattr("flows.probing.asked", fail)
    probe, there = safe_probe("port-closed"), target(office.contract, f"app-01:{desk.port}")
    with office.network() as network:
        visit, finding = look(office, network, probe, there, Vantage.HERE, "", probe.params(), "x")
    assert (finding.reason, visit.reason) == (Reason.BUG, Reason.BUG)
    assert what not in caplog.text + visit.model_dump_json() + finding.summary


@pytest.mark.parametrize(
    ("asset", "vantage", "way", "said"),
    [
        ("app-01:6379", Vantage.HOST, "", "看不出结论"),
        ("app-01:6379", Vantage.BASTION, "", "写明从哪台堡垒机"),
        ("app-01:6379", Vantage.HERE, "bastion", "不用写"),
        ("app-01", Vantage.HERE, "", "探测的是主机:端口"),
    ],
)
def test_a_probe_refuses_what_it_cannot_judge(desk: Desk, asset: str, vantage: Vantage, way: str, said: str) -> None:
    office = desk.office()
    probe = safe_probe("port-closed")
    with office.network() as network, pytest.raises(RequestError, match=said):
        look(office, network, probe, target(office.contract, asset), vantage, way, probe.params(), "x")


def test_a_target_made_up_by_hand_is_refused(desk: Desk) -> None:
    office = desk.office()
    probe, there = safe_probe("port-closed"), target(office.contract, "app-01:6379")
    for other in (there._replace(name="192.0.2.7"), there._replace(host="")):
        with office.network() as network, pytest.raises(RequestError, match="hosts/ 里的主机"):
            look(office, network, probe, other, Vantage.HERE, "", probe.params(), "x")


def test_the_report_shows_both_sides_and_hostile_names_as_themselves(desk: Desk) -> None:
    hostile = "<b>x</b> {{ 7*7 }} | [a](b) *c*"
    number = desk.enter(title=hostile, plan="停用端口 | {% if %}", cve="CVE-2026-12345")
    before(desk, number)
    desk.mended()
    desk.retest(number, fixer=FIXER)
    files = built(desk, number)
    assert files[Format.DOCX].name == f"整改复测报告-{number}.docx"
    text = files[Format.ARTIFACT].read_text(encoding="utf-8").replace("\\", "")
    assert hostile in text
    [first, last] = desk.runs(number)
    html = files[Format.HTML].read_text(encoding="utf-8")
    for run in (first, last):
        assert run.id in text
        assert run.evidence[0].sha256[:16] in text
        assert run.evidence[0].sha256 in html
    assert "端口开放；应关闭" in text
    assert "拒绝连接；应关闭" in text
    assert "<b>x</b>" not in html
    assert "{{ 7*7 }}" in html
    figures = sourced(files)
    assert [(one["shown"], one["query"]) for one in figures if one["query"] == "retest.version"] == [
        ("1", "retest.version")
    ] * 2
    before_that = files[Format.HTML].read_bytes()
    assert before_that == built(desk, number)[Format.HTML].read_bytes()


def test_the_months_report_shows_what_was_mended_accepted_and_left(desk: Desk) -> None:
    """Given three findings, one mended and tested, one accepted, one overdue, then the report says so of each."""
    mended, accepted, late = desk.enter(title="甲"), desk.enter(title="乙"), desk.enter(title="丙", due="2026-01-05")
    before(desk, mended)
    desk.mended()
    desk.retest(mended, fixer=FIXER)
    office, at = desk.office(), datetime.now(UTC)
    year_end = office.today() + timedelta(days=90)
    FindingDesk(office.ledger, office.contract, at).accept(accepted, year_end, "批示〔2026〕1号", by("主任"))
    # When
    month = period_with(Every.MONTH, office.today())
    files = build(office, "remediation", month)
    # Then
    assert files[Format.PDF].name == f"安全整改报告-{month.name}.pdf"
    text = files[Format.ARTIFACT].read_text(encoding="utf-8").replace("\\", "")
    headings = ["一、依据", "二、问题清单", "三、方案", "四、实施", "五、复测", "六、残余风险"]
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == headings
    assert f"| {mended} | 整改完成 | {FIXER} |" in text
    assert "整改前（严重）：端口开放；应关闭。现在（正常）：拒绝连接；应关闭" in text
    assert f"| {accepted} | 乙 | 高危 | 主任 | {year_end} | 批示〔2026〕1号 | 测试 |" in text
    days = (office.today() - date(2026, 1, 5)).days
    entered = next(one.id for one in office.ledger.events(SECURITY_FINDING) if one.subject == late)
    figures = sourced(files)
    assert [(one["shown"], one["rows"]) for one in figures if one["query"] == "remediation.late"] == [
        (str(days), [f"event {entered}"])
    ]
    first = files[Format.HTML].read_bytes()
    assert first == build(office, "remediation", month)[Format.HTML].read_bytes()


def test_a_site_without_a_host_is_known_by_its_certificate(
    desk: Desk, serve: Callable[..., str], certificates: Path
) -> None:
    """Given two sites, when the second answers where the first is known, then nothing is asked of it; one that shows
    no certificate cannot be known."""
    site = Starlette(routes=[Route("/", lambda _: PlainTextResponse("x", headers={"Server": "nginx/1.18.0"}))])
    first, other = (serve(site, certificates / name) for name in ("valid.pem", "self-signed.pem"))
    bare = serve(site)
    ports = [int(url.rpartition(":")[2]) for url in (first, other, bare)]
    with (desk.contract / "contract.yaml").open("a", encoding="utf-8") as file:
        file.write(yaml.safe_dump({"assets": [{"names": ["127.0.0.1"], "ports": ports, "system": "oa"}]}))
    office, probe = desk.office(), safe_probe("version-disclosure")

    def seen(url: str, identity: str = "") -> tuple[ProbeVisit, Finding]:
        with office.network() as network:
            there = target(office.contract, url)
            return look(office, network, probe, there, Vantage.HERE, "", probe.params(), "x", identity=identity)

    visit, finding = seen(first)
    assert finding.state is State.CRIT
    assert visit.identity.startswith("certificate SHA256:")
    assert seen(first, visit.identity)[1].state is State.CRIT
    refused, why = seen(other, visit.identity)
    assert (why.reason, len(refused.sent), refused.replies) == (Reason.HOST_KEY, 1, ())
    unknown, why = seen(bare)
    assert (why.reason, unknown.sent) == (Reason.CONFIGURATION, ())
    assert "contract.yaml 的 assets" in why.summary


def test_a_probe_on_the_host_asks_in_one_script(desk: Desk) -> None:
    office = desk.office()
    probe, there = safe_probe("file-mode"), target(office.contract, "app-01")
    params = probe.params(path="/etc/passwd", mode="644")
    with office.network() as network:
        visit, finding = look(office, network, probe, there, Vantage.HOST, "", params, "x")
    assert finding.state is State.OK, finding.summary
    assert (len(visit.sent), len(visit.replies)) == (2, 1)
    assert visit.params["path"] == "/etc/passwd"
