"""The kinds of reports: a file each in templates/, and in the contract folder's own templates/, which go before ours.

At its top a template says, as plain values: `kind` (周报, also in the file's name), `title`, `every` (what a period of
it is), and `grade` where it is not 2 (contract, Annex 2). They are read without running anything.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from jinja2 import BaseLoader, TemplateError, TemplateSyntaxError, meta, nodes

from checks.report_period import Every
from checks.secrecy import Grade
from tasks.report.errors import TemplateMistakeError
from tasks.report.sheet import OURS, SUFFIX, environment

_WANTED = ("kind", "title", "every")


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
    try:
        tree = environment().parse(file.read_text(encoding="utf-8"), name, str(file))
        notes = _notes(tree, file)
    except TemplateSyntaxError as error:
        at = Path(error.filename or error.name or name).name
        raise TemplateMistakeError(f"报告模板出错：{at} 第 {error.lineno} 行：{error}") from error
    except TemplateError as error:
        raise TemplateMistakeError(f"报告模板出错：{file.name}：{error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateMistakeError(f"报告模板读不出：{file}（{error}）") from error
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


def _notes(tree: nodes.Template, file: Path) -> tuple[str, ...]:
    """The sections of which a template, or one that it extends or includes, says `m.notes("…")`.

    Raises:
        TemplateError: one of those is not there, or has a mistake.
    """
    templates = environment(file.parent)
    loader = cast(BaseLoader, templates.loader)
    found: dict[str, None] = {}
    todo, done, filled = [tree], {"_macros.md.j2"}, set[str]()  # the macro itself is there
    while todo:
        one = todo.pop()
        for call in _calls(one, filled):
            if isinstance(call.node, nodes.Getattr) and call.node.attr == "notes":
                found |= {section.value: None for section in call.args if isinstance(section, nodes.Const)}
        filled |= {block.name for block in one.find_all(nodes.Block)}
        for name in {each for each in meta.find_referenced_templates(one) if each} - done:
            done.add(name)
            todo.append(templates.parse(loader.get_source(templates, name)[0], name))
    return tuple(found)


def _calls(node: nodes.Node, filled: Collection[str]) -> Iterator[nodes.Call]:
    """The calls in a template, but for those in blocks that another has filled."""
    for child in node.iter_child_nodes():
        if not isinstance(child, nodes.Block) or child.name not in filled:
            if isinstance(child, nodes.Call):
                yield child
            yield from _calls(child, filled)


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
