"""The evidence folder: files written once, named by what they show, known by their SHA-256."""

import errno
import hashlib
import os
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from checks import os_words
from checks.records import EvidenceRecord


class EvidenceError(Exception):
    """Evidence cannot be kept; the message is for the operator."""


def check_writable(folder: Path) -> None:
    """Make sure before any page is opened that what will be seen can be kept.

    Raises:
        EvidenceError: the folder cannot be made or written to.
    """
    name = f".writable-{uuid.uuid4()}"
    _write(folder, name, b"x" * 4096)
    (folder / name).unlink()


def keep(
    folder: Path, name: str, content: bytes, *, target: str, attempt: int, kind: str, grade: int, at: datetime
) -> EvidenceRecord:
    """Write one file and return its record.

    Raises:
        EvidenceError: no room, no permission, or the name is taken.
    """
    _write(folder, name, content)
    return EvidenceRecord(
        target=target,
        attempt=attempt,
        kind=kind,
        path=name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        grade=grade,
        at=at,
    )


def _write(folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    partial = path.with_name(f"{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            raise FileExistsError(errno.EEXIST, "", str(path))
        partial.rename(path)
    except OSError as error:
        with suppress(OSError):  # it may well be that nothing could be written at all
            partial.unlink()
        remedy = "请检查该目录的权限和磁盘空间，或用 XUNJIAN_EVIDENCE 换一个目录"
        raise EvidenceError(f"证据写不进去：{path}（{os_words.say(error)}）。{remedy}") from error
