"""A template filled in: what its filters are, and what comes of it. What it may do is said in sandbox.py."""

import re
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from jinja2 import TemplateRuntimeError, pass_context, pass_environment
from jinja2.runtime import Context

from checks.number import Number, noted, total
from checks.report_cover import Cover
from tasks.report.errors import TemplateMistakeError
from tasks.report.figures import taken_out
from tasks.report.markdown import commands
from tasks.report.media import Pictures
from tasks.report.mistakes import place, what
from tasks.report.sandbox import SUFFIX as SUFFIX
from tasks.report.sandbox import Sandbox, said

OURS = Path(__file__).parents[2] / "templates"

_CODE = re.compile(r"`[^`\n]*`")
_IMAGE = re.compile(r"!\[(?:\\.|[^][\\\n])*]\(([^()\s]*)\)")
_FOREIGN = re.compile(r"(?<!\\)(?:\\\\)*((?:!\[|<[A-Za-z/!?]).{0,40})")


class Ask(Protocol):
    """Answers a named query."""

    def __call__(self, name: str, **about: Any) -> Any: ...


def environment(theirs: Path | None = None) -> Sandbox:
    """The templates, those of the contract's own first."""
    made = Sandbox([*([theirs] if theirs and theirs.is_dir() else []), OURS])
    made.filters |= {
        "date": _date,
        "weekday": _weekday,
        "moment": _moment("%m-%d %H:%M"),
        "second": _moment("%m-%d %H:%M:%S"),
        "minute": _moment("%Y-%m-%d %H:%M"),
        "instant": _moment("%Y-%m-%d %H:%M:%S"),
        "clock": _moment("%H:%M"),
        "duration": _duration,
        "numeral": _numeral,
        "short": lambda text, length: text[:length],
        "commands": commands,
        "format": _format,
        "sum": _sum,
        "length": _length,
    }
    return made


def _here(context: Context, day: date) -> date:
    """A moment in the contract's zone, whatever zone a query gave it in; a date as it is."""
    if not isinstance(day, datetime):
        return day
    if day.tzinfo is None:
        raise TemplateRuntimeError(f"时间 {day} 没有写明时区")
    return day.astimezone(context["cover"].as_of.tzinfo)


@pass_context
def _date(context: Context, day: date) -> str:
    day = _here(context, day)
    return f"{day.year}年{day.month}月{day.day}日"


@pass_context
def _weekday(context: Context, day: date) -> str:
    return f"星期{'一二三四五六日'[_here(context, day).weekday()]}"


def _moment(form: str) -> Callable[[Context, datetime], str]:
    @pass_context
    def said(context: Context, at: datetime) -> str:
        return f"{_here(context, at):{form}}"

    return said


def _format(text: str, *values: object) -> str:
    """Like the filter of Jinja2, for %s, %d and %.2f: a number stays one, with its source."""
    left = list(values)

    def fill(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if not match[1] or not left:
            raise TemplateRuntimeError("format 里的 %s、%d、%.2f 与给它的值对不上")
        value = left.pop(0)
        if isinstance(value, Number) and value.value is not None and match[1] != "s":
            value = replace(value, text=match[0] % value.value)
        return said(value)

    filled = re.sub(r"%(%|s|d|\.\df)?", fill, text)
    if left:
        raise TemplateRuntimeError("format 里的 %s、%d、%.2f 与给它的值对不上")
    return filled


@pass_environment
def _sum(templates: Sandbox, lines: Iterable[Any], attribute: str) -> Number:
    """Of the numbers in one column."""
    found: list[Number] = []
    for line in lines:
        one = templates.getitem(line, attribute)
        if not isinstance(one, Number):
            raise TemplateRuntimeError(f"sum 只加有出处的数，{attribute} 是 {type(one).__name__}")
        found.append(one)
    return total(found) if found else Number(0, getattr(lines, "query", ""))


def _length(lines: Iterable[Any]) -> Number:
    """How many, as a number that rests on the lines' own rows, from their queries."""
    each, query = list(lines), getattr(lines, "query", "")
    rows = dict.fromkeys(name for one in each for name in getattr(one, "rows", ()))
    queries = dict.fromkeys(getattr(one, "query", "") or query or type(one).__name__ for one in each)
    return Number(len(each), "、".join(queries) or query, tuple(rows))


def _duration(seconds: Any) -> Any:
    """3725 as 1 小时 2 分 5 秒; of a number its words."""
    if isinstance(seconds, Number):
        said = "" if seconds.value is None else _words(int(seconds.value))
        return Number(seconds.value, seconds.query, seconds.rows, said)
    return _words(seconds)


def _words(seconds: int) -> str:
    hours, minutes, left = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{number} {unit}" for number, unit in ((hours, "小时"), (minutes, "分"), (left, "秒")) if number]
    return " ".join(parts) or "0 秒"


def _numeral(number: int) -> str:
    """1 to 99 as 一 to 九十九."""
    tens, ones = divmod(number, 10)
    digits = " 一二三四五六七八九"
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones]}".strip()


def _only(text: str, sources: Collection[str]) -> None:
    """See that Markdown shows no picture but these, and no HTML: pandoc would open files and addresses for it."""
    plain = _IMAGE.sub(lambda match: "" if match[1] in sources else match[0], _CODE.sub("", text))
    if match := _FOREIGN.search(plain):
        raise TemplateRuntimeError(f"模板不许引用别处的图、文件和网址，也不能写 HTML：{match[1]}")


class Page:
    """A template filled in: its Markdown, its figures, and what the template says of itself.

    Raises:
        TemplateMistakeError: with the template's file and line.
    """

    def __init__(self, templates: Sandbox, template: str, cover: Cover, ask: Ask, pictures: Pictures) -> None:
        # Functions: of an object a template could look at what else there is.
        given = {"cover": cover, "ask": lambda *name, **about: ask(*name, **about), "media": pictures.media,
                 "picture": lambda one: pictures(one)}  # fmt: skip
        key = f"{secrets.token_hex(8)}x"
        templates.begin()
        with noted(key) as seen:
            try:
                sheet = templates.get_template(f"{template}{SUFFIX}")
                context = sheet.new_context(given)
                text = templates.concat(sheet.root_render_func(context))
                _only(text, pictures.sources)
                text, self.figures = taken_out(text, seen, key)
                known = context.get_exported()
                kind, title = (known.get(name) for name in ("kind", "title"))
                if not (isinstance(kind, str) and isinstance(title, str) and re.fullmatch(r"[\w（）-]+", kind)):
                    raise TemplateRuntimeError("开头要用 set 写明 kind、title；kind 是文件名的一部分，不能有空格和符号")
            except Exception as error:  # a template is code: anything can go wrong in it
                raise TemplateMistakeError(f"报告模板出错：{place(error, template)}：{what(error)}") from error
        self.text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
        self.stem = f"{kind}-{cover.name}"
        self.title = f"{title} {cover.name}"
