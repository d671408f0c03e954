"""Secrets as files: what is refused, and that no value is ever shown."""

import os
import pickle
import subprocess
from pathlib import Path

import pytest

from tasks import secrets
from tasks.secrets import SecretError, Secrets

VALUE = "correct horse"


def put(folder: Path, name: str = "oa.password", content: bytes = VALUE.encode(), mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"abc", "abc"),
        (b"abc\n", "abc"),
        (b"abc\r\n", "abc"),
        (b"abc\n\n", "abc\n"),
        (b" a b ", " a b "),
        ("口令".encode(), "口令"),
    ],
)
def test_one_trailing_newline_is_stripped(tmp_path: Path, content: bytes, value: str) -> None:
    put(tmp_path, content=content)
    assert secrets.read("oa.password", tmp_path) == value


def test_the_command_in_the_remedy_works(tmp_path: Path) -> None:
    # Given
    with pytest.raises(SecretError, match="缺少口令 oa") as caught:
        secrets.read("oa.password", tmp_path)
    # When
    command = caught.value.remedy.removeprefix("新建：").split("（")[0]
    subprocess.run(command, shell=True, input=f"{VALUE}\n".encode(), check=True)
    # Then
    assert secrets.read("oa.password", tmp_path) == VALUE


@pytest.mark.parametrize("name", ["../oa", "/etc/passwd", "OA", "", ".hidden", "a b", "oa\n", "a/b"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(SecretError, match="口令名写法不对"):
        secrets.read(name, tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o644])
def test_open_to_others(tmp_path: Path, mode: int) -> None:
    # Given
    put(tmp_path, mode=mode)
    # When
    with pytest.raises(SecretError) as caught:
        secrets.read("oa.password", tmp_path)
    # Then
    assert "别人也能读" in caught.value.what
    assert "chmod 600" in caught.value.remedy
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "what"), [(b"", "空的"), (b"\n", "空的"), (b"\xff\xfe", "UTF-8"), (b"a" * 70_000, "64")]
)
def test_no_usable_value(tmp_path: Path, content: bytes, what: str) -> None:
    put(tmp_path, content=content)
    with pytest.raises(SecretError, match=what):
        secrets.read("oa.password", tmp_path)


def test_a_folder_or_a_pipe_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "oa.password").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("oa.password", "pipe"):
        with pytest.raises(SecretError, match="缺少口令"):
            secrets.read(name, tmp_path)


def test_known_takes_what_it_can_read(tmp_path: Path) -> None:
    # Given
    put(tmp_path)
    put(tmp_path, "open.password", b"open", 0o644)
    put(tmp_path, "empty", b"")
    put(tmp_path, "binary", b"\xff")
    put(tmp_path, "README.md~", b"no secret's name")
    (tmp_path / "folder").mkdir()
    # Then
    assert dict(secrets.known(tmp_path)) == {"oa.password": VALUE, "open.password": "open"}
    assert dict(secrets.known(tmp_path / "nowhere")) == {}


def test_values_are_never_shown(tmp_path: Path) -> None:
    # Given
    put(tmp_path)
    # When
    held = secrets.read_all(["oa.password"], tmp_path)
    # Then
    assert held["oa.password"] == VALUE
    assert repr(held) == str(held) == f"{held}" == "Secrets(oa.password)"
    with pytest.raises(TypeError):
        pickle.dumps(held)
    assert Secrets({}) == {}
