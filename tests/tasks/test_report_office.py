"""LibreOffice as a second reader: it opens our Word files and reads in them what all other forms of the report say."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from report_sample import made, text_of

from tasks.report import Format

HEADS = ("名称次数状态", "系统停机编号起止原因", "主机结果")
_HEADING = r"[一二三四五六][、）](各项|概述|高?图|矩阵|功能优化|下周计划|长表)"
_TIME = 240  # seconds; on an idle machine it takes five


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, Path]:
    names = ["综合办公系统", "a|b *c* <d>", "很长的系统名称" * 20, "移动办公系统", "档案系统"]
    return made(tmp_path_factory.mktemp("office"), list(Format), names, 100, warnings=["台账核对没有通过"])


@pytest.fixture(scope="module")
def converted(report: dict[Format, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The Word file as PDF and as text, by an office of our own: its settings are in a folder that goes away."""
    folder = tmp_path_factory.mktemp("soffice")
    for to in ("pdf:writer_pdf_Export", "txt:Text (encoded):UTF8"):
        done = subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--norestore",
             "--convert-to", to, "--outdir", folder, report[Format.DOCX]],
            timeout=_TIME, check=True, capture_output=True, text=True, env=os.environ | {"HOME": str(folder)},
        )  # fmt: skip
        assert "Error" not in done.stderr, done.stderr
    return {ending: folder / f"周报-2026-W47.{ending}" for ending in ("pdf", "txt")}


def test_libreoffice_is_here() -> None:
    assert shutil.which("soffice"), "rehearsal/system-packages.sh office"


def test_its_text_is_that_of_the_word_file(report: dict[Format, Path], converted: dict[str, Path]) -> None:
    assert text_of(converted["txt"]) == text_of(report[Format.DOCX])


def test_its_pages_hold_the_text_and_their_numbers(report: dict[Format, Path], converted: dict[str, Path]) -> None:
    with pypdfium2.PdfDocument(converted["pdf"]) as theirs, pypdfium2.PdfDocument(report[Format.PDF]) as ours:
        assert abs(len(theirs) - len(ours)) <= 0.25 * len(ours)
        pages = [re.sub(r"\s+", "", page.get_textpage().get_text_range()) for page in theirs]
        assert {page.get_size() for page in theirs} == {theirs[0].get_size()}
    assert all(page.endswith(f"–{number}–") for number, page in enumerate(pages, start=1))
    rows = [page for page in pages if ".example" in page]
    assert len(rows) > 1
    assert all(page.index("主机结果") < page.index(".example") for page in rows)  # the head of the table, again
    assert not [
        page for page in pages if re.search(r"[一二三四五六][、）](各项|概述|高?图|矩阵|功能优化|下周计划|长表)–", page)
    ]


@pytest.mark.parametrize("form", [Format.ARTIFACT, Format.PDF, Format.DOCX])
def test_every_form_says_the_same(report: dict[Format, Path], form: Format) -> None:
    """The text of the PDF can be selected, and there is a sign for each: read back it is that of the page on screen."""
    screen, read = (text_of(report[one]) for one in (Format.HTML, form))
    for head in HEADS:  # they stand again on each page that a table runs over
        screen, read = screen.replace(head, ""), read.replace(head, "")
    assert screen == read
