"""A script whose output is too much to be kept: it is read as it comes."""

import io
from threading import Event
from typing import Any

from tasks.ssh.errors import Deadline
from tasks.ssh.link import Link
from tasks.ssh.talk import refuse_strangers, session

_MOST = 64 * 1024  # bytes of errors that are kept
_AT_ONCE = 1024 * 1024  # bytes
_STATUS = 10.0  # seconds for the exit status to follow the end of the output
_SHORT = 400  # bytes; an answer so short may be that of no shell


class Pipe(io.RawIOBase):
    """The standard output of a script, in the order in which it comes; it waits for its reader.

    `errors`: what it has said on standard error, the first 64 KiB. `status`: the shell's, once all has been read; None
    where it was not told.

    Raises (reading):
        SshError: the connection is lost, the time is over, or it was no shell that answered.
    """

    def __init__(self, link: Link, script: bytes, deadline: Deadline) -> None:
        self._link, self._deadline = link, deadline
        self._channel = session(link, deadline)
        # One event for both streams: errors that nobody takes would fill the window that both share.
        self._ready = Event()
        self._channel.in_buffer.set_event(self._ready)
        self._channel.in_stderr_buffer.set_event(self._ready)
        self._head = b""
        self.errors = b""
        self.status: int | None = None
        link.execute(self._channel, "sh -s")
        self._send(script)

    def __repr__(self) -> str:
        return f"Pipe(status={self.status})"

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not len(into):
            return 0
        while True:
            ended = self._channel.eof_received or self._channel.closed  # asked first: what came before it is read
            self._take_errors()
            if self._channel.recv_ready():
                data = self._channel.recv(min(len(into), _AT_ONCE))
                into[: len(data)] = data
                if len(self._head) < _SHORT:
                    self._head += data[:_SHORT]
                return len(data)
            if ended:
                self._end()
                return 0
            if not self._ready.wait(self._deadline.left()):
                raise self._deadline.missed("执行脚本")

    def _send(self, script: bytes) -> None:
        try:
            self._channel.settimeout(self._deadline.left() or 0.001)
            self._channel.sendall(script)
            self._channel.shutdown_write()
        except TimeoutError as error:
            raise self._deadline.missed("发送脚本") from error
        except (OSError, EOFError):
            return  # it takes no more; what it says, and its status, tell why

    def _take_errors(self) -> None:
        while self._channel.recv_stderr_ready():
            came = self._channel.recv_stderr(_AT_ONCE)
            self.errors += came[: _MOST - len(self.errors)]

    def _end(self) -> None:
        if self.status is not None:
            return
        self._channel.status_event.wait(min(_STATUS, self._deadline.left()))
        self._take_errors()
        if not self._channel.eof_received and not self._link.is_active():
            raise self._link.lost()
        status = self._channel.exit_status
        self.status = None if status < 0 else status
        refuse_strangers(self._link, self._channel, self._head + self.errors, self.status)
