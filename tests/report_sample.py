"""A report that uses every macro, whose every text is given: what tests of all forms of a report share."""

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdfium2
from docx import Document
from markdown_it import MarkdownIt
from PIL import Image, ImageDraw
from report_desk import cover

from checks.downtime import DowntimeLine
from checks.finding import State
from checks.number import count
from checks.records import EvidenceRecord
from checks.report_drawing import Drawing
from checks.report_lines import NoteLine, ReportLine
from tasks.report import Format, render

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STATES = [State.OK, State.WARN, State.CRIT, State.UNKNOWN, None]
TEMPLATE = """{% extends "_base.md.j2" %}
{% import "_macros.md.j2" as m with context %}
{% set kind = "周报" %}{% set title = "信息系统运行维护周报" %}{% set every = "week" %}
{% set lines = ask("lines") %}
{% block body %}
## 一、本周概述

共 {{ lines|length }} 项，合计 {{ lines|sum(attribute="found") }} 次。{{ m.strong(lines[0].name) }}

{{ lines|map(attribute="name")|join("、") }}。

### （一）各项

{% call m.table({"名称": "60", "次数": "14c", "状态": "14c"}) %}
{% for line in lines %}
{{ m.row(line.name, line.found, m.state(line.state)) }}
{%- endfor %}
{% endcall %}

{% call m.paragraph("Note") %}{{ lines[0].name }}{% endcall %}

{{ m.planned(ask("downtimes")) }}

## 二、图

{% for drawing in ask("drawings") %}
{{ m.drawing(drawing) }}

{% endfor %}
{{ m.gallery(ask("pictures")) }}

{% call m.table({"名称": "60", "次数": "14c"}) %}
{{ m.row(lines[0].name, lines[0].found) }}
{% endcall %}

### （一）高图

{{ m.drawing(ask("tall")) }}

## 三、矩阵

{% set columns = {"项目": "34"} %}
{% for host in ask("hosts") %}{% do columns.update({host: "24c"}) %}{% endfor %}
{% call m.table(columns) %}
{% for line in lines[:6] %}
{% set cells = [] %}
{% for host in ask("hosts") %}{% do cells.append(m.state(line.state)) %}{% endfor %}
{{ m.row("第" ~ loop.index|numeral ~ "项", *cells) }}
{%- endfor %}
{% endcall %}

## 四、功能优化

{{ m.notes("四、功能优化") }}

## 五、下周计划

{{ m.notes("五、下周计划") }}

## 六、长表

{% call m.table({"主机": "50", "结果": "14c"}) %}
{% for line in ask("long") %}
{{ m.row(line.name, line.found) }}
{%- endfor %}
{% endcall %}
{% endblock %}
"""


class Line(ReportLine):
    name: str
    found: Any
    state: State | None = None


def picture(folder: Path) -> EvidenceRecord:
    """Keep a screenshot as evidence."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 400)).convert("RGB").save(out, "JPEG")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.jpg").write_bytes(out.getvalue())
    return EvidenceRecord(
        target="oa/a", attempt=1, kind="screenshot", path="1.jpg", sha256=hashlib.sha256(out.getvalue()).hexdigest(),
        size=len(out.getvalue()), grade=2, at=NOON,
    )  # fmt: skip


def drawing(height: int = 500) -> bytes:
    """A PNG with a frame: what is clipped is seen. 1240 wide, on paper 155 mm."""
    out, image = io.BytesIO(), Image.new("RGB", (1240, height), "white")
    ImageDraw.Draw(image).rectangle((5, 5, 1235, height - 5), outline="black", width=6)
    image.save(out, "PNG")
    return out.getvalue()


class Answers:
    """Answers the template's questions with `names`, and a table of `rows` rows."""

    def __init__(self, folder: Path, names: Sequence[str], rows: int) -> None:
        shot = picture(folder)
        start, end = NOON, NOON.replace(hour=14)
        self.answers: dict[str, Any] = {
            "lines": [
                Line(name=name, found=count("lines", [f"slot {name}"] * (place % 3)), state=STATES[place % 5])
                for place, name in enumerate(names)
            ],
            "downtimes": [DowntimeLine(system=name, number=name, start=start, end=end, why=name) for name in names[:9]],
            "drawings": [
                Drawing(caption=names[0], png=drawing()),
                *(Drawing(caption=name, trouble=name) for name in names),
            ],
            # With its heading and caption a page and no more: a table of one row before it does not fit there, too.
            "tall": Drawing(caption=names[0], png=drawing(1584)),
            "pictures": [(name, shot) for name in names[:3]],
            "hosts": [f"archive-app-{number:02}" for number in range(14)],
            "long": [
                Line(name=f"oa-app-{one:03}.example", found=count("long", [f"slot {one}"])) for one in range(rows)
            ],
        }
        self.notes = [NoteLine(text=name, who=name, at=NOON) for name in names]

    def __call__(self, name: str, **about: Any) -> Any:
        if name == "notes":
            return self.notes if about["section"].startswith("四") else ()
        return self.answers[name]


def made(
    folder: Path, formats: Iterable[Format], names: Sequence[str] = ("综合办公系统", "移动办公系统"), rows: int = 3,
    reference: bytes = b"", warnings: Sequence[str] = (),
) -> dict[Format, Path]:  # fmt: skip
    """Write the report to folder/out."""
    theirs = folder / "templates"
    theirs.mkdir(parents=True, exist_ok=True)
    (theirs / "weekly.md.j2").write_text(TEMPLATE, encoding="utf-8")
    if reference:
        (theirs / "reference.docx").write_bytes(reference)
    page = cover("2026-W47", date(2026, 11, 16), date(2026, 11, 22), warnings=tuple(warnings))
    ask = Answers(folder / "evidence", names, rows)
    files = render("weekly", page, ask, formats, folder / "out", folder / "evidence", theirs=theirs)
    return {Format(file.suffix[1:]): file for file in files}


class Reader(HTMLParser):
    """The text of a page, its elements, and where they point."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self._in_head = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in_head = tag in ("style", "title")
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        self._in_head = False

    def handle_data(self, data: str) -> None:
        if not self._in_head:
            self.text += data


def gfm(text: str) -> Reader:
    """Markdown as Prefect shows it."""
    return Reader(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def read_html(file: Path) -> Reader:
    """A page, or Markdown as Prefect shows it."""
    text = file.read_text(encoding="utf-8")
    return gfm(text) if file.suffix == ".md" else Reader(text)


def text_of(file: Path) -> str:
    """What a reader of the file reads, without the spaces and line ends that a layout may add, and page numbers."""
    match file.suffix:
        case ".md" | ".html":
            text = read_html(file).text
        case ".pdf":
            with pypdfium2.PdfDocument(file) as document:
                pages = [page.get_textpage().get_text_range() for page in document]
            # Where a page is one narrow table, pdfium takes its text for vertical, and ends a line after each sign.
            pages = [re.sub(r"\s+", "", page) for page in pages]
            text = "".join(page.removesuffix(f"–{number}–") for number, page in enumerate(pages, start=1))
        case ".docx":
            text = "".join(Document(str(file)).element.body.xpath(".//w:t/text()"))
        case _:
            text = re.sub(r"–\d+–", "", file.read_text(encoding="utf-8-sig"))
    # U+FFFE is pdfium's hyphen at the end of a line.
    return re.sub(r"[\s\x0c]+", "", text.replace("\ufffe", "-"))
