"""Where the figures of a report come from, as the list beside it says; and what the ledger would answer today."""

import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from checks.report_cover import Cover
from checks.slots import RequestError
from flows.queries import queries
from tasks.report import FIGURES


class Figure(BaseModel):
    """One number that a reader sees: as `tasks.report.figures.Figure` lists it."""

    shown: str
    where: str
    line: str
    query: str
    rows: tuple[str, ...]

    @property
    def meaning(self) -> str:
        """What its query answers, in words; empty where no template asked for it by name."""
        return "；".join(dict.fromkeys(filter(None, map(_meaning, re.split(" [+−] ", self.query)))))


class Listed(BaseModel):
    """The list that lies beside a report. `files`: the SHA-256 of each file that shows these figures, by name."""

    kind: str
    cover: Cover
    files: dict[str, str]
    figures: tuple[Figure, ...]


class Changed(NamedTuple):
    """Figures of one query under one heading that the ledger would answer otherwise today."""

    where: str
    query: str
    before: tuple[str, ...]
    now: tuple[str, ...]


def listed(file: Path, reports: Path) -> Listed:
    """The list of a report's figures: beside it, or, where the file was moved or renamed, in the folder of reports.

    Args:
        file: the report in any format, or its list.

    Raises:
        RequestError: there is no such file, or no list of it.
    """
    if not file.is_file():
        raise RequestError(f"没有文件 {file}")
    if file.name.endswith(FIGURES):
        return _read(file)
    beside, digest = file.with_name(f"{file.stem}{FIGURES}"), _sha256(file)
    if beside.is_file():
        found = _read(beside)
        if file.name in found.files or digest in found.files.values():
            return found
    for path in sorted(reports.glob(f"*{FIGURES}")):
        if digest in path.read_text(encoding="utf-8"):
            return _read(path)
    there = f"的 {beside.name} 不是它的清单" if beside.is_file() else f"没有 {beside.name}"
    raise RequestError(f"{file.name} 旁边{there}，报告目录里也没有这个文件的清单；它不是本程序写的，或已改过")


def is_changed(file: Path, found: Listed) -> bool:
    """Whether a report's file is another than the one whose figures were listed."""
    return not file.name.endswith(FIGURES) and _sha256(file) not in found.files.values()


def compare(before: Listed, now: Listed) -> list[Changed]:
    """What came out otherwise: by heading and query, in the order of reading."""
    old, new = _by_place(before), _by_place(now)
    return [
        Changed(where, query, old.get((where, query), ()), new.get((where, query), ()))
        for where, query in dict.fromkeys((*old, *new))
        if old.get((where, query)) != new.get((where, query))
    ]


def _by_place(found: Listed) -> dict[tuple[str, str], tuple[str, ...]]:
    shown: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found.figures:
        shown[one.where, one.query].append(one.shown)
    return {place: tuple(values) for place, values in shown.items()}


def _meaning(query: str) -> str:
    """Of the query itself, or of the one whose answer it is a part of."""
    name = query.partition(" ")[0]
    known = queries()
    while name not in known and "." in name:
        name = name.rpartition(".")[0]
    return known[name].meaning if name in known else ""


def _read(path: Path) -> Listed:
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        return Listed.model_validate(said)
    except (OSError, ValueError, ValidationError) as error:
        raise RequestError(f"{path.name} 不是报告的数字清单，或已损坏") from error


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
