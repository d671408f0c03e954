"""Evidence files: written once and whole, or not at all."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.evidence import EvidenceError, check_writable, keep

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CONTENT = b"\xff\xd8picture\xff\xd9"


def put(folder: Path, name: str = "2026-11-22/oa/todo.jpg") -> str:
    record = keep(folder, name, CONTENT, target="oa/todo", attempt=1, kind="screenshot", grade=2, at=NOW)
    assert record.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert record.size == len(CONTENT)
    return record.path


def test_is_kept_for_us_alone(tmp_path: Path) -> None:
    # When
    path = put(tmp_path / "evidence")
    # Then
    assert (tmp_path / "evidence" / path).read_bytes() == CONTENT
    assert (tmp_path / "evidence").stat().st_mode & 0o077 == 0
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["todo.jpg"]


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    # Given
    put(tmp_path)
    # When
    with pytest.raises(EvidenceError, match="已有同名文件"):
        put(tmp_path)
    # Then
    assert len([found for found in tmp_path.rglob("*") if found.is_file()]) == 1


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    # Given
    (tmp_path / "file").write_bytes(b"")
    # Then
    with pytest.raises(EvidenceError, match="XUNJIAN_EVIDENCE"):
        check_writable(tmp_path / "file" / "evidence")


def test_looking_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
