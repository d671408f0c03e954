"""Clients of the practice estate, as plain functions: tests are no package and share modules by name."""

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator

import httpx

from rehearsal.estate import Estate
from rehearsal.layout import ACCOUNT

MOBILE_AGENT = "Mozilla/5.0 (Linux; Android 14; rehearsal) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
LOGIN_PATHS = {"oa": "/login", "mobile": "/api/login", "archive": "/login"}


def find_base_port() -> int:
    """A port that is followed by five free ones, and by a free one for the bastion."""
    for base in range(20000 + os.getpid() % 300 * 40, 32040, 40):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in (*range(base + 1, base + 6), base + 22):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return base
    raise AssertionError("no free ports")


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
