"""Which kind of report somebody means. A file of its own, so that a wrong name is refused before Prefect is loaded."""

import difflib
from pathlib import Path

from checks.report_period import Every
from checks.slots import RequestError
from tasks.report import TemplateMistakeError
from tasks.report.kinds import Kind, files, read

TEMPLATES = "templates"
"""The folder of a contract's own templates, in the contract folder."""


def readable(folder: Path) -> tuple[list[Kind], list[str]]:
    """Every kind whose template says what it is, from days to years, then events; and what is wrong with the others.

    Args:
        folder: the contract folder, whose own templates go before ours.
    """
    found, wrong = [], []
    for name, file in files(folder / TEMPLATES).items():
        try:
            found.append(read(name, file))
        except TemplateMistakeError as error:
            wrong.append(str(error))
    return sorted(found, key=lambda one: list(Every).index(one.every)), wrong


def kind_called(folder: Path, text: str) -> Kind:
    """A kind by its name, its Chinese name, or as forms offer it.

    Raises:
        RequestError: there is none of that name.
        TemplateMistakeError: its template does not say what it is.
    """
    text = text.strip()
    if file := files(folder / TEMPLATES).get(text):
        return read(text, file)  # whatever is wrong with others
    known, wrong = readable(folder)
    said = {word: one for one in known for word in (one.kind, label(one), one.name)}
    if text in said:
        return said[text]
    near = dict.fromkeys(label(said[word]) for word in difflib.get_close_matches(text, said, 3, 0.5))
    hint = f"；是不是 {'、'.join(near)}" if near else ""
    raise RequestError("。".join([f"没有“{text}”这种报告{hint}", f"有：{'、'.join(map(label, known))}", *wrong]))


def label(kind: Kind) -> str:
    """How forms offer it: 周报（weekly）."""
    return f"{kind.kind}（{kind.name}）"


def is_theirs(folder: Path, kind: Kind) -> bool:
    """Its template is the contract's own."""
    return kind.file.parent == folder / TEMPLATES
