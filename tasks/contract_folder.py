"""The contract folder: `contract.yaml`, one file per system in `systems/`, recorded journeys beside them.

Every scalar is handed to pydantic as the text that the operator wrote: `text: 2026` is a text and `start: 2026-03-01`
a date because the field says so, not because YAML guessed. Only null is read as such.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from checks import journey
from checks.contract import ID, Contract, System, problems
from checks.journey import SECRET_NAME, Strict
from tasks import recorded

_LARGEST = 1024 * 1024
_SHORTEST = 4  # a shorter secret turns up by chance
_MOST_NODES = 50_000  # after aliases are expanded: a small file can stand for billions
_KINDS = tuple(sorted(kind for step in get_args(get_args(journey.Step)[0]) for kind in get_args(step)[0].model_fields))
_YAML = "tag:yaml.org,2002:"
_NULL, _MERGE = f"{_YAML}null", f"{_YAML}merge"
_TAGS = {f"{_YAML}{name}" for name in ("str", "int", "float", "bool", "timestamp", "null", "map", "seq", "value")}

Where = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class FolderError(NamedTuple):
    """One mistake: where it stands, what is wrong, what to do. `line` counts from 1; `field` may be empty."""

    file: str
    line: int
    field: str
    what: str
    remedy: str


class ContractError(Exception):
    """The contract folder cannot be used. `errors` holds every mistake found, in order of files and lines."""

    def __init__(self, errors: list[FolderError]) -> None:
        super().__init__("\n".join(f"{e.file}:{e.line} {e.field} {e.what}；{e.remedy}" for e in errors))
        self.errors = errors


def load(folder: Path) -> Contract:
    """Read the folder.

    Raises:
        ContractError: with every mistake in every file.
    """
    if not folder.is_dir():
        remedy = "用 --contract 或环境变量 XUNJIAN_CONTRACT 指明合同目录"
        raise ContractError([FolderError(".", 1, "", f"没有合同目录 {folder}", remedy)])
    errors: list[FolderError] = []
    sheets: list[_Sheet] = []
    systems: list[System] = []
    names = _system_files(folder, errors)
    for name in names:
        sheet = _Sheet(folder, name)
        system = sheet.validate(System, sheet.data)
        errors += sheet.errors
        if system is not None:
            sheets.append(sheet)
            systems.append(system)
    head = _Sheet(folder, "contract.yaml")
    if isinstance(head.data, dict) and "systems" in head.data:
        head.error(("systems",), "系统不写在这里", "每个系统一个文件，放在 systems/ 里，例如 systems/oa.yaml")
    # A system that is wrong on its own is left out: what is wrong across the others is told all the same.
    whole = {**head.data, "systems": systems} if isinstance(head.data, dict) else head.data
    contract = head.validate(Contract, whole, but="systems" if not systems else None)
    if contract is not None:
        for problem in problems(contract):
            here, where = head, problem.where
            if where[:1] == ("systems",) and len(where) > 1 and isinstance(where[1], int):
                here, where = sheets[where[1]], where[2:]
            here.error(where, problem.what, problem.remedy)
    for sheet, system in zip(sheets, systems, strict=True):
        _look_for_recorded(folder, sheet, system)
    errors += [error for sheet in (*sheets, head) for error in sheet.errors]
    if errors or contract is None:
        raise ContractError(_in_order(errors))
    return contract


def hash_of(folder: Path) -> str:
    """SHA-256 over everything that says what is inspected: names and bytes, in a fixed order."""
    files = [folder / "contract.yaml", *folder.glob("systems/*.yaml"), *folder.rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda file: file.relative_to(folder).as_posix()):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def check_files(folder: Path, contract: Contract, known: Mapping[str, str]) -> list[FolderError]:
    """Look into the files of a contract that loads: recorded journeys, and secrets written out in YAML.

    Args:
        known: names and values of secrets.
    """
    recorded_problems = [
        FolderError(name, problem.line, "", problem.what, problem.remedy)
        for name, source in _sources(folder, contract.systems).items()
        for problem in recorded.problems(source, known)
    ]
    return _in_order([*recorded_problems, *_secrets_in_yaml(folder, contract, known)])


def _secrets_in_yaml(folder: Path, contract: Contract, known: Mapping[str, str]) -> Iterator[FolderError]:
    aliases = {system.account for system in contract.systems}  # often the user's name, and no secret
    hidden = {name: value for name, value in known.items() if len(value) >= _SHORTEST and value not in aliases}
    for path in (folder / "contract.yaml", *sorted(folder.glob("systems/*.yaml"))):
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            for name in (name for name, value in hidden.items() if value in line):
                file = path.relative_to(folder).as_posix()
                yield FolderError(file, number, "", f"写着口令 {name} 本身", f"改写成 secret: {name}")


def secret_names(folder: Path, system: System) -> list[str]:
    """The secrets that a system's login, journeys and recorded files use, by name."""
    in_files = [name for source in _sources(folder, [system]).values() for name in recorded.secret_names(source)]
    return list(dict.fromkeys([*system.secret_names(), *in_files]))


def schema() -> dict[str, dict[str, Any]]:
    """JSON Schemas by file name: one for `contract.yaml`, one for a system's file. Editors complete from them."""
    head: Any = {name: (field.annotation, field) for name, field in Contract.model_fields.items() if name != "systems"}
    models: dict[str, type[BaseModel]] = {
        "contract": create_model("Contract", __base__=Strict, **head),
        "system": System,
    }
    return {
        f"{name}.schema.json": {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        for name, model in models.items()
    }


class _Sheet:
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
            self._text = _text(folder, name)
            self.data = self._parse()
        except ContractError as error:
            self.errors += error.errors

    def error(self, path: Where, what: str, remedy: str) -> None:
        """Note a mistake at a path, or at its nearest parent that exists."""
        line = next((self._lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self._lines), 1)
        self.errors.append(FolderError(self.name, line, _dotted(path), what, remedy))

    def validate(self, model: type[Model], data: Any, but: str | None = None) -> Model | None:
        """Make the model of the data, or note every mistake. Mistakes about the field `but` are noted elsewhere."""
        if self.errors and data is None:
            return None  # the file could not be read: that has been said
        if not isinstance(data, dict):
            one = "一个文件写一个系统" if model is System else "整个文件写一份合同"
            remedy = f"{one}：每行一个“键: 值”，开头不加“- ”，冒号用半角并在后面空一格"
            self.error((), f"最外层要是“键: 值”，现在是{_kind_of(data)}", remedy)
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
        path = _clean(details["loc"], data, details["type"])
        if path is not None:
            self.error(path, *_sentence(model, path, details))

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
                self.errors.append(FolderError(self.name, line, _dotted(here), f"{key.value} 写了两次", "只留一处"))
                continue
            self._lines[here] = line
            own[key.value] = self._value(value, here)
        return merged | own


def _text(folder: Path, name: str) -> str:
    def refuse(line: int, what: str, remedy: str) -> ContractError:
        return ContractError([FolderError(name, line, "", what, remedy)])

    path = folder / name
    if not path.exists():
        raise refuse(1, "没有这个文件", f"在 {folder} 里新建 {name}")
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
    except OSError as error:
        raise refuse(1, f"读不出：{error.strerror}", f"看是不是文件、当前用户能不能读：ls -ld {path}") from error
    if len(raw) > _LARGEST:
        raise refuse(1, "超过 1 MiB", "拆成几个系统文件，或删去多余内容")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(raw.count(b"\n", 0, error.start) + 1, "不是 UTF-8 编码", "用编辑器另存为 UTF-8") from error
    if not text.strip():
        raise refuse(1, "文件是空的", "写上内容，或删去这个文件")
    return text


def _system_files(folder: Path, errors: list[FolderError]) -> list[str]:
    at = folder / "systems"
    files = sorted(path for path in at.iterdir() if not path.name.startswith(".")) if at.is_dir() else []
    names = [f"systems/{path.name}" for path in files if path.suffix == ".yaml"]
    for path in files:
        if path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml":
            errors.append(FolderError(f"systems/{path.name}", 1, "", "扩展名不是 .yaml", f"改名为 {path.stem}.yaml"))
    if not names and not errors:
        errors.append(FolderError("systems", 1, "", "没有系统", "每个系统写一个文件，例如 systems/oa.yaml"))
    return names


def _look_for_recorded(folder: Path, sheet: _Sheet, system: System) -> None:
    for number, part in enumerate(system.journeys):
        if part.recorded is None:
            continue
        where = ("journeys", number, "recorded")
        path = folder / part.recorded
        if not path.is_file():
            sheet.error(where, f"没有录制文件 {part.recorded}", f"把 playwright codegen 写出的文件放到 {path}")
        elif not path.resolve().is_relative_to(folder.resolve()):
            sheet.error(where, "录制文件在合同目录之外", f"把文件本身（不是链接）放到 {folder} 里")
        else:
            try:
                tree = recorded.parse(_text(folder, part.recorded))
            except ContractError as error:
                sheet.errors += error.errors
                continue
            if isinstance(tree, recorded.Problem):
                sheet.errors.append(FolderError(part.recorded, tree.line, "", tree.what, tree.remedy))


def _sources(folder: Path, systems: list[System]) -> dict[str, str]:
    names = dict.fromkeys(part.recorded for system in systems for part in system.journeys if part.recorded)
    return {name: _text(folder, name) for name in names}


def _in_order(errors: list[FolderError]) -> list[FolderError]:
    return sorted(set(errors), key=lambda error: (error.file != "contract.yaml", error))


def _dotted(path: Where) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _clean(loc: Where, data: Any, kind: str) -> Where | None:
    """Turn pydantic's path into the operator's: without tags of steps and names of union members.

    Returns:
        None when another member of the same union speaks for what the operator wrote.
    """
    path: list[str | int] = []
    here = data
    for number, part in enumerate(loc):
        if number > 1 and isinstance(loc[number - 1], int) and loc[number - 2] == "steps":
            continue  # the step's tag; its key follows
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
    "^(重要|一般)$": "写“重要”或“一般”",
    r"^[0-9a-f]{64}$": "写 64 位小写十六进制，例如 sha256sum 的输出",
}

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
    "literal_error": ("只能是 {expected}，现在是{got}", "改成其中之一"),
    "union_tag_not_found": ("不是一个步骤", f"写成“- 动作: 内容”，动作是 {'、'.join(_KINDS)}"),
}
_FALLBACK = "不能这样写"


def _sentence(model: type[BaseModel], path: Where, details: ErrorDetails) -> tuple[str, str]:
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
    if kind == "union_tag_invalid":
        return f"没有 {context['tag']} 这种步骤", _suggestion(str(context["tag"]), list(_KINDS))
    if value is None:
        return f"没有写值{title}", "写上值，或删去这一行"
    if kind == "string_pattern_mismatch":
        return f"写法不合要求：{_shown(path, value)}", _PATTERNS.get(context["pattern"], f"要符合 {context['pattern']}")
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
        return _kind_of(value)
    return f"“{value if len(value) <= 40 else value[:40] + '…'}”"


def _kind_of(value: Any) -> str:
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
