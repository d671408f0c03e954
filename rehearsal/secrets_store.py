"""The inspector's credentials: one value per file, files 0600 in a 0700 folder; existing values are kept."""

import os
import secrets
from pathlib import Path

from rehearsal.layout import ACCOUNT, SYSTEMS


def ensure_secrets(folder: Path) -> None:
    """Write a user name and a fresh password for each system, unless they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for system in SYSTEMS:
        _ensure(folder / f"{system}-inspector.username", ACCOUNT[system])
        _ensure(folder / f"{system}-inspector.password", secrets.token_urlsafe(18))


def _ensure(path: Path, value: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8").strip():
        path.chmod(0o600)
        return
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(value)


def accepts(folder: Path, system: str, username: str, password: str) -> bool:
    """Whether these are the inspector's credentials; read at each login, so a changed file counts at once."""
    want_user = (folder / f"{system}-inspector.username").read_text(encoding="utf-8").strip()
    want_word = (folder / f"{system}-inspector.password").read_text(encoding="utf-8").strip()
    same_user = secrets.compare_digest(username.encode(), want_user.encode())
    return secrets.compare_digest(password.encode(), want_word.encode()) and same_user
