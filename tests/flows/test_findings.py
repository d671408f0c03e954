"""The register of findings on a real ledger: imported, entered from the shell and by forms, told, shown."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import yaml
from command import xunjian
from finding_book import ASSETS, HOSTS, KEY, OTHER_KEY
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.utilities.callables import parameter_schema
from pydantic import BaseModel
from sinks import WebhookSink

from checks.entries import Who
from checks.finding import State
from checks.finding_list import HEADS, choices
from checks.finding_list import line as cells_of
from checks.finding_rows import Default
from checks.scope import RULE
from checks.security_finding import SECURITY_FINDING, Life, SecurityFinding, due_follow_ups
from checks.slots import RequestError
from flows.deployments import _of_findings, _offering
from flows.finding_board import KEY as FINDINGS
from flows.finding_board import FindingBoard, page
from flows.finding_book import FindingBook
from flows.finding_desk import FindingDesk, Imported
from flows.finding_entry import (
    FindingAccept,
    FindingFalsePositive,
    FindingFixed,
    FindingPlan,
    finding_accept,
    finding_false_positive,
    finding_fixed,
    finding_plan,
)
from flows.office import Office
from flows.watch import Watch
from tasks import contract_folder
from tasks.crypto.tls import trusting
from tasks.finding_files import read
from tasks.finding_files.write import table_xlsx
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify
from tasks.prefect_server import deployments_in
from tasks.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)  # Monday, 09:00 in Shanghai
BY = Who("张三", "按流程登记", "cli:duty")
WHO = ("--who", "张三", "--why", "按流程登记")
SAID = {"who": "张三", "why": "按流程登记"}
CELLS = {"title": "高危端口开放", "severity": "高危", "asset": "oa-app-01:8080"}


class Machine:
    """A contract with assets, and an empty ledger."""

    def __init__(self, home: Path, helpers: Any, **more: Any) -> None:
        self.home = home
        journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
        folder = helpers.write_contract(
            home / "contract", {"id": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]}
        )
        file = folder / "contract.yaml"
        head = yaml.safe_load(file.read_text(encoding="utf-8"))
        text = yaml.safe_dump({**head, "assets": ASSETS, **more}, allow_unicode=True)
        file.write_text(text, encoding="utf-8")
        (folder / "hosts").mkdir()
        (folder / "hosts/oa.yaml").write_text(yaml.safe_dump(HOSTS[0]), encoding="utf-8")
        self.settings = Settings(home=home / "var", contract=folder)
        self.ledger = Ledger(self.settings.ledger)
        self.contract = contract_folder.load(folder)

    def at(self, now: datetime = NOW) -> FindingDesk:
        return FindingDesk(self.ledger, self.contract, now)

    def run(self, *words: str) -> tuple[int, str]:
        told = xunjian(self.home, *words, COLUMNS="160")
        return told.returncode, told.stdout + told.stderr

    def one(self, number: str = "F-2026-001") -> SecurityFinding:
        return self.at().finding(number)


@pytest.fixture
def machine(tmp_path: Path, helpers: Any) -> Machine:
    return Machine(tmp_path, helpers)


BROKEN = {
    7: ("风险等级", "特别高"),
    8: ("IP地址", "10.0.0.1"),
    9: ("漏洞名称", ""),
    10: ("CVE编号", "CVE-1"),
    11: ("期限", "下周"),
}
HEADER = ["编号", "漏洞名称", "风险等级", "IP地址", "端口", "CVE编号", "期限"]


def report(rows: int, broken: int) -> list[list[str]]:
    """A report in which the first hundreds have a broken row each: every column that can be wrong in turn."""
    lines = [HEADER]
    for number in range(rows):
        line = [f"V-{number}", f"漏洞 {number}", "高危", "oa-app-01", str(number % 60000 + 1), "CVE-2021-44228", ""]
        if number % 100 == 0 and number // 100 < broken:
            column, text = BROKEN[7 + number // 100 % len(BROKEN)]
            line[HEADER.index(column)] = text
        lines.append(line)
    return lines


class TestImport:
    def take(self, machine: Machine, path: Path, *, dry_run: bool = False) -> Imported:
        table = read(path, {})
        return machine.at().take(table.rows, Default(path.stem), table.heads, BY, dry_run=dry_run)

    def test_five_thousand_rows_with_fifty_broken(self, machine: Machine) -> None:
        """Given 5,000 rows, fifty of them broken, when they are imported twice, then 4,950 are in, once, the fifty are
        listed with row, column and reason, and reading the register takes about a second."""
        path = machine.home / "漏扫报告.csv"
        with path.open("w", encoding="gb18030", newline="") as file:
            csv.writer(file).writerows(report(5000, 50))
        done = self.take(machine, path)
        assert (len(done.new), done.known, len(done.broken)) == (4950, 0, 50)
        assert [(one.number, one.column) for one in done.broken[:6]] == [
            (2, "风险等级"), (102, "IP地址"), (202, "漏洞名称"), (302, "CVE编号"), (402, "期限"), (502, "风险等级"),
        ]  # fmt: skip
        assert RULE in done.broken[1].reason
        events = machine.ledger.events(SECURITY_FINDING)
        began = time.process_time()
        known = FindingBook(machine.ledger).findings(NOW)
        took = time.process_time() - began
        assert (len(known), len({one.id for one in known}), len(events)) == (4950, 4950, 4950)
        assert took < 5, f"{took:.1f} s of CPU"
        again = self.take(machine, path)
        assert (len(again.new), again.known, len(again.broken)) == (0, 4950, 50)
        assert machine.ledger.events(SECURITY_FINDING) == events
        with stored(machine.settings.ledger, machine.settings.evidence_dir) as book:
            assert verify(book, "").problems == []

    def test_a_workbook_from_the_shell(self, machine: Machine) -> None:
        book = openpyxl.Workbook()
        for line in report(20, 1):
            book.active.append(line)
        book.save(machine.home / "x.xlsx")
        code, said = machine.run("findings", "import", "x.xlsx", "--dry-run", *WHO)
        assert (code, machine.ledger.events(SECURITY_FINDING)) == (1, [])
        assert "将登记 19 个（高危 19），台账里已有 0 个，有错 1 行" in said
        code, said = machine.run("findings", "import", "x.xlsx", *WHO)
        assert "已登记 19 个（高危 19），台账里已有 0 个，有错 1 行" in said
        row = next(line for line in said.splitlines() if "特别高" in line)
        assert [part.strip() for part in row.split("│")[1:3]] == ["2", "风险等级"]
        code, said = machine.run("findings", "import", "x.xlsx", *WHO)
        assert "已登记 0 个（没有），台账里已有 19 个" in said
        one = machine.one("F-2026-1")
        assert (one.source, one.cve, one.events[0].who) == ("x", "CVE-2021-44228", "张三")

    def test_a_mapping_and_an_asset_for_all(self, machine: Machine) -> None:
        (machine.home / "x.csv").write_text("问题,危险\nTLS 1.0,中危\n提示一下,info\n", encoding="utf-8")
        (machine.home / "map.yaml").write_text("title: 问题\nseverity: 危险\n", encoding="utf-8")
        words = ("findings", "import", "x.csv", "--mapping", "map.yaml", "--asset", "https://oa.example/", *WHO)
        code, said = machine.run(*words, "--source", "渗透测试报告")
        assert (code, "已登记 1 个（中危 1）" in said, "信息级 1 行不入台账" in said) == (0, True, True)
        assert (machine.one().asset, machine.one().source) == ("https://oa.example/", "渗透测试报告")

    def test_an_exported_register_that_comes_back_changes_nothing(self, machine: Machine) -> None:
        machine.at().enter(CELLS, BY)
        lines = [cells_of(one, NOW.date()) for one in machine.at().findings()]
        (machine.home / "台账.xlsx").write_bytes(table_xlsx("漏洞台账", HEADS, lines))
        done = self.take(machine, machine.home / "台账.xlsx")
        assert (len(done.new), done.known, list(done.broken)) == (0, 1, [])


class TestDesk:
    def test_a_whole_life(self, machine: Machine) -> None:
        desk = machine.at()
        assert "F-2026-001 登记 高危端口开放（高危，oa-app-01:8080，2026-11-30 前）" in desk.enter(CELLS, BY)
        assert machine.one().probe == "port-closed"
        desk.tested("F-2026-001", State.CRIT, BY, run="r1", tester="王五", at=NOW, probe="port-closed", identity=KEY)
        desk.plan("F-2026-1", {"owner": "系统管理员", "due": "2026-12-01", "ticket": "C-7"}, BY)
        desk.fixed("F-2026-001 高危 oa-app-01:8080 高危端口开放", "李四", NOW, BY)
        with pytest.raises(RequestError, match="李 四 是 F-2026-001 的整改人，不能自己复测"):
            desk.tested("F-2026-001", State.OK, BY, run="r2", tester="李 四", at=NOW, probe="port-closed", identity=KEY)
        said = desk.tested(
            "F-2026-001", State.OK, BY, run="r2", before="r1", tester="王五", at=NOW, probe="port-closed", version=1,
            identity=KEY,
        )  # fmt: skip
        assert said.endswith("现在是“已修复”")
        one = machine.one()
        assert (one.life, one.evidence_before, one.evidence_after, one.tester) == (Life.VERIFIED, "r1", "r2", "王五")
        assert [days for days, _ in due_follow_ups(one)] == [7, 30, 90]
        later = NOW + timedelta(days=7)
        machine.at(later).tested(
            "F-2026-001", State.CRIT, BY, run="r3", tester="王五", at=later, probe="port-closed", identity=KEY
        )
        assert machine.one().life is Life.REOPENED

    def test_the_same_twice_is_refused(self, machine: Machine) -> None:
        machine.at().enter(CELLS, BY)
        with pytest.raises(RequestError, match="台账里已有这一条：F-2026-001（未整改）"):
            machine.at().enter(CELLS, BY)

    def test_outside_the_contract(self, machine: Machine) -> None:
        with pytest.raises(RequestError, match="不在合同范围内"):
            machine.at().enter({**CELLS, "asset": "https://evil.example/"}, BY)
        assert machine.ledger.events(SECURITY_FINDING) == []

    def test_corrections(self, machine: Machine) -> None:
        desk = machine.at()
        desk.enter(CELLS, BY)
        desk.enter({**CELLS, "severity": "超危"}, BY, corrects=1)
        assert (machine.one().severity, machine.one().due) == ("超危", date(2026, 11, 26))
        desk.fixed("F-2026-001", "李四", NOW, BY)
        desk.fixed("F-2026-001", "王五", NOW, BY, corrects=3)
        assert machine.one().fixers == ("王五",)
        for number, said in (
            (3, "已由第 4 号更正"),
            (2, "是“登记”，不能用“整改完成”更正"),
            (99, "没有第 99 号漏洞登记"),
        ):
            with pytest.raises(RequestError, match=said):
                desk.fixed("F-2026-001", "赵六", NOW, BY, corrects=number)
        desk.enter({**CELLS, "asset": "oa-app-01:8081"}, BY)
        with pytest.raises(RequestError, match="第 4 号是 F-2026-001 的登记，不是 F-2026-002 的"):
            desk.fixed("F-2026-002", "赵六", NOW, BY, corrects=4)

    def test_what_makes_no_sense(self, machine: Machine) -> None:
        desk = machine.at()
        desk.enter(CELLS, BY)
        none = Who("张三", " ", "ui")
        refused: list[tuple[Any, str]] = [
            (lambda: desk.fixed("F-2026-9", "李四", NOW, BY), "台账里没有漏洞 F-2026-9；未闭环的：F-2026-001"),
            (lambda: desk.fixed("F-2026-1", " ", NOW, BY), "写上整改人"),
            (lambda: desk.fixed("F-2026-1", "李四", NOW + timedelta(hours=1), BY), "还没有到"),
            (lambda: desk.fixed("F-2026-1", "李四", NOW, none), "没有写说明"),
            (lambda: desk.plan("F-2026-1", {"plan": ""}, BY), "至少一项"),
            (lambda: desk.plan("F-2026-1", {"probe": "nmap"}, BY), "没有探测项 nmap"),
            (lambda: desk.plan("F-2026-1", {"due": "明天"}, BY), "看不懂日期“明天”"),
            (lambda: desk.plan("F-2026-1", {"params": {"x": "1"}}, BY), "port-closed 的参数 x 不对；可设：没有参数"),
            (lambda: desk.accept("F-2026-1", date(2026, 11, 22), "批示", BY), "要在今天（2026-11-23）之后"),
            (lambda: desk.accept("F-2026-1", date(2028, 1, 1), "批示", BY), "一年之内"),
            (lambda: desk.accept("F-2026-1", date(2026, 12, 1), " ", BY), "写上依据"),
            (lambda: desk.false_positive("F-2026-1", "", BY), "写上依据"),
            (lambda: desk.reopen("F-2026-1", BY), "不用重新打开"),
            (lambda: desk.identity("F-2026-1", "x", BY), "身份写成"),
        ]
        for entry, said in refused:
            with pytest.raises(RequestError, match=said):
                entry()
        assert len(machine.ledger.events(SECURITY_FINDING)) == 1
        desk.false_positive("F-2026-1", "确认单", BY)
        with pytest.raises(RequestError, match="是“误报”，不能登记整改完成；又出现了就先重新打开"):
            desk.fixed("F-2026-1", "李四", NOW, BY)
        desk.reopen("F-2026-1", BY)
        desk.identity("F-2026-1", OTHER_KEY, BY)
        assert (machine.one().life, machine.one().identity) == (Life.REOPENED, OTHER_KEY)


class TestShell:
    def test_entries_lists_and_export(self, machine: Machine) -> None:
        add = ("findings", "add", "=cmd|'/C calc'!A0", "--severity", "高危", "--asset", "oa-app-01:8080")
        code, said = machine.run(*add, *WHO)
        assert (code, "已登记第 1 号事件：F-" in said) == (0, True)
        [number] = [one.id for one in FindingBook(machine.ledger).findings(datetime.now(UTC))]
        assert machine.run("findings", "fixed", number, "--fixer", "李四", *WHO)[0] == 0
        assert "现在是“待复测”" in machine.run("findings", "plan", number, "--probe", "port-closed", *WHO)[1]
        until = f"{datetime.now(CHINA).date() + timedelta(days=30)}"
        words = ("findings", "accept", number, until, "--document", "批示〔2026〕5号")
        assert "现在是“风险接受”" in machine.run(*words, *WHO)[1]
        [one] = json.loads(machine.run("findings", "list", "--all", "--format", "json")[1])
        assert (one["id"], one["life"], one["until"], one["events"]) == (number, "accepted", until, [1, 2, 3, 4])
        assert "重新打开" in machine.run("findings", "reopen", number, *WHO)[1]
        said = machine.run("findings", "show", number)[1]
        assert "整改完成 整改人 李四：张三，按流程登记" in said
        assert "批示〔2026〕5号" in said
        code, said = machine.run("findings", "export", "台账.csv")
        assert (code, "1 个漏洞。密级 2" in said) == (0, True)
        text = (machine.home / "台账.csv").read_text(encoding="utf-8-sig")
        assert next(csv.DictReader(io.StringIO(text)))["漏洞名称"] == "'=cmd|'/C calc'!A0"
        assert machine.run("findings", "export", "台账.pdf")[0] == 2

    def test_what_is_late_is_a_problem(self, machine: Machine) -> None:
        old = datetime.now(UTC) - timedelta(days=30)
        machine.at(old).enter(CELLS, BY)
        code, said = machine.run("findings", "list")
        assert (code, "未整改，逾期 23 天" in said, "逾期：高危 1" in said) == (1, True, True)

    def test_what_cannot_be_done_is_said(self, machine: Machine) -> None:
        (machine.home / "x.xlsx").write_bytes(b"PK\x03\x04")
        code, said = machine.run("findings", "import", "x.xlsx", *WHO)
        assert (code, "x.xlsx：文件已损坏，或不是 XLSX" in said) == (3, True)
        code, said = machine.run("findings", "show", "F-2026-9")
        assert (code, "台账里没有漏洞 F-2026-9" in said) == (2, True)


class TestForms:
    @pytest.fixture(autouse=True)
    def environment(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XUNJIAN_HOME", str(machine.settings.home))
        monkeypatch.setenv("XUNJIAN_CONTRACT", str(machine.settings.contract))

    @pytest.mark.parametrize(("form", "titles"), [
        (FindingPlan, ["漏洞", "整改措施", "责任人", "期限", "工单号", "探测项", "登记人", "说明", "更正"]),
        (FindingFixed, ["漏洞", "整改人", "整改时间", "登记人", "说明", "更正"]),
        (FindingAccept, ["漏洞", "接受至", "依据文件", "批准人", "原因", "更正"]),
        (FindingFalsePositive, ["漏洞", "依据文件", "确认人", "原因"]),
    ])  # fmt: skip
    def test_the_fields_in_the_order_in_which_they_are_filled_in(
        self, form: type[BaseModel], titles: list[str]
    ) -> None:
        assert [field["title"] for field in form.model_json_schema()["properties"].values()] == titles

    def test_each_enters_what_it_says(self, machine: Machine) -> None:
        machine.at(datetime.now(UTC)).enter(CELLS, BY)
        [offered] = choices(machine.at(datetime.now(UTC)).findings())
        until = f"{datetime.now(CHINA).date() + timedelta(days=30)}"
        states = [
            finding_plan.fn(FindingPlan(finding=offered, owner="系统管理员", **SAID)),
            finding_fixed.fn(FindingFixed(finding=offered, fixer="李四", **SAID)),
            finding_accept.fn(FindingAccept(finding=offered, until=until, paper="批示", **SAID)),
            finding_false_positive.fn(FindingFalsePositive(finding=offered, paper="确认单", **SAID)),
        ]
        assert {state.name for state in states} == {"已登记"}
        [one] = machine.at(datetime.now(UTC)).findings()
        steps = [event.body["step"] for event in one.events]
        assert steps == ["imported", "planned", "fixed", "accepted", "false-positive"]
        assert {event.via for event in one.events[1:]} == {"ui"}

    def test_findings_are_chosen_not_typed(self, machine: Machine) -> None:
        machine.at().enter(CELLS, BY)
        schema = {"definitions": {"Form": FindingPlan.model_json_schema()}}
        field = _offering(schema, choices(machine.at().findings()))["definitions"]["Form"]["properties"]["finding"]
        assert field["enum"] == ["F-2026-001 高危 oa-app-01:8080 高危端口开放"]
        assert "enum" not in str(_offering(schema, [])), "a choice of nothing could not be filled in"

    def test_every_form_is_deployed(self) -> None:
        from flows.deployments import FILE

        deployed = {one["name"] for one in deployments_in(FILE)}
        assert {"finding-plan", "finding-fixed", "finding-accept", "finding-false-positive"} <= deployed
        assert set(_of_findings()) <= deployed


def plain(markdown: str) -> str:
    """Without the marks that keep what a report said from being markup."""
    return markdown.replace("\\", "")


class TestBoard:
    def test_the_most_urgent_first(self, machine: Machine) -> None:
        desk = machine.at()
        desk.enter({**CELLS, "severity": "低危"}, BY)
        desk.enter({**CELLS, "asset": "oa-app-01:81", "title": "a|b <script>"}, BY)
        desk.enter({**CELLS, "asset": "oa-app-01:82"}, BY)
        desk.false_positive("F-2026-3", "确认单", BY)
        late = NOW + timedelta(days=8)
        shown = page(machine.at(late).findings(), late, Office(machine.settings))
        assert r"a\|b \<script\>（" in shown, "what a report said is no markup"
        said = plain(shown)
        rows = [line for line in said.splitlines() if line.startswith("| F-")]
        assert [row.split("|")[1].strip() for row in rows] == ["F-2026-002 高危", "F-2026-001 低危"]
        assert "逾期 1 天" in rows[0]
        assert "共 3 个，未闭环 2 个；**逾期：高危 1**" in said

    def test_thousands_stay_a_page(self, machine: Machine) -> None:
        path = machine.home / "x.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(report(1000, 0))
        table = read(path, {})
        machine.at().take(table.rows, Default("x"), table.heads, BY)
        said = plain(page(machine.at().findings(), NOW, Office(machine.settings)))
        assert len([line for line in said.splitlines() if line.startswith("| F-")]) == 200
        assert len(said.encode()) < 100_000
        assert "只列最急的 200 个" in said
        assert len(choices(machine.at().findings())) == 200

    def test_page_and_choices_follow_the_register(self, machine: Machine, prefect: None) -> None:
        """Given a form that is deployed, when a finding is entered, then the page has it, and the form too."""

        @flow(name="finding-board-of-a-test")
        async def rounds() -> tuple[list[str], Any]:
            async with get_client() as client:
                about = await client.create_flow(finding_plan)
                schema = parameter_schema(finding_plan).model_dump_for_openapi()
                number = await client.create_deployment(
                    about, "finding-plan", parameter_openapi_schema=schema, enforce_parameter_schema=True
                )
                board = FindingBoard(Office(machine.settings))
                await board.show()
                machine.at(datetime.now(UTC)).enter(CELLS, BY)
                await board.show()
                await board.show()
                pages = [str(one.data) for one in await client.read_artifacts() if one.key == FINDINGS]
                return pages, await client.read_deployment(number)

        pages, deployment = asyncio.run(rounds())
        assert sorted("oa-app-01" in plain(one) for one in pages) == [False, True]
        [field] = [one["properties"]["finding"] for one in deployment.parameter_openapi_schema["definitions"].values()]
        assert field["enum"] == choices(machine.at(datetime.now(UTC)).findings())
        assert field["title"] == "漏洞"
        assert deployment.enforce_parameter_schema


class TestReminders:
    """The watch goes its rounds with a clock of the test's own; whoever is told is a real HTTP server."""

    @pytest.fixture
    def sinks(self) -> Iterator[tuple[WebhookSink, WebhookSink]]:
        with WebhookSink() as first, WebhookSink() as second:
            yield first, second

    def test_by_what_the_channel_may_know(
        self, tmp_path: Path, helpers: Any, sinks: tuple[WebhookSink, WebhookSink]
    ) -> None:
        """Given two channels of grade 1 and 2, when a finding comes to be due and late, then each day's reminder goes
        out once, and only grade 2 hears which asset it is."""
        channels = [
            {"id": name, "title": name, "kind": "webhook", "url": f"{sink.url}/notices", "grade": grade}
            for name, sink, grade in zip(("one", "two"), sinks, (1, 2), strict=True)
        ]
        escalation = [
            {"who": "驻场工程师", "channels": ["one"]}, {"who": "项目经理", "channels": ["two"], "at_once": True}
        ]  # fmt: skip
        more = {"channels": channels, "escalation": escalation, "documents": [], "deadlines": {"feedback": "23:59"}}
        machine = Machine(tmp_path, helpers, **more)
        began = datetime(2090, 11, 20, 1, tzinfo=UTC)
        machine.at(began).enter(CELLS, BY)
        for days in (5, 6, 6, 7, 8):
            moment = began + timedelta(days=days, minutes=1)
            Watch(Office(machine.settings), trusting(machine.home), partial(_same, moment)).round()
        least, more_told = ([post.body["text"] for post in sink.received] for sink in sinks)
        lines = [line for text in least for line in text.splitlines() if "【漏洞】" in line]
        assert lines == [
            "【漏洞】2090-11-27 到期：高危 1。F-2090-001（高危）", "【漏洞】今天到期：高危 1。F-2090-001（高危）"
        ]  # fmt: skip
        assert "oa-app-01" not in "".join(least)
        assert "另有 1 行密级高于本渠道" in least[0]
        late = [text for text in more_told if "逾期未闭环" in text]
        assert len(late) == 1
        assert "　F-2090-001 oa-app-01:8080 高危端口开放" in late[0]


def _same(at: datetime) -> datetime:
    return at
