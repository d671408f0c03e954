"""A template filled in. It is text of somebody else's: it runs in Jinja2's sandbox, sees models and named queries
alone, and every name it does not know is an error with file and line."""

import re
import traceback
from collections.abc import Callable, Sized
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel

from checks.number import Number, noted
from checks.report_cover import Cover
from tasks.report.errors import TemplateMistakeError
from tasks.report.figures import taken_out
from tasks.report.markdown import Safe, commands, escape
from tasks.report.media import Pictures

OURS = Path(__file__).parents[2] / "templates"
SUFFIX = ".md.j2"
_LONGEST = 5_000_000  # characters of Markdown: a loop of somebody's that does not end


class Ask(Protocol):
    """Answers a named query."""

    def __call__(self, name: str, **about: Any) -> Any: ...


class _Context(Context):
    """What a macro returns was escaped inside it."""

    def call(self, obj: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        result = super().call(obj, *args, **kwargs)
        return Safe(result) if isinstance(obj, Macro) else result


class _Environment(SandboxedEnvironment):
    """Of a model a template sees what it declares, and nothing that pydantic adds: that reads files."""

    context_class = _Context

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, BaseModel):
            return attr in type(obj).model_fields or isinstance(
                getattr(type(obj), attr, None), property | cached_property
            )
        return super().is_safe_attribute(obj, attr, value)


def environment(theirs: Path | None = None) -> _Environment:
    """The templates, those of the contract's own first."""
    folders = [*([theirs] if theirs and theirs.is_dir() else []), OURS]
    made = _Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        finalize=_finalize,
        extensions=["jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "date": lambda day: f"{day.year}年{day.month}月{day.day}日",
        "weekday": lambda day: f"星期{'一二三四五六日'[day.weekday()]}",
        "moment": lambda at: f"{at:%m-%d %H:%M}",
        "second": lambda at: f"{at:%m-%d %H:%M:%S}",
        "minute": lambda at: f"{at:%Y-%m-%d %H:%M}",
        "duration": _duration,
        "clock": lambda at: f"{at:%H:%M}",
        "numeral": _numeral,
        "short": lambda text, length: text[:length],
        "commands": commands,
        "length": _length,
        "count": _length,
    }
    return made


def _finalize(value: object) -> str:
    if isinstance(value, Safe):
        return value
    if value is None:
        raise TemplateError("模板要印一个不存在的值（None）：缺什么要写成“未执行”“未登记”等字样")
    if isinstance(value, int | float | Fraction) and not isinstance(value, bool):
        raise TemplateError(f"模板要印一个没有出处的数 {value}：报告里的数都要由 ask(…) 查出来")
    return escape(str(value))


def _length(lines: Sized) -> Number:
    """How many, as a number that rests on the lines' own rows."""
    try:
        each = list(lines)  # type: ignore[call-overload]
    except TypeError:
        return Number(len(lines))
    rows = [name for one in each for name in getattr(one, "rows", ())]
    kinds = dict.fromkeys(type(one).__name__ for one in each)
    return Number(len(each), "、".join(kinds), tuple(dict.fromkeys(rows)))


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


class Page:
    """A template filled in: its Markdown, its figures, and what the template says of itself.

    Raises:
        TemplateMistakeError: with the template's file and line.
    """

    def __init__(self, templates: _Environment, template: str, cover: Cover, ask: Ask, pictures: Pictures) -> None:
        context = {"cover": cover, "ask": ask, "media": pictures.media, "picture": pictures}
        with noted() as seen:
            try:
                module = templates.get_template(f"{template}{SUFFIX}").make_module(context)
            except Exception as error:  # a template is code: anything can go wrong in it
                raise TemplateMistakeError(f"报告模板出错：{_place(error, template)}：{_what(error)}") from error
            said = vars(module)
            text = str(module)
        if len(text) > _LONGEST:
            raise TemplateMistakeError(f"报告模板出错：{template}{SUFFIX}：写出的报告过长（{len(text)} 字）")
        text, self.figures = taken_out(text, seen)
        self.text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
        self.stem = f"{said['kind']}-{cover.name}"
        self.title = f"{said['title']} {cover.name}"


def _place(error: Exception, template: str) -> str:
    """The file and line of a template where something went wrong."""
    if isinstance(error, TemplateSyntaxError):
        return f"{Path(error.filename or error.name or template).name} 第 {error.lineno} 行"
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith(SUFFIX)]
    return f"{Path(frames[-1].filename).name} 第 {frames[-1].lineno} 行" if frames else f"{template}{SUFFIX}"


def _what(error: Exception) -> str:
    if isinstance(error, SecurityError):
        return f"模板不许这样做：{error}"
    return str(error) or type(error).__name__
