"""Documents that are handed in, read by the real python-docx, PDFium and markdown-it; and what breaks parsers."""

import io
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress

import psutil
import pypdfium2
import pytest
from docx import Document
from docx.document import Document as Docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.document_content import DocumentText
from tasks.browser.chromium import Chromium
from tasks.browser.pdf import pdf
from tasks.documents.make import docx, html
from tasks.documents.read import UnreadableDocumentError, read
from tasks.settings import Settings

MARKDOWN = """# 月报

## 一、概述

本月漏检 3 次。这一段写得很长，长到打印的时候在一行里放不下，要折到下一行去，读的时候还要接起来才是完整的一句话。

## 二、系统运行与可用性

| 系统 | 可用率 |
|---|---|
| 综合办公系统 | 99.95% |

### （一）其中

无
"""
HEADINGS = ["一、概述", "二、系统运行与可用性", "（一）其中"]
TABLE = (("系统", "可用率"), ("综合办公系统", "99.95%"))


def saved(document: Docx) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def word(build: Callable[[Docx], object]) -> DocumentText:
    document = Document()
    build(document)
    return read("x.docx", saved(document))


def refused(name: str, content: bytes) -> str:
    """Why it is not read, and that nothing of it is left running."""
    before = psutil.Process().children()
    with pytest.raises(UnreadableDocumentError) as caught:
        read(name, content)
    assert psutil.Process().children() == before
    return str(caught.value)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same document as the program makes it, in each format."""
    folder = tmp_path_factory.mktemp("ours")
    docx(MARKDOWN, {}, folder / "x.docx")
    with Chromium(Settings()) as chromium:
        pdf(lambda: html(MARKDOWN, "月报", {}), folder / "x.pdf", chromium)
    return {
        "x.docx": (folder / "x.docx").read_bytes(),
        "x.pdf": (folder / "x.pdf").read_bytes(),
        "x.md": MARKDOWN.encode(),
    }


@pytest.mark.parametrize("name", ["x.docx", "x.pdf", "x.md"])
def test_what_we_make_can_be_read(ours: dict[str, bytes], name: str) -> None:
    # When
    text = read(name, ours[name])
    # Then
    assert [one for one in text.headings if one != "月报"] == HEADINGS
    assert any("要折到下一行去，读的时候还要接起来才是完整的一句话。" in one for one in text.paragraphs)
    assert "无" in text.paragraphs
    if name == "x.pdf":  # it knows of lines only
        assert "综合办公系统 99.95%" in text.paragraphs
    else:
        assert text.tables == [TABLE]


def test_headings_by_style_by_outline_and_by_their_look() -> None:
    def build(document: Docx) -> None:
        document.add_heading("概述", 1)
        own = document.styles.add_style("报告标题", WD_STYLE_TYPE.PARAGRAPH)
        own.base_style = document.styles["Heading 2"]
        document.add_paragraph("其中", style="报告标题")
        outlined = document.add_paragraph("大纲级别")
        outlined._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="0"/>'))
        document.add_paragraph("三、变更")
        document.add_paragraph("（一）本月")
        document.add_paragraph("三、本月没有变更，一切照旧。")

    text = word(build)
    assert [(part.heading, part.level) for part in text.parts if part.heading] == [
        ("概述", 1), ("其中", 2), ("大纲级别", 1), ("三、变更", 1), ("（一）本月", 2),
    ]  # fmt: skip
    assert text.paragraphs == ["三、本月没有变更，一切照旧。"]


def test_what_word_shows_is_what_is_read() -> None:
    """Given insertions, deletions, content controls, merged cells and a table of contents."""

    def build(document: Docx) -> None:
        paragraph = document.add_paragraph("漏检")
        for tag, inner in (("ins", "<w:t>３次</w:t>"), ("del", "<w:delText>9 次</w:delText>")):
            run = f'<w:{tag} {nsdecls("w")} w:id="1" w:author="a"><w:r>{inner}</w:r></w:{tag}>'
            paragraph._p.append(parse_xml(run))
        control = "<w:sdt {0}><w:sdtContent><w:p><w:r><w:t>控件里的字</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        contents = (
            '<w:sdt {0}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
            "<w:sdtContent><w:p><w:r><w:t>一、概述 1</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        )
        for one in (control, contents):
            document.element.body.insert(1, parse_xml(one.format(nsdecls("w"))))
        document.add_paragraph("一、概述\t3", style=document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH))
        table = document.add_table(2, 3)
        for row, line in zip(table.rows, (("甲", "", "丙"), ("", "二", "三")), strict=True):
            for cell, said in zip(row.cells, line, strict=True):
                cell.text = said
        table.cell(0, 0).merge(table.cell(1, 0))
        table.cell(0, 1).merge(table.cell(0, 2))

    text = word(build)
    assert text.paragraphs == ["漏检３次", "控件里的字"]
    assert text.headings == []
    assert text.tables == [(("甲", "丙", "丙"), ("甲", "二", "三"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_plain_text(encoding: str) -> None:
    text = read("x.txt", "一、概述\n\n本月漏检 3 次。\n".encode(encoding))
    assert (text.headings, text.paragraphs) == (["一、概述"], ["本月漏检 3 次。"])


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def with_document_xml(content: bytes) -> bytes:
    """A sound DOCX with another document.xml in it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(Document()))) as sound,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for one in sound.namelist():
            made.writestr(one, content if one == "word/document.xml" else sound.read(one))
    return out.getvalue()


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&e;</w:t></w:r>
</w:p></w:body></w:document>"""


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.docx", b"", "是空文件"),
        ("x.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "旧版 Word、WPS 文件，或加了打开口令"),
        ("x.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "旧版 Word、WPS 文件，或加了打开口令"),
        ("x.ofd", archive(OFD_xml=b"<ofd/>"), "是 OFD 文件"),
        ("x.docx", b"%PDF-1.7\n", "内容是 PDF，扩展名是 .docx"),
        ("x.doc", saved(Document()), "扩展名是 .doc，两者不一致"),
        ("x", saved(Document()), "扩展名是 空的"),
        ("资产表.xlsx", saved(Document()), ".xlsx 文件由人检查"),
        ("x.exe", b"MZ" + b"\0" * 100, "内容不是 DOCX、PDF、MD 或 TXT"),
        ("x.docx", b"just words", "内容不是 DOCX、PDF、MD 或 TXT"),
        ("x.docx", archive(readme=b"x"), "是压缩文件，不是 Word 的 DOCX"),
        ("x.docx", saved(Document())[:9000], "文件已损坏"),
        ("x.docx", b"PK\x03\x04" + os.urandom(5000), "文件已损坏"),
        ("x.docx", with_document_xml(b"<not closed"), "文件已损坏"),
        ("x.docx", with_document_xml(ENTITIES), "DTD 或外部实体"),
        ("x.docx", with_document_xml(ENTITIES.decode().encode("utf-16")), "DTD 或外部实体"),
        ("x.docx", archive(word__document_xml=b"\0" * (300 * 2**20)), "解开后超过 256 MB"),
        ("x.pdf", b"%PDF-1.7\n" + os.urandom(5000), "PDF 已损坏"),
        ("x.txt", b"a\0b" * 100, "不是 UTF-8 或 GB18030"),
        ("x.txt", b"a" * (9 * 2**20), "上限 8 MB"),
        ("x.docx", b"PK\x03\x04" + b"\0" * (65 * 2**20), "上限 64 MB"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_cannot_be_read_is_said_with_the_remedy(name: str, content: bytes, told: str) -> None:
    said = refused(name, content)
    assert told in said
    assert "；" in said  # the remedy


def test_a_scanned_pdf_has_no_words() -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 842)
    out = io.BytesIO()
    document.save(out)
    assert "没有文字，像是扫描件；另存为 DOCX 或可复制文字的 PDF" in refused("x.pdf", out.getvalue())


def test_a_locked_pdf() -> None:
    """Given a PDF that the empty password does not open: its /U is not what that gives (ISO 32000-1, 7.6.3)."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Filter/Standard/V 1/R 2/P -4/O<" + b"ab" * 32 + b">/U<" + b"cd" * 32 + b">>>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<aa><aa>]>>\nstartxref\n%d\n%%%%EOF" % len(content)
    assert "加了打开口令" in refused("x.pdf", content + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer)


def test_cells_that_span_the_world_take_no_room() -> None:
    def build(document: Docx) -> None:
        table = document.add_table(1, 1)
        table.cell(0, 0).text = "x" * 100
        table.cell(0, 0)._tc.get_or_add_tcPr().append(parse_xml(f'<w:gridSpan {nsdecls("w")} w:val="999999999"/>'))

    assert len(word(build).tables[0][0]) == 64


def test_styles_that_are_based_on_each_other_end() -> None:
    def build(document: Docx) -> None:
        one, two = (document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH) for name in "ab")
        one.base_style, two.base_style = two, one
        document.add_paragraph("正文", style="a")

    assert word(build).paragraphs == ["正文"]


def test_xml_that_is_deep_or_large_ends(ours: dict[str, bytes]) -> None:
    """Given elements nested a hundred thousand deep, and eleven hundred thousand characters."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    deep = "<w:sdt><w:sdtContent>" * 100_000 + "</w:sdtContent></w:sdt>" * 100_000
    wide = ("<w:p><w:r><w:t>" + "字" * 100_000 + "</w:t></w:r></w:p>") * 11
    for body, told in ((deep, "已损坏"), (wide, "文字超过 100 万字")):
        content = f"<w:document {space}><w:body>{body}</w:body></w:document>".encode()
        assert told in refused("x.docx", with_document_xml(content))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_broken_files_end_in_a_sentence(ours: dict[str, bytes], data: st.DataObject) -> None:
    """Given a document with some bytes changed, when it is read, then it is read or refused, and nothing else."""
    name = data.draw(st.sampled_from(["x.docx", "x.pdf"]))
    content = bytearray(ours[name])
    for _ in range(data.draw(st.integers(1, 30))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UnreadableDocumentError):
        read(name, bytes(content))


def test_a_files_name_is_only_a_name() -> None:
    assert read("../../etc/passwd.txt", "正文".encode()).paragraphs == ["正文"]
