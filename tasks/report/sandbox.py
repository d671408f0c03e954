"""What a template may do: read the files beside it, see data, loop for a while. Anybody who may change the contract
folder may write one, and must not reach through it what lies outside.

Jinja2's own sandbox keeps names with underscores away. Here, besides: of a value only what it declares can be seen (a
model's other methods read files), only filters that are named, and every turn of a loop, every call and every character
costs a step of a fixed number of them, so that what does not end is stopped, and always at the same place.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from dataclasses import is_dataclass
from datetime import date, time, timedelta
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from time import thread_time
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateRuntimeError, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Environment, Template, TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.filters import do_batch
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, TemplateReference, Undefined
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace, missing
from jinja2.visitor import NodeTransformer
from pydantic import BaseModel

from checks.number import Number
from tasks.report.markdown import Safe, escape

SUFFIX = ".md.j2"
_NAME = re.compile(rf"[\w-]+{re.escape(SUFFIX)}")
_LARGEST = 1 << 20  # bytes of a template; ours have ten thousand
_STEPS = 50_000_000  # a report of a year takes a tenth of them
_TURN = 100  # steps of a turn of a loop and of a call; a character is one
_SECONDS = 120  # of this thread's own computing, for what a single step may cost
_RANGE = 10_000
_DIGITS = 256  # bits of a whole number
_HELD = 100_000  # what lists within lists hold together: to compare two of them takes as long

_JINJAS = (TemplateModule, TemplateReference, BlockReference, LoopContext, Macro, Namespace, Undefined)
_METHODS: dict[type, str] = {  # nothing that grows beyond what it is given, or asks for the time or the machine's zone
    str: "startswith endswith strip lstrip rstrip split rsplit splitlines partition rpartition removeprefix "
    "removesuffix lower upper capitalize title isdigit isdecimal count find index",
    dict: "get items keys values update",
    list: "append index count",
    tuple: "index count",
    date: "year month day hour minute second weekday isoweekday isoformat date time",
    timedelta: "days seconds",
}
_FILTERS = (
    *("default", "dictsort", "first", "groupby", "items", "last", "list", "lower", "map", "max", "min"),
    *("reject", "rejectattr", "reverse", "select", "selectattr", "sort", "trim", "unique", "upper"),
)


def source(folder: Path, name: str) -> tuple[str, Path]:
    """A template's text, and its file.

    Raises:
        TemplateError: it is not a plain file of this folder, or no text.
        OSError: it cannot be read.
    """
    file = folder / name
    if file.resolve() != folder.resolve() / name:
        raise TemplateError(f"模板 {name} 是指向别处的链接；请改为文件本身")
    if file.stat().st_size > _LARGEST:
        raise TemplateError(f"模板 {name} 有 {file.stat().st_size >> 10} KB，上限 {_LARGEST >> 10} KB")
    try:
        return file.read_text(encoding="utf-8"), file
    except UnicodeDecodeError:
        raise TemplateError(f"模板 {name} 不是 UTF-8 文字；请另存为 UTF-8") from None


class _Folders(BaseLoader):
    """Templates by their bare names; the first folder that has one."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        for folder in self._folders:
            if _NAME.fullmatch(template) and (folder / template).is_file():
                text, file = source(folder, template)
                return text, str(file), None
        raise TemplateNotFound(template, f"没有模板 {template}；只能用本目录和自带的模板，写文件名（…{SUFFIX}）")


class _Missing(StrictUndefined):
    """An unknown name, said in Chinese."""

    @property
    def _undefined_message(self) -> str:
        name, of = self._undefined_name, self._undefined_obj
        if self._undefined_hint or of is missing:
            return self._undefined_hint or f"没有 {name} 这个名称"
        what = of.__name__ if isinstance(of, TemplateModule) else type(of).__name__
        return f"{what} 里没有 {name}"


class _Context(Context):
    """What a macro returns was escaped inside it."""

    environment: "Sandbox"

    def call(self, obj: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        self.environment.spend(_TURN)
        self.environment.held((args, kwargs))
        result = self.environment.held(super().call(obj, *args, **kwargs))
        return Safe(result) if isinstance(obj, Macro) else result


class _Rewritten(NodeTransformer):
    """Turns of loops and what is kept are counted, and `~` is what the filter `join` does."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja2 calls it so
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "each", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802 - Jinja2 calls it so
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)

    def _held(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        if getattr(node, "ctx", "load") == "store" or not isinstance(getattr(node, "arg", None), nodes.Slice | None):
            return node  # names that are given a value, one element of a list
        return nodes.Filter(node, "held", [], [], None, None, lineno=node.lineno)

    visit_List = visit_Tuple = visit_Dict = visit_Filter = visit_Getitem = _held  # noqa: N815 - Jinja2 calls it so


class _Code(CodeGenerator):
    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja2 calls it so
        super().visit_Template(_Rewritten().visit(node), frame)


class Sandbox(SandboxedEnvironment):
    """The templates of some folders, for one rendering at a time.

    Args:
        folders: the first one that has a template of a name counts.
    """

    context_class = _Context
    code_generator_class = _Code
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def __init__(self, folders: Iterable[Path]) -> None:
        super().__init__(
            loader=_Folders(folders),
            undefined=_Missing,
            finalize=self._shown,
            extensions=["jinja2.ext.do"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.begin()
        self.concat = self._concat  # type: ignore[method-assign]
        self.globals = {"range": self._range, "dict": dict, "namespace": Namespace}
        self.filters = {name: self.filters[name] for name in _FILTERS} | {
            "batch": self._batch,
            "each": self._each,
            "held": self.held,
            "join": self._join,
            "replace": self._replace,
        }

    def begin(self) -> None:
        """A rendering begins, in this thread."""
        self._left, self._until = _STEPS, thread_time() + _SECONDS

    def spend(self, steps: int) -> None:
        """Raises:
        TemplateRuntimeError: no steps are left.
        """
        self._left -= steps
        if self._left < 0 or thread_time() > self._until:
            self._left = 0
            raise TemplateRuntimeError("循环太多、没有尽头，或写出的内容太长，已经停下")

    def held(self, value: Any) -> Any:
        """What a template may keep, counted: the characters of a text, all that lists within lists hold.

        Raises:
            SecurityError: they hold too much.
        """
        count, lists = len(value) if isinstance(value, str) else 0, [value]
        while lists:
            one = lists.pop()
            if isinstance(one, list | tuple | dict):
                parts = [*one, *one.values()] if isinstance(one, dict) else one
                count += len(parts)
                if count > _HELD:
                    raise SecurityError(f"列表太长：连同里面的列表最多 {_HELD} 个")
                lists += parts
        self.spend(count)
        return value

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return super().is_safe_attribute(obj, attr, value) and bool(_visible(type(obj), attr))  # type: ignore[arg-type]  # a type is hashable

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        if isinstance(obj, Undefined):
            return obj
        hint = f"模板不许用 {type(obj).__name__} 的 {attribute}"
        return self.undefined(hint, name=attribute, obj=obj, exc=SecurityError)

    def wrap_str_format(self, value: Any) -> None:
        """None: str.format is not offered, the filter `format` is."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"模板不许用 {operator}")
        if operator == "*" and (isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple)):
            raise SecurityError("模板不许把文字或列表乘以几")
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > _DIGITS:
            raise SecurityError("数太大")
        if isinstance(left, Sized) and isinstance(right, Sized):
            self.spend(len(left) + len(right))
        return self.held(super().call_binop(context, operator, left, right))

    def get_template(self, name: str | Template, parent: str | None = None, globals: Any = None) -> Template:
        self.spend(_TURN)
        return super().get_template(name, parent, globals)

    def _range(self, *limits: int) -> range:
        numbers = range(*limits)
        if numbers and len(numbers[: _RANGE + 1]) > _RANGE:
            raise SecurityError(f"range 最多 {_RANGE} 个")
        self.spend(len(numbers))
        return numbers

    def _each(self, lines: Iterable[Any]) -> Iterator[Any]:
        for line in lines:
            self.spend(_TURN)
            yield line

    def _batch(self, lines: Iterable[Any], size: int, fill: Any = None) -> Iterator[list[Any]]:
        """Jinja2's own fills up to any size."""
        if size > _RANGE:
            raise SecurityError(f"batch 最多 {_RANGE} 个")
        return do_batch(self._each(lines), size, fill)

    def _concat(self, parts: Iterable[str]) -> str:
        found = []
        for part in parts:
            try:
                self.spend(len(part))
            except TemplateRuntimeError as error:
                if isinstance(parts, Generator):
                    parts.throw(error)  # it happened on the line that the template has come to
                raise
            found.append(part)
        return "".join(found)

    def _join(self, parts: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
        """One text; Markdown where one of the parts is Markdown."""
        found = [said(self.getitem(part, attribute) if attribute else part) for part in parts]
        self.spend(sum(map(len, found)) + len(found) * len(between))
        if any(isinstance(part, Safe) for part in found):
            return Safe(escape(between).join(part if isinstance(part, Safe) else escape(part) for part in found))
        return between.join(found)

    def _shown(self, value: object) -> Safe:
        """What a template prints, as Markdown."""
        text = said(value)
        self.spend(len(text))
        return text if isinstance(text, Safe) else escape(text)

    def _replace(self, text: str, old: str, new: str) -> str:
        self.spend(len(text) + text.count(old) * len(new))
        return text.replace(old, new)


def said(value: object) -> str:
    """A value as text, where it may become text.

    Raises:
        TemplateError: it is missing, a number without a source, or nothing that people read.
    """
    if isinstance(value, str | Undefined):
        return value if isinstance(value, str) else str(value)  # an unknown name is an error
    if isinstance(value, Number | date | time):
        return str(value)
    if value is None:
        raise TemplateRuntimeError("要印一个不存在的值（None）：缺什么要写成“未执行”“未登记”等字样")
    if isinstance(value, bool):
        raise TemplateRuntimeError("要印一个真假值：请用 if 写成字样")
    if isinstance(value, int | float | Fraction):
        raise TemplateRuntimeError(f"要印一个没有出处的数 {value:.6g}：报告里的数都要由 ask(…) 查出来")
    raise TemplateRuntimeError(f"要印的 {type(value).__name__} 不是文字，也不是数")


@cache
def _visible(kind: type, name: str) -> bool:
    """Whether values of a type may be asked for this: what they declare, and what is harmless of Python and Jinja2."""
    if issubclass(kind, BaseModel):
        declared: Iterable[str] = kind.model_fields
    else:
        declared = kind.__dataclass_fields__ if is_dataclass(kind) else getattr(kind, "_fields", ())
    return (
        name in declared
        or isinstance(getattr(kind, name, None), property | cached_property)
        or issubclass(kind, _JINJAS)
        or any(name in names.split() for plain, names in _METHODS.items() if issubclass(kind, plain))
    )
