"""The kinds of reports: a file each in templates/, and in the contract folder's own templates/, which go before ours.

At its top a template says, as plain values: `kind` (周报, also in the file's name), `title`, `every` (what a period of
it is), and `grade` where it is not 2 (contract, Annex 2). They are read without running anything.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import TemplateError, nodes

from checks import os_words
from checks.report_period import Every
from checks.secrecy import Grade
from tasks.report.errors import TemplateMistakeError
from tasks.report.mistakes import place, what
from tasks.report.sandbox import SUFFIX, source
from tasks.report.sections import sections
from tasks.report.sheet import OURS, environment

_WANTED = ("kind", "title", "every")
_NAME = re.compile(r"[a-z][a-z0-9-]*")  # also a part of the key of the page in the UI, which knows no others


class Kind(NamedTuple):
    """`name`: what it is called on the command line, the file's name. `notes`: the sections that people fill in."""

    name: str
    kind: str
    title: str
    every: Every
    grade: Grade
    file: Path
    notes: tuple[str, ...] = ()


def files(theirs: Path | None = None) -> dict[str, Path]:
    """The template of every kind, by name; those of the contract's own go before ours."""
    folders = [OURS, *([theirs] if theirs and theirs.is_dir() else [])]
    found = {
        file.name.removesuffix(SUFFIX): file for folder in folders for file in sorted(folder.glob(f"[!_]*{SUFFIX}"))
    }
    return dict(sorted(found.items()))


def kinds(theirs: Path | None = None) -> dict[str, Kind]:
    """Every kind, by name.

    Raises:
        TemplateMistakeError: a template cannot be read, or does not say what it is.
    """
    return {name: read(name, file) for name, file in files(theirs).items()}


def read(name: str, file: Path) -> Kind:
    """A kind, from its template.

    Raises:
        TemplateMistakeError: it cannot be read, or does not say what it is.
    """
    if not _NAME.fullmatch(name):
        raise TemplateMistakeError(f"报告模板的文件名 {file.name} 不对：只用小写字母、数字和连字号，如 duty{SUFFIX}")
    try:
        text, _ = source(file.parent, file.name)
        templates = environment(file.parent)
        tree = templates.parse(text, file.name, str(file))
        notes = sections(tree, templates)
    except (TemplateError, RecursionError) as error:
        raise TemplateMistakeError(f"报告模板出错：{place(error, name)}：{what(error)}") from error
    except OSError as error:
        raise TemplateMistakeError(f"报告模板读不出：{file.name}（{os_words.say(error)}）") from error
    said = _constants(tree)
    if missing := [one for one in _WANTED if not isinstance(said.get(one), str)]:
        raise TemplateMistakeError(f"报告模板 {file.name} 开头要用 set 写明 {'、'.join(missing)}")
    try:
        return Kind(name, said["kind"], said["title"], Every(said["every"]), Grade(said.get("grade", 2)), file, notes)
    except ValueError as error:
        known = "、".join(one.value for one in Every)
        raise TemplateMistakeError(
            f"报告模板 {file.name}：every 写 {known} 之一，grade 写 1 至 3（{error}）"
        ) from error


def _constants(tree: nodes.Template) -> dict[str, Any]:
    """What is set at the top of a template to a plain value."""
    found = {}
    for node in tree.body:
        if (
            isinstance(node, nodes.Assign)
            and isinstance(node.target, nodes.Name)
            and isinstance(node.node, nodes.Const)
        ):
            found[node.target.name] = node.node.value
    return found
