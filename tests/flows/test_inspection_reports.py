"""日报, 周巡检报告 and 日志分析报告 of the simulated year: every figure can be counted again."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from year import Year, generate

from checks.report_period import Named, period_with
from flows.office import Office
from flows.queries import queries
from flows.report_files import build, kind_of
from tasks.report import Format

KINDS = ("daily", "hosts", "logs")
COUNTED = {
    *(f"daily.{one}" for one in ("expected", "done", "pages", "ok", "warn", "crit", "unknown", "not_done", "items")),
    *(f"hosts.{one}" for one in ("due", "done", "ok", "warn", "crit", "unknown", "not_done", "items", "volumes")),
    *(f"logs.{one}" for one in ("due", "read", "ok", "warn", "crit", "unknown", "not_done", "unread")),
}
"""Counts: as many rows as the number says."""


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return generate(tmp_path_factory.mktemp("year") / "home", days=12)


@pytest.fixture(scope="module")
def office(year: Year) -> Office:
    return Office(year.settings)


def period(office: Office, year: Year, kind: str) -> Named:
    """The one in which the year's eighth day is."""
    return period_with(kind_of(office, kind).every, year.first + timedelta(days=7))


def built(office: Office, year: Year, kind: str, out: Path) -> tuple[str, dict[str, Any]]:
    """The page, and the list of figures beside it."""
    named = period(office, year, kind)
    files = build(office, kind, named, [Format.HTML], out=out)
    [figures] = out.glob(f"*{named.name}.figures.json")
    return files[Format.HTML].read_text(encoding="utf-8"), json.loads(figures.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_has_a_query_and_the_rows_it_rests_on(
    office: Office, year: Year, kind: str, tmp_path: Path
) -> None:
    page, listed = built(office, year, kind, tmp_path)
    slots = {one.id for one in office.ledger.slots(year.first, year.last)}
    assert len(listed["figures"]) > 50
    for one in listed["figures"]:
        assert one["query"].partition(".")[0] in queries(), one
        assert one["shown"] in page, one
        assert one["rows"] or one["shown"] == "0", one
        named = [name.split(" ") for name in one["rows"]]
        assert all(words[1] in slots for words in named if words[0] == "slot"), one
        if one["query"] in COUNTED:
            assert len(set(one["rows"])) == len(one["rows"]) == int(one["shown"]), one


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_ledger_gives_the_same_page(office: Office, year: Year, kind: str, tmp_path: Path) -> None:
    (first, listed), (second, again) = (built(office, year, kind, tmp_path / one) for one in ("a", "b"))
    assert first == second
    assert listed == again
