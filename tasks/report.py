"""Reports: one template, every format; the only importer of Jinja2.

A kind of report is one file in templates/: it extends _base.md.j2 and sets kind, title and period.
"""

import base64
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.runtime import Context, Macro
from pydantic import BaseModel

from checks import os_words
from checks.records import EvidenceRecord
from checks.secrecy import Grade
from tasks.browser.chromium import Chromium
from tasks.browser.pdf import PdfError, pdf
from tasks.documents import make
from tasks.evidence import EvidenceError, stored
from tasks.pictures import PictureError, small_jpeg
from tasks.settings import Settings

_TEMPLATES = Path(__file__).parent.parent / "templates"
_ARTIFACT_LIMIT = 300_000  # bytes; Prefect's page slows down beyond
_ARTIFACT_PICTURES = 200_000  # of these for thumbnails


class ReportError(Exception):
    """The report was not made and no file was touched; the message is for the operator."""


class Format(StrEnum):
    """The forms a report comes in, each the ending of its file."""

    ARTIFACT = "md"  # for Prefect's page, self-contained
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"


class Safe(str):
    """Text that is Markdown already. Every other value is escaped where a template prints it."""


# Backslashes, not character references: Prefect's page shows references in table cells as they are written.
_STRUCTURAL = re.compile(r"([!-/:-@\[-`{-~])")  # all ASCII punctuation
_JOINERS = "\u200c\u200d"  # format characters that scripts and emoji need


def escape(text: str) -> Safe:
    """Make `text` stand for itself in CommonMark, GFM and pandoc, in a paragraph or a cell, as one line.

    Control, bidi and other invisible characters become U+FFFD.
    """
    return Safe(_STRUCTURAL.sub(r"\\\1", _line(text)))


def _line(text: str) -> str:
    return "".join("\ufffd" if _unprintable(char) else char for char in " ".join(text.split()))


def _unprintable(char: str) -> bool:
    return (unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS) or ord(char) & 0xFFFE == 0xFFFE


def _finalize(value: object) -> str:
    if isinstance(value, Safe):
        return value
    if value is None:
        raise TemplateError("模板要印一个不存在的值（None）：缺什么要写成“未执行”“未登记”等字样")
    return escape(str(value))


class _Context(Context):
    """What a macro returns was escaped inside it."""

    def call(self, obj: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        result = super().call(obj, *args, **kwargs)
        return Safe(result) if isinstance(obj, Macro) else result


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - the output is Markdown; _finalize escapes it
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        finalize=_finalize,
        extensions=["jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.context_class = _Context
    environment.filters |= {
        "date": lambda day: f"{day.year}年{day.month}月{day.day}日",
        "weekday": lambda day: f"星期{'一二三四五六日'[day.weekday()]}",
        "moment": lambda at: f"{at:%m-%d %H:%M}",
        "second": lambda at: f"{at:%m-%d %H:%M:%S}",
        "duration": _duration,
        "clock": lambda at: f"{at:%H:%M}",
        "numeral": _numeral,
        "short": lambda text, length: text[:length],
        "commands": _commands,
    }
    return environment


def _commands(text: str) -> Safe:
    """Text that quotes `commands` in backticks: those become code, all else is text."""
    parts = re.split(r"(`[^`|]+`)", _line(text))  # a bar would end a table's cell
    return Safe("".join(part if number % 2 else _STRUCTURAL.sub(r"\\\1", part) for number, part in enumerate(parts)))


def _duration(seconds: int) -> str:
    """3725 as 1 小时 2 分 5 秒."""
    hours, minutes, left = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{number} {unit}" for number, unit in ((hours, "小时"), (minutes, "分"), (left, "秒")) if number]
    return " ".join(parts) or "0 秒"


def _numeral(number: int) -> str:
    """1 to 99 as 一 to 九十九."""
    tens, ones = divmod(number, 10)
    digits = " 一二三四五六七八九"
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones]}".strip()


@dataclass(frozen=True)
class Picture:
    """A screenshot for a template: where it is, or in words why it cannot be shown."""

    source: Safe
    trouble: str = ""


class _Pictures:
    """Opens evidence. What is shown is what the ledger recorded, or it is not shown."""

    media = ""
    width, quality = 0, 0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, record: EvidenceRecord) -> Picture:
        try:
            content = stored(self._folder, record.path, record.sha256)
            if Grade(record.grade).sealed:
                return Picture(Safe(), "密级为非常敏感，截图加密保存，不在报告中显示")
            return self.place(small_jpeg(content, self.width, self.quality))
        except EvidenceError as error:
            return Picture(Safe(), f"截图{error.what}，不予显示")
        except PictureError as error:
            return Picture(Safe(), str(error))

    def place(self, jpeg: bytes) -> Picture:
        """Put the picture where the medium wants it."""
        raise NotImplementedError


class _Thumbnails(_Pictures):
    """Small, inside the text, as long as there is room."""

    media = "artifact"
    width, quality = 480, 60

    def __init__(self, folder: Path, room: int) -> None:
        super().__init__(folder)
        self._room = room

    def place(self, jpeg: bytes) -> Picture:
        source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        if len(source) > self._room:
            return Picture(Safe(), "此处从略，见报告文件")
        self._room -= len(source)
        return Picture(Safe(source))


class _Files(_Pictures):
    """Beside the text, by number."""

    media = "document"
    width, quality = 1280, 80

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files: dict[str, bytes] = {}

    def place(self, jpeg: bytes) -> Picture:
        name = f"{len(self.files) + 1}.jpg"
        self.files[name] = jpeg
        return Picture(Safe(name))


class _Page:
    """A template filled in: its Markdown and what the template says of itself."""

    def __init__(self, template: str, report: BaseModel, pictures: _Pictures) -> None:
        context = {"report": report, "media": pictures.media, "picture": pictures}
        try:
            module = _environment().get_template(f"{template}.md.j2").make_module(context)
        except Exception as error:  # a template is code: anything can go wrong in it
            raise ReportError(f"报告模板 {template} 出错：{error}") from error
        said = vars(module)
        self.text = re.sub(r"\n{3,}", "\n\n", str(module)).strip() + "\n"
        self.stem = f"{said['kind']}-{said['period']}"
        self.title = f"{said['title']} {said['period']}"


def render(
    report: BaseModel,
    formats: Iterable[Format],
    out_dir: Path,
    evidence_dir: Path,
    chromium: Chromium | None = None,
    template: str = "daily_report",
) -> list[Path]:
    """Write the report in each format, as 日报-2026-11-22.pdf; all the files or none.

    Args:
        report: what the template calls `report`. The same data give the same content.
        chromium: prints the PDF; without one, one is started.
        template: a file of templates/, without .md.j2.

    Raises:
        ReportError: the data or the template is at fault, a converter fails, or a file cannot be written.
        BrowserError: a PDF is wanted and there is no browser to print it.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        own = nullcontext(chromium) if chromium else Chromium(Settings())
        with own as browser, tempfile.TemporaryDirectory(prefix=".report-", dir=out_dir) as folder:
            made = _make(report, list(formats), Path(folder), evidence_dir, browser, template)
            return [path.replace(out_dir / path.name) for path in made]
    except (make.DocumentError, PdfError) as error:
        raise ReportError(str(error)) from error
    except OSError as error:
        raise ReportError(f"报告写不进去：{error.filename or out_dir}（{os_words.say(error)}）") from error


def _make(
    report: BaseModel, formats: list[Format], folder: Path, evidence_dir: Path, chromium: Chromium, template: str
) -> list[Path]:
    """Write the wanted formats side by side: the browser starts and prints while pandoc makes the DOCX."""
    with ThreadPoolExecutor() as pool:
        pictures = _Files(evidence_dir)
        filled = pool.submit(_Page, template, report, pictures)
        web = pool.submit(lambda: make.html(filled.result().text, filled.result().title, pictures.files))
        makers: dict[Format, Callable[[Path], object]] = {
            Format.ARTIFACT: lambda out: _write(out, _artifact(template, report, evidence_dir)),
            Format.HTML: lambda out: _write(out, web.result()),
            Format.PDF: lambda out: pdf(web.result, out, chromium),
            Format.DOCX: lambda out: make.docx(filled.result().text, pictures.files, out),
        }
        wanted = [form for form in Format if form in formats]
        made = {form: pool.submit(makers[form], folder / form.value) for form in wanted}
        stem = filled.result().stem
        for being_made in made.values():
            being_made.result()
    return [(folder / form.value).rename(folder / f"{stem}.{form}") for form in made]


def _artifact(template: str, report: BaseModel, evidence_dir: Path) -> str:
    page = _Page(template, report, _Thumbnails(evidence_dir, _ARTIFACT_PICTURES))
    if len(page.text.encode()) > _ARTIFACT_LIMIT:
        page = _Page(template, report, _Thumbnails(evidence_dir, 0))
    return page.text


def _write(out: Path, text: str) -> None:
    out.write_text(text, encoding="utf-8")
