"""The terminal: plain lines for operators, help and usage errors in Chinese."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

_ENDLESS = 10_000  # columns
_HELP = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
}

# What Typer says when a command line is wrong, and what we say.
_USAGE = (
    (r"No such option: (\S+) \(Possible options: (.+)\)", r"没有选项 \1；是不是想写 \2？"),
    (r"No such option: (\S+)", r"没有选项 \1"),
    (r"No such command '(.+?)'\. Did you mean '(.+?)'.*\?", r"没有命令 \1；是不是想写 \2？"),
    (r"No such command '(.+?)'\.?", r"没有命令 \1"),
    (r"Missing command\.", "缺少命令"),
    (r"Missing option '(.+?)'.*", r"缺少选项 \1"),
    (r"Missing argument '(.+?)'.*", r"缺少参数 \1"),
    (r"Option '(.+?)' requires .+", r"选项 \1 后面要写值"),
    (r"Option '(.+?)' does not take a value\.", r"选项 \1 后面不写值"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"多余的参数：\1"),
    (r"Invalid value for '?(.+?)'?: Input should be a valid integer.*", r"\1 要写整数"),
    (r"Invalid value for '?(.+?)'?: Input should be a valid number.*", r"\1 要写数字"),
    (r"Invalid value for '?(.+?)'?: Input should be greater than or equal to (.+)", r"\1 不能小于 \2"),
    (r"Invalid value for '?(.+?)'?: Input should be less than or equal to (.+)", r"\1 不能大于 \2"),
    (r"Invalid value for '?(.+?)'?: Input should be (.+)", r"\1 只能是 \2"),
    (r"Invalid value for '?(.+?)'?: \w+ (.+?) does not exist\.", r"\1：没有 \2"),
    (r"Invalid value for '?(.+?)'?: \w+ (.+?) is a directory\.", r"\1：\2 是目录，要写文件"),
    (r"Invalid value for '?(.+?)'?: \w+ (.+?) is a file\.", r"\1：\2 是文件，要写目录"),
    (r"Invalid value for '?(.+?)'?: \w+ (.+?) is not readable\.", r"\1：读不出 \2"),
    (r"Invalid value for '?(.+?)'?: Value error, '?(.+?)'? is not one of (.+)\.", r"\1 不能是 \2；只能是 \3"),
    (r"Invalid value for '?(.+?)'?: (.+)", r"\1 的值不对：\2"),
)


def say(text: str = "", style: str = "") -> None:
    """Print a line for the operator: never wrapped, so that it can be piped and searched."""
    _console().print(text, style=style, soft_wrap=True)


def complain(text: str) -> None:
    """Print a line about what went wrong, apart from the results."""
    _console(stderr=True).print(text, style="red", soft_wrap=True)


def place(file: str, line: int, field: str, what: str, remedy: str) -> None:
    """Print a mistake with its place: editors make `file:line` a link."""
    say(f"{file}:{line}" + (f"  {field}" if field else ""), style="bold")
    say(f"    {what}")
    say(f"    → {remedy}", style="green")


def table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    """Print a table, as wide as the terminal lets it be; into a file or a pipe, as wide as what is in it.

    A cell may have several lines: what always stands together is put in one, so that eighty columns are enough.
    """
    from rich.table import Table

    several = any("\n" in cell for row in rows for cell in row)
    made = Table(title=title, title_justify="left", show_lines=several)
    for head in heads:
        made.add_column(head, overflow="fold")  # or what has no spaces, as Chinese, would end in "…"
    for row in rows:
        made.add_row(*row)
    out = _console()
    if not out.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        out.width = _ENDLESS
        out.width = out.measure(made).maximum
    out.print(made)


def listing(title: str, heads: list[str], rows: list[list[str]], nothing: str) -> None:
    """Print a table, or that there is nothing to be listed."""
    if rows:
        table(title, heads, rows)
    else:
        say(nothing)


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Say what takes a while, where somebody watches; apart from the results."""
    out = _console(stderr=True)
    with out.status(doing) if out.is_terminal else nullcontext():
        yield


def run(app: typer.Typer) -> int:
    """Run the command line, and return its exit code: 2 for a wrong command line, 3 for a bug in the program."""
    command = typer.main.get_command(app)
    for each in _all(command):
        _in_chinese(each)
    try:
        code = command.main(prog_name="xunjian", standalone_mode=False)
    except typer.TyperException as error:
        if said := _translated(error.format_message()):
            complain(f"{said}（看用法：{_path_of(error)} --help）")
        return 2
    except typer.Abort:
        complain("已中止")
        return 2
    except Exception:
        # Python's own exit code for a crash, 1, would read as "problems found".
        _console(stderr=True).print_exception()
        complain("程序错误，请把以上内容转给开发者")
        return 3
    return code if isinstance(code, int) else 0


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    # What an operator wrote is shown as it is: "[0]" is no markup and ":cat:" no picture.
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _translated(said: str) -> str:
    for pattern, chinese in _USAGE:
        if match := re.fullmatch(pattern, said, re.DOTALL):
            return match.expand(chinese).replace("' or '", "'、'").replace("', '", "'、'")
    return said


def _path_of(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else "xunjian"


def _all(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _all(each)


def _in_chinese(command: Any) -> None:
    """Typer spells "Usage" and the help of --help out in English, with no setting for either."""
    usage = command.get_usage

    def in_chinese(context: Any) -> str:
        # Help begins with the usage, so the titles that follow it are set here: rich is not loaded for nothing.
        from typer import rich_utils

        for name, text in _HELP.items():
            setattr(rich_utils, name, text)
        return str(usage(context)).replace("Usage: ", "用法：", 1)

    command.get_usage = in_chinese
    command.options_metavar = "[选项]"
    if hasattr(command, "subcommand_metavar"):
        command.subcommand_metavar = "命令 [参数]…"
    option = command.get_help_option(typer.Context(command))
    option.help = "显示帮助"
    for each in (option, *command.params):
        if getattr(each, "is_flag", False):
            each.metavar = ""  # or it would say <bool>
