"""The form of a whole report on paper, in Word and in PDF: GB/T 9704-2012, long tables, pictures, a reference.docx of
the contractor's own."""

import errno
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from docx import Document
from docx.document import Document as Docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from lxml import etree
from report_sample import made

from tasks.documents.make import docx
from tasks.documents.reference import reference
from tasks.report import Format, ReportError

ROWS = 300
MM = 72 / 25.4
LEFT, RIGHT, TOP, BOTTOM = 28 * MM, (210 - 26) * MM, (297 - 37) * MM, 35 * MM


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, Path]:
    names = ["综合办公系统", "W" * 150, "很长的系统名称" * 20, "移动办公系统", "档案系统"]
    warnings = ["本期到 2026-11-22 为止，台账的记录只到 2026-11-20 08:00"]
    return made(tmp_path_factory.mktemp("form"), [Format.DOCX, Format.PDF], names, ROWS, warnings=warnings)


@pytest.fixture(scope="module")
def word(report: dict[Format, Path]) -> Docx:
    return Document(str(report[Format.DOCX]))


@pytest.fixture(scope="module")
def pages(report: dict[Format, Path]) -> list[str]:
    with pypdfium2.PdfDocument(report[Format.PDF]) as document:
        # Where a page is one narrow table, pdfium takes its text for vertical.
        return [re.sub(r"\s+", "", page.get_textpage().get_text_range()) for page in document]


class TestWord:
    def test_page_and_margins(self, word: Docx) -> None:
        [section] = word.sections
        said = [section.page_width, section.page_height, section.top_margin, section.left_margin]
        said += [section.bottom_margin, section.right_margin]
        assert [round((one or 0) / Mm(1)) for one in said] == [210, 297, 37, 28, 35, 26]

    def test_every_paragraph_has_a_style_of_ours_and_no_form_of_its_own(self, word: Docx) -> None:
        """Whoever changes the style changes the report."""
        styles = {one.style.name for one in word.paragraphs if one.style}
        assert styles == {
            "Title", "Subtitle", "Heading 1", "Heading 2", "First Paragraph", "Body Text", "Note", "Warning", "Figure",
            "Caption", "Compact",
        }  # fmt: skip
        between = [one for one in word.paragraphs if one.style and one.style.name == "Compact"]
        assert [one.text for one in between] == [""]  # two tables without it would be one
        runs = word.element.body.xpath(".//w:r/w:rPr/*")
        assert {etree.QName(one).localname for one in runs} <= {"rStyle", "b", "bCs", "noProof", "rFonts"}
        fonts = word.element.body.xpath(".//w:r/w:rPr/w:rFonts/@*")  # which of the style's fonts, no font
        assert set(fonts) <= {"eastAsia"}

    @pytest.mark.parametrize(
        ("style", "east_asian", "size", "pitch"),
        [
            ("Title", "宋体", 22, 35),
            ("Subtitle", "楷体", 16, 29),
            ("Heading 1", "黑体", 16, 29),
            ("Heading 2", "楷体", 16, 29),
            ("First Paragraph", "仿宋", 16, 29),
            ("Body Text", "仿宋", 16, 29),
            ("Compact", "仿宋", 10.5, None),
            ("Warning", "黑体", 12, None),
            ("Caption", "仿宋", 10.5, None),
        ],
    )
    def test_fonts(self, word: Docx, style: str, east_asian: str, size: float, pitch: float | None) -> None:
        found = word.styles[style]
        fonts = found.element.rPr.find(qn("w:rFonts"))
        assert fonts.get(qn("w:eastAsia")) == east_asian
        assert fonts.get(qn("w:ascii")) == "Times New Roman"
        assert found.font.size == Pt(size)
        assert found.paragraph_format.line_spacing == (Pt(pitch) if pitch else 1.0)

    def test_what_stays_together(self, word: Docx) -> None:
        """Headings with what follows, a picture with its caption, a row with itself, a head with its first row."""
        for style in ("Title", "Heading 1", "Heading 2", "Note", "Figure"):
            assert word.styles[style].paragraph_format.keep_with_next, style
        for table in word.tables:
            rows = table._tbl.xpath("./w:tr")
            assert len(table._tbl.xpath("./w:tr/w:trPr/w:cantSplit")) == len(rows)
            assert not table._tbl.xpath("./w:tr/w:trPr/w:tblHeader/ancestor::w:tr//w:p[not(w:pPr/w:keepNext)]")
        long = word.tables[-1]._tbl
        assert (len(long.xpath("./w:tr")), len(long.xpath("./w:tr/w:trPr/w:tblHeader"))) == (ROWS + 1, 1)

    def test_a_drawing_stands_above_its_caption_and_is_not_clipped(self, word: Docx) -> None:
        texts = [(one.style.name, one.text) for one in word.paragraphs if one.style]
        places = [place for place, one in enumerate(texts) if one[0] == "Figure"]
        assert [texts[place + 1] for place in places] == [("Caption", "图：综合办公系统")] * 2
        assert word.styles["Figure"].paragraph_format.line_spacing == 1.0  # an exact pitch would clip it
        assert round(word.inline_shapes[0].width / Mm(1)) == 155

    def test_fourteen_columns_fit(self, word: Docx) -> None:
        [matrix] = [one for one in word.tables if len(one.columns) == 15]
        assert matrix._tbl.xpath("./w:tblPr/w:tblW/@w:type") == ["pct"]
        assert matrix._tbl.xpath("./w:tblPr/w:tblW/@w:w") == ["5000"]

    def test_a_warning_has_a_frame(self, word: Docx) -> None:
        assert len(word.styles["Warning"].element.xpath("./w:pPr/w:pBdr/*")) == 4
        [warning] = [one.text for one in word.paragraphs if one.style and one.style.name == "Warning"]
        assert warning.startswith("注意：本期到 2026-11-22 为止")

    def test_no_font_is_bundled(self, word: Docx) -> None:
        assert not [part for part in word.part.package.iter_parts() if "font" in part.content_type.lower()
                    and "fontTable" not in part.content_type]  # fmt: skip


class TestPdf:
    def test_page_numbers(self, pages: list[str]) -> None:
        assert len(pages) > 8
        assert all(f"–{number}–" in page for number, page in enumerate(pages, start=1))

    def test_a_long_table_repeats_its_head(self, pages: list[str]) -> None:
        with_rows = [page for page in pages if re.search(r"oa-app-\d+\.example", page)]
        assert len(with_rows) > 5
        assert all(page.index("结果") < page.index(".example") for page in with_rows)
        assert sum(page.count(".example") for page in pages) == ROWS

    def test_no_heading_is_alone_at_the_foot(self, pages: list[str]) -> None:
        headings = ("各项", "概述", "图", "高图", "矩阵", "功能优化", "下周计划", "长表")
        assert not [page for page in pages if re.search(rf"[一二三四五六][、）]({'|'.join(headings)})–\d+–$", page)]

    def test_nothing_stands_outside_the_margins(self, report: dict[Format, Path]) -> None:
        kinds = [pypdfium2.raw.FPDF_PAGEOBJ_TEXT, pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
        with pypdfium2.PdfDocument(report[Format.PDF]) as document:
            for page in document:
                for one in page.get_objects(filter=kinds):
                    left, bottom, right, top = one.get_bounds()
                    assert left >= LEFT - 1
                    assert right <= RIGHT + 1
                    assert top <= TOP + 1
                    assert bottom >= BOTTOM - 1 or (top < BOTTOM and 80 * MM < left < 130 * MM)  # the page number

    def test_every_sign_has_a_glyph_of_an_embedded_font(self, report: dict[Format, Path]) -> None:
        """No tofu: a sign that no font has would be drawn by glyph 0 and read back as nothing."""
        with pypdfium2.PdfDocument(report[Format.PDF]) as document:
            for page in document:
                text = page.get_textpage().get_text_range()
                assert not {"\x00", "\ufffd", "□"} & set(text)
                for one in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
                    assert one.get_font().is_embedded


def test_a_full_disk_is_the_systems_word(tmp_path: Path) -> None:
    """Not pandoc's, which is English and names its source code; `render` says it in Chinese."""
    with pytest.raises(OSError, match="No space left") as caught:
        docx("# 周报\n\n正文\n", {}, Path("/dev/full"))
    assert caught.value.errno == errno.ENOSPC


def altered(name: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """Our reference.docx with one of its parts changed, or left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(reference())) as source, zipfile.ZipFile(out, "w") as target:
        for one in source.namelist():
            content = source.read(one)
            if (written := change(content) if one == name else content) is not None:
                target.writestr(one, written)
    return out.getvalue()


class TestTheirs:
    """A reference.docx of the contractor's own: ours, changed in Word."""

    @pytest.fixture(scope="class")
    def theirs(self, tmp_path_factory: pytest.TempPathFactory) -> Docx:
        changed = Document(io.BytesIO(reference()))
        changed.sections[0].left_margin = changed.sections[0].right_margin = Mm(20)
        changed.styles["Title"].font.size = Pt(26)
        changed.styles["Body Text"].element.rPr.find(qn("w:rFonts")).set(qn("w:eastAsia"), "微软雅黑")
        changed.styles["Heading 1"].paragraph_format.space_before = Pt(30)
        changed.sections[0].header.paragraphs[0].text = "示例公司"
        changed.styles.add_style("Their own", WD_STYLE_TYPE.PARAGRAPH)
        out = io.BytesIO()
        changed.save(out)
        [file] = made(tmp_path_factory.mktemp("theirs"), [Format.DOCX], reference=out.getvalue()).values()
        return Document(str(file))

    def test_it_takes_over(self, theirs: Docx) -> None:
        [section] = theirs.sections
        assert [round((one or 0) / Mm(1)) for one in (section.left_margin, section.right_margin)] == [20, 20]
        assert theirs.styles["Title"].font.size == Pt(26)
        fonts = theirs.styles["Body Text"].element.rPr.find(qn("w:rFonts"))
        assert fonts.get(qn("w:eastAsia")) == "微软雅黑"
        assert theirs.styles["Heading 1"].paragraph_format.space_before == Pt(30)
        assert section.header.paragraphs[0].text == "示例公司"

    def test_what_was_not_changed_stays(self, theirs: Docx) -> None:
        assert theirs.styles["Heading 2"].font.size == Pt(16)
        assert theirs.sections[0].footer.paragraphs[0]._p.xpath(".//w:fldSimple/@w:instr") == ["PAGE"]

    @pytest.mark.parametrize(
        "content",
        [
            b"not a document",
            b"PK\x03\x04 broken",
            reference()[:9000],
            reference().replace(b"PK\x03\x04", b"PK\x03\x05", 2),
            altered("word/document.xml", lambda _: None),
            altered("word/styles.xml", lambda content: content[:9000]),
            altered("[Content_Types].xml", lambda _: None),
            altered(
                "[Content_Types].xml",  # with macros
                lambda content: content.replace(
                    b"vnd.openxmlformats-officedocument.wordprocessingml.document.main",
                    b"vnd.ms-word.document.macroEnabled.main",
                ),
            ),
        ],
        ids=["text", "no-zip", "half", "a-part", "no-document", "half-the-styles", "no-types", "macros"],
    )
    def test_one_that_is_broken_is_named(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(ReportError, match=r"reference\.docx 不是 Word 的 DOCX"):
            made(tmp_path, [Format.DOCX], reference=content)
        assert list((tmp_path / "out").iterdir()) == []

    def test_one_without_our_styles_is_given_them(self, tmp_path: Path) -> None:
        """Given a document of Word's own, on A3, then its page and styles count, and ours for what it does not have."""
        plain, out = Document(), io.BytesIO()
        plain.sections[0].page_width = Mm(420)
        plain.styles["Title"].font.size = Pt(30)
        plain.save(out)
        [file] = made(tmp_path, [Format.DOCX], reference=out.getvalue()).values()
        document = Document(str(file))
        assert round((document.sections[0].page_width or 0) / Mm(1)) == 420
        assert (document.styles["Title"].font.size, document.styles["Compact"].font.size) == (Pt(30), Pt(10.5))
        named = document.element.body.xpath(".//w:pStyle/@w:val | .//w:rStyle/@w:val | .//w:tblStyle/@w:val")
        assert set(named) - {style.style_id for style in document.styles} == set()
