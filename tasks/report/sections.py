"""The sections of a report that people fill in: those of which its template says `m.notes("…")`."""

from collections.abc import Collection, Iterator
from typing import cast

from jinja2 import BaseLoader, Environment, meta, nodes

_MACROS = "_macros.md.j2"
"""Where the macro itself is."""


def sections(tree: nodes.Template, templates: Environment) -> tuple[str, ...]:
    """Those of a template and of what it extends, includes or imports.

    Raises:
        TemplateError: one of these is not there, or has a mistake.
    """
    loader = cast(BaseLoader, templates.loader)
    found: dict[str, None] = {}
    todo, done, filled = [tree], {_MACROS}, set[str]()
    while todo:
        one = todo.pop()
        for call in _calls(one, filled):
            if isinstance(call.node, nodes.Getattr) and call.node.attr == "notes":
                found |= {section.value: None for section in call.args if isinstance(section, nodes.Const)}
        filled |= {block.name for block in one.find_all(nodes.Block)}
        for name in {each for each in meta.find_referenced_templates(one) if each} - done:
            done.add(name)
            text, file, _ = loader.get_source(templates, name)
            todo.append(templates.parse(text, name, file))
    return tuple(found)


def _calls(node: nodes.Node, filled: Collection[str]) -> Iterator[nodes.Call]:
    """The calls in a template, but for those in blocks that another has filled."""
    for child in node.iter_child_nodes():
        if not isinstance(child, nodes.Block) or child.name not in filled:
            if isinstance(child, nodes.Call):
                yield child
            yield from _calls(child, filled)
