"""Named queries: what the templates of reports may ask for. A query is a function with `@query`, in a file by theme.

A query takes `Facts` first, and whatever a template may say by name. It answers with a `Number`, a tuple of lines
(models whose numbers are `Number`s), a `Drawing` or a text. Every number that a report prints comes from one.
"""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from threading import RLock
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from checks.number import Number
from checks.report_drawing import Drawing
from checks.report_lines import Lines, ReportLine
from flows.queries.facts import Facts

F = TypeVar("F", bound=Callable[..., Any])
_FOUND: dict[str, "Query"] = {}


class UnknownQueryError(Exception):
    """There is no such query; the message is for whoever writes a template."""


class Query(NamedTuple):
    """`meaning`: what it answers, in one Chinese sentence; `about`: what a template may say."""

    name: str
    meaning: str
    answer: Callable[..., Any]
    about: tuple[str, ...]


def query(name: str, meaning: str) -> Callable[[F], F]:
    """Make a function a named query.

    Raises:
        ValueError: the name is taken.
    """

    def enter(function: F) -> F:
        if name in _FOUND:
            raise ValueError(f"the query {name} is there twice")
        _, *about = inspect.signature(function).parameters
        _FOUND[name] = Query(name, meaning, function, tuple(about))
        return function

    return enter


@cache
def queries() -> dict[str, Query]:
    """Every query, by name."""
    for info in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{info.name}")
    return dict(sorted(_FOUND.items()))


class Asking:
    """Answers a template's questions from one set of facts, each once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._answers: dict[str, Any] = {}
        self._one_at_a_time = RLock()

    def __call__(self, name: str, **about: Any) -> Any:
        known = queries()
        if name not in known:
            near = difflib.get_close_matches(name, known, 3)
            raise UnknownQueryError(f"没有叫 {name} 的查询{'；是不是 ' + '、'.join(near) if near else ''}")
        if strange := set(about) - set(known[name].about):
            raise UnknownQueryError(f"查询 {name} 没有参数 {'、'.join(sorted(strange))}")
        key = " ".join([name, *(f"{word}={about[word]}" for word in sorted(about))])
        with self._one_at_a_time:
            if key not in self._answers:
                self._answers[key] = _named(known[name].answer(self._facts, **about), key)
            return self._answers[key]


def _named(answer: Any, key: str) -> Any:
    """The answer, with the name of its query wherever it says none."""
    if isinstance(answer, Number) and not answer.query:
        return replace(answer, query=key)
    if isinstance(answer, Drawing) and not answer.query:
        return answer.model_copy(update={"query": key})
    if isinstance(answer, BaseModel):
        parts = {name: _named(said, key) for name, said in answer if isinstance(said, Number | BaseModel | tuple)}
        if isinstance(answer, ReportLine):
            parts["query"] = answer.query or key
        return answer.model_copy(update=parts)
    if type(answer) is tuple:
        lines = Lines(_named(one, key) for one in answer)
        lines.query = key
        return lines
    return answer
