"""Whose process is it: the estate's pid file, and stopping that process and no other."""

import contextlib
import os
import signal
import time
from pathlib import Path

from rehearsal.errors import RehearsalError

MARK = "rehearsal.process"
STOP_LIMIT = 10.0
PAUSE = 0.05


def own_pid(pid_file: Path, home: Path, mark: str = MARK) -> int | None:
    """The pid of the pid file, if that process really is the estate of this folder."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(pid_file.read_text(encoding="ascii"))
        if is_estate(pid, home, mark):
            return pid
    return None


def is_estate(pid: int, home: Path, mark: str = MARK) -> bool:
    """Whether this process was started as the estate of this folder; a zombie has no command line, so is not."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return mark.encode() in words and os.fsencode(home) in words
    return False


def _ended(pid: int, home: Path, mark: str) -> bool:
    """Gone, a zombie, or another process by now; one that is just exiting still holds its ports."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return state in ("Z", "X") or (bool(words) and not is_estate(pid, home, mark))


def stop(pid: int, home: Path, limit: float = STOP_LIMIT, mark: str = MARK) -> None:
    """Ask the process to end, and end it if it does not listen."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if is_estate(pid, home, mark):
            os.kill(pid, number)
        if wait_gone(pid, home, limit, mark):
            return
    raise RehearsalError(f"演练环境（进程 {pid}）没有停止。")


def wait_gone(pid: int, home: Path, limit: float = STOP_LIMIT, mark: str = MARK) -> bool:
    deadline = time.monotonic() + limit
    while not _ended(pid, home, mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return True
