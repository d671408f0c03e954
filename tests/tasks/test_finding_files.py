"""Reports of findings as files: what Excel, WPS and scanners write, what breaks parsers, and what we write."""

import csv
import io
import json
import time
import zipfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.finding_rows import Raw
from tasks.finding_files import FindingFileError, mapping_of, read
from tasks.finding_files.write import table_csv, table_xlsx

LINES = [
    ["编号", "漏洞名称", "风险等级", "IP地址", "端口", "期限"],
    ["V-1", "弱口令，\n默认账号", "高危", "oa-app-01", "22", "2026-12-01"],
    ["V-2", "TLS 1.0", "中危", "oa.example", "443", ""],
]
ROWS = [
    Raw(number, dict(zip(("own", "title", "severity", "asset", "port", "due"), line, strict=True)))
    for number, line in enumerate(LINES[1:], 2)
]


def as_csv(delimiter: str = ",") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(LINES)
    return out.getvalue()


def as_xlsx(lines: list[list[Any]] = LINES, title: str = "漏洞") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class TestTables:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    def test_csv_in_the_encodings_in_use(self, tmp_path: Path, encoding: str) -> None:
        assert read(put(tmp_path, "x.csv", as_csv().encode(encoding)), {}).rows == ROWS

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_other_delimiters(self, tmp_path: Path, delimiter: str) -> None:
        assert read(put(tmp_path, "x.csv", as_csv(delimiter)), {}).rows == ROWS

    def test_a_workbook(self, tmp_path: Path) -> None:
        assert read(put(tmp_path, "x.xlsx", as_xlsx()), {}).rows == ROWS

    def test_numbers_and_days_as_a_workbook_has_them(self, tmp_path: Path) -> None:
        typed = [LINES[0], ["V-1", "弱口令", 9.8, "oa-app-01", 22.0, datetime(2026, 12, 1)]]
        [one] = read(put(tmp_path, "x.xlsx", as_xlsx(typed)), {}).rows
        assert (one.cells["severity"], one.cells["port"], one.cells["due"]) == ("9.8", "22", "2026-12-01")

    def test_the_first_sheet_that_has_anything(self, tmp_path: Path) -> None:
        book = openpyxl.load_workbook(io.BytesIO(as_xlsx()))
        book.create_sheet("封面", 0)
        book.save(tmp_path / "x.xlsx")
        assert read(tmp_path / "x.xlsx", {}).rows == ROWS

    def test_a_mapping(self, tmp_path: Path) -> None:
        mapping = mapping_of(put(tmp_path, "map.yaml", "title: 问题\nseverity: 危险\nasset: 机器\n"))
        table = read(put(tmp_path, "x.csv", "问题,危险,机器\n弱口令,高危,oa-app-01\n"), mapping)
        assert table.rows == [Raw(2, {"title": "弱口令", "severity": "高危", "asset": "oa-app-01"})]

    @pytest.mark.parametrize(("text", "said"), [
        ("titel: 问题\n", "没有字段 titel"), ("- title\n", "每行写"), ("title: [a]\n", "每行写"),
        ("a: b: c\n", "第 1 行"), ("", "map.yaml"),
    ])  # fmt: skip
    def test_what_is_no_mapping(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(FindingFileError, match=said):
            mapping_of(put(tmp_path, "map.yaml", text))


def bomb() -> bytes:
    """300 MB of zeros in a third of a megabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(bytes(2**20))
    return out.getvalue()


def with_entities(before: str = "") -> bytes:
    """A billion laughs where the cells should be."""
    out = io.BytesIO()
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<?xml version="1.0"?>{before}<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>'
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'{doctype}<worksheet xmlns="{space}"><sheetData>{cell}</sheetData></worksheet>'
    with zipfile.ZipFile(io.BytesIO(as_xlsx())) as source, zipfile.ZipFile(out, "w") as archive:
        for one in source.infolist():
            archive.writestr(one.filename, sheet if one.filename.endswith("sheet1.xml") else source.read(one))
    return out.getvalue()


def with_hidden_entities() -> bytes:
    return with_entities(f"<!--{'x' * 9000}-->")


def far_away() -> bytes:
    """One cell at the far end of a sheet that says that it is as large as that."""
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class TestBroken:
    @pytest.mark.parametrize(("name", "content", "said"), [
        ("x.csv", b"", "是空文件"), ("x.csv", b" \r\n", "是空文件"),
        ("x.csv", bytes(range(256)) * 9, "编码不是"), ("x.csv", as_csv().encode("utf-16")[2:], "编码不是"),
        ("x.xlsx", b"PK\x03\x04 no zip", "文件已损坏，或不是 XLSX"), ("x.xlsx", as_xlsx()[:-200], "文件已损坏"),
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "是旧版 .xls"),
        ("x.csv", "漏洞名称,等级,资产\n" + "x" * 200_000, "读不懂"),
        ("x.csv", "漏洞名称,等级,资产\n" + "a,b,c\n" * 20_001, "超过 20000 行"),
        ("x.nessus", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "是 XML"),
        ("x.json", '{"a": 1}', "不是 SARIF"), ("x.json", "[1, 2]", "不是 SARIF"), ("x.json", "{", "JSON 读不懂"),
        ("x.json", "[" * 100_000, "JSON 读不懂"), ("x.json", '{"runs": [1]}', "不是 SARIF"),
        ("x.json", '{"Results": {"a": 1}}', "不是 SARIF"), ("x.json", "[]", "不是 SARIF"),
    ])  # fmt: skip
    def test_is_said_in_a_sentence(self, tmp_path: Path, name: str, content: bytes | str, said: str) -> None:
        with pytest.raises(FindingFileError, match=f"^{name}：.*{said}"):
            read(put(tmp_path, name, content), {})

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(FindingFileError, match="读不出"):
            read(tmp_path / "x.csv", {})

    @pytest.mark.parametrize(("hostile", "said"), [
        (bomb, "解开后超过 256 MB"), (with_entities, "里面有 DTD"),
        (with_hidden_entities, "文件已损坏"), (far_away, "超过 20000 行"),
    ])  # fmt: skip
    def test_a_hostile_workbook_is_refused_quickly(self, tmp_path: Path, hostile: Any, said: str) -> None:
        path = put(tmp_path, "x.xlsx", hostile())
        began = time.monotonic()
        with pytest.raises(FindingFileError, match=said):
            read(path, {})
        assert time.monotonic() - began < 20

    @given(st.binary(max_size=300))
    @settings(max_examples=60, deadline=None)
    def test_any_bytes_are_a_table_or_a_sentence(
        self, tmp_path_factory: pytest.TempPathFactory, content: bytes
    ) -> None:
        path = put(tmp_path_factory.getbasetemp(), "any.csv", content)
        with suppress(FindingFileError):
            assert read(path, {}).heads


SARIF = {
    "version": "2.1.0",
    "runs": [{
        "tool": {"driver": {"name": "示例扫描器", "rules": [
            {"id": "R1", "shortDescription": {"text": "Log4Shell"},
             "properties": {"security-severity": "10.0", "tags": ["cve-2021-44228"]}},
            {"id": "R2", "defaultConfiguration": {"level": "note"}},
        ]}},
        "results": [
            {"ruleId": "R1", "message": {"text": "m"}, "guid": "g-1",
             "locations": [{"physicalLocation": {"artifactLocation": {"uri": "https://oa.example/login"}}}]},
            {"ruleIndex": 1, "message": {"text": "响应头缺失"},
             "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/a.py"}}}]},
            {"ruleId": "R1", "message": {"text": "m"}, "kind": "pass"},
            {"ruleId": "R1", "message": {"text": "m"}, "suppressions": [{"kind": "external"}]},
        ],
    }],
}  # fmt: skip
TRIVY = {"SchemaVersion": 2, "Results": [
    {"Target": "app.jar", "Vulnerabilities": [
        {"VulnerabilityID": "CVE-2021-44228", "PkgName": "log4j-core", "InstalledVersion": "2.14.1",
         "Severity": "CRITICAL", "Title": "Log4Shell"}]},
    {"Target": "debian"},
]}  # fmt: skip
NUCLEI = {
    "template-id": "spring-actuator", "matched-at": "https://oa.example/actuator",
    "info": {"name": "Actuator", "severity": "high", "classification": {"cve-id": ["cve-2022-22965"]}},
}  # fmt: skip


class TestScanners:
    def test_sarif(self, tmp_path: Path) -> None:
        one, two = read(put(tmp_path, "x.sarif", json.dumps(SARIF)), {}).rows
        assert one.cells == {
            "title": "Log4Shell", "severity": "10.0", "asset": "https://oa.example/login", "page": "",
            "cve": "CVE-2021-44228", "weakness": "R1", "own": "g-1",
        }  # fmt: skip
        assert (two.number, two.cells["title"], two.cells["severity"]) == (2, "响应头缺失", "低危")
        assert (two.cells["asset"], two.cells["page"]) == ("", "src/a.py"), "a path is no asset"

    def test_sarif_without_results(self, tmp_path: Path) -> None:
        clean = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}
        assert read(put(tmp_path, "x.sarif", json.dumps(clean)), {}).rows == []

    def test_trivy(self, tmp_path: Path) -> None:
        [one] = read(put(tmp_path, "x.json", json.dumps(TRIVY)), {}).rows
        assert one.cells == {
            "title": "log4j-core 2.14.1：Log4Shell", "severity": "CRITICAL", "cve": "CVE-2021-44228",
            "weakness": "CVE-2021-44228", "page": "app.jar",
        }  # fmt: skip

    @pytest.mark.parametrize("text", [json.dumps(NUCLEI), json.dumps([NUCLEI]), f"{json.dumps(NUCLEI)}\n"])
    def test_nuclei(self, tmp_path: Path, text: str) -> None:
        [one] = read(put(tmp_path, "x.jsonl", text), {}).rows
        assert one.cells == {
            "title": "Actuator", "severity": "high", "asset": "https://oa.example/actuator",
            "cve": "CVE-2022-22965", "weakness": "spring-actuator",
        }  # fmt: skip

    def test_nuclei_a_line_each(self, tmp_path: Path) -> None:
        text = "\n".join(json.dumps(NUCLEI) for _ in range(3))
        assert [one.number for one in read(put(tmp_path, "x.jsonl", text), {}).rows] == [1, 2, 3]


FORMULAS = ['=HYPERLINK("http://evil.example")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", " =1", "＝1"]


class TestWritten:
    """What a report said is never run by whoever opens the export (OWASP, CSV Injection)."""

    def test_csv_holds_no_formula(self) -> None:
        content = table_csv(["编号", "漏洞名称"], [["F-2026-001", one] for one in FORMULAS])
        assert content.startswith(b"\xef\xbb\xbf")
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert all(line[1].startswith("'") for line in lines[1:])
        assert lines[0] == ["编号", "漏洞名称"]
        assert lines[1][0] == "F-2026-001"

    def test_a_workbook_holds_texts_alone(self) -> None:
        content = table_xlsx("漏洞台账", ["编号", "漏洞名称"], [["F-2026-001", one] for one in FORMULAS])
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = [cell for line in book.active.iter_rows() for cell in line]
        assert {cell.data_type for cell in cells} == {"s"}
        assert [cell.quotePrefix for cell in cells[3::2]] == [True] * len(FORMULAS)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")

    @given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
    @settings(max_examples=50, deadline=None)
    def test_nothing_breaks_either(self, texts: list[str]) -> None:
        texts = [one.encode(errors="ignore").decode() for one in texts]
        lines = list(
            csv.reader(io.StringIO(table_csv(["x"], [[one] for one in texts]).decode("utf-8-sig"), newline=""))
        )
        assert len(lines) == len(texts) + 1
        assert not any(line[0].lstrip().startswith(("=", "+", "-", "@")) for line in lines[1:])
        book = openpyxl.load_workbook(io.BytesIO(table_xlsx("x", ["x"], [[one] for one in texts])))
        assert all(cell.data_type in ("s", "n", "inlineStr") for line in book.active.iter_rows() for cell in line)

    def test_what_is_written_can_be_read(self, tmp_path: Path) -> None:
        heads = ["编号", "漏洞名称", "等级", "资产"]
        table = read(put(tmp_path, "x.xlsx", table_xlsx("x", heads, [["F-2026-001", "a", "高危", "b"]])), {})
        assert table.rows[0].cells["own"] == "F-2026-001"
