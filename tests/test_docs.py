"""The documents say all there is to say: what they leave out, or invent, fails here."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from checks.backup_check import backup_checks
from checks.baseline_check import baseline_checks
from checks.clauses import CLAUSES
from checks.contract import Contract
from checks.finding import Reason, State
from checks.host import Baseline, Checks
from checks.host_check import Params, host_checks
from checks.page_check import MANUAL, page_checks
from checks.restore_check import restore_checks
from flows.cli import app
from tasks.settings import Settings

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "guide.zh.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def reachable(start: type[BaseModel]) -> set[type[BaseModel]]:
    found, todo = set(), [start]
    while todo:
        model = todo.pop()
        if model not in found:
            found.add(model)
            todo += [inner for field in model.model_fields.values() for inner in models_in(field.annotation)]
    return found


def commands(command: Any, path: tuple[str, ...] = ("xunjian",)) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from commands(each, (*path, name))
    if not inner:
        yield " ".join(path)


# The fields of `Checks` and `Baseline` are the items themselves, each of which has a row of its own.
FIELDS = sorted(
    {
        (model.__name__, name)
        for model in reachable(Contract)
        if model not in (Checks, Baseline)
        for name in model.model_fields
    }
)
COMMANDS = sorted(commands(typer.main.get_command(app)))


def test_the_models_were_found() -> None:
    """Given a contract, when its models are walked, then steps inside steps are among them."""
    assert {("System", "url"), ("DialogWhat", "accept"), ("Count", "equals"), ("Term", "end")} <= set(FIELDS)
    assert {("HostGroup", "deadline"), ("Host", "role"), ("Folder", "rpo_hours"), ("Services", "mysql")} <= set(FIELDS)
    assert "xunjian run page-inspection" in COMMANDS


@pytest.mark.parametrize(("model", "field"), FIELDS)
def test_the_guide_names_every_field_of_the_contract(model: str, field: str) -> None:
    assert f"`{field}`" in GUIDE, f"docs/guide.zh.md says nothing of `{field}` ({model})"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_guide_names_every_setting(name: str) -> None:
    assert f"`XUNJIAN_{name.upper()}`" in GUIDE


def test_the_guide_names_no_setting_that_does_not_exist() -> None:
    assert set(re.findall(r"XUNJIAN_([A-Z_]*[A-Z0-9])", GUIDE + README)) <= {
        name.upper() for name in Settings.model_fields
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_guide_names_every_command(command: str) -> None:
    assert f"`{command}`" in GUIDE


@pytest.mark.parametrize(
    "check",
    [MANUAL, *page_checks(), *host_checks(), *backup_checks(), *restore_checks(), *CLAUSES.values()],
    ids=lambda check: check.id,
)
def test_the_guide_names_every_check(check: Any) -> None:
    assert f"| {check.id} | {check.title} |" in GUIDE


@pytest.mark.parametrize(
    "check", [one for one in (*host_checks(), *baseline_checks()) if not one.service], ids=lambda check: check.id
)
def test_the_row_of_an_item_has_its_parameters_and_thresholds(check: Any) -> None:
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| {check.id} | {check.title} |"))
    fields = check.params.model_fields
    for name in set(fields) - set(Params.model_fields):
        assert f"`{name}`" in row
    if {"warn", "crit"} <= set(fields) and fields["warn"].annotation is float:
        assert f"{fields['warn'].default:g}/{fields['crit'].default:g}" in row


@pytest.mark.parametrize("word", [*State, *Reason])
def test_the_guide_explains_every_state_and_reason(word: State | Reason) -> None:
    assert f"| {word.label} |" in GUIDE


@pytest.mark.parametrize("document", [README, GUIDE], ids=["README.md", "guide.zh.md"])
def test_links_lead_somewhere(document: str) -> None:
    folder = ROOT if document is README else ROOT / "docs"
    headings = {re.sub(r"[^\w -]", "", line.lstrip("# ")).replace(" ", "-") for line in document.splitlines()
                if line.startswith("#")}  # fmt: skip
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"<!--.*?-->", "", document, flags=re.DOTALL)):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (folder / target).exists(), target
