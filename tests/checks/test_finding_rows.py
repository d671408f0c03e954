"""Rows of a report, judged; and which column of a table is which."""

from datetime import date
from typing import Any

import pytest
from finding_book import CONTRACT
from hypothesis import given
from hypothesis import strategies as st

from checks.finding_columns import check_mapping, table_of
from checks.finding_rows import Broken, Default, Raw, Row, body_of, judged
from checks.scope import RULE
from checks.security_finding import Severity
from checks.slots import RequestError

GOOD = {"title": "SSH 弱算法", "severity": "中危", "asset": "oa-app-01", "port": "22"}
DEFAULT = Default("漏扫报告")
PHONE = "138" + "0" * 8  # nobody's


def row(**more: str) -> Row:
    found = judged(CONTRACT, [Raw(2, {**GOOD, **more})], DEFAULT, {})
    assert not found.broken, found.broken
    return found.rows[0]


def broken(heads: dict[str, str] | None = None, **more: str) -> Broken:
    found = judged(CONTRACT, [Raw(7, {**GOOD, **more})], DEFAULT, heads or {})
    assert not found.rows
    [one] = found.broken
    return one


class TestSeverity:
    @pytest.mark.parametrize(("text", "severity"), [
        ("超危", Severity.EXTREME), ("严重", Severity.EXTREME), ("Critical", Severity.EXTREME),
        ("9.8", Severity.EXTREME),
        ("高", Severity.HIGH), ("HIGH", Severity.HIGH), ("7.0", Severity.HIGH), ("8.9", Severity.HIGH),
        ("中风险", Severity.MEDIUM), ("Medium", Severity.MEDIUM), ("4", Severity.MEDIUM), ("6.9", Severity.MEDIUM),
        ("低危", Severity.LOW), ("low", Severity.LOW), ("0.1", Severity.LOW), ("3.9", Severity.LOW),
    ])  # fmt: skip
    def test_by_name_or_score(self, text: str, severity: Severity) -> None:
        assert row(severity=text).severity is severity

    @pytest.mark.parametrize("text", ["", "特别高", "0", "11", "-1"])
    def test_none(self, text: str) -> None:
        assert broken(severity=text).column == "等级"

    @pytest.mark.parametrize("text", ["info", "信息", "None", "Log"])
    def test_what_only_tells_is_counted(self, text: str) -> None:
        found = judged(CONTRACT, [Raw(2, {**GOOD, "severity": text})], DEFAULT, {})
        assert found == ([], [], 1)


class TestAsset:
    @pytest.mark.parametrize(("cells", "asset"), [
        ({"port": ""}, "oa-app-01"), ({}, "oa-app-01:22"), ({"port": "22/tcp"}, "oa-app-01:22"),
        ({"port": "22.0"}, "oa-app-01:22"), ({"port": "0"}, "oa-app-01"),
        ({"asset": "OA-APP-01:8080"}, "oa-app-01:8080"),
        ({"asset": "https://oa.example/login", "port": "443"}, "https://oa.example/login"),
        ({"asset": "oa.example", "port": "443"}, "oa.example:443"),
    ])  # fmt: skip
    def test_host_port_or_address(self, cells: dict[str, str], asset: str) -> None:
        assert row(**cells).asset == asset

    @pytest.mark.parametrize("asset", ["evil.example", "https://evil.example/", "oa.example"])
    def test_outside_the_contract_names_the_rule(self, asset: str) -> None:
        one = broken(asset=asset, port="")
        assert (one.number, one.column) == (7, "资产")
        assert RULE in one.reason

    def test_the_column_as_the_file_calls_it(self) -> None:
        assert broken({"asset": "IP地址"}, asset="evil.example").column == "IP地址"

    def test_of_those_that_name_none(self) -> None:
        found = judged(CONTRACT, [Raw(1, {**GOOD, "asset": "", "port": ""})], Default("x", "oa-cache-01"), {})
        assert found.rows[0].asset == "oa-cache-01"


class TestCells:
    @pytest.mark.parametrize(("field", "text", "kept"), [
        ("cve", "cve-2021-44228，CVE-2022-22965\nCVE-2021-44228", "CVE-2021-44228、CVE-2022-22965"), ("cve", "无", ""),
        ("cnvd", "CNVD-2021-95914", "CNVD-2021-95914"), ("due", "2026年12月1日", date(2026, 12, 1)),
        ("due", "2026/12/1", date(2026, 12, 1)), ("due", "2026-12-01 00:00:00", date(2026, 12, 1)),
        ("vantage", "巡检机", "here"), ("title", "  两行\n标题\x00 ", "两行 标题"),
    ])  # fmt: skip
    def test_as_people_write_them(self, field: str, text: str, kept: Any) -> None:
        assert getattr(row(**{field: text}), field) == kept

    @pytest.mark.parametrize(("field", "text", "column"), [
        ("title", " ", "漏洞名称"), ("cve", "CVE-21-1", "CVE"), ("cnvd", "CVE-2021-44228", "CNVD"),
        ("due", "下周", "期限"), ("due", "2026-02-30", "期限"), ("vantage", "月球", "复测位置"),
        ("way", "jump", "堡垒机"), ("probe", "guess-passwords", "探测项"), ("port", "99999", "资产"),
    ])  # fmt: skip
    def test_what_is_wrong_with_which(self, field: str, text: str, column: str) -> None:
        assert broken(**{field: text}).column == column

    def test_phone_numbers_stay_outside(self) -> None:
        assert PHONE not in row(owner=f"系统管理员 {PHONE}").owner


class TestProbe:
    def test_by_its_class(self) -> None:
        assert row(title="高危端口开放").probe == "port-closed"
        assert row(title="x", weakness="开放端口").probe == "port-closed"
        assert row(title="x").probe == ""

    def test_only_where_it_can_be_turned_on_that_asset(self) -> None:
        assert row(title="高危端口开放", port="").probe == ""
        assert broken(probe="port-closed", port="").reason == "port-closed 要的资产是主机:端口，不是 oa-app-01"

    def test_it_refuses_another_vantage(self) -> None:
        assert "只能从 巡检机、堡垒机 看" in broken(probe="port-closed", vantage="主机上").reason
        assert row(probe="port-closed", way="bastion").vantage == "bastion"


class TestKey:
    def test_by_the_reports_own_number(self) -> None:
        assert row(own="V-7").key == "漏扫报告#V-7"
        assert row(own="V-7", title="别的").key == row(own="V-7").key

    def test_else_by_what_it_says(self) -> None:
        assert row(source="甲").key == row(source="乙", severity="高危").key
        assert len({row().key, row(port="23").key, row(title="y").key, row(cve="CVE-2021-44228").key}) == 4

    def test_of_two_that_are_the_same_the_second_is_broken(self) -> None:
        found = judged(CONTRACT, [Raw(2, GOOD), Raw(3, {**GOOD, "severity": "高危"})], DEFAULT, {})
        assert [one.number for one in found.rows] == [2]
        assert found.broken == [Broken(3, "漏洞名称", "与第 2 行是同一条（SSH 弱算法）")]


class TestDue:
    @pytest.mark.parametrize(("severity", "due"), [
        ("超危", "2026-11-26"), ("高危", "2026-11-30"), ("中危", "2026-12-23"), ("低危", "2027-02-21"),
    ])  # fmt: skip
    def test_by_severity(self, severity: str, due: str) -> None:
        body = body_of(CONTRACT, row(severity=severity), date(2026, 11, 23))
        assert (body["due"], body["days"]) == (due, CONTRACT.remediation.days(Severity(severity)))

    def test_the_rows_own_comes_first(self) -> None:
        assert body_of(CONTRACT, row(due="2026-11-24"), date(2026, 11, 23))["due"] == "2026-11-24"


HEADER = ["序号", "漏洞名称*", "风险等级", "IP地址（内网）", "端口"]
LINE = ["1", "弱口令", "高危", "oa-app-01", "22"]


class TestColumns:
    def test_below_a_title_and_with_notes(self) -> None:
        table = table_of([["漏洞清单"], [""], HEADER, LINE, ["", ""]], {})
        assert table.heads == {"title": "漏洞名称*", "severity": "风险等级", "asset": "IP地址（内网）", "port": "端口"}
        assert table.rows == [Raw(4, {"title": "弱口令", "severity": "高危", "asset": "oa-app-01", "port": "22"})]

    @pytest.mark.parametrize("header", [
        ["Plugin ID", "CVE", "CVSS v2.0 Base Score", "Risk", "Host", "Protocol", "Port", "Name", "Synopsis"],
        ["IP", "Hostname", "Port", "Port Protocol", "CVSS", "Severity", "NVT Name", "CVEs"],
    ], ids=["nessus", "gvm"])  # fmt: skip
    def test_as_scanners_export_them(self, header: list[str]) -> None:
        heads = table_of([header, header], {}).heads
        assert {"title", "severity", "asset", "port", "cve"} <= heads.keys()
        assert heads["severity"] in ("Risk", "Severity")

    def test_by_a_mapping(self) -> None:
        table = table_of(
            [["问题", "危险", "机器"], ["a", "b", "c"]], {"title": "问题", "severity": "危险", "asset": "机器"}
        )
        assert table.rows[0].cells == {"title": "a", "severity": "b", "asset": "c"}

    def test_a_short_line_is_a_short_line(self) -> None:
        assert table_of([HEADER, ["1", "弱口令"]], {}).rows[0].cells == {"title": "弱口令"}

    @pytest.mark.parametrize(("lines", "mapping", "said"), [
        ([], {}, "没有内容"), ([["", " "]], {}, "没有内容"),
        ([["甲", "乙"], ["1", "2"]], {}, "漏洞名称（title）、等级（severity）、资产（asset）；表头是：甲、乙"),
        ([HEADER, LINE], {"page": "第几页"}, "列对照里的列 第几页 表里没有"),
    ])  # fmt: skip
    def test_what_is_no_table_of_findings(self, lines: list[list[str]], mapping: dict[str, str], said: str) -> None:
        with pytest.raises(RequestError, match=said):
            table_of(lines, mapping)

    def test_a_mapping_of_no_field_of_ours(self) -> None:
        with pytest.raises(RequestError, match="没有字段 titel"):
            check_mapping({"titel": "x"})


@given(st.lists(st.dictionaries(st.sampled_from(["title", "severity", "asset", "port", "cve", "due", "own", "probe"]),
                                st.text(max_size=12), max_size=8), max_size=12))  # fmt: skip
def test_every_row_goes_in_is_listed_or_is_counted(cells: list[dict[str, str]]) -> None:
    raws = [Raw(number, {**GOOD, **one}) for number, one in enumerate(cells)]
    found = judged(CONTRACT, raws, DEFAULT, {})
    assert len(found.rows) + len(found.broken) + found.told == len(raws)
    assert all(one.reason and one.column for one in found.broken)
    assert len({one.key for one in found.rows}) == len(found.rows)
