"""A practice estate on free ports, started once for all tests of this folder, and clients logged in to it."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from rehearsal.estate import Estate
from rehearsal.layout import ACCOUNT

MOBILE_AGENT = "Mozilla/5.0 (Linux; Android 14; rehearsal) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
LOGIN_PATHS = {"oa": "/login", "mobile": "/api/login", "archive": "/login"}


def find_base_port() -> int:
    """A port that is followed by three free ones."""
    for base in range(23400, 32000, 10):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(base + 1, base + 4):
                probe = held.enter_context(socket.socket())
                probe.bind(("127.0.0.1", port))
            return base
    raise AssertionError("no three free ports in a row")


def password(estate: Estate, system: str) -> str:
    return (estate.secrets_dir / f"{system}-inspector.password").read_text(encoding="utf-8")


@contextlib.contextmanager
def make_client(estate: Estate, system: str, *, login: bool = True) -> Iterator[httpx.Client]:
    """A client that trusts the rehearsal CA only, logged in."""
    trust = ssl.create_default_context(cafile=str(estate.ca_file))
    headers = {"user-agent": MOBILE_AGENT}
    url = estate.url(system)
    with httpx.Client(base_url=url, verify=trust, headers=headers, timeout=5, trust_env=False) as client:
        if login:
            fields = {"username": ACCOUNT[system], "password": password(estate, system)}
            client.post(LOGIN_PATHS[system], data=fields)
        yield client


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    home = tmp_path_factory.mktemp("e") / "rehearsal"
    with Estate(home, find_base_port()) as estate:
        yield estate


@pytest.fixture
def estate(_running: Estate) -> Iterator[Estate]:
    """The running estate; all faults are off before and after."""
    _running.clear()
    yield _running
    _running.clear()


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
