"""Plays a file that `playwright codegen` wrote (targets python and python-pytest), unedited.

The file keeps its own words; a few things are changed on its syntax tree while it is loaded, never on disk: a note
of the time goes before every action, "secret:NAME" becomes the secret, an expectation knows its line, closing a
window becomes a request to us, so that a picture can be taken first, and what only pytest needs is left out.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Locator, Page, Playwright, expect

from checks.visit import Obstacle
from tasks.browser.steps import Stopped, Walker

SECRET = "secret:"  # noqa: S105 - a prefix
_ACTIONS = {
    "goto": "打开",
    "click": "点击",
    "dblclick": "双击",
    "press": "按键",
    "select_option": "选择",
    "check": "勾选",
    "uncheck": "取消勾选",
    "set_input_files": "选择文件",
}


_WORDS = {
    "to_be_visible": "可见",
    "to_be_hidden": "不可见",
    "not_to_be_visible": "不可见",
    "to_be_checked": "已勾选",
    "to_be_enabled": "可用",
    "to_be_disabled": "不可用",
    "to_be_empty": "为空",
    "to_have_text": "文字为",
    "to_contain_text": "文字含",
    "to_have_value": "值为",
    "to_have_count": "个数为",
    "to_have_url": "网址为",
    "to_have_title": "标题为",
    "to_match_aria_snapshot": "结构如",
}
_GLANCE = 200.0  # ms
_STATES = {"visible": "可见", "hidden": "不可见", "None": "没有找到", "<element(s) not found>": "没有找到"}


def play(
    source: str, name: str, page: Page, playwright: Playwright, walker: Walker, secrets: Mapping[str, str]
) -> None:
    """Run the recorded actions on `page`.

    Raises:
        Stopped: an action could not be done, or an expectation was not met.
        BrowserGoneError: there is no browser any more.
    """
    tree = ast.fix_missing_locations(_Adapt(secrets).visit(ast.parse(source, name)))
    space: dict[str, Any] = {
        "__name__": "recorded",
        "_step": walker.begin,
        "_close": lambda thing: walker.close(thing) if isinstance(thing, Page) and thing is not page else None,
        "_type": lambda field, text: walker.type(field, text, secret=True),
        "_expect": lambda line, actual, *_: _Expecting(line, actual, walker),
    }
    exec(compile(tree, name, "exec"), space)  # noqa: S102 - the operator's own file, from the contract folder
    try:
        with walker.acting(f"播放 {name}", page):
            if "run" in space:
                space["run"](_Hands(page, playwright))
            else:
                next(value for key, value in space.items() if key.startswith("test_"))(page)
    except AssertionError as error:
        message = str(error).splitlines()[0] if str(error) else "断言不成立"
        raise Stopped(Obstacle(kind="failed", step=name, message=message)) from error


class _Adapt(ast.NodeTransformer):
    """See the module's docstring. The call of `run` at the foot of the file is ours to make."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = [part for part in node.body if not _starts_playwright(part) and not _for_pytest(part)]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(func=ast.Name(id="expect")):
                node = ast.copy_location(_call("_expect", ast.Constant(node.lineno), *node.args), node)
            case ast.Call(func=ast.Attribute(value=field, attr="fill"), args=[ast.Constant(value=str(text))]) if (
                text.startswith(SECRET)
            ):
                node = ast.copy_location(_call("_type", field, node.args[0]), node)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and node.value.startswith(SECRET):
            return ast.Constant(self._secrets[node.value.removeprefix(SECRET)])
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.AST]:
        call = node.value
        action = call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""
        if action == "close" and isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            return ast.copy_location(ast.Expr(_call("_close", call.func.value)), node)
        self.generic_visit(node)
        if action in _ACTIONS:
            label = ast.Constant(f"第 {node.lineno} 行 {_ACTIONS[action]}")
            return [ast.copy_location(ast.Expr(_call("_step", label)), node), node]
        return node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _starts_playwright(part: ast.stmt) -> bool:
    return isinstance(part, ast.With) and "sync_playwright" in ast.dump(part.items[0].context_expr)


def _for_pytest(part: ast.stmt) -> bool:
    """What `--device` adds to the target python-pytest: an import and a fixture; the screen is the contract's."""
    if isinstance(part, ast.FunctionDef):
        return any("pytest" in ast.dump(decorator) for decorator in part.decorator_list)
    return isinstance(part, ast.Import) and any(name.name == "pytest" for name in part.names)


class _Hands:
    """Stands for `playwright`, browser and context at once: whatever is launched is the window we watch."""

    def __init__(self, page: Page, playwright: Playwright) -> None:
        self._page, self._fresh = page, True
        self.devices = playwright.devices
        self.chromium = self.firefox = self.webkit = self

    def launch(self, **_: Any) -> "_Hands":
        return self

    def new_context(self, **_: Any) -> "_Hands":
        return self

    def new_page(self, **_: Any) -> Page:
        if self._fresh:
            self._fresh = False
            return self._page
        return self._page.context.new_page()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page.context, name)


class _Expecting:
    """Playwright's `expect`, waited for and noted like the expectations of declared steps."""

    def __init__(self, line: int, actual: Locator | Page, walker: Walker) -> None:
        self._line, self._real, self._walker = line, expect(actual), walker
        self._page = actual if isinstance(actual, Page) else actual.page

    def __getattr__(self, name: str) -> Callable[..., None]:
        def check(*wanted: Any, **options: Any) -> None:
            def read() -> tuple[str, bool]:
                try:
                    getattr(self._real, name)(*wanted, **{**options, "timeout": _GLANCE})
                except AssertionError as error:
                    return _actual(str(error)), False
                return "符合", True

            expected = f"{_WORDS.get(name, name)}{'、'.join(map(str, wanted))}"
            self._walker.await_that(f"录制文件第 {self._line} 行", expected, read, self._page)

        return check


def _actual(message: str) -> str:
    """Playwright says "Actual value: …" on a line of its own, or that there is no such element."""
    for line in message.splitlines():
        if "Actual value:" in line:
            actual = line.partition("Actual value:")[2].strip()
            return _STATES.get(actual, actual) or "（空）"
    return "没有找到" if "not found" in message else "不符合"
