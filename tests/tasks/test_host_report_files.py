"""The 周巡检报告 in its four formats, made by the real pandoc and the real Chromium."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document
from docx.oxml.ns import qn
from pypdfium2.raw import FPDF_PAGEOBJ_PATH
from report_desk import cover, figure
from report_sample import read_html

from checks.finding import State
from checks.host_lines import (
    AnomalyLine,
    Blank,
    CapacityLine,
    Cell,
    ExemptLine,
    HostLine,
    HostReport,
    LeftoverLine,
    LogLine,
    LogSummary,
    MendedLine,
    ServiceLine,
    StandardLine,
    ThresholdLine,
    UnseenLine,
)
from checks.report_drawing import Drawing
from checks.report_lines import Matrix, MatrixLine
from tasks.report import Format, render

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
SYSTEM = "综合办公系统"
NAMES = ("oa-web-01", "oa-app-01", "oa-app-02", "oa-db-01", "oa-db-02", "oa-cache-01")
CELLS: tuple[Cell, ...] = (State.OK, State.WARN, State.CRIT, State.UNKNOWN, Blank.NOT_DONE, Blank.NOT_APPLICABLE)
HOSTILE = [
    "a | b || c",
    "`code` ``x``",
    "{{ 7*7 }}{% raw %}{# x #}",
    "<script>alert(1)</script><b>x</b><!-- y -->",
    "[x](javascript:alert(1)) ![p](http://evil.example/p.png)",
    "$x^2$ and \\(y\\) @cite [^1]",
    "# head",
    "> quote ::: div",
    "**b** __u__ ~~s~~ *i*",
    "&lt; &#60; &amp;",
    'x{.crit custom-style="Title"} [y]{.z}',
    "long" * 60,
    "=== ---",
]


def host(name: str = "oa-web-01", **over: Any) -> HostLine:
    plain: dict[str, Any] = {
        "system": SYSTEM, "host": name, "role": "网页", "state": State.OK, "ok": figure(26), "warn": figure(0),
        "crit": figure(0), "unknown": figure(0), "not_done": figure(0), "started_at": NOON,
        "ended_at": NOON.replace(second=4), "run_ids": ("0123456789abcdef",), "rows": (f"slot {name}",),
    }  # fmt: skip
    return HostLine(**plain | over)


MISSED: dict[str, Any] = {
    "state": None, "ok": figure(0), "not_done": figure(26), "started_at": None, "ended_at": None, "run_ids": ()
}  # fmt: skip


def anomaly(text: str, **over: Any) -> AnomalyLine:
    plain: dict[str, Any] = {
        "system": SYSTEM, "host": "oa-web-01", "item": "OS08 磁盘", "state": State.CRIT, "before": None,
        "summary": text, "found_at": NOON, "reported_at": None,
    }  # fmt: skip
    return AnomalyLine(**plain | over)


def weekly(**over: Any) -> HostReport:
    """A week of one host on which all is well, `over` that."""
    plain = HostReport(
        logs=LogSummary(
            lines=(), more_kinds=figure(0), more_lines=figure(0), read=figure(1), unread=(), incomplete=()
        ),
        hosts=(host(),), matrices=(), anomalies=(), unseen=(), services=(), capacity=(), volumes=figure(2),
        leftovers=(), mended=(), exempt=(), standards=(), thresholds=(),
    )  # fmt: skip
    return plain.model_copy(update=over)


def matrix(rows: int = 26) -> Matrix[Cell]:
    lines = tuple(MatrixLine[Cell](item=f"OS{number:02} 项目", cells=CELLS) for number in range(1, rows + 1))
    return Matrix[Cell](system=SYSTEM, hosts=NAMES, lines=lines)


def everything(text: str = "如下") -> HostReport:
    """Something in every section."""
    return weekly(
        hosts=(
            host(role=text),
            host("oa-app-01", ended_at=None, not_done=figure(20), state=State.UNKNOWN, ok=figure(6)),
            host("oa-db-01", **MISSED),
            host("oa-db-02", state=State.UNKNOWN, ok=figure(0), unknown=figure(26)),
        ),
        matrices=(matrix(),),
        anomalies=(anomaly(text, before=State.OK), anomaly(text, state=State.WARN, reported_at=NOON.replace(minute=5))),
        unseen=(
            UnseenLine(
                system=SYSTEM,
                host="oa-db-02",
                names="",
                number=figure(26),
                reason="无法到达",
                summary=text,
            ),
        ),
        services=(
            ServiceLine(system=SYSTEM, host="oa-db-01", item="MY1 存活", state=Blank.NOT_APPLICABLE, summary=text),
        ),
        capacity=(
            CapacityLine(
                host="oa-db-01",
                what=text,
                percent=figure(81.4, "81%"),
                state=State.WARN,
                full=figure(40, "约 40 天后写满"),
            ),
            CapacityLine(host="oa-db-01", what="/data", percent=figure(95, "95%"), state=State.CRIT, full=None),
        ),
        logs=LogSummary(
            lines=(
                LogLine(host="x", source="系统日志", level="错误", text=text, found=figure(9), before=None, new=True),
                LogLine(
                    host="x",
                    source="/var/log/x",
                    level="警告",
                    text="* 满",
                    found=figure(7),
                    before=figure(3),
                    new=False,
                ),
            ),
            more_kinds=figure(2),
            more_lines=figure(30),
            read=figure(2),
            unread=("oa-db-01",),
            incomplete=("oa-app-01",),
        ),
        leftovers=(
            LeftoverLine(system=SYSTEM, host="x", names=text, state=State.WARN, since="2026-W44", weeks=figure(4)),
            LeftoverLine(system=SYSTEM, host="x", names="y", state=Blank.NOT_DONE, since="2026-W46", weeks=figure(2)),
        ),
        mended=(MendedLine(system=SYSTEM, host="x", item="OS06 内存", state=State.WARN, summary=text, mended_at=NOON),),
        exempt=(ExemptLine(item="OS02 时间同步", hosts="oa-app-02", why=text),),
        standards=(StandardLine(item="OS08 磁盘", titles=("告警（%）", "严重（%）"), values=(figure(80), figure(90))),),
        thresholds=(
            ThresholdLine(item="OS08 磁盘", field=text, value=figure(70), default=figure(80), hosts="oa-db-01"),
        ),
    )


def squeeze(text: str) -> str:
    """Without the spaces and line ends that a layout may add. U+FFFE is pdfium's hyphen at the end of a line."""
    return re.sub(r"\s+", "", text.replace("\ufffe", "-"))


def text_of(path: Path) -> str:
    """What a reader of the file reads."""
    if path.suffix == ".pdf":
        document = pypdfium2.PdfDocument(path)
        try:
            return "\n".join(sheet.get_textpage().get_text_range() for sheet in document)
        finally:
            document.close()
    if path.suffix == ".docx":
        return "\n".join("".join(one.itertext()) for one in Document(str(path)).element.body.iter(qn("w:p")))
    return read_html(path).text


def make(report: HostReport, folder: Path, *formats: Format) -> dict[Format, Path]:
    def ask(name: str, **about: object) -> object:
        return report if name == "hosts" else Drawing(caption=name, trouble="本期没有可画的")

    week = cover("2026-W47", date(2026, 11, 16), date(2026, 11, 22))
    paths = render("hosts", week, ask, formats or list(Format), folder, folder)
    return {Format(path.suffix[1:]): path for path in paths}


def said(report: HostReport, folder: Path) -> str:
    return text_of(make(report, folder, Format.ARTIFACT)[Format.ARTIFACT])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, Path]:
    """A report whose every free text is an attack, in all formats."""
    parts = [everything(text) for text in HOSTILE]
    lines = ("hosts", "anomalies", "unseen", "services", "capacity", "leftovers", "mended", "exempt", "thresholds")
    together: dict[str, Any] = {name: tuple(line for part in parts for line in getattr(part, name)) for name in lines}
    logged = tuple(line for part in parts for line in part.logs.lines)
    together["logs"] = parts[0].logs.model_copy(update={"lines": logged})
    return make(parts[0].model_copy(update=together), tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("form", list(Format))
def test_hostile_text_stands_for_itself(hostile: dict[Format, Path], form: Format) -> None:
    read = squeeze(text_of(hostile[form]))
    # role; twice an anomaly; unseen, service, capacity, log, leftover, mended, exempt, threshold; logs are cut short
    least = {text: 11 - (len(text) > 200) for text in HOSTILE}
    assert [text for text in HOSTILE if read.count(squeeze(text)) < least[text]] == []


@pytest.mark.parametrize("form", [Format.ARTIFACT, Format.HTML])
def test_hostile_text_makes_no_element(hostile: dict[Format, Path], form: Format) -> None:
    reader = read_html(hostile[form])
    assert not reader.tags & {"script", "a", "b", "code", "s", "del", "em", "ol", "ul", "blockquote", "pre", "img"}
    assert reader.links == []


def test_files_are_named_by_kind_and_week(hostile: dict[Format, Path]) -> None:
    assert {file.name for file in hostile.values()} == {
        f"周巡检报告-2026-W47.{ending}" for ending in ("md", "html", "pdf", "docx")
    }


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    once, twice = (
        [path.read_bytes() for path in make(everything(), tmp_path / name, Format.ARTIFACT, Format.HTML).values()]
        for name in ("a", "b")
    )
    assert once == twice


def test_sections_states_and_times(tmp_path: Path) -> None:
    [path] = make(everything(), tmp_path, Format.DOCX).values()
    headings = [p.text for p in Document(str(path)).paragraphs if p.style and p.style.name == "Heading 1"]
    assert headings == [
        "一、巡检概况", "二、服务器巡检（主机×项目）", "三、异常及反馈", "四、未取得的项目", "五、数据库与中间件",
        "六、容量预测", "七、日志分析", "八、遗留问题", "附：判定标准与不适用项目",
    ]  # fmt: skip
    text = text_of(path)
    assert "2026年第47周（2026年11月16日至2026年11月22日）" in text
    assert (
        "应巡检主机 4 台，完成 1 台，无法巡检 1 台（oa-db-02），中断 1 台（oa-app-01），未执行 1 台（oa-db-01）" in text
    )
    assert "104 项次：正常 32，告警 0，严重 0，未取得 26，未执行 46" in text
    assert "未取得和未执行的 72 项次有无异常不详" in text
    assert "另有 2 类没有列出；没有列出和没有归类的共 30 条" in text
    assert "没有取得日志的主机：oa-db-01。" in text
    for word in ("11-16 12:00", "11-16 12:05", "未反馈", "比较敏感的信息", "c0ffeec0ffee", "没有预测", "01234567"):
        assert word in text


def test_every_state_reads_without_colour(tmp_path: Path) -> None:
    [path] = make(weekly(matrices=(matrix(1),)), tmp_path, Format.ARTIFACT).values()
    row = "| OS01 项目 | 正常 | **告警** | **严重** | **未取得** | **未执行** | 不适用 |"
    assert row in path.read_text(encoding="utf-8")


def test_a_week_without_inspection_never_reads_as_fine(tmp_path: Path) -> None:
    missed = tuple(host(name, **MISSED) for name in NAMES)
    logs = weekly().logs.model_copy(update={"read": figure(0), "unread": NAMES})
    text = said(weekly(hosts=missed, volumes=figure(0), logs=logs), tmp_path)
    assert "本周没有取得日志。" in text
    assert "完成 0 台，未执行 6 台" in text
    assert "本报告不能说明各主机是否正常" in text
    assert "无从判断有无异常" in text
    assert "无从判断遗留问题" in text
    assert "本周没有取得磁盘用量" in text
    assert not re.search("未发现异常|在阈值之内|未见此前|没有错误", text)


def test_a_week_in_which_nothing_is_due_says_so(tmp_path: Path) -> None:
    text = said(weekly(hosts=(), volumes=figure(0)), tmp_path)
    assert "本周没有应巡检的主机" in text
    assert "未发现异常" not in text


def test_a_good_week_says_what_was_seen(tmp_path: Path) -> None:
    text = said(weekly(), tmp_path)
    assert "应巡检主机 1 台，完成 1 台。" in text
    assert "已取得的项目未发现异常。" in text
    assert "应查的项目全部取得。" in text
    assert "看到的 2 个文件系统在阈值之内" in text
    assert "读到日志的 1 台主机没有错误和警告。" in text


def test_no_table_is_wider_than_the_page(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument(make(everything(), tmp_path, Format.PDF)[Format.PDF])
    room = document[0].get_width() - 26 / 25.4 * 72
    lines = [thing.get_bounds()[2] for sheet in document for thing in sheet.get_objects(filter=[FPDF_PAGEOBJ_PATH])]
    document.close()
    assert len(lines) > 50
    assert max(lines) < room + 0.75  # a border's width


def test_three_hundred_rows_repeat_their_head_and_stay_on_the_page(tmp_path: Path) -> None:
    lines = tuple(anomaly("结果" + "W" * (150 if number % 50 == 0 else 5)) for number in range(300))
    files = make(weekly(matrices=(matrix(), matrix()), anomalies=lines), tmp_path, Format.PDF, Format.DOCX)
    document = pypdfium2.PdfDocument(files[Format.PDF])
    for sheet in document:
        words = sheet.get_textpage()
        text = words.get_text_range()
        assert ("发现时间" in text) == ("未反馈" in text)
        assert ("oa-db-02" in text) == (re.search(r"OS\d\d 项目", text) is not None)
        for index in range(words.count_rects()):
            left, _, right, _ = words.get_rect(index)
            assert left >= 28 / 25.4 * 72 - 2
            assert right <= (210 - 26) / 25.4 * 72 + 3
    assert len(document) > 20
    document.close()
    tables = Document(str(files[Format.DOCX])).tables
    assert all(len(table._tbl.xpath("./w:tr/w:trPr/w:tblHeader")) == 1 for table in tables)
