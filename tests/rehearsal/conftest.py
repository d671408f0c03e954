"""Clients of the estate, and estates of a test's own."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from estate_client import find_base_port, make_client

from rehearsal.estate import Estate


@pytest.fixture
def client(estate: Estate) -> Iterator[Callable[[str], httpx.Client]]:
    with contextlib.ExitStack() as opened:
        yield lambda system: opened.enter_context(make_client(estate, system))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Estate]]:
    """Makes estates of one's own in one folder and on one base port; whatever runs is stopped at the end."""
    made: list[Estate] = []
    port = find_base_port()

    def make(**settings: object) -> Estate:
        made.append(Estate(tmp_path / "rehearsal", **{"base_port": port, **settings}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for estate in made:
        estate.down()
