"""One YAML file: its data with the line of every key. The only importer of ruamel.

Every scalar is handed to pydantic as the text that the operator wrote: `text: 2026` is a text and `start: 2026-03-01`
a date because the field says so, not because YAML guessed. Only null is read as such.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from checks import os_words
from checks.backup import BackupGroup
from checks.contract import System
from checks.host import HostGroup
from tasks.contract_folder.mistakes import ContractError, FolderError, Where, dotted
from tasks.contract_folder.sentences import clean, kind_of, sentence

_LARGEST = 1024 * 1024
_MOST_NODES = 50_000  # after aliases are expanded: a small file can stand for billions
_YAML = "tag:yaml.org,2002:"
_NULL, _MERGE = f"{_YAML}null", f"{_YAML}merge"
_TAGS = {f"{_YAML}{name}" for name in ("str", "int", "float", "bool", "timestamp", "null", "map", "seq", "value")}

_ONE: dict[type[BaseModel], str] = {
    System: "一个文件写一个系统", HostGroup: "一个文件写一个系统的主机", BackupGroup: "一个文件写一个系统的备份",
}  # fmt: skip

Model = TypeVar("Model", bound=BaseModel)


class Sheet:
    """One YAML file: its data, the line of every key and item, and what is wrong with it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.data: Any = None
        self.errors: list[FolderError] = []
        self._lines: dict[Where, int] = {}
        self._left = _MOST_NODES
        self._open: set[int] = set()
        self._text = ""
        try:
            self._text = read_text(folder, name)
            self.data = self._parse()
        except ContractError as error:
            self.errors += error.errors

    def error(self, path: Where, what: str, remedy: str) -> None:
        """Note a mistake at a path, or at its nearest parent that exists."""
        line = next((self._lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self._lines), 1)
        self.errors.append(FolderError(self.name, line, dotted(path), what, remedy))

    def validate(self, model: type[Model], data: Any, but: str | None = None) -> Model | None:
        """Make the model of the data, or note every mistake. Mistakes about the field `but` are noted elsewhere."""
        if self.errors and data is None:
            return None  # the file could not be read: that has been said
        if not isinstance(data, dict):
            one = _ONE.get(model, "整个文件写一份合同")
            remedy = f"{one}：每行一个“键: 值”，开头不加“- ”，冒号用半角并在后面空一格"
            self.error((), f"最外层要是“键: 值”，现在是{kind_of(data)}", remedy)
            return None
        try:
            made = model.model_validate(data)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                if details["loc"][:1] != (but,):
                    self._explain(model, data, details)
            return None
        return None if self.errors else made

    def _explain(self, model: type[BaseModel], data: Any, details: ErrorDetails) -> None:
        path = clean(details["loc"], data, details["type"])
        if path is not None:
            self.error(path, *sentence(model, path, details))

    def _parse(self) -> Any:
        try:
            root = YAML(typ="safe", pure=True).compose(self._text)
            return None if root is None or root.tag == _NULL else self._value(root, ())
        except RecursionError:
            raise self._fatal(1, "层次太深", "减少嵌套") from None
        except ReaderError as error:
            line = self._text.count("\n", 0, error.position) + 1
            raise self._fatal(line, "有看不见的控制字符", "删去这一行里的特殊字符，重新输入") from None
        except MarkedYAMLError as error:
            raise self._fatal(*_syntax(error, self._text)) from None
        except YAMLError as error:
            raise self._fatal(1, f"YAML 读不懂：{error}", "改正写法") from None

    def _fatal(self, line: int, what: str, remedy: str) -> ContractError:
        return ContractError([FolderError(self.name, line, "", what, remedy)])

    def _value(self, node: Node, path: Where) -> Any:
        line: int = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        self._left -= 1
        if self._left < 0:
            raise self._fatal(
                line, f"内容太多：展开别名后超过 {_MOST_NODES} 项", "拆成几个文件，减少别名（*名字）的套用"
            )
        if id(node) in self._open:
            raise self._fatal(line, "别名引用了自己", "别名（*名字）不要包含自己")
        self._open.add(id(node))
        value = self._plain(node, path)
        self._open.remove(id(node))
        return value

    def _plain(self, node: Node, path: Where) -> Any:
        if node.tag not in _TAGS:
            self.error(path, f"不认识的标记 {node.tag}", "删去叹号开头的标记；文字本身以叹号开头时加引号")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*path, number)) for number, item in enumerate(node.value)]
        if node.tag != _NULL:
            return node.value
        if re.search(r"[:-][ \t]+#[^\s#]", _line(self._text, self._lines[path])):
            self.error(path, "没有写值：# 之后是注释", "值以 # 开头时加引号，例如 css: '#main'")
        return None

    def _mapping(self, node: MappingNode, path: Where) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        pairs: list[tuple[Node, Node]] = node.value
        for key, value in pairs:
            if key.tag == _MERGE:
                for source in reversed(value.value) if isinstance(value, SequenceNode) else [value]:
                    found = self._value(source, path)
                    if isinstance(found, dict):
                        merged |= found
                    else:
                        self.error(path, "<< 后面要写“键: 值”的别名", "写成 <<: *名字，名字处是“键: 值”")
        for key, value in pairs:
            line = key.start_mark.line + 1
            if key.tag == _MERGE:
                continue
            if not isinstance(key, ScalarNode):
                self._lines[(*path, "?")] = line
                self.error((*path, "?"), "键不是一个词", "写成“键: 值”；文字以 [ 或 { 开头时加引号")
                continue
            here = (*path, key.value)
            if key.value in own:
                self.errors.append(FolderError(self.name, line, dotted(here), f"{key.value} 写了两次", "只留一处"))
                continue
            self._lines[here] = line
            own[key.value] = self._value(value, here)
        return merged | own


def read_text(folder: Path, name: str) -> str:
    """A file of the folder as text.

    Raises:
        ContractError: it is not there, unreadable, empty, too large or not UTF-8.
    """

    def refuse(line: int, what: str, remedy: str) -> ContractError:
        return ContractError([FolderError(name, line, "", what, remedy)])

    path = folder / name
    if not path.exists():
        raise refuse(1, "没有这个文件", f"在 {folder} 里新建 {name}")
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except OSError as error:
        raise refuse(1, f"读不出：{os_words.say(error)}", f"看是不是文件、当前用户能不能读：ls -ld {path}") from error
    if len(raw) > _LARGEST:
        raise refuse(1, "超过 1 MiB", "拆成几个系统文件，或删去多余内容")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(raw.count(b"\n", 0, error.start) + 1, "不是 UTF-8 编码", "用编辑器另存为 UTF-8") from error
    if not text.strip():
        raise refuse(1, "文件是空的", "写上内容，或删去这个文件")
    return text


def _line(text: str, number: int) -> str:
    return "".join(text.splitlines()[number - 1 : number]) if number > 0 else ""


def _syntax(error: MarkedYAMLError, text: str) -> tuple[int, str, str]:
    """Line, what is wrong and what to do for a YAML error: the usual ones by name."""
    said, context = str(error.problem or ""), str(error.context or "")
    at = error.problem_mark or error.context_mark
    line = at.line + 1 if at else 1
    begun = error.context_mark.line + 1 if error.context_mark else line
    if "\\t" in said or re.match(r" *\t", _line(text, line)):
        return line, "用了制表符缩进", "把 Tab 换成空格"
    for number in (begun, line, line - 1):
        if re.match(r"\s*(- )?[\w-]+：", _line(text, number)):
            return number, "用了中文冒号", "改成半角冒号，后面空一格"
    if "could not find expected ':'" in said:
        return begun, "缺少冒号", "写成“键: 值”，冒号后空一格"
    if "mapping values are not allowed" in said:
        return line, "缩进不齐，或值里有冒号", "与同级的键对齐；值里有“: ”时给整个值加引号"
    if "quoted scalar" in context and "unknown escape" not in said:
        return begun, "引号没有配对", "补上另一个引号"
    if "unknown escape" in said:
        return line, "双引号里的反斜杠写法不对", "改用单引号"
    if "flow" in context:
        return begun, "括号没有配对，或缺少逗号", "补上 ] 或 }，各项之间用半角逗号"
    if "undefined alias" in said or "alias" in context or "anchor" in context:
        return line, "没有这个别名（* 或 & 开头的词）", "文字以 * 或 & 开头时加引号"
    if "cannot start any token" in said or "directive" in context:
        return line, "值以特殊符号开头", "给值加引号，例如 text: '@全体'"
    if "tag" in context:
        return line, "叹号开头的标记写法不对", "文字以叹号开头时加引号"
    if "another document" in said:
        return line, "一个文件里有两份内容（---）", "删去多余的 ---，一个文件写一份"
    if "expected <block end>" in said or "sequence entries" in said or "block" in context:
        return line, "缩进不齐，或引号后有多余的字", "同一级的键和“- ”左边对齐"
    return line, f"YAML 读不懂：{said}", "改正这一行的写法"
