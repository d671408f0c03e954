"""The register of findings on a real ledger: imported, entered at the desk and from the shell."""

import csv
import io
import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from finding_book import KEY, OTHER_KEY
from finding_machine import BY, CELLS, CHINA, NOW, WHO, Machine, report

from checks.entries import Who
from checks.finding import State
from checks.finding_list import HEADS
from checks.finding_list import line as cells_of
from checks.finding_rows import Default
from checks.scope import RULE
from checks.security_finding import SECURITY_FINDING, Life, due_follow_ups
from checks.slots import RequestError
from flows.finding_book import FindingBook
from flows.finding_desk import Imported
from tasks.finding_files import read
from tasks.finding_files.write import table_xlsx
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify


@pytest.fixture
def machine(tmp_path: Path, helpers: Any) -> Machine:
    return Machine(tmp_path, helpers)


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
