"""Reports: one template, every format; the only importer of Jinja2.

A kind of report is one file in templates/ (kinds.py says what it holds), which asks for what it shows by name. What it
may say and how that becomes Markdown is in sheet.py; pandoc and the browser make the other formats of it.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from checks import os_words
from checks.report_cover import Cover
from tasks.browser.chromium import Chromium
from tasks.browser.pdf import PdfError, pdf
from tasks.documents import make
from tasks.leftovers import sweep_folder
from tasks.report.errors import ReportError as ReportError
from tasks.report.errors import TemplateMistakeError as TemplateMistakeError
from tasks.report.figures import Figure
from tasks.report.markdown import Safe as Safe
from tasks.report.markdown import escape as escape
from tasks.report.media import Files, Thumbnails
from tasks.report.sheet import Ask, Page, environment
from tasks.settings import Settings

_ARTIFACT_LIMIT = 300_000  # bytes; Prefect's page slows down beyond
_ARTIFACT_PICTURES = 200_000  # of these for pictures
_UNDER_WAY = ".report-"  # how the folder begins in which files are made
FIGURES = ".figures.json"
"""The ending of the list of figures that lies beside a report."""


class Format(StrEnum):
    """The forms a report comes in, each the ending of its file."""

    ARTIFACT = "md"  # for Prefect's page, self-contained
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"


def render(
    template: str,
    cover: Cover,
    ask: Ask,
    formats: Iterable[Format],
    out_dir: Path,
    evidence_dir: Path,
    chromium: Chromium | None = None,
    theirs: Path | None = None,
) -> list[Path]:
    """Write a report in each format, as 日报-2026-11-22.pdf, and the list of its figures; all the files or none.

    Args:
        template: a kind: its file's name without .md.j2.
        ask: answers the template's questions. The same answers give the same content.
        chromium: prints the PDF; without one, one is started where a PDF is wanted.
        theirs: a folder with templates of the contract's own, and its reference.docx, which go before ours.

    Raises:
        ReportError: the data or the template is at fault, a converter fails, or a file cannot be written.
        BrowserError: a PDF is wanted and there is no browser to print it.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        sweep_folder(out_dir, f"{_UNDER_WAY}*", datetime.now(UTC))
        wanted, browser = list(formats), chromium or Chromium(Settings())
        started = browser if chromium is None and Format.PDF in wanted else nullcontext()
        with started, tempfile.TemporaryDirectory(prefix=_UNDER_WAY, dir=out_dir) as folder:
            made, figures = _make(template, cover, ask, wanted, Path(folder), evidence_dir, browser, theirs)
            figures.replace(out_dir / figures.name)
            return [path.replace(out_dir / path.name) for path in made]
    except (make.DocumentError, PdfError) as error:
        raise ReportError(str(error)) from error
    except OSError as error:
        raise ReportError(f"报告写不进去：{error.filename or out_dir}（{os_words.say(error)}）") from error


def _make(
    template: str, cover: Cover, ask: Ask, formats: list[Format], folder: Path, evidence_dir: Path,
    chromium: Chromium, theirs: Path | None,
) -> tuple[list[Path], Path]:  # fmt: skip
    """Write the wanted formats side by side: the browser starts and prints while pandoc makes the DOCX."""
    templates = environment(theirs)
    reference = theirs / "reference.docx" if theirs and (theirs / "reference.docx").is_file() else None
    with ThreadPoolExecutor() as pool:
        pictures = Files(evidence_dir)
        filled = pool.submit(Page, templates, template, cover, ask, pictures)
        web = pool.submit(lambda: make.html(filled.result().text, filled.result().title, pictures.files))

        def artifact() -> str:
            filled.result()  # one after the other: they count their steps in one place, and Python's threads take turns
            page = Page(templates, template, cover, ask, Thumbnails(evidence_dir, _ARTIFACT_PICTURES))
            if len(page.text.encode()) > _ARTIFACT_LIMIT:
                page = Page(templates, template, cover, ask, Thumbnails(evidence_dir, 0))
            return page.text

        makers: dict[Format, Callable[[Path], object]] = {
            Format.ARTIFACT: lambda out: out.write_text(artifact(), encoding="utf-8"),
            Format.HTML: lambda out: out.write_text(web.result(), encoding="utf-8"),
            Format.PDF: lambda out: pdf(web.result, out, chromium),
            Format.DOCX: lambda out: make.docx(filled.result().text, pictures.files, out, reference),
        }
        wanted = [form for form in Format if form in formats]
        made = {form: pool.submit(makers[form], folder / form.value) for form in wanted}
        page = filled.result()
        for being_made in made.values():
            being_made.result()
    paths = [(folder / form.value).rename(folder / f"{page.stem}.{form}") for form in made]
    figures = folder / f"{page.stem}{FIGURES}"
    figures.write_text(_listed(template, cover, page.figures, paths), encoding="utf-8")
    return paths, figures


def _listed(template: str, cover: Cover, figures: list[Figure], paths: list[Path]) -> str:
    """The list of figures, with the digests of the files that show them."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    said = {
        "kind": template,
        "cover": cover.model_dump(mode="json"),
        "files": files,
        "figures": [one._asdict() for one in figures],
    }
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"
