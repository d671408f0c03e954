"""Killed at any instant, nothing is lost and nothing counts twice: what `make kills` does two hundred times."""

from collections.abc import Iterator

import pytest
from kills import rehearsed
from kills_outside import Outside
from prefect.settings import PREFECT_API_URL

from rehearsal.estate import Estate
from tasks.settings import Settings


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, helpers: type) -> Iterator[Estate]:
    """Systems and hosts on the same ports, as one contract knows them."""
    with Estate(tmp_path_factory.mktemp("k") / "rehearsal", helpers.find_base_port(), hosts=True) as estate:
        yield estate


@pytest.mark.parametrize(("url", "count", "after"), [("sqlite", 10, True), ("postgresql", 4, False)], indirect=["url"])
def test_whatever_is_killed(
    ground: Estate, prefect: None, tmp_path_factory: pytest.TempPathFactory, url: str, count: int, after: bool
) -> None:
    # Given
    folder = tmp_path_factory.mktemp("k")  # Chromium has a socket in it: its path must be short
    settings = Settings(
        home=folder / "home",
        contract=folder / "contract",
        secrets=ground.secrets_dir,
        ca=ground.ca_dir,
        known_hosts=ground.hosts.known_hosts,
        ledger_url=url,
    )
    # When
    with Outside() as outside:
        outside.contract(settings.contract, ground.settings.base_port)
        api = str(PREFECT_API_URL.value())
        kills = rehearsed(folder, settings, outside, api, count, seed=1, before=False, after=after)
    # Then
    assert kills.book.problems == []
    assert (kills.killed.total(), kills.book.lost, kills.book.doubled) == (count, 0, 0)
    assert kills.book.acknowledged > 0
