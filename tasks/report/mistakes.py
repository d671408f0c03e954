"""What went wrong in a template, and where, for whoever writes it."""

import re
import traceback
from collections import Counter
from pathlib import Path

from jinja2 import TemplateNotFound, TemplatesNotFound, TemplateSyntaxError

from tasks.report.sandbox import SUFFIX

# Jinja2's own sentences, those that are met.
_SYNTAX = {
    r"No (filter|test) named '(.*)'": "没有 {1} 这个 {0}，或报告里不许用",
    r"Encountered unknown tag '(.*?)'.*(?:innermost block that needs to be closed is '(.*)')": (
        "不认识 {{% {0} %}}；前面的 {{% {1} %}} 还没有结束"
    ),
    r"Encountered unknown tag '(.*?)'": "不认识 {{% {0} %}}",
    r"Unexpected end of template.*(?:innermost block that needs to be closed is '(.*)')": (
        "模板结束了，{{% {0} %}} 还没有结束（缺 {{% end{0} %}}）"
    ),
    r"(?i)unexpected end of (?:template|print statement)": "没有写完：括号、引号或 %}}、}}}} 缺了一半",
    r"unexpected '(.*)'(?:, expected '(.*)')?": "多了 {0}，或前面缺了什么",
    r"expected token '(.*)', got '(.*)'": "该写 {0} 的地方写了 {1}",
    r"Missing end of (.*) tag": "没有结束的 {0}",
    r"block '(.*)' defined twice": "block {0} 写了两次",
}


def place(error: Exception, template: str) -> str:
    """The file and line of a template where something went wrong; of a shared one also who uses it."""
    if isinstance(error, TemplateSyntaxError):
        return f"{Path(error.filename or error.name or template).name} 第 {error.lineno} 行"
    places = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        if found := frame.f_globals.get("__jinja_template__"):
            places.append((str(found.name), found.get_corresponding_lineno(line)))
    if not places:
        return f"{template}{SUFFIX}"
    at = "{} 第 {} 行".format
    if isinstance(error, RecursionError):
        return at(*Counter(places).most_common(1)[0][0])
    users = [place for place in places if not place[0].startswith("_")]
    return at(*places[-1]) + (f"（用在 {at(*users[-1])}）" if users and places[-1] not in users else "")


def what(error: Exception) -> str:
    """What went wrong, in Chinese."""
    if isinstance(error, TemplateSyntaxError):
        for pattern, words in _SYNTAX.items():
            if match := re.match(pattern, str(error.message)):
                return words.format(*match.groups())
        return f"语法不对（{error.message}）"
    if isinstance(error, TemplatesNotFound):
        return f"没有模板 {'、'.join(map(str, error.templates))}"
    if isinstance(error, TemplateNotFound):
        return error.message or f"没有模板 {error.name}"
    if isinstance(error, RecursionError | SyntaxError):  # of the Python that a template becomes
        return "宏或模板没完没了地用到自己，或者括号、语句嵌套太深"
    if isinstance(error, TypeError | ValueError | LookupError | AttributeError | ArithmeticError):
        return f"这一行算不出来（{type(error).__name__}：{error}）"
    return str(error) or type(error).__name__
