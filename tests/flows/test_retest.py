"""Retests of a real host: what is broken, mended and broken again, what cannot be reached, and who may not test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from retest_desk import FIXER, Desk, desk_at
from ssh_servers import Place


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helpers: Any) -> Iterator[Desk]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    place = Place(tmp_path, key)
    made = desk_at(tmp_path, place, helpers.write_contract, helpers.write_secret)
    yield made
    made.mended()
    for server in place.servers:
        if server.process.poll() is None:
            server.end_connections(itself=True)


def test_broken_mended_and_broken_again(desk: Desk) -> None:
    number = desk.enter()
    desk.claim(number)
    first = desk.retest(number)
    print(first)
    second = desk.retest(number, fixer=FIXER)
    print(second)
    desk.mended()
    third = desk.retest(number, fixer=FIXER)
    print(third)
    print(desk.runs())
