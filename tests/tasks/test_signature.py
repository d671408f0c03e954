"""A signature that the real openssl checks."""

import subprocess
from pathlib import Path

import pytest

from tasks.crypto.signature import MAKE_KEY, SigningKeyError, signature


@pytest.fixture
def key(tmp_path: Path) -> str:
    made = subprocess.run(MAKE_KEY.split(), capture_output=True, text=True, check=True).stdout
    (tmp_path / "key.pem").write_text(made)
    command = ["openssl", "pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]
    subprocess.run(command, cwd=tmp_path, check=True)
    return made


@pytest.mark.parametrize(("changed", "code"), [(b"", 0), (b"x", 1)])
def test_openssl_accepts_it_and_refuses_a_changed_text(tmp_path: Path, key: str, changed: bytes, code: int) -> None:
    content = '{"head": "1:甲"}'.encode()
    (tmp_path / "sig").write_bytes(signature(content, key))
    (tmp_path / "text").write_bytes(content + changed)
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "public.pem",
        "-rawin",
        "-in",
        "text",
        "-sigfile",
        "sig",
    ]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == code


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(SigningKeyError):
        signature(b"x", text)


def test_another_kind_of_key_is_refused() -> None:
    other = ["openssl", "genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:1024"]
    with pytest.raises(SigningKeyError, match="not Ed25519"):
        signature(b"x", subprocess.run(other, capture_output=True, text=True, check=True).stdout)
