"""Checks are found by walking a package."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from checks import pages
from checks.page_check import PageCheck, page_checks
from checks.registry import discover

CHECK = """
from checks.page_check import PageCheck
from checks.finding import State, Verdict
CHECK = PageCheck({id!r}, "标题", lambda visit, system, part: Verdict(State.OK, "x"))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An empty package."""
    name = f"made_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module(name)


def write(package: ModuleType, **files: str) -> None:
    for name, text in files.items():
        (Path(package.__path__[0]) / f"{name}.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def test_by_id(package: ModuleType) -> None:
    # Given
    write(package, a=CHECK.format(id="PG92"), b=CHECK.format(id="PG91"))
    # Then
    assert [check.id for check in discover(package, PageCheck)] == ["PG91", "PG92"]


def test_an_id_twice_is_fatal(package: ModuleType) -> None:
    write(package, a=CHECK.format(id="PG91"), b=CHECK.format(id="PG91"))
    with pytest.raises(ValueError, match="PG91 is used twice, the second time by b"):
        discover(package, PageCheck)


@pytest.mark.parametrize("text", ["", "CHECK = 1"])
def test_a_file_without_a_check_is_fatal(package: ModuleType, text: str) -> None:
    write(package, a=text)
    with pytest.raises(TypeError, match=r"\.a needs CHECK, a PageCheck"):
        discover(package, PageCheck)


def test_every_file_is_a_check() -> None:
    # Given
    files = {path.stem for path in Path(pages.__path__[0]).glob("*.py")} - {"__init__"}
    # Then
    assert len(page_checks()) == len(files)
    assert [check.id for check in page_checks()] == [f"PG{number:02}" for number in range(1, len(files) + 1)]
    assert {f"checks.pages.{name}" for name in files} <= set(sys.modules)
