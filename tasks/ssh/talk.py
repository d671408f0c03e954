"""One script, one channel: what is sent, what comes back, and when."""

import re
import time
from datetime import UTC, datetime
from threading import Event
from typing import Any, NamedTuple

from checks.finding import Reason
from tasks.ssh.errors import Deadline, SshError, one_line
from tasks.ssh.link import Link, RefusedError

_AT_ONCE = 1024 * 1024  # bytes
_GATHER = 0.02  # seconds; a script answers in many small pieces, and to wake for each costs more than to read it
_AJAR = 0.02  # seconds between looks whether the other side takes more of the script; nothing wakes us for that
_STATUS = 2.0  # seconds for the exit status to follow the end of the output
_NOT_A_SHELL = re.compile(r"account is currently not available|not allowed to log ?in|nologin", re.IGNORECASE)
_EXPIRED = re.compile(r"password (change required|has expired)|must change your password", re.IGNORECASE)


class Exchange(NamedTuple):
    """What came back from one host.

    `status` is the shell's, None when it was not told. `sent_at` is when the whole script had been sent, `answered_at`
    when the first output came (the end, when none did). `cut` says why the answer is not whole.
    """

    out: bytes
    err: bytes
    status: int | None
    sent_at: datetime
    answered_at: datetime
    ended_at: datetime
    cut: tuple[Reason, str] | None

    def __repr__(self) -> str:
        cut = self.cut and self.cut[0].value
        return f"Exchange({len(self.out)} + {len(self.err)} bytes, status={self.status}, cut={cut})"


def talk(link: Link, script: bytes, deadline: Deadline, limit: int) -> Exchange:
    """Run a script in `sh -s` on a host that we are logged in at.

    Args:
        limit: bytes, of output and errors together.

    Raises:
        SshError: nothing was run.
    """
    channel = session(link, deadline)
    channel.settimeout(0.0)
    # One event for both streams: whichever gets something wakes us.
    ready = Event()
    channel.in_buffer.set_event(ready)
    channel.in_stderr_buffer.set_event(ready)
    link.execute(channel, "sh -s")
    exchange = _Reading(link, channel, ready, deadline, limit).run(script)
    _refuse_strangers(link, channel, exchange)
    return exchange


def session(link: Link, deadline: Deadline) -> Any:
    """A channel in which something can be run.

    Raises:
        SshError: the other side does not open one.
    """
    try:
        return link.open("session", deadline)
    except RefusedError as error:
        said = f"（对方说：{error.words}）" if error.words else ""
        raise SshError(Reason.PERMISSION, f"账号不能打开会话{said}；请查对方对此账号的限制") from error


class _Reading:
    """Sends and reads in one thread, so that neither side waits for the other with its buffers full."""

    def __init__(self, link: Link, channel: Any, ready: Event, deadline: Deadline, limit: int) -> None:
        self._link, self._channel, self._ready, self._deadline, self._limit = link, channel, ready, deadline, limit
        self._out, self._err = bytearray(), bytearray()

    def run(self, script: bytes) -> Exchange:
        """Until the output ends, the time is over, or it is too much."""
        unsent = memoryview(script)
        sent_at = answered_at = None
        cut = None
        while cut is None:
            if sent_at is None:
                unsent = self._send(unsent)
                sent_at = None if unsent else datetime.now(UTC)
            ended = self._channel.eof_received or self._channel.closed  # asked first: what came before it is read
            came = self._receive()
            if came and answered_at is None:
                answered_at = datetime.now(UTC)
            if ended and not came:
                break
            if len(self._out) + len(self._err) > self._limit:
                cut = (Reason.INCOMPLETE, f"输出超过 {self._limit / 2**20:g} MiB")
            elif not (left := self._deadline.left()):
                cut = (Reason.TIMEOUT, f"{self._deadline.seconds:g} 秒内没有答完")
            elif not came:
                self._ready.wait(left if sent_at else min(left, _AJAR))
            elif sent_at:
                time.sleep(min(left, _GATHER))
        if cut is None:
            self._channel.status_event.wait(min(_STATUS, self._deadline.left()))
            if not self._channel.eof_received and not self._link.is_active():
                lost = self._link.lost()
                cut = (lost.reason, lost.what)
        ended_at = datetime.now(UTC)
        status = self._channel.exit_status
        return Exchange(
            out=bytes(self._out[: self._limit]),
            err=bytes(self._err[: max(0, self._limit - len(self._out))]),
            status=None if status < 0 else status,
            sent_at=sent_at or ended_at,
            answered_at=answered_at or ended_at,
            ended_at=ended_at,
            cut=cut,
        )

    def _send(self, unsent: memoryview) -> memoryview:
        """Send what the other side takes now; returns the rest. One that takes nothing any more has no rest."""
        try:
            while unsent:
                count = self._channel.send(bytes(unsent[: self._channel.out_max_packet_size]))
                if not count:
                    return unsent[:0]
                unsent = unsent[count:]
            self._channel.shutdown_write()
        except TimeoutError:
            return unsent
        except (OSError, EOFError):
            return unsent[:0]
        return unsent

    def _receive(self) -> bool:
        came = False
        for is_there, read, kept in (
            (self._channel.recv_ready, self._channel.recv, self._out),
            (self._channel.recv_stderr_ready, self._channel.recv_stderr, self._err),
        ):
            if is_there():
                came = True
                try:
                    kept += read(_AT_ONCE)
                except EOFError:  # it also tells the other side that it may send more, which is no longer there
                    return came
        return came


def _refuse_strangers(link: Link, channel: Any, exchange: Exchange) -> None:
    """Raise when it was not our script that answered."""
    if exchange.cut and not channel.event_ready and not exchange.out + exchange.err:
        raise SshError(*exchange.cut)
    refuse_strangers(link, channel, exchange.out + exchange.err, exchange.status)


def refuse_strangers(link: Link, channel: Any, answer: bytes, status: int | None) -> None:
    """Raise when it was not our script that answered.

    Raises:
        SshError: the account has no shell, its password has expired, or nothing may be run.
    """
    said = one_line(answer)
    if not channel.event_ready and not said and status is None and link.is_active():
        raise SshError(Reason.PERMISSION, "对方不让此账号执行命令；请查它的登录 shell 和 ForceCommand")
    if status and len(answer) < 400:
        if _NOT_A_SHELL.search(said):
            raise SshError(Reason.PERMISSION, f"账号没有可用的登录 shell（对方说：{said}）；请换巡检账号或改它的 shell")
        if _EXPIRED.search(said):
            raise SshError(Reason.AUTHENTICATION, f"账号的口令已过期（对方说：{said}）；请先手工登录修改")
