"""The 日报 in its four formats, made by the real pandoc and the real Chromium."""

import base64
import hashlib
import io
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2
import pytest
from docx import Document
from PIL import Image
from report_desk import HEAD, cover, figure
from report_sample import Reader, gfm, read_html

from checks.daily_report import AnomalyLine, DailyReport, LeftoverLine, PageLine, SystemLine
from checks.downtime import DowntimeLine
from checks.finding import State
from checks.records import EvidenceRecord
from checks.report_cover import Cover
from checks.secrecy import Grade
from tasks.evidence import Store
from tasks.report import Format, ReportError, Safe, escape
from tasks.report import render as render_report
from tasks.report.sheet import environment
from tasks.settings import Settings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOSTILE = [
    "a | b || c",
    "`code` ``x``",
    "{{ 7*7 }}{% raw %}{# x #}",
    "<script>alert(1)</script><b>x</b><!-- y -->",
    "[x](javascript:alert(1))",
    "![p](http://evil.example/p.png)",
    "$x^2$ and \\(y\\)",
    "@cite [@doe2020] [^1]",
    "1. one",
    "# head",
    "- [ ] item",
    "> quote ::: div",
    "**b** __u__ ~~s~~ *i*",
    "&lt; &#60; &amp;",
    "http://a.example www.b.example me@c.example <http://d.example>",
    "C:\\dir\\ \\| end\\",
    "\"q\" 'q' -- --- ...",
    'x{.crit custom-style="Title"} [y]{.z}',
    "long" * 60,
    "完成 ★",
    "| --- | --- |",
    "=== ---",
]


def picture(folder: Path, name: str = "oa/1.jpg", size: tuple[int, int] = (1280, 800)) -> EvidenceRecord:
    """Keep one picture as evidence."""
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, Path(name).suffix[1:].replace("jpg", "jpeg"))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(out.getvalue())
    return EvidenceRecord(
        target="oa/a", attempt=1, kind="screenshot", path=name, sha256=hashlib.sha256(out.getvalue()).hexdigest(),
        size=len(out.getvalue()), grade=2, at=NOON,
    )  # fmt: skip


def page(
    title: str = "登录", state: State | None = State.OK, remark: str = "",
    screenshot: EvidenceRecord | None = None, system: str = "综合办公系统",
) -> PageLine:  # fmt: skip
    ran = state is not None
    return PageLine(
        system=system, page=title, state=state, seconds=figure(1.25) if ran else None, attempts=figure(int(ran)),
        items=figure(7), remark=remark, screenshot=screenshot, rows=("row 1",),
    )  # fmt: skip


def daily(pages: Sequence[PageLine] = (), ran: bool = True, **over: object) -> DailyReport:
    states = [one.state for one in pages]
    system = SystemLine(
        name="综合办公系统", importance="重要", state=State.OK if ran else None, pages=figure(len(pages)),
        ok=figure(states.count(State.OK)), warn=figure(states.count(State.WARN)), crit=figure(states.count(State.CRIT)),
        unknown=figure(states.count(State.UNKNOWN)), not_done=figure(states.count(None)),
        started_at=NOON if ran else None, ended_at=NOON if ran else None, trigger="schedule" if ran else "",
        run_id="0123456789abcdef" if ran else "", rows=("row 1",),
    )  # fmt: skip
    plain = DailyReport(
        day=date(2026, 11, 22), expected=figure(1), done=figure(int(ran)), partly=figure(0), systems=(system,),
        pages=tuple(pages), anomalies=(), leftovers=(),
    )  # fmt: skip
    return plain.model_copy(update=over)


def render(
    report: DailyReport, formats: Iterable[Format], out: Path, evidence: Path, of: Cover | None = None,
    template: str = "daily", theirs: Path | None = None,
) -> list[Path]:  # fmt: skip
    def ask(name: str, **about: object) -> object:
        return {"daily": report}[name]

    return render_report(template, of or cover(), ask, formats, out, evidence, theirs=theirs)


def anomaly(text: str, state: State = State.CRIT, reported_at: datetime | None = None) -> AnomalyLine:
    return AnomalyLine(
        system="综合办公系统", page=text, item=text, state=state, summary=text, found_at=NOON, reported_at=reported_at
    )


def squeeze(text: str) -> str:
    """Without the spaces and line ends that a layout may add. U+FFFE is pdfium's hyphen at the end of a line."""
    return re.sub(r"\s+", "", text.replace("\ufffe", "-"))


def docx_text(path: Path) -> str:
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def pdf_text(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def text_of(path: Path) -> str:
    """What a reader of the file reads."""
    match Format(path.suffix[1:]):
        case Format.ARTIFACT | Format.HTML:
            return read_html(path).text
        case Format.PDF:
            return pdf_text(path)
        case Format.DOCX:
            return docx_text(path)


def pictures_in(path: Path) -> list[object]:
    """The pictures that a reader of the file sees."""
    match Format(path.suffix[1:]):
        case Format.ARTIFACT | Format.HTML:
            return list(read_html(path).links)
        case Format.PDF:
            kind = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
            return [one for page in pypdfium2.PdfDocument(path) for one in page.get_objects(filter=[kind])]
        case Format.DOCX:
            package = Document(str(path)).part.package
            return [part for part in package.iter_parts() if part.content_type.startswith("image/")]


def make_key(home: Path) -> None:
    path = home / "secrets/evidence.key"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    path.chmod(0o600)


@pytest.mark.parametrize("form", list(Format))
def test_downtime_in_which_pages_were_inspected_is_in_every_format(tmp_path: Path, form: Format) -> None:
    line = DowntimeLine(system="综合办公系统", number="T-2026-0003", start=NOON, end=NOON, why="升级|甲")
    [file] = render(daily(planned=(line,)), [form], tmp_path / "out", tmp_path / "evidence")
    read = squeeze(text_of(file))
    assert all(word in read for word in ("T-2026-0003", "升级|甲", "计划内停机期间"))
    [file] = render(daily(), [form], tmp_path / "bare", tmp_path / "evidence")
    assert "计划内停机" not in squeeze(text_of(file))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, Path]:
    """A report whose every name is an attack, in all formats."""
    folder = tmp_path_factory.mktemp("hostile")
    shot = picture(folder / "evidence")
    report = daily(
        [page(text, State.CRIT, text, shot if number < 4 else None) for number, text in enumerate(HOSTILE)],
        anomalies=tuple(anomaly(text) for text in HOSTILE),
        leftovers=tuple(
            LeftoverLine(
                system="综合办公系统", page=text, item=text, state=State.WARN, since=date(2026, 11, 20), days=figure(3)
            )
            for text in HOSTILE
        ),
    )  # fmt: skip
    of = cover(contract=HOSTILE[3], client=HOSTILE[4], contractor=HOSTILE[0])
    files = render(report, list(Format), folder / "out", folder / "evidence", of)
    return {Format(file.suffix[1:]): file for file in files}


@pytest.mark.parametrize("form", list(Format))
def test_hostile_text_stands_for_itself(hostile: dict[Format, Path], form: Format) -> None:
    read = squeeze(text_of(hostile[form]))
    # page, summary; anomaly: page, item, summary; leftover: page, item
    missing = [text for text in HOSTILE if read.count(squeeze(text)) < 7]
    assert missing == []


@pytest.mark.parametrize("form", list(Format))
def test_the_head_of_the_chain_is_on_the_cover(hostile: dict[Format, Path], form: Format) -> None:
    """Printed whole: with it, history that was cut off or made anew is found out."""
    assert squeeze(f"台账链头：{HEAD}") in squeeze(text_of(hostile[form]))


@pytest.mark.parametrize("form", [Format.ARTIFACT, Format.HTML])
def test_hostile_text_makes_no_element(hostile: dict[Format, Path], form: Format) -> None:
    text = hostile[form].read_text(encoding="utf-8")
    reader = gfm(text) if form is Format.ARTIFACT else Reader(text)
    assert not reader.tags & {"script", "a", "b", "code", "s", "del", "em", "ol", "ul", "blockquote", "pre", "iframe"}
    assert all(link.startswith("data:image/jpeg;base64,") for link in reader.links)
    assert len(reader.links) == 4


def test_no_format_holds_a_path_of_this_machine(hostile: dict[Format, Path]) -> None:
    package = Document(str(hostile[Format.DOCX])).part.package
    assert all(b"xunjian-" not in part.blob and b"/tmp" not in part.blob for part in package.iter_parts())
    assert "/tmp" not in hostile[Format.HTML].read_text(encoding="utf-8")


def test_one_line_of_each_text_without_control_and_bidi_characters() -> None:
    assert escape("a\nb\r\n c\u2028d\t") == "a b c d"
    assert escape("x\x00y\u202ez\ufeff") == "x\ufffdy\ufffdz\ufffd"
    assert escape("\ud800\uffff") == "\ufffd\ufffd"
    assert escape("👨\u200d👩") == "👨\u200d👩"
    assert isinstance(escape("x"), Safe)


def test_an_emoji_is_kept_wherever_fonts_are_the_readers(tmp_path: Path) -> None:
    # In a PDF it needs an emoji font on the machine that prints; see tasks/fonts.py for the Chinese one.
    for path in render(daily([page("完成 ✅")]), [Format.ARTIFACT, Format.HTML, Format.DOCX], tmp_path, tmp_path):
        assert "完成 ✅" in text_of(path)


def test_files_are_named_by_kind_and_day(hostile: dict[Format, Path]) -> None:
    assert {file.name for file in hostile.values()} == {
        f"日报-2026-11-22.{ending}" for ending in ("md", "html", "pdf", "docx")
    }
    beside = {path.name for path in hostile[Format.PDF].parent.iterdir()} - {file.name for file in hostile.values()}
    assert beside == {"日报-2026-11-22.figures.json"}


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    report = daily([page(state=State.WARN, screenshot=picture(tmp_path))])
    once, twice = (
        [path.read_bytes() for path in render(report, [Format.ARTIFACT, Format.HTML], tmp_path / name, tmp_path)]
        for name in ("a", "b")
    )
    assert once == twice


def test_sections_states_and_times(tmp_path: Path) -> None:
    states: list[State | None] = [State.OK, State.WARN, State.CRIT, State.UNKNOWN, None]
    report = daily(
        [page(state=state) for state in states],
        anomalies=(anomaly("甲", reported_at=NOON.replace(minute=5)), anomaly("乙")),
    )
    [path] = render(report, [Format.DOCX], tmp_path, tmp_path)
    headings = [p.text for p in Document(str(path)).paragraphs if p.style and p.style.name == "Heading 1"]
    text = docx_text(path)
    assert headings == ["一、巡检概况", "二、页面巡检结果表", "三、异常及反馈", "四、遗留问题", "附：页面截图"]
    assert "正常 1 项，告警 1 项，严重 1 项，未取得 1 项，未执行 1 项" in text
    assert all(word in text for word in ("11-22 12:00", "11-22 12:05", "未反馈", "比较敏感的信息", "c0ffeec0ffee"))
    assert "已执行的巡检未见此前遗留的问题" in text


def test_a_day_without_inspection_never_reads_as_fine(tmp_path: Path) -> None:
    [path] = render(daily([page(state=None, remark="未执行")], ran=False), [Format.ARTIFACT], tmp_path, tmp_path)
    text = text_of(path)
    assert "完成 0 个，未执行 1 个（综合办公系统）" in text
    assert "本报告不能说明各系统是否正常" in text
    assert "无从判断有无异常" in text
    assert "无从判断有无遗留问题" in text
    assert "未发现异常" not in text
    assert "综合办公系统 | 重要 | **未执行** | 1 | — | — | — | — | 1 | — | — |" in path.read_text(encoding="utf-8")


def test_a_run_that_was_cut_off_shows_what_it_saw_and_what_it_did_not(tmp_path: Path) -> None:
    report = daily([page("登录"), page("首页", None, "未执行")], done=figure(0))
    cut = report.model_copy(update={"systems": (report.systems[0].model_copy(update={"ended_at": None}),)})
    [path] = render(cut, [Format.ARTIFACT], tmp_path, tmp_path)
    text = text_of(path)
    assert "完成 0 个，中断 1 个（综合办公系统）" in text
    assert "12:00–中断" in text
    assert "正常 1 项，告警 0 项，严重 0 项，未取得 0 项，未执行 1 项" in text
    assert "已执行的巡检未发现异常。" in text
    assert "未执行的 1 项页面或功能有无异常不详。" in text


def test_evidence_that_is_gone_or_altered_is_said_not_shown(tmp_path: Path) -> None:
    good, gone, altered, broken = (picture(tmp_path, f"{name}.jpg") for name in ("good", "gone", "altered", "broken"))
    (tmp_path / "gone.jpg").unlink()
    (tmp_path / "altered.jpg").write_bytes((tmp_path / "good.jpg").read_bytes())
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 nothing")
    broken = broken.model_copy(update={"sha256": hashlib.sha256(b"\xff\xd8 nothing").hexdigest()})
    [path] = render(
        daily([page(screenshot=shot) for shot in (good, gone, altered, broken)]), [Format.HTML], tmp_path, tmp_path
    )
    reader = Reader(path.read_text(encoding="utf-8"))
    assert len(reader.links) == 1
    assert "截图文件缺失" in reader.text
    assert "截图与台账记录的 SHA-256 不符" in reader.text
    assert "截图文件损坏" in reader.text
    assert good.sha256[:12] in reader.text


@pytest.mark.parametrize("form", list(Format))
def test_what_is_most_secret_is_said_not_shown(tmp_path: Path, form: Format) -> None:
    """Beside one that is shown; and not even where somebody has left it unencrypted."""
    # Given
    shown, open_, encrypted = (picture(tmp_path / "evidence", f"{name}.jpg") for name in ("shown", "open", "encrypted"))
    make_key(tmp_path)
    jpeg = (tmp_path / "evidence/encrypted.jpg").read_bytes()
    how = {"target": "oa/a", "attempt": 1, "kind": "screenshot", "grade": Grade.MOST, "at": NOON}
    encrypted = Store(Settings(home=tmp_path)).keep(jpeg, ".jpg", **how)
    (tmp_path / "evidence/encrypted.jpg").unlink()
    secret = [open_.model_copy(update={"grade": 3}), encrypted]
    pages = [page(f"页面{n}", State.CRIT, screenshot=shot) for n, shot in enumerate([shown, *secret])]
    # When
    [path] = render(daily(pages), [form], tmp_path / "out", tmp_path / "evidence")
    # Then
    read = squeeze(text_of(path))
    assert read.count("密级为非常敏感，截图加密保存，不在报告中显示") == 2
    assert all(shot.sha256[:12] in read for shot in secret)
    assert len(pictures_in(path)) == 1


def test_of_a_long_page_the_top_is_shown(tmp_path: Path) -> None:
    shot = picture(tmp_path, "long.png", (600, 2400))
    [path] = render(daily([page(screenshot=shot)]), [Format.HTML], tmp_path, tmp_path)
    [link] = Reader(path.read_text(encoding="utf-8")).links
    with Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2]))) as shown:
        assert shown.size == (600, 450)


def test_the_artifact_stays_small_and_shows_only_what_is_wrong(tmp_path: Path) -> None:
    shots = [picture(tmp_path, f"{number}.jpg", (640, 480)) for number in range(3)]
    pages = [page(f"页面{n}", State.OK if n == 0 else State.CRIT, screenshot=shots[n % 3]) for n in range(30)]
    [path] = render(daily(pages), [Format.ARTIFACT], tmp_path, tmp_path)
    reader = gfm(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < 300_000
    assert 0 < len(reader.links) < 29
    assert "此处从略，见报告文件" in reader.text
    assert "页面0（正常）" not in reader.text


@pytest.mark.parametrize(
    "text",
    ["{{ report.nothing }}", "{{ report.pages[0].seconds }}", "{% if %}", "{{ report.pages[0].seconds|clock }}", None],
)
def test_a_name_the_template_does_not_know_is_an_error_and_leaves_no_file(tmp_path: Path, text: str | None) -> None:
    """Undefined, nothing, not a template, of the wrong kind; and a template that is not there."""
    if text:
        head = "{% set kind, title = 'x', 'x' %}{% set report = ask('daily') %}"
        (tmp_path / "strange.md.j2").write_text(head + text)
    with pytest.raises(ReportError, match="报告模板"):
        render(daily([page(state=None)]), list(Format), tmp_path / "out", tmp_path, None, "strange", tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="报告写不进去"):
        render(daily(), [Format.HTML], tmp_path / "file" / "out", tmp_path)


@pytest.mark.parametrize("text", HOSTILE)
def test_commands_become_code_and_everything_else_stays_text(text: str) -> None:
    """Given text around a command, when it is rendered, then the command is code, and nothing else is anything."""
    render_text = (
        environment().from_string("{{ text|commands }}").render(text=f"先 `sshd -t && echo <b>*ok*</b>`，{text}")
    )
    seen = gfm(render_text)
    assert seen.tags <= {"p", "code"}
    assert squeeze("先sshd -t && echo <b>*ok*</b>，") in squeeze(seen.text)
    assert squeeze(text.replace("`", "")) in squeeze(seen.text.replace("`", ""))


def test_three_hundred_rows_repeat_their_head_and_stay_on_the_page(tmp_path: Path) -> None:
    pages = [page(f"第{n}页" + "很长的页面名称" * (n % 4), remark="W" * 150 if n % 50 == 0 else "") for n in range(300)]
    pdf, docx = render(daily(pages), [Format.PDF, Format.DOCX], tmp_path, tmp_path)
    document = pypdfium2.PdfDocument(pdf)
    full = 0
    for number, sheet in enumerate(document, start=1):
        words = sheet.get_textpage()
        text = words.get_text_range()
        full += "7 项正常" in text
        assert ("页面或功能" in text) == ("7 项正常" in text)
        assert f"–{number}–" in text
        for index in range(words.count_rects()):
            left, _, right, _ = words.get_rect(index)
            assert left >= 28 / 25.4 * 72 - 2
            assert right <= (210 - 26) / 25.4 * 72 + 3
    assert full > 5
    document.close()
    table = max(Document(str(docx)).tables, key=lambda table: len(table.rows))
    assert len(table.rows) == 301
    assert len(table._tbl.xpath("./w:tr/w:trPr/w:tblHeader")) == 1
    assert len(table._tbl.xpath("./w:tr/w:trPr/w:cantSplit")) == 301
