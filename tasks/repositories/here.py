"""A script run on this machine, read as one on a host is: for a repository on a mounted folder."""

import io
import os
import selectors
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

from tasks.ssh import Deadline

_MOST = 64 * 1024  # bytes of errors that are kept
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME")


class LocalPipe(io.RawIOBase):
    """The standard output of a script; `errors` and `status` as `tasks.ssh.Pipe` has them."""

    def __init__(self, process: "subprocess.Popen[bytes]", deadline: Deadline) -> None:
        self._process, self._deadline = process, deadline
        self._waiting = selectors.DefaultSelector()
        for stream in (process.stdout, process.stderr):
            self._waiting.register(cast(IO[bytes], stream), selectors.EVENT_READ)
        self.errors = b""
        self.status: int | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while self._waiting.get_map():
            ready = self._waiting.select(self._deadline.left())
            if not ready:
                raise self._deadline.missed("执行脚本")
            for key, _ in ready:
                is_output = key.fileobj is self._process.stdout
                data = os.read(key.fd, len(into) if is_output else _MOST)
                if not data:
                    self._waiting.unregister(key.fileobj)
                elif is_output:
                    into[: len(data)] = data
                    return len(data)
                else:
                    self.errors += data[: _MOST - len(self.errors)]
        try:
            self.status = self._process.wait(self._deadline.left())
        except subprocess.TimeoutExpired as error:
            raise self._deadline.missed("执行脚本") from error
        return 0


@contextmanager
def piped(script: bytes, deadline: float) -> Iterator[LocalPipe]:
    """Run a script in `sh -s` here; what it started ends with it.

    Args:
        deadline: seconds for everything, also for what is done within.

    Raises (reading):
        SshError: the time is over.
    """
    process = subprocess.Popen(
        ["/bin/sh", "-s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        start_new_session=True,
    )
    try:
        with suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as into:
            into.write(script)  # far less than a pipe holds
        yield LocalPipe(process, Deadline(deadline))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdout, process.stderr):
            cast(IO[bytes], stream).close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
