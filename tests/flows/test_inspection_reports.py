"""日报, 周巡检报告 and 日志分析报告 of the simulated year: every figure can be counted again."""

import json
import shutil
from typing import Any

import pytest
from year import Year

from checks.report_period import period_with
from flows.office import Office
from flows.queries import queries
from flows.report_files import build, kind_of
from tasks.report import Format
from tasks.settings import Settings

COUNTED = {
    *(f"daily.{one}" for one in ("expected", "done", "pages", "ok", "warn", "crit", "unknown", "not_done", "items")),
    *(f"hosts.{one}" for one in ("due", "done", "ok", "warn", "crit", "unknown", "not_done", "items", "volumes")),
    *(f"logs.{one}" for one in ("due", "read", "ok", "warn", "crit", "unknown", "not_done", "unread")),
}
"""Counts: as many rows as the number says."""


@pytest.fixture(scope="module")
def office(days: Year, tmp_path_factory: pytest.TempPathFactory) -> Office:
    home = shutil.copytree(days.folder, tmp_path_factory.mktemp("reports") / "home")
    return Office(Settings(home=home, contract=home / "contract"))


Built = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module", params=["daily", "hosts", "logs"])
def twice(
    request: pytest.FixtureRequest, office: Office, days: Year, tmp_path_factory: pytest.TempPathFactory
) -> list[Built]:
    """The report of the period in which the last of the days is, written twice: the page, and the list of figures."""
    named = period_with(kind_of(office, request.param).every, days.last)
    found = []
    for out in (tmp_path_factory.mktemp("out") for _ in range(2)):
        files = build(office, request.param, named, [Format.HTML], out=out)
        [figures] = out.glob("*.figures.json")
        found.append((files[Format.HTML].read_text(encoding="utf-8"), json.loads(figures.read_text(encoding="utf-8"))))
    return found


def test_every_figure_has_a_query_and_the_rows_it_rests_on(twice: list[Built], office: Office, days: Year) -> None:
    page, listed = twice[0]
    slots = {one.id for one in office.ledger.slots(days.first, days.last)}
    assert len(listed["figures"]) > 50
    for one in listed["figures"]:
        assert one["query"].partition(".")[0] in queries(), one
        assert one["shown"] in page, one
        assert one["rows"] or one["shown"] == "0", one
        named = [name.split(" ") for name in one["rows"]]
        assert all(words[1] in slots for words in named if words[0] == "slot"), one
        if one["query"] in COUNTED:
            assert len(set(one["rows"])) == len(one["rows"]) == int(one["shown"]), one


def test_the_same_ledger_gives_the_same_page(twice: list[Built]) -> None:
    assert twice[0] == twice[1]
