"""Prefect's own test server, once per session: it takes ten seconds to start."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from report_room import Room
from year import Year, generate

from rehearsal.estate import Estate
from tasks.settings import Settings


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """A server and a database of Prefect's that are thrown away afterwards."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture
def settings(
    estate: Estate,
    patient_contract: Path,
    settings_for: Callable[[Path], Settings],
    prefect: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """A machine of the test's own: flows read its settings from the environment."""
    made = settings_for(patient_contract)
    for name in ("home", "contract", "secrets", "ca"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(made, name)))
    return made


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Year:
    """Sixteen simulated days, the first a Saturday; on three of them nobody ran anything."""
    return generate(tmp_path_factory.mktemp("days") / "y", days=16)


@pytest.fixture
def room(days: Year, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A machine on whose record they are."""
    return Room(days, tmp_path / "home", monkeypatch)
