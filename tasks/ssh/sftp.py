"""Files of a host, over SFTP: listed and read, never written.

paramiko's own reading ahead keeps in memory whatever has come, and its listing stumbles over a name that is not UTF-8.
So files are read here through a window of requests that are under way, with paramiko's client beneath.
"""

import io
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import paramiko  # type: ignore[import-untyped]
from paramiko.sftp import (  # type: ignore[import-untyped]
    CMD_CLOSE,
    CMD_DATA,
    CMD_HANDLE,
    CMD_NAME,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_REALPATH,
    CMD_STATUS,
    SFTP_FLAG_READ,
    SFTPError,
    int64,
)

from checks import os_words
from checks.finding import Reason
from tasks.ssh.errors import Deadline, SshError, one_line
from tasks.ssh.link import Link
from tasks.ssh.talk import session

_BLOCK = 255 * 1024  # bytes a request: what OpenSSH answers at most; others as little as 32 KiB, which is found out
_LEAST = 4 * 1024
_WINDOW = 32  # requests under way at once: 8 MiB, enough for 100 MB/s over 80 ms
_BUFFER = 256 * 1024  # bytes
_NAMES = 8  # requests for names under way at once
_LARGEST = 1024 * 1024  # bytes of a packet; what is larger is no SFTP


class Entry(NamedTuple):
    """One thing in a folder. `name`: bytes that are not UTF-8 as surrogates; `at`: last change, UTC."""

    name: str
    is_file: bool
    is_folder: bool
    size: int  # bytes
    at: datetime
    mode: int | None  # permission bits


class Sftp:
    """The files of one host, through one connection.

    Every method raises OSError for what the host says of a file (FileNotFoundError, PermissionError), and SshError for
    what befell the connection; reading raises SshError alone.
    """

    def __init__(self, client: "_Client", link: Link, deadline: Deadline) -> None:
        self._client, self._link, self._deadline = client, link, deadline

    def listing(self, folder: str) -> Iterator[Entry]:
        """What is in a folder, as the host lists it: without `.` and `..`, symbolic links not followed."""
        with self._talking():
            yield from self._client.names(folder)

    def real(self, path: str) -> str:
        """The path without symbolic links."""
        with self._talking():
            return self._client.real(path)

    def open(self, path: str) -> io.BufferedReader:
        """A file to be read, or to be sought in."""
        with self._talking():
            handle, size = self._client.opened(path)
        return io.BufferedReader(_File(self, handle, size), _BUFFER)

    def _talking(self) -> "_Talking":
        return _Talking(self._link, self._deadline)


def connected(link: Link, deadline: Deadline) -> Sftp:
    """The files of a host that we are logged in at.

    Raises:
        SshError: it has no SFTP for this account, or no answer came.
    """
    channel = session(link, deadline)
    link.execute(channel, "sftp", "subsystem")
    with _Talking(link, deadline):
        try:
            return Sftp(_Client(channel, deadline), link, deadline)
        except (paramiko.SSHException, SFTPError, EOFError, OSError) as error:
            if not deadline.left() or not link.is_active():
                raise
            said = one_line(channel.recv_stderr(400) if channel.recv_stderr_ready() else b"")
            words = f"（对方说：{said}）" if said else ""
            what = (
                f"账号不能用 SFTP{words}；请在对方 sshd_config 启用 Subsystem sftp，并查此账号的登录 shell、"
                "ForceCommand 和登录脚本的输出"
            )
            raise SshError(Reason.PERMISSION, what) from error


class _Talking:
    """What goes wrong in between becomes an error of ours."""

    def __init__(self, link: Link, deadline: Deadline) -> None:
        self._link, self._deadline = link, deadline

    def __enter__(self) -> None:
        if not self._deadline.left():
            raise self._deadline.missed("读取文件")

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, SshError):
            return
        if isinstance(error, TimeoutError) or not self._deadline.left():
            raise self._deadline.missed("读取文件") from error
        if not self._link.is_active() or isinstance(error, paramiko.SSHException | EOFError):
            raise self._link.lost() from error
        if isinstance(error, SFTPError):
            raise SshError(Reason.UNSUPPORTED, "对方的 SFTP 应答看不懂；请查它的 sftp-server") from error


class _Client(paramiko.SFTPClient):  # type: ignore[misc]
    """paramiko's, under a deadline."""

    def __init__(self, channel: Any, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__(channel)

    def _read_all(self, n: int) -> bytes:
        if n > _LARGEST:
            raise SFTPError("no SFTP")
        parts = []
        while n > 0:
            self.sock.settimeout(self._deadline.left() or 0.001)
            part = self.sock.recv(n)
            if not part:
                raise EOFError
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def opened(self, path: str) -> tuple[bytes, int]:
        """A handle for reading, and the size in bytes."""
        name = path.encode("utf-8", "surrogateescape")
        kind, answer = self._request(CMD_OPEN, name, SFTP_FLAG_READ, paramiko.SFTPAttributes())
        if kind != CMD_HANDLE:
            raise SFTPError("no handle")
        return answer.get_binary(), self.stat(name).st_size or 0

    def real(self, path: str) -> str:
        """See Sftp.real."""
        kind, answer = self._request(CMD_REALPATH, path.encode("utf-8", "surrogateescape"))
        if kind != CMD_NAME or answer.get_int() != 1:
            raise SFTPError("no path")
        name: bytes = answer.get_string()
        return name.decode("utf-8", "surrogateescape")

    def names(self, folder: str) -> Iterator[Entry]:
        """See Sftp.listing."""
        kind, answer = self._request(CMD_OPENDIR, folder.encode("utf-8", "surrogateescape"))
        if kind != CMD_HANDLE:
            raise SFTPError("no handle")
        handle = answer.get_binary()
        answers = _Answers(self)
        try:
            while True:
                answers.ask(CMD_READDIR, handle, until=_NAMES)
                kind, answer = answers.next()
                if kind != CMD_NAME:
                    break
                for _ in range(answer.get_int()):
                    name, _long = answer.get_string(), answer.get_string()
                    found = paramiko.SFTPAttributes._from_msg(answer)
                    if name not in (b".", b".."):
                        yield _entry(name, found)
        except EOFError:
            return
        finally:
            self._async_request(type(None), CMD_CLOSE, handle)


class _Answers:
    """Requests of one sort that are under way; the answers are taken in their order."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._asked: deque[int] = deque()
        self._came: dict[int, tuple[int, Any]] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def ask(self, *request: Any, until: int = 0) -> None:
        """Send it; with `until`, as often as it takes to have so many under way."""
        while True:
            self._asked.append(self._client._async_request(self, *request))
            if len(self._asked) >= until:
                return

    def next(self) -> tuple[int, Any]:
        """Wait for the answer to the oldest.

        Raises:
            EOFError: that is the end.
            OSError: refused.
        """
        number = self._asked.popleft()
        while number not in self._came:
            self._client._read_response()
        kind, answer = self._came.pop(number)
        if kind == CMD_STATUS:
            self._client._convert_status(answer)
        return kind, answer

    def _async_response(self, kind: int, answer: Any, number: int) -> None:
        self._came[number] = (kind, answer)


class _File(io.RawIOBase):
    """A file that is read ahead: the longer it is read without a break, the further."""

    def __init__(self, sftp: Sftp, handle: bytes, size: int) -> None:
        self._sftp, self._client, self._handle, self._size = sftp, sftp._client, handle, size
        self._rest = memoryview(b"")
        self._block = _BLOCK
        self._start(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset != self._at:
            self._rest = memoryview(b"")
            self._start(base + offset)
        return self._at

    def readinto(self, into: Any) -> int:
        if not self._rest:
            try:
                with self._sftp._talking():
                    self._rest = memoryview(self._next())
            except OSError as error:
                raise SshError(Reason.INCOMPLETE, f"读到第 {self._at} 字节时出错：{os_words.say(error)}") from error
        count = min(len(into), len(self._rest))
        into[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._at += count
        return count

    def close(self) -> None:
        if not self.closed:
            with suppress(OSError, EOFError):  # the connection is gone, and with it the handle
                self._client._async_request(type(None), CMD_CLOSE, self._handle)
        super().close()

    def _start(self, at: int) -> None:
        """What is under way from elsewhere is dropped as it comes."""
        self._at = self._next_request = at
        self._answers = _Answers(self._client)
        self._depth = 1

    def _next(self) -> bytes:
        """The next bytes, b"" at the end."""
        while len(self._answers) < self._depth and (self._next_request < self._size or not self._answers):
            # Past the size that it had once: one block at a time, until the host says that it is the end.
            self._answers.ask(CMD_READ, self._handle, int64(self._next_request), self._block)
            self._next_request += self._block
        self._depth = min(_WINDOW, self._depth * 2)
        try:
            kind, answer = self._answers.next()
        except EOFError:
            return b""
        if kind != CMD_DATA:
            raise SFTPError("no data")
        data: bytes = answer.get_string()
        if 0 < len(data) < self._block:
            # What was asked for behind it has a gap before it. It is the end, or all that this server gives at once.
            at = self._at
            self._block = max(len(data), _LEAST)
            self._start(at + len(data))
            self._at = at
        return data


def _entry(name: bytes, found: Any) -> Entry:
    mode = found.st_mode
    return Entry(
        name=name.decode("utf-8", "surrogateescape"),
        is_file=mode is not None and stat.S_ISREG(mode),
        is_folder=mode is not None and stat.S_ISDIR(mode),
        size=found.st_size or 0,
        at=datetime.fromtimestamp(found.st_mtime or 0, UTC),
        mode=None if mode is None else stat.S_IMODE(mode),
    )
