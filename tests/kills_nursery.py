"""Where kills.py has its victims from: one process forks them; each tells its journal what it does."""

import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import psutil  # type: ignore[import-untyped]

STUCK = 240.0  # seconds


class Instant(NamedTuple):
    """When a victim dies: after a while, since its call or the n-th arrival at a place; or at a step of its own."""

    title: str
    place: str = ""
    nth: int = 1
    share: float = 0.0  # of how long the flow or the place last took
    fatal: tuple[str, int] = ("", 0)


class Victim:
    """One forked process, and what its journal says."""

    def __init__(self, order: dict[str, Any], pid: int) -> None:
        self.order, self.pid = order, pid
        self.killed, self.died = False, 0.0
        self.lines: list[dict[str, Any]] = []
        self._read = 0

    def look(self) -> list[dict[str, Any]]:
        """The journal so far; a last line that the kill cut through is none."""
        with suppress(FileNotFoundError), Path(self.order["journal"]).open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
            self._read += len(whole + newline)
            self.lines += [json.loads(line) for line in whole.splitlines()]
        return self.lines

    def of(self, what: str) -> list[dict[str, Any]]:
        """Its lines of a kind."""
        return [line for line in self.lines if line["what"] == what]

    @property
    def lived(self) -> float:
        """Seconds from its call to its death."""
        called = self.of("called")
        return max(0.0, self.died - called[0]["t"]) if called else 0.0

    @property
    def places(self) -> Counter[str]:
        """Where it is, by its threads."""
        count = Counter(line["place"] for line in self.of("enter"))
        count.subtract(line["place"] for line in self.of("leave"))
        return +count


class Nursery:
    """The process that forks victims."""

    def __init__(self, variables: Mapping[str, str], log: Path) -> None:
        paths = f"{Path(__file__).parent}:{Path(__file__).parents[1]}"
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("kills_victim.py"))],
            env={**os.environ, **variables, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._buffer = b""
        if self._line(STUCK) != "ready":
            raise SystemExit(f"没有启动成功，见 {log}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)
        self._log.close()

    def fork(self, order: dict[str, Any]) -> Victim:
        """Start a victim."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Victim(order, int(self._line(STUCK)))

    def status(self, patience: float) -> int | None:
        """How the victim ended; None if it lives."""
        line = self._line(patience)
        return int(line) if line else None

    def orphans(self) -> list[psutil.Process]:
        """Processes that a victim left behind and that still run."""
        return [one for one in psutil.Process(self._process.pid).children(recursive=True) if _alive(one)]

    def _line(self, patience: float) -> str:
        assert self._process.stdout
        end = time.monotonic() + patience
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            if left < 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return ""
            got = os.read(self._process.stdout.fileno(), 4096)
            if not got:
                raise SystemExit("分叉进程意外结束")
            self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
