"""Markdown to HTML and DOCX with the real pandoc, to PDF with the real Chromium."""

import contextlib
import io
import zipfile
from pathlib import Path

import psutil
import pypdfium2
import pytest
from docx import Document
from docx.document import Document as Docx
from docx.oxml.ns import qn
from docx.shared import Mm
from lxml import etree
from PIL import Image

from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError
from tasks.browser.pdf import pdf
from tasks.documents.make import docx, html
from tasks.fonts import missing_cjk_font
from tasks.settings import Settings

MARKDOWN = """# 标题

::: {custom-style="Subtitle"}
副标题
:::

## 一、概况

正文，足够长。

### （一）其中

{widths="20 60 20c"}
| 系统 | 结果 | 状态 |
|---|---|:---:|
| 甲 | 内容 | [严重]{custom-style="state-crit"} |

{widths="50 50"}
|   |   |
|:---:|:---:|
| ![图](1.jpg){width=72mm} | |
| 说明 | |
"""


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1280, 800), "teal").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory, jpeg: bytes) -> Path:
    path = tmp_path_factory.mktemp("word") / "报告.docx"
    docx(MARKDOWN, {"1.jpg": jpeg}, path)
    return path


@pytest.fixture(scope="module")
def document(word: Path) -> Docx:
    return Document(str(word))


def near(length: int | None, wanted: int) -> bool:
    return length is not None and abs(length - wanted) < Mm(0.1)


def test_the_page_is_a4_with_the_margins_of_gb_t_9704(document: Docx) -> None:
    [section] = document.sections
    assert near(section.page_width, Mm(210))
    assert near(section.page_height, Mm(297))
    assert near(section.top_margin, Mm(37))
    assert near(section.left_margin, Mm(28))
    assert near(section.bottom_margin, Mm(35))
    assert near(section.right_margin, Mm(26))


def test_every_style_names_its_chinese_font_and_none_follows_a_theme(word: Path, document: Docx) -> None:
    for style in document.styles.element.xpath("./w:style[@w:type='paragraph' or @w:type='character']"):
        assert style.xpath("./w:rPr/w:rFonts/@w:eastAsia"), style.get(qn("w:styleId"))
    assert b"Theme=" not in zipfile.ZipFile(word).read("word/styles.xml").replace(b"w:themeColor", b"")
    assert not [name for name in zipfile.ZipFile(word).namelist() if "fonts/" in name]


def test_the_footer_holds_the_page_number_between_dashes(document: Docx) -> None:
    footer = document.sections[0].footer.paragraphs[0]._p
    assert footer.xpath(".//w:fldSimple/@w:instr") == ["PAGE"]
    assert "".join(footer.xpath(".//w:t/text()")) == "–1–"


def test_title_and_headings_have_their_styles(document: Docx) -> None:
    styled = {p.text: p.style.name for p in document.paragraphs if p.style}
    assert styled["标题"] == "Title"
    assert styled["副标题"] == "Subtitle"
    assert styled["一、概况"] == "Heading 1"
    assert styled["（一）其中"] == "Heading 2"
    assert document.core_properties.title == "标题"


def test_tables_have_borders_widths_and_rows_that_hold_together(document: Docx) -> None:
    assert len(document.styles["Table"].element.xpath("./w:tblPr/w:tblBorders/*")) == 6
    words, pictures = (table._tbl for table in document.tables)
    assert words.xpath("./w:tr[1]/w:trPr/w:tblHeader")
    assert not words.xpath("./w:tr[2]/w:trPr/w:tblHeader")
    assert len(words.xpath("./w:tr/w:trPr/w:cantSplit")) == 2
    first, second, third = (int(width) for width in words.xpath("./w:tblGrid/w:gridCol/@w:w"))
    assert first == third == pytest.approx(second / 3, rel=0.01)
    assert len(pictures.xpath("./w:tr")) == 2  # no empty head
    assert pictures.xpath("./w:tr[1]//w:drawing/ancestor::w:p/w:pPr/w:keepNext")


def test_a_state_has_its_colour(document: Docx) -> None:
    [run] = document.tables[0]._tbl.xpath(".//w:r[w:t='严重']")
    style = run.xpath("./w:rPr/w:rStyle/@w:val")[0]
    [colour] = document.styles.element.xpath(f"./w:style[@w:styleId='{style}']/w:rPr/w:color/@w:val")
    assert colour == "B3001B"


def test_paragraph_properties_are_in_the_order_of_the_schema(word: Path) -> None:
    """Word refuses a file whose properties are out of order."""
    order = ["pStyle", "keepNext", "keepLines", "widowControl", "numPr", "pBdr", "wordWrap", "spacing", "ind",
             "contextualSpacing", "jc", "outlineLvl"]  # fmt: skip
    with zipfile.ZipFile(word) as archive:
        for name in ("word/styles.xml", "word/document.xml", "word/footer1.xml"):
            for properties in etree.fromstring(archive.read(name)).iter(qn("w:pPr")):
                names = [etree.QName(child).localname for child in properties]
                assert names == sorted(names, key=order.index), name


def test_html_stands_alone(jpeg: bytes) -> None:
    page = html(MARKDOWN, "a <b>", {"1.jpg": jpeg})
    assert "<title>a &lt;b&gt;</title>" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<h2>一、概况</h2>" in page
    assert page == html(MARKDOWN, "a <b>", {"1.jpg": jpeg})


def test_a_docx_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):  # said in words by tasks.report.render
        docx("正文", {}, tmp_path / "file" / "x.docx")


def test_pdf_is_a4_selectable_tagged_and_reaches_nothing(tmp_path: Path, jpeg: bytes) -> None:
    out = tmp_path / "x.pdf"
    page = html(MARKDOWN, "标题", {"1.jpg": jpeg}).replace(
        "</main>", '<script>document.body.innerHTML="脚本"</script><img src="http://127.0.0.1:9/x.png"></main>'
    )
    with Chromium(Settings()) as chromium:
        pdf(lambda: page, out, chromium)
    document = pypdfium2.PdfDocument(out)
    width, height = document[0].get_size()
    text = document[0].get_textpage().get_text_range()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)
    assert all(word in text for word in ("标题", "一、概况", "正文，足够长。", "严重", "–1–"))
    assert "脚本" not in text
    assert [item.get_title() for item in document.get_toc()][:2] == ["标题", "一、概况"]
    assert b"/StructTreeRoot" in out.read_bytes()
    document.close()


def test_pdf_without_a_browser_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BrowserError, match="Chromium"):
        pdf(lambda: "<p>x</p>", tmp_path / "x.pdf", Chromium(Settings(browser=tmp_path / "absent")))
    assert list(tmp_path.iterdir()) == []


def test_a_browser_killed_while_it_prints_is_replaced_once(tmp_path: Path) -> None:
    """Given a browser that is killed before the page is printed, then another prints it; killed again, it is said."""
    out = tmp_path / "x.pdf"
    with Chromium(Settings()) as chromium:

        def kill(times: list[int]) -> str:
            if times:
                times.pop()
                [browser] = chromium.ready().do(lambda *_: processes())
                browser.kill()
            return "<p>x</p>"

        once, twice = [0], [0, 0]
        pdf(lambda: kill(once), out, chromium)
        assert out.read_bytes().startswith(b"%PDF")
        with pytest.raises(BrowserError, match="两次"):
            pdf(lambda: kill(twice), out, chromium)


def processes() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = child.cmdline()
            if "--remote-debugging-pipe" in line and not any(word.startswith("--type") for word in line):
                found.append(child)
    return found


def test_the_word_document_holds_the_pictures_themselves(word: Path, jpeg: bytes) -> None:
    media = [name for name in zipfile.ZipFile(word).namelist() if name.startswith("word/media/")]
    assert [zipfile.ZipFile(word).read(name) for name in media] == [jpeg]
    [shape] = Document(str(word)).inline_shapes
    assert near(shape.width, Mm(72))
    assert near(shape.height, Mm(45))


def test_fonts_are_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert missing_cjk_font() is None
    (tmp_path / "fc-list").write_text("#!/bin/sh\n")
    (tmp_path / "fc-list").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "fonts-noto-cjk" in str(missing_cjk_font())
    (tmp_path / "fc-list").unlink()
    assert "fontconfig" in str(missing_cjk_font())
