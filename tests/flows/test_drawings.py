"""The pictures as reports get them: from a ledger that the program wrote, into all four formats."""

import base64
import io
import re
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from period_book import Book, at, resources, september
from PIL import Image
from year import generate

from checks.report_drawing import Drawing
from checks.report_period import Every, named
from flows.office import Office
from flows.queries import Asking, queries
from flows.queries.facts import Facts
from flows.report_files import as_of, build
from tasks.report import Format

DRAWINGS = ("drawings.disks", "drawings.heatmap", "drawings.incidents", "drawings.response", "drawings.rounds")
OWN = """{% extends "_base.md.j2" %}
{% import "_macros.md.j2" as m with context %}
{% set kind = "图册" %}
{% set title = "图册" %}
{% set every = "month" %}
{% block body %}
## 一、图

{% for name in ["rounds", "response", "heatmap", "incidents", "disks"] %}
{{ m.drawing(ask("drawings." ~ name)) }}
{% endfor %}
{% endblock %}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A September with a disk that fills up, a fault, a downtime; of its report a template of the contract's own."""
    book = september(tmp_path_factory.mktemp("september"))
    folder = book.settings.contract / "templates"
    folder.mkdir()
    (folder / "album.md.j2").write_text(OWN, encoding="utf-8")
    return book


@pytest.fixture(scope="module")
def files(book: Book, tmp_path_factory: pytest.TempPathFactory) -> dict[Format, Path]:
    period = named(Every.MONTH, "2026-09", at(40).date())
    return build(book.office, "album", period, out=tmp_path_factory.mktemp("out"))


def asked(book: Book, name: str, period: str = "2026-09") -> Drawing:
    found = book.ask(name=period)(name)
    assert isinstance(found, Drawing)
    return found


def test_there_are_five() -> None:
    assert tuple(name for name in queries() if name.startswith("drawings.")) == DRAWINGS


@pytest.mark.parametrize("name", DRAWINGS)
def test_each_is_drawn_and_knows_its_rows(book: Book, name: str) -> None:
    # When it is asked for twice
    once, again = asked(book, name), asked(book, name)
    # Then
    assert not once.trouble
    assert once.png == again.png
    assert len(once.png) < 60_000
    assert once.query == name
    assert once.rows
    assert {one.partition(" ")[0] for one in once.rows} <= {"slot", "run", "event"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("drawings.rounds", "本期没有应做的巡检"),
        ("drawings.response", "本期没有成功的探测记录"),
        ("drawings.heatmap", "本期没有应做的主机巡检"),
        ("drawings.disks", "本期没有看到磁盘的主机巡检"),
        ("drawings.incidents", "本期没有记录"),
    ],
)
def test_where_there_is_nothing_words_say_so(book: Book, name: str, said: str) -> None:
    """Given a month before the contract's term, and before the ledger."""
    found = asked(book, name, "2025-09")
    assert (found.png, found.trouble) == (b"", said)
    assert found.caption


def test_disks_that_need_nothing_are_not_drawn(tmp_path: Path) -> None:
    """Nor is it said of what has been seen twice that it will not be full."""
    book = Book(tmp_path, at(1, 0))
    for day in (7, 14):
        book.host("oa-db-01", day, resources(10, 50, 40))
    assert asked(book, "drawings.disks").trouble == ("看到的文件系统都没有超过阈值，有 2 个的记录还不足以预测，不画图")


def test_what_only_an_earlier_period_saw_is_not_how_disks_are_now(tmp_path: Path) -> None:
    """Given a look in October that saw no disks."""
    book = Book(tmp_path, at(1, 0))
    for day in (7, 14, 21, 28):
        book.host("oa-db-01", day, resources(10, 50, 97))
    book.host("oa-db-01", 35, {})
    assert asked(book, "drawings.disks", "2026-10").trouble == "本期没有看到磁盘的主机巡检"


@pytest.mark.parametrize("name", ["drawings.disks", "drawings.incidents"])
def test_how_many_there_are_stands_in_the_text_alone(book: Book, name: str) -> None:
    """A caption is no Number: nobody could ask where it is from."""
    assert not re.search(r"\d+ (个文件|次)|故障 \d", asked(book, name).caption)


def test_a_month_without_faults_says_so(tmp_path: Path) -> None:
    assert asked(Book(tmp_path, at(1, 0)), "drawings.incidents").trouble == "本期没有登记的故障，也没有计划内停机"


def test_what_was_seen_after_the_period_is_not_in_its_picture(tmp_path: Path) -> None:
    # Given: a disk that is full in October only
    book = Book(tmp_path, at(1, 0))
    for day, used in ((7, 40), (14, 40), (21, 40), (28, 40), (35, 97)):
        book.host("oa-db-01", day, resources(10, 50, used))
    # Then
    assert "都没有超过阈值" in asked(book, "drawings.disks").trouble
    assert asked(book, "drawings.disks", "2026-10").png


def test_without_a_chinese_font_the_remedy_is_said(book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fc-list").write_text("#!/bin/sh\n")
    (tmp_path / "fc-list").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = asked(book, "drawings.rounds")
    assert (found.png, "fonts-noto-cjk" in found.trouble) == (b"", True)


def test_the_simulated_year_is_drawn(tmp_path: Path) -> None:
    """Twelve hosts of forty items, three systems, a probe a minute."""
    year = generate(tmp_path / "home", days=15)
    office = Office(year.settings)
    ask = Asking(Facts(office, "monthly", named(Every.MONTH, f"{year.first:%Y-%m}", year.last), as_of(office)))
    for name in ("drawings.rounds", "drawings.response", "drawings.heatmap"):
        found = ask(name)
        assert not found.trouble
        assert 10_000 < len(found.png) < 60_000
        with Image.open(io.BytesIO(found.png)) as image:
            assert image.height / image.width < 210 / 155  # a page holds it


class TestInDocuments:
    """Given a report with all five."""

    def test_in_word_each_is_as_wide_as_the_text_and_keeps_its_shape(self, files: dict[Format, Path]) -> None:
        document = Document(str(files[Format.DOCX]))
        with zipfile.ZipFile(files[Format.DOCX]) as package:
            images = {name: package.read(name) for name in package.namelist() if name.startswith("word/media/")}
            kinds = package.read("[Content_Types].xml").decode()
        assert len(images) == len(document.inline_shapes) == 5
        assert all(name.endswith(".png") for name in images)
        assert 'ContentType="image/png"' in kinds
        for shape in document.inline_shapes:
            part = document.part.related_parts[shape._inline.graphic.graphicData.pic.blipFill.blip.embed]
            with Image.open(io.BytesIO(part.blob)) as image:
                assert image.format == "PNG"
                assert shape.height / shape.width == pytest.approx(image.height / image.width, rel=0.005)
            assert abs(shape.width - Mm(155)) < Mm(0.2)

    def test_in_word_a_picture_stays_with_its_caption_and_is_not_clipped(self, files: dict[Format, Path]) -> None:
        paragraphs = list(Document(str(files[Format.DOCX])).paragraphs)
        shown = [number for number, one in enumerate(paragraphs) if one._p.findall(f".//{qn('w:drawing')}")]
        assert len(shown) == 5
        for number in shown:
            picture, caption = paragraphs[number], paragraphs[number + 1]
            assert picture.style.name == "Figure"
            assert picture.style.paragraph_format.keep_with_next
            assert picture.style.paragraph_format.line_spacing == 1.0  # a fixed pitch would show one line of it
            assert caption.style.name == "Caption"
            [words] = [one.get("descr") for one in picture._p.iter(qn("wp:docPr"))]
            assert caption.text == f"图：{words}"
            assert not caption.style.paragraph_format.keep_with_next

    def test_in_a_pdf_no_picture_leaves_its_caption_and_none_is_cut(self, files: dict[Format, Path]) -> None:
        document = pypdfium2.PdfDocument(files[Format.PDF])
        seen = 0
        for page in document:
            words = page.get_textpage().get_text_range()
            pictures = [one for one in page.get_objects() if one.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
            assert words.count("图：") == len(pictures)
            for one in pictures:
                left, bottom, right, top = one.get_bounds()
                assert right - left == pytest.approx(155 / 25.4 * 72, abs=3)
                assert 0 < bottom < top < 297 / 25.4 * 72
            seen += len(pictures)
        assert seen == 5
        document.close()

    @pytest.mark.parametrize("form", [Format.HTML, Format.ARTIFACT])
    def test_on_a_page_each_is_inside_it_with_words_for_those_who_cannot_see_it(
        self, files: dict[Format, Path], form: Format
    ) -> None:
        text = files[form].read_text(encoding="utf-8")
        found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", text)
        assert len(found) == 5
        for one in found:
            Image.open(io.BytesIO(base64.b64decode(one))).verify()
        captions = re.findall(r'alt="([^"]+)"' if form is Format.HTML else r"!\[([^\]]+)\]", text)
        assert len(captions) == 5
        assert all(f"图：{caption}" in text for caption in captions)
