"""A folder of this machine, most likely a mount: one that hangs must not hang us, so another process touches it."""

import io
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

from checks import os_words
from checks.finding import Reason
from tasks.places.ahead import Ahead
from tasks.places.errors import PlaceError
from tasks.ssh import Deadline, Entry

_BLOCK = 1024 * 1024  # bytes
_BUFFER = 256 * 1024
_STAGE = "读取本机目录（挂载可能没有应答）"


class Folder:
    """Folders of this machine."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("beside.py"))]
        self._process = subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, env={}
        )
        self._to = cast(io.RawIOBase, self._process.stdin)
        self._from = cast(io.RawIOBase, self._process.stdout)
        self._came = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """One that hangs in the kernel ends when the mount answers again; it is not waited for."""
        self._to.close()
        self._from.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

    def listing(self, folder: str) -> Iterator[Entry]:
        """What is in a folder, symbolic links not followed."""
        self._ask("list", folder)
        found = True
        try:
            while found := self._answer():
                for name, is_file, is_folder, size, at, mode in found:
                    yield Entry(name, is_file, is_folder, size, datetime.fromtimestamp(at, UTC), mode)
        except GeneratorExit:  # the rest is on its way
            while found:
                found = self._answer()
            raise

    def open(self, path: str) -> io.BufferedReader:
        """A file, to be read and sought in."""
        self._ask("open", path)
        handle, size = self._answer()
        done = partial(self._close, handle)
        return io.BufferedReader(Ahead(partial(self._read, handle), size, _BLOCK, done), _BUFFER)

    def _close(self, handle: int) -> None:
        if not self._to.closed and self._deadline.left():
            self._ask("close", handle)
            self._answer()

    def _read(self, handle: int, offset: int, size: int) -> bytes:
        self._ask("read", handle, offset, size)
        try:
            count = self._answer()
        except OSError as error:
            what = f"读到第 {offset} 字节时出错：{os_words.say(error)}"
            raise PlaceError(Reason.INCOMPLETE, what) from error
        while len(self._came) < count:
            self._receive()
        data = bytes(self._came[:count])
        del self._came[:count]
        return data

    def _ask(self, *request: Any) -> None:
        self._to.write(json.dumps(request).encode() + b"\n")

    def _answer(self) -> Any:
        at = 0
        while (end := self._came.find(b"\n", at)) < 0:
            at = len(self._came)
            self._receive()
        answer = json.loads(self._came[:end])
        del self._came[: end + 1]
        if isinstance(answer, dict):
            number = answer["errno"]
            raise OSError(number, os.strerror(number))
        return answer

    def _receive(self) -> None:
        waiting = select.poll()
        waiting.register(self._from, select.POLLIN)
        if not waiting.poll(self._deadline.left() * 1000):
            raise self._deadline.missed(_STAGE)
        came = os.read(self._from.fileno(), _BLOCK)
        if not came:
            raise PlaceError(Reason.INCOMPLETE, "读取本机目录的进程中途结束；请查本机内存")
        self._came += came
