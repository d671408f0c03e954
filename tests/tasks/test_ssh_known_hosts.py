"""Host keys on record, as ssh-keygen writes them, and putting one on record."""

import base64
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.ssh import Offer, Standing, remember
from tasks.ssh.known_hosts import KnownHosts, fingerprint, judge

ED = "ssh-ed25519"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two public keys, base64."""
    found = []
    for name in "ab":
        path = tmp_path_factory.mktemp("keys") / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        found.append(path.with_suffix(".pub").read_text().split()[1])
    return found


def raw(key: str) -> bytes:
    return base64.b64decode(key)


def standing(file: Path, name: str, key: str) -> Standing:
    return judge(KnownHosts(file).records(name), ED, raw(key))[0]


@pytest.mark.parametrize(
    ("names", "name", "expected"),
    [
        ("db", "db", Standing.KNOWN),
        ("web,DB,10.0.0.1", "db", Standing.KNOWN),
        ("[db]:2222", "[db]:2222", Standing.KNOWN),
        ("[db]:2222", "db", Standing.UNKNOWN),
        ("*.example", "db.example", Standing.KNOWN),
        ("*.example,!db.example", "db.example", Standing.UNKNOWN),
        ("[db?]:*", "[db1]:2222", Standing.KNOWN),
        ("@revoked *", "db", Standing.REVOKED),
        ("@cert-authority *", "db", Standing.UNKNOWN),
        ("# db", "db", Standing.UNKNOWN),
    ],
)
def test_lines(tmp_path: Path, keys: list[str], names: str, name: str, expected: Standing) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"damaged\n\ndb {ED} !!!\n{names} {ED} {keys[0]} comment\n", encoding="utf-8")
    assert standing(file, name, keys[0]) is expected


def test_names_hashed_by_ssh_keygen(tmp_path: Path, keys: list[str]) -> None:
    # Given
    file = tmp_path / "known_hosts"
    file.write_text(f"db {ED} {keys[0]}\n[db]:2222 {ED} {keys[1]}\n", encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True)
    assert "db" not in file.read_text().split()
    # Then
    assert standing(file, "db", keys[0]) is Standing.KNOWN
    assert standing(file, "[db]:2222", keys[1]) is Standing.KNOWN
    assert standing(file, "db", keys[1]) is Standing.CHANGED
    assert standing(file, "web", keys[0]) is Standing.UNKNOWN


def test_a_revoked_key_stays_refused_though_it_is_on_record(tmp_path: Path, keys: list[str]) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"db {ED} {keys[0]}\n@revoked db {ED} {keys[0]}\n", encoding="utf-8")
    assert standing(file, "db", keys[0]) is Standing.REVOKED


def test_the_fingerprint_is_the_one_that_ssh_keygen_shows(tmp_path: Path, keys: list[str]) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"db {ED} {keys[0]}\n", encoding="utf-8")
    shown = subprocess.run(["ssh-keygen", "-lf", file], check=True, capture_output=True, text=True).stdout
    assert fingerprint(raw(keys[0])) in shown.split()


def test_a_line_is_put_on_record_for_us_alone(tmp_path: Path, keys: list[str]) -> None:
    # Given: a file that does not exist
    file = tmp_path / "ssh" / "known_hosts"
    offer = Offer("db", "[db]:2222", ED, raw(keys[0]), Standing.UNKNOWN, None)
    # When
    remember(file, offer.line)
    # Then
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert standing(file, "[db]:2222", keys[0]) is Standing.KNOWN


def test_lines_put_on_record_at_once_are_all_there(tmp_path: Path) -> None:
    # Given: a file whose last line has no end
    file = tmp_path / "known_hosts"
    file.write_text("first", encoding="utf-8")
    # When
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: remember(file, f"host{number % 40} x y"), range(80)))
    # Then: each once
    assert sorted(file.read_text().splitlines()) == sorted(["first", *(f"host{n} x y" for n in range(40))])
