"""Who is at work: one process at a time takes a target. The kernel, or PostgreSQL, lets go for whoever was killed.

No heartbeat and no time-out: a run that is on record as begun, and whose target nobody holds, was cut off.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from threading import Lock
from typing import Protocol

from sqlalchemy import Connection, Engine, text


class Claims(Protocol):
    """Takes and releases targets, named "page-inspection/oa"."""

    def take(self, name: str) -> bool:
        """Take it, or say that somebody else has it: another process or another thread of this one."""

    def release(self, name: str) -> None:
        """Let go of what was taken."""


def claims_for(engine: Engine) -> Claims:
    """Locked files beside a SQLite ledger, advisory locks in PostgreSQL."""
    if engine.dialect.name == "sqlite":
        return _Files(Path(f"{engine.url.database}.locks"))
    return _Advisory(engine)


class _Files:
    """One file per target, which stays; only its lock comes and goes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, int] = {}

    def take(self, name: str) -> bool:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = os.open(self._folder / name.replace("/", "~"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._held[name] = file
        return True

    def release(self, name: str) -> None:
        os.close(self._held.pop(name))


class _Advisory:
    """A connection of its own, whose end frees everything. PostgreSQL would give a session its own lock twice."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, Lock()
        self._connection: Connection | None = None
        self._held: set[str] = set()

    def take(self, name: str) -> bool:
        with self._lock:
            if name in self._held:
                return False
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._ask("SELECT pg_try_advisory_lock(:key)", name):
                self._held.add(name)
                return True
            return False

    def release(self, name: str) -> None:
        with self._lock:
            self._held.discard(name)
            self._ask("SELECT pg_advisory_unlock(:key)", name)

    def _ask(self, question: str, name: str) -> bool:
        assert self._connection is not None  # noqa: S101 - `take` came first
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        return bool(self._connection.execute(text(question), {"key": key}).scalar())
