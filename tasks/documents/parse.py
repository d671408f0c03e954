"""Takes a document apart, in a process of its own: `python parse.py KIND < FILE` prints {"parts": …} or {"error": …}.

It imports nothing of ours, so that it starts fast, and sets its own limits. Whoever wants a document calls `read`.
"""

import io
import json
import re
import resource
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Container, Iterator
from typing import Any

SECONDS = 60
"""Of CPU."""

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space."""

_UNPACKED = 256 * 1024 * 1024  # bytes of all that is in a DOCX
_MEMBERS = 10_000
_PAGES = 2_000
_CHARACTERS = 1_000_000
_WIDEST = 64  # columns that one cell may span

_Block = tuple[str, Any, int]
"""heading, paragraph or table; its text or rows; a heading's level."""


class _BadFileError(Exception):
    """What is wrong with the file, in words."""


def _main(kind: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file is written
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    readers: dict[str, Callable[[bytes], Iterator[_Block]]] = {
        "zip": _word, "pdf": _pdf, "markdown": _markdown, "text": _text
    }  # fmt: skip
    try:
        said: dict[str, Any] = {"parts": list(_bounded(readers[kind](sys.stdin.buffer.read())))}
    except _BadFileError as error:
        said = {"error": str(error)}
    except MemoryError:
        said = {"error": f"{MEMORY >> 30} GiB 内存之内没有读完"}
    except Exception as error:  # a parser's errors are as many as the ways to break a file
        said = {"error": f"文件已损坏，或不是它扩展名说的那种文件（{type(error).__name__}）"}
    sys.stdout.write(json.dumps(said))


def _bounded(blocks: Iterator[_Block]) -> Iterator[_Block]:
    room = _CHARACTERS
    for kind, content, level in blocks:
        room -= len(content) if isinstance(content, str) else sum(len(cell) + 1 for row in content for cell in row)
        if room < 0:
            raise _BadFileError(f"文字超过 {_CHARACTERS // 10_000} 万字")
        if content:
            yield kind, content, level


def _word(content: bytes) -> Iterator[_Block]:
    from docx import Document
    from docx.oxml.ns import qn

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if not any(one.filename == "word/document.xml" for one in members):
            raise _BadFileError("是压缩文件，不是 Word 的 DOCX")
        if any(one.flag_bits & 1 for one in members):
            raise _BadFileError("加了打开口令")
        if len(members) > _MEMBERS or sum(one.file_size for one in members) > _UNPACKED:
            raise _BadFileError(f"解开后超过 {_UNPACKED >> 20} MB 或 {_MEMBERS} 个文件")
        for one in members:  # neither Word nor WPS writes a DTD; whoever does wants to reach other files
            if one.filename.endswith((".xml", ".rels")):
                with archive.open(one) as stream:
                    if b"<!DOCTYPE" in stream.read(4096).replace(b"\0", b"").upper():
                        raise _BadFileError("里面有 DTD 或外部实体，正常的 Word 文件没有")
    document = Document(io.BytesIO(content))
    levels = _style_levels(document.styles.element, qn)
    for element in _in_order(document.element.body, qn):
        if element.tag == qn("w:tbl"):
            yield "table", _rows(element, qn), 0
            continue
        text, style = _said(element, qn), element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        level = levels.get(style.get(qn("w:val")) if style is not None else "", 0)
        outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None:
            level = _outlined(outline.get(qn("w:val")))
        if level >= 0:
            yield ("heading" if level else "paragraph"), text, level


def _in_order(element: Any, qn: Callable[[str], str]) -> Iterator[Any]:
    """Paragraphs and tables, also those inside content controls and tracked insertions; a table of contents is none."""
    contents = f".//{qn('w:docPartGallery')}[@{qn('w:val')}='Table of Contents']"
    for child in element:
        if child.tag in (qn("w:p"), qn("w:tbl")):
            yield child
        elif child.tag != qn("w:del") and not child.findall(contents):
            yield from _in_order(child, qn)


def _style_levels(styles: Any, qn: Callable[[str], str]) -> dict[str, int]:
    """The level of each heading style by its id; -1 for those of a table of contents."""
    known = {one.get(qn("w:styleId")): one for one in styles.findall(qn("w:style"))}
    levels = {}
    for name, style in known.items():
        seen: set[str] = set()
        level, at = 0, style
        while at is not None and not level and (here := at.get(qn("w:styleId"))) not in seen:
            seen.add(here)
            level = _level_of_style(at, qn)
            based = at.find(qn("w:basedOn"))
            at = known.get(based.get(qn("w:val"))) if based is not None else None
        levels[name] = level
    return levels


def _level_of_style(style: Any, qn: Callable[[str], str]) -> int:
    title = style.find(qn("w:name"))
    name = (title.get(qn("w:val")) or "").lower() if title is not None else ""
    if re.match(r"(toc|目录)\s*\d*$", name):
        return -1
    if match := re.match(r"(?:heading|标题)\s*([1-9])$", name):
        return int(match[1])
    outline = style.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    return _outlined(outline.get(qn("w:val"))) if outline is not None else 0


def _outlined(value: str | None) -> int:
    """Word counts from 0, and 9 is the body."""
    return int(value) + 1 if value and value.isdigit() and int(value) < 9 else 0


def _rows(table: Any, qn: Callable[[str], str]) -> list[list[str]]:
    """Cells by column; what spans several rows or columns stands in each of them."""
    rows: list[list[str]] = []
    for row in table.iter(qn("w:tr")):
        if next(row.iterancestors(qn("w:tbl"))) is not table:
            continue  # a table inside a cell: its words are the cell's
        cells: list[str] = []
        for cell in row.iter(qn("w:tc")):
            if next(cell.iterancestors(qn("w:tr"))) is not row:
                continue
            span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
            merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            text = _said(cell, qn)
            if merged is not None and merged.get(qn("w:val")) != "restart" and rows and len(cells) < len(rows[-1]):
                text = rows[-1][len(cells)]
            width = span.get(qn("w:val"), "1") if span is not None else "1"
            cells += [text] * min(int(width) if width.isdigit() else 1, _WIDEST)
        rows.append(cells)
    return rows


def _said(element: Any, qn: Callable[[str], str]) -> str:
    """The words of a paragraph or a cell as they are shown; deleted ones have another tag."""
    words = {qn("w:tab"): " ", qn("w:br"): " ", qn("w:cr"): " ", qn("w:noBreakHyphen"): "-"}
    said = []
    for one in element.iter():
        if one.tag == qn("w:t"):
            said.append(one.text or "")
        elif one.tag == qn("w:p") and said:
            said.append(" ")
        else:
            said.append(words.get(one.tag, ""))
    return " ".join("".join(said).split())


def _pdf(content: bytes) -> Iterator[_Block]:
    import pypdfium2  # type: ignore[import-untyped]

    try:
        document = pypdfium2.PdfDocument(io.BytesIO(content))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise _BadFileError("加了打开口令") from error
        raise _BadFileError("PDF 已损坏，打不开") from error
    if len(document) > _PAGES:
        raise _BadFileError(f"有 {len(document)} 页，上限 {_PAGES} 页")
    outline = {_dense(one.get_title() or ""): one.level + 1 for one in document.get_toc(max_depth=9)}
    seen = 0
    for page in document:
        text = page.get_textpage().get_text_range()
        seen += len(text.split())
        for line in _unwrapped(text.splitlines(), outline):
            level = outline.get(_dense(line), 0)
            yield ("heading" if level else "paragraph"), line, level
        page.close()
    if not seen:
        raise _BadFileError("没有文字，像是扫描件")


def _dense(text: str) -> str:
    return "".join(text.split())


_HEADING = re.compile(r"第.{1,4}[章节]|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]")


def _unwrapped(lines: list[str], headings: Container[str]) -> Iterator[str]:
    """Lines of a page, those that only the margin broke put together; page numbers are left out."""
    lines = [" ".join(line.replace("\x02", "").replace("￾", "").split()) for line in lines]
    lines = [line for line in lines if line and not re.fullmatch(r"[-–—\s]*\d+[-–—\s]*", line)]
    widest = max(map(_width, lines), default=0)
    whole = ""
    for line in lines:
        heading = _dense(line) in headings or _HEADING.match(line)
        if whole and heading:
            yield whole
            whole = ""
        whole += line
        if heading or _width(line) < 0.85 * widest or line.endswith(("。", "；", "：", "！", "？")):
            yield whole
            whole = ""
    if whole:
        yield whole


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _BadFileError("不是 UTF-8 或 GB18030 的文字")


def _text(content: bytes) -> Iterator[_Block]:
    for line in _decoded(content).splitlines():
        yield "paragraph", " ".join(line.split()), 0


def _markdown(content: bytes) -> Iterator[_Block]:
    from markdown_it import MarkdownIt

    level = 0
    rows: list[list[str]] | None = None
    for token in MarkdownIt("commonmark", {"html": False}).enable("table").parse(_decoded(content)):
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "heading_close":
                level = 0
            case "table_open":
                rows = []
            case "tr_open" if rows is not None:
                rows.append([])
            case "table_close":
                yield "table", rows, 0
                rows = None
            case "inline":
                words = (" " if one.type.endswith("break") else one.content for one in token.children or ())
                text = " ".join("".join(words).split())
                if rows:
                    rows[-1].append(text)
                else:
                    yield ("heading" if level else "paragraph"), text, level
            case "fence" | "code_block":
                yield "paragraph", " ".join(token.content.split()), 0


if __name__ == "__main__":
    _main(*sys.argv[1:])
