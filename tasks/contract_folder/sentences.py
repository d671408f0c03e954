"""Pydantic's errors as an operator would say them, with the remedy, never showing what may be a secret."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from checks import journey
from checks.channels import Channel
from checks.contract import WITNESS
from checks.documents import TITLE
from checks.journey import ID, SECRET_NAME
from tasks.contract_folder.mistakes import Where

_KINDS = tuple(sorted(kind for step in get_args(get_args(journey.Step)[0]) for kind in get_args(step)[0].model_fields))


def clean(loc: Where, data: Any, kind: str) -> Where | None:
    """Turn pydantic's path into the operator's: without tags of steps and names of union members.

    Returns:
        None when another member of the same union speaks for what the operator wrote.
    """
    path: list[str | int] = []
    here = data
    for number, part in enumerate(loc):
        if number > 1 and isinstance(loc[number - 1], int) and loc[number - 2] in ("steps", "channels"):
            continue  # the tag of one of several kinds; its key follows
        written = part in here if isinstance(here, Mapping) else isinstance(here, list) and isinstance(part, int)
        if written:
            here = here[part]
        elif not (kind == "missing" and number == len(loc) - 1):
            about_mapping = "[" in str(part) or str(part)[:1].isupper()  # Count, function-after[…, Count]; int
            if about_mapping != isinstance(here, Mapping):
                return None
            continue
        path.append(part)
    return tuple(path)


# Patterns in the models, as an operator would say them.
_PATTERNS = {
    ID: "只用小写字母、数字、连字符，以字母开头，至多 40 个字符，例如 oa-todo",
    SECRET_NAME: "只用小写字母、数字、点、连字符、下划线，例如 oa-inspector.password；这里写名字，不写口令本身",
    WITNESS: "写成 主机:端口，例如 gateway.example.cn:22",
    "^(重要|一般)$": "写“重要”或“一般”",
    r"^[0-9a-f]{64}$": "写 64 位小写十六进制，例如 sha256sum 的输出",
    r"^[^/\r\n]+$": "写文件名的样子，不带路径，例如 *.sql.gz",
    "^(NORMAL|PRIMARY|STANDBY)?$": "写 NORMAL、PRIMARY 或 STANDBY",
    r"^[^\r\n]+$": "写成一行",
    TITLE: "名称里不能有“/”，文件要用它命名",
    r"^[0-7]{3}$": "写三位八进制数字，例如 640",
    r"^[a-z0-9][a-z0-9.:-]*$": "写小写的域名或地址，例如 oa.example",
    r"^\w*$": "只用字母、数字和下划线",
}


def pattern_words(pattern: str) -> str:
    """What a pattern asks for; empty if nobody has said."""
    absolute = "写主机上的绝对路径，以 / 开头" if pattern.startswith(("^/", "^(/")) else ""
    return _PATTERNS.get(pattern, absolute)


# pydantic's error types: what is wrong, what to do.
_TEXT = ("要写一行文字，现在是{got}", "写成一行文字；以特殊符号开头时加引号")
_INT = ("要写整数，现在是{got}", "改成整数，例如 3")
_FLOAT = ("要写数字，现在是{got}", "改成数字，例如 3 或 1.5")
_BOOL = ("要写 true 或 false，现在是{got}", "改成 true 或 false")
_DATE = ("不是日期：{got}", "写成 2026-03-01 的样子，并看这一天是否存在")
_LIST = ("要写成列表，现在是{got}", "每一项另起一行，以“- ”开头")
_MAPPING = ("要写成“键: 值”，现在是{got}", "另起几行，缩进，每行一个“键: 值”")
_URL = ("不是网址：{got}", "写成 https://主机名/ 的样子")
_SENTENCES = {
    **dict.fromkeys(("string_type", "string_unicode"), _TEXT),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _INT),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _FLOAT),
    **dict.fromkeys(("bool_type", "bool_parsing"), _BOOL),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DATE),
    **dict.fromkeys(("list_type", "iterable_type"), _LIST),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), _MAPPING),
    **dict.fromkeys(("url_type", "url_parsing", "url_syntax_violation", "url_too_long"), _URL),
    "url_scheme": ("网址要以 http:// 或 https:// 开头", "改正网址的开头"),
    "string_too_short": ("不能是空的：至少 {min_length} 个字", "写上内容"),
    "string_too_long": ("太长：至多 {max_length} 个字", "写短一些"),
    "too_short": ("至少要有 {min_length} 项，现在是 {actual_length} 项", "补上"),
    "too_long": ("至多 {max_length} 项，现在是 {actual_length} 项", "删去多余的"),
    "greater_than": ("要大于 {gt}，现在是{got}", "改成更大的数"),
    "greater_than_equal": ("不能小于 {ge}，现在是{got}", "改成更大的数"),
    "less_than": ("要小于 {lt}，现在是{got}", "改成更小的数"),
    "less_than_equal": ("不能大于 {le}，现在是{got}", "改成更小的数"),
    **dict.fromkeys(("time_type", "time_parsing"), ("不是时刻：{got}", "写成 17:30 的样子，加引号")),
    "enum": ("只能是 {expected}，现在是{got}", "改成其中之一"),
    "literal_error": ("只能是 {expected}，现在是{got}", "改成其中之一"),
    "union_tag_not_found": ("不是一个步骤", f"写成“- 动作: 内容”，动作是 {'、'.join(_KINDS)}"),
}
_FALLBACK = "不能这样写"


def sentence(model: type[BaseModel], path: Where, details: ErrorDetails) -> tuple[str, str]:
    """Say what is wrong and what to do, in Chinese, never showing what may be a secret."""
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    last = str(path[-1]) if path else ""
    fields = [field for owner in _models_at(model, path[:-1]) for field in owner.model_fields.items()]
    title = next((f"（{field.title}）" for name, field in fields if name == last and field.title), "")
    if kind == "missing":
        return f"缺少 {last}{title}", f"补上 {last}: …"
    if kind == "value_error":
        return str(context["error"]), "照此修改这一处"
    if kind == "extra_forbidden":
        if last in _KINDS and {name for name, _ in fields} >= set(_KINDS):
            return f"一步只能写一个动作，多了 {last}", f"另起一行，写成新的一步“- {last}: …”"
        return f"不认识的键 {last}", _suggestion(last, [name for name, _ in fields])
    if path[:1] == ("channels",) and kind.startswith("union_tag"):
        known = [get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(Channel)[0])]
        wrong = kind == "union_tag_invalid"
        what = f"没有 {context['tag']} 这种渠道" if wrong else "没有写渠道的种类 kind"
        return what, f"kind 写 {'、'.join(known)} 之一"
    if kind == "union_tag_invalid":
        return f"没有 {context['tag']} 这种步骤", _suggestion(str(context["tag"]), list(_KINDS))
    if value is None:
        return f"没有写值{title}", "写上值，或删去这一行"
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        # what is no secret's name may well be the secret
        shown = kind_of(value) if pattern == SECRET_NAME else _shown(path, value)
        return f"写法不合要求：{shown}", pattern_words(pattern) or f"要符合 {pattern}"
    what, remedy = _SENTENCES.get(kind, (f"{_FALLBACK}：{details['msg']}", "改正这一处"))
    words = {name: str(word).replace(" or ", "、") for name, word in context.items()}
    if kind in _SENTENCES:
        what = what.format(got=_shown(path, value), **words)
    return what, remedy


def _suggestion(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word.strip().lower(), known, n=1)
    return f"是不是想写 {close[0]}？" if close else f"可以写的有：{'、'.join(dict.fromkeys(known))}"


def _shown(path: Where, value: Any) -> str:
    private = {"secret", "value", "account", "url"} & set(path)
    if not isinstance(value, str) or private:
        return kind_of(value)
    return f"“{value if len(value) <= 40 else value[:40] + '…'}”"


def kind_of(value: Any) -> str:
    """The sort of value, in Chinese."""
    return {type(None): "空的", list: "列表", str: "文字"}.get(type(value), "“键: 值”")


def _models_at(model: type[BaseModel], path: Where) -> list[type[BaseModel]]:
    """The models that may stand at a path: several where a union does."""
    models = [model]
    for key in path:
        if isinstance(key, str):
            fields = [owner.model_fields[key] for owner in models if key in owner.model_fields]
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    return models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from _models_in(part)
