"""What somebody else called their host or page appears as itself in all four forms of a report, whatever macro shows
it, and neither forges nor hides a figure."""

import json
import re
import time
from pathlib import Path

import pytest
from docx import Document
from report_sample import Answers, made, read_html, text_of

from checks.number import MARKS, Number, count
from tasks.report import Format, escape
from tasks.report.figures import taken_out

NAMES = [
    "a | b || c",
    "`code` ``x`` ~~~ ```",
    "{{ 7*7 }}{% raw %}{# x #}{% endraw %}",
    "<script>alert(1)</script><b>x</b><!-- y --><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) [y]: http://e.example",
    "![p](http://evil.example/p.png)",
    "$x^2$ $$y$$ \\(z\\) \\[w\\]",
    "@cite [@doe2020] [^1]",
    "1. one",
    "# head",
    "- [ ] item",
    "> quote",
    "::: {custom-style=Title}",
    ":::",
    "**b** __u__ ~~s~~ *i* ^2^ ~3~",
    "&lt; &#60; &amp; &nbsp;",
    "http://a.example www.b.example me@c.example <http://d.example>",
    "C:\\dir\\ \\| end\\",
    "\"q\" 'q' -- --- ...",
    'x{.crit custom-style="Title"} [y]{.z} {width=1}',
    "long" * 60,
    "长" * 120,
    "| --- | --- |",
    "=== ---",
    "שלום عربي",
    "../../etc/passwd%00",
    "=cmd|' /C calc'!A0",
]
TIMES = 4  # how often each name is shown at least: in the text, in the table, as a drawing that is not there, in notes


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, Path]:
    return made(tmp_path_factory.mktemp("hostile"), list(Format), NAMES, warnings=NAMES)


def lined(text: str) -> str:
    """A text of two directions is in a PDF in the order of its glyphs: only its signs can be held against it."""
    return "".join(sorted(text)) if re.search(r"[\u0590-\u06ff]", text) else text


@pytest.mark.parametrize("form", list(Format))
def test_every_name_stands_for_itself(report: dict[Format, Path], form: Format) -> None:
    read = text_of(report[form])
    plain = [re.sub(r"\s+", "", name) for name in NAMES if not (form is Format.PDF and lined(name) != name)]
    assert [name for name in plain if read.count(name) < TIMES] == []


@pytest.mark.parametrize("form", [Format.ARTIFACT, Format.HTML])
def test_no_name_makes_an_element(report: dict[Format, Path], form: Format) -> None:
    reader = read_html(report[form])
    assert not reader.tags & {"script", "a", "b", "code", "s", "del", "em", "ol", "ul", "blockquote", "pre", "sup"}
    assert all(re.match(r"data:image/(jpeg|png);base64,", link) for link in reader.links)
    assert len(reader.links) == 5  # two drawings, three screenshots


def test_no_name_makes_a_link_a_field_or_a_style_in_word(report: dict[Format, Path]) -> None:
    document = Document(str(report[Format.DOCX]))
    assert not document.element.body.xpath(".//w:hyperlink | .//w:fldSimple | .//w:instrText | .//w:footnoteReference")
    titles = [one.text for one in document.paragraphs if one.style and one.style.name == "Title"]
    assert titles == ["信息系统运行维护周报"]
    assert all("example" not in one.target_ref for one in document.part.rels.values() if one.is_external)


def test_the_list_of_figures_names_each_as_it_is_read(report: dict[Format, Path]) -> None:
    listed = json.loads(report[Format.HTML].with_name("周报-2026-W47.figures.json").read_text(encoding="utf-8"))
    first = listed["figures"][0]
    assert (first["shown"], first["query"], len(first["rows"])) == (str(len(NAMES)), "Line", 0)
    table = [one for one in listed["figures"] if one["where"] == "（一）各项"]
    assert [one["line"].split("|")[0].strip() for one in table][1] == NAMES[1]
    assert [one["rows"] for one in table][1] == [f"slot {NAMES[1]}"]


BEGIN, MIDDLE, END = MARKS


@pytest.mark.parametrize(
    "name", [f"{BEGIN}0{MIDDLE}2{END}", f"{BEGIN}", f"{MIDDLE}{END}{BEGIN}", f"{END}7{BEGIN}1{MIDDLE}", "\ue003"]
)
def test_marks_in_a_name_forge_no_figure_and_hide_none(tmp_path: Path, name: str) -> None:
    """Given pages that are called like the marks of a number, then the figures are those of pages with other names."""
    plain, forged = (figures_of(tmp_path / one, [text, "乙", text]) for one, text in (("a", "甲"), ("b", name)))
    assert [(one["shown"], one["query"]) for one in forged] == [(one["shown"], one["query"]) for one in plain]
    text = (tmp_path / "b/out/周报-2026-W47.md").read_text(encoding="utf-8")
    assert not set(text) & set(MARKS)


def figures_of(folder: Path, names: list[str]) -> list[dict[str, str]]:
    [file] = made(folder, [Format.ARTIFACT], names).values()
    listed = json.loads(file.with_name("周报-2026-W47.figures.json").read_text(encoding="utf-8"))
    return list(listed["figures"])


def test_a_number_is_listed_each_time_it_is_shown_and_cannot_be_cut() -> None:
    number = Number(12, "q", ("run 1",))
    marked = f"{BEGIN}key0{MIDDLE}12{END}"
    text, figures = taken_out(f"## 一、甲\n共 {marked} 次，{marked} 次", [number], "key")
    assert text == "## 一、甲\n共 12 次，12 次"
    assert [(one.shown, one.where, one.line) for one in figures] == [("12", "一、甲", "共 12 次，12 次")] * 2
    with pytest.raises(Exception, match="有一个数被截去了一部分：共"):
        taken_out(f"共 {marked[:6]}", [number], "key")


def test_a_line_is_listed_as_it_is_read_however_long(tmp_path: Path) -> None:
    """Given brackets by the hundred thousand, each of which may begin a text in a style."""
    number, marked = Number(1, "q"), f"{BEGIN}key0{MIDDLE}1{END}"
    line = '[甲\\] \\[乙\\\\]{custom-style="state-crit"} **丙** \\*'
    began = time.thread_time()
    text = f"## {'[' * 300_000}\n{line} {marked}\n" + "\\[" * 200_000 + marked
    _, figures = taken_out(text, [number], "key")
    assert time.thread_time() - began < 5
    assert [one.line for one in figures] == ["甲] [乙\\ 丙 * 1", "[" * 200_000 + "1"]


def test_the_sample_asks_what_is_answered(tmp_path: Path) -> None:
    assert Answers(tmp_path, ["甲"], 2)("long")[1].found == count("long", ["slot 1"])
    assert escape("a\nb") == "a b"
