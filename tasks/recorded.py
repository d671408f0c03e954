"""Files that `playwright codegen` wrote (targets python and python-pytest), looked at as text: nothing is run.

A recorded file stays an ordinary Playwright file. Secrets stand in it by name: `.fill("secret:oa-inspector.password")`.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote_plus

from checks.journey import SECRET_NAME

_REFERENCE = re.compile(rf"secret:({SECRET_NAME.strip('^$')})")
_PASSWORD = re.compile(r"密码|口令|password|passwd|pwd", re.IGNORECASE)
_TYPING = ("fill", "type", "press_sequentially", "to_have_value")
_SHORTEST = 4  # a shorter value turns up by chance

# Playwright calls that a journey may not make: what they do, and what to do instead.
_FORBIDDEN = {
    "storage_state": ("把登录会话存到磁盘", "删去这一句；登录写在合同的 login 里，每次重新登录"),
    "launch_persistent_context": ("使用磁盘上的浏览器用户目录", "改用 browser.new_context()"),
    "route_from_har": ("从 HAR 文件回放，看到的不是真系统", "删去这一句"),
    "screenshot": ("自行截图，未经遮盖", "删去这一句；截图由巡检统一遮盖后保存"),
    "pdf": ("自行导出页面，未经遮盖", "删去这一句"),
    "save_as": ("把附件存到磁盘", "删去这一句；附件只检查，不保存"),
}
_FORBIDDEN_OPTIONS = {
    "storage_state": ("使用磁盘上的登录会话", "删去 storage_state；登录写在合同的 login 里"),
    "user_data_dir": ("使用磁盘上的浏览器用户目录", "删去 user_data_dir"),
    "record_har_path": ("把全部流量存到磁盘", "删去 record_har_path"),
    "record_video_dir": ("自行录像，未经遮盖", "删去 record_video_dir"),
}


class Problem(NamedTuple):
    """Why a recorded file is refused."""

    line: int
    what: str
    remedy: str


def parse(source: str) -> ast.Module | Problem:
    """Parse, or say why not."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        return Problem(error.lineno or 1, f"不是合法的 Python：{error.msg}", "重新录制，或改正这一行")
    except (ValueError, RecursionError, MemoryError) as error:
        return Problem(1, f"不是合法的 Python：{error}", "重新录制")


def entry(tree: ast.Module) -> str | Problem:
    """Name the function to run: `run(playwright)` or `test_…(page)`."""
    at_top = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = [node for node in at_top if _is_entry(node)]
    if not found:
        return Problem(
            1,
            "没有 run(playwright) 或 test_…(page) 函数",
            "用 playwright codegen --target python 或 --target python-pytest 录制",
        )
    if isinstance(found[0], ast.AsyncFunctionDef):
        return Problem(found[0].lineno, "是异步写法", "用 playwright codegen --target python 重新录制")
    if len(found) > 1:
        return Problem(found[1].lineno, f"有 {len(found)} 个入口函数", "一个录制文件只留一个")
    return found[0].name


def problems(source: str, known: Mapping[str, str]) -> list[Problem]:
    """Say everything that is wrong with a recorded file, in order of lines. `known`: names and values of secrets."""
    tree = parse(source)
    if isinstance(tree, Problem):
        # Even a file that cannot be parsed may hold a secret.
        return sorted({tree, *_secrets_in(source, None, known)})
    start = entry(tree)
    found = [
        *([start] if isinstance(start, Problem) else []),
        *_asserts_nothing(tree),
        *_secrets_in(source, tree, known),
        *_typed_passwords(tree),
        *_broken_references(tree),
        *_forbidden(tree),
    ]
    return sorted(set(found))


def scrub(source: str, known: Mapping[str, str]) -> tuple[str, list[str]]:
    """Replace string literals that are a known secret by "secret:NAME"; nothing else changes.

    Returns:
        The new text, and the names that were put in, in order.

    Raises:
        ValueError: the source is not Python.
    """
    tree = parse(source)
    if isinstance(tree, Problem):
        raise ValueError(f"第 {tree.line} 行：{tree.what}")
    by_value: dict[str, str] = {}
    for name, value in known.items():
        if len(value) >= _SHORTEST:
            by_value.setdefault(value, name)
    raw = source.encode()
    # ast counts columns in UTF-8 bytes, and ends lines as Python does, not as str.splitlines does.
    starts = [0, *(end.end() for end in re.finditer(rb"\r\n|\r|\n", raw))]
    edits = []
    for node in _plain_constants(tree):
        if isinstance(node.value, str) and node.value in by_value and node.end_lineno and node.end_col_offset:
            begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
            edits.append((begin, end, by_value[node.value]))
    edits.sort()
    for begin, end, name in reversed(edits):
        raw = raw[:begin] + f'"secret:{name}"'.encode() + raw[end:]
    return raw.decode(), list(dict.fromkeys(name for _, _, name in edits))


def secret_names(source: str) -> list[str]:
    """Name the secrets that the file refers to as "secret:NAME". A file that cannot be parsed refers to none."""
    tree = parse(source)
    if isinstance(tree, Problem):
        return []
    references = [_REFERENCE.fullmatch(text) for _, text in _texts(tree)]
    return list(dict.fromkeys(match[1] for match in references if match))


def _is_entry(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return (node.name == "run" and len(names) == 1) or (node.name.startswith("test_") and "page" in names)


def _asserts_nothing(tree: ast.Module) -> Iterator[Problem]:
    """`expect(x)` alone states nothing: it takes `.to_…()` or `.not_to_…()`. A download has to happen, so it counts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            what, owner = node.func.attr, node.func.value
            stated = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "expect"
            if what == "expect_download" or (stated and what.startswith(("to_", "not_to_"))):
                return
    yield Problem(
        1,
        "没有期望任何内容（没有 expect）",
        "录制时点工具栏的“断言”按钮，或加一句 expect(page.get_by_text(…)).to_be_visible()",
    )


def _secrets_in(source: str, tree: ast.Module | None, known: Mapping[str, str]) -> Iterator[Problem]:
    """Search the text itself, comments included, then what its literals amount to: escapes, joints, URL encoding."""
    values = set(known.values())

    def blank(match: re.Match[str]) -> str:
        # A secret's name may well contain the value of another (an account's name): references do not count,
        # unless somebody wrote the value itself after "secret:".
        return match[0] if match[1] in values else " " * len(match[0])

    bare = _REFERENCE.sub(blank, source)
    texts = [] if tree is None else [(node.lineno, _REFERENCE.sub(blank, text)) for node, text in _texts(tree)]
    literals = set() if tree is None else {(node.lineno, node.value) for node in _plain_constants(tree)}
    for name, value in known.items():
        if len(value) < _SHORTEST:
            continue
        lines = {bare.count("\n", 0, match.start()) + 1 for match in re.finditer(re.escape(value), bare)}
        lines |= {line for line, text in texts if value in text or value in unquote_plus(text)}
        for line in lines:
            whole = (line, value) in literals
            remedy = "运行 xunjian journey scrub 换成口令名" if whole else f'手工删去，或改成单独的 "secret:{name}"'
            yield Problem(line, f"第 {line} 行含有口令 {name}", remedy)


def _typed_passwords(tree: ast.Module) -> Iterator[Problem]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TYPING:
            # locator.fill(value), or page.fill(selector, value)
            named = {word.arg: word.value for word in node.keywords}
            values = [*node.args[-1:], *(named[name] for name in ("value", "text") if name in named)]
            where = [node.func.value, *node.args[:-1], *(named[name] for name in ("selector",) if name in named)]
            if any(_PASSWORD.search(text) for part in where for _, text in _texts(part)):
                yield from _unnamed(values)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from _unnamed(v for k, v in pairs if isinstance(k, ast.Constant) and _PASSWORD.search(str(k.value)))


def _unnamed(values: Iterator[ast.expr] | list[ast.expr]) -> Iterator[Problem]:
    for value in values:
        text = _folded(value)
        if text and not _REFERENCE.fullmatch(text):
            yield Problem(
                value.lineno,
                "密码框里写了口令本身",
                '改成 "secret:口令名"，例如 "secret:oa-inspector.password"；口令存到口令目录',
            )


def _broken_references(tree: ast.Module) -> Iterator[Problem]:
    for node, text in _texts(tree):
        if text.startswith("secret:") and not _REFERENCE.fullmatch(text):
            yield Problem(node.lineno, "口令名写法不对", '写成 "secret:oa-inspector.password" 的样子')


def _forbidden(tree: ast.Module) -> Iterator[Problem]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in _FORBIDDEN:
            yield Problem(node.lineno, *_FORBIDDEN[node.func.attr])
        for word in node.keywords:
            empty = isinstance(word.value, ast.Constant) and word.value.value is None
            if word.arg in _FORBIDDEN_OPTIONS and not empty:
                yield Problem(word.value.lineno, *_FORBIDDEN_OPTIONS[word.arg])


def _texts(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Every text that the source spells out: literals, f-strings, texts added or joined."""
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and (text := _folded(node)) is not None:
            yield node, text


def _folded(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(raw)):
            return raw.decode("utf-8", "replace")
        case ast.JoinedStr(values=parts):
            return "".join(_folded(part) or "\0" for part in parts)
        case ast.FormattedValue(value=inner):
            return _folded(inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            pieces = [_folded(left), _folded(right)]
        case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[ast.List(elts=parts) | ast.Tuple(elts=parts)]):
            between = _folded(glue)
            return None if between is None else between.join(_folded(part) or "\0" for part in parts)
        case _:
            return None
    # One part may be a variable: what stands beside it still counts.
    return None if pieces == [None, None] else "".join(piece or "\0" for piece in pieces)


def _plain_constants(tree: ast.AST) -> Iterator[ast.Constant]:
    """Literals outside f-strings: inside one, Python 3.11 gives no true positions."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Constant):
            yield child
        elif not isinstance(child, ast.JoinedStr):
            yield from _plain_constants(child)
