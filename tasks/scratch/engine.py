"""What the engines have in common: how a copy is fed to a program in the place, and what is asked of the result."""

import hashlib
import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import Any, BinaryIO, NamedTuple, Protocol

from checks.finding import Reason
from tasks.scratch.place import Scratch, ScratchError

_AT_ONCE = 1024 * 1024  # bytes
_TAIL = 4096  # bytes of a dump in which its last line stands
_START = 60.0  # seconds for a server to answer


class Sampled(NamedTuple):
    """Files held against what the copy says of them. `wrong`: SHA-256 of the paths of those that differ."""

    files: int = 0
    wrong: tuple[str, ...] = ()


class Counted(NamedTuple):
    """What is in a database: counts only.

    tables: rows by table; files by folder; keys by database. definitions: SHA-256 of each table's columns. server:
    by what the server may be told from others. unreadable: tables that the account may not read.
    """

    tables: dict[str, int]
    definitions: dict[str, str]
    server: frozenset[str] = frozenset()
    unreadable: int = 0


class AskError(Exception):
    """A question of the contract, or the source, was not answered: one line of Chinese, without data."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Engine(Protocol):
    """A server, or a folder, in a scratch place. Its errors are those of the place."""

    overhead_mb: int
    """What it takes besides the data."""
    version: str

    def start(self) -> None:
        """Begin, empty."""

    def server(self) -> frozenset[str]:
        """By what it may be told from others; empty where it has nothing to be told by."""

    def restore(self, stream: BinaryIO) -> None:
        """Restore a copy, decompressed.

        Raises:
            BrokenCopyError: the copy's own fault.
        """

    def counted(self) -> Counted:
        """What is in it now."""

    def value(self, question: str) -> str:
        """The one value that a question of the contract brings.

        Raises:
            AskError: it does not.
        """

    def sampled(self) -> Sampled:
        """Files held against what the copy says of them."""


def feed(process: Any, stream: BinaryIO, first: bytes = b"", enough: Callable[[], bool] = lambda: False) -> bytes:
    """Give a program a whole stream, then the end of its input; returns the stream's last bytes.

    A program that has ended takes no more; why it did is its own to say.

    Args:
        first: what has been read of the stream already.
        enough: asked again and again whether the rest is still worth it.
    """
    tail = bytearray()
    came = first or stream.read(_AT_ONCE)
    try:
        with process.stdin as sink:
            while came and not enough():
                sink.write(came)
                tail += came
                del tail[:-_TAIL]
                came = stream.read(_AT_ONCE)
    except BrokenPipeError:
        return b""
    return bytes(tail)


def await_answer(place: Scratch, server: "subprocess.Popen[bytes]", answers: Callable[[], bool], called: str) -> None:
    """Wait until a server answers.

    Raises:
        ScratchError: it ends before it does, or takes too long.
    """
    until = time.monotonic() + _START
    while not answers():
        place.in_time()
        if server.poll() is not None or time.monotonic() > until:
            if nearly_full(place):
                raise place.full()
            raise ScratchError(Reason.UNSUPPORTED, f"暂存的 {called} 启动不了；请在本机手工启动一次，看它报什么")
        time.sleep(0.05)


def nearly_full(place: Scratch) -> bool:
    """Hardly anything fits into the place any more: a program that failed may have failed for that."""
    answer = place.run(["stat", "-f", "-c", "%a %b", "/data"]).out.split()
    return len(answer) == 2 and int(answer[0]) * 20 < int(answer[1])


def digests(columns: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """SHA-256 of each table's columns, from (table, column's name, type and the like) in order."""
    tables: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for table, column in columns:
        tables[table].append(column)
    return {table: hashlib.sha256(json.dumps(all_of_it).encode()).hexdigest() for table, all_of_it in tables.items()}


def moment(text: str, zone: tzinfo) -> datetime | None:
    """A database's answer as a moment; in the contract's zone where it names none. None for NULL.

    Raises:
        AskError: it is no time.
    """
    if text in ("", "NULL"):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise AskError(
            "restore.newest 的语句返回的不是时间；改成返回一个时间，例如 select max(created) from document"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=zone)


def one_value(lines: list[str]) -> str:
    """The only value of an answer.

    Raises:
        AskError: there is none, or more than one.
    """
    if len(lines) != 1:
        raise AskError(f"语句返回了 {len(lines)} 行，应当只返回一个值")
    return lines[0]
