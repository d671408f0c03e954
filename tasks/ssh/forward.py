"""Through a bastion to what is behind it, by direct-tcpip."""

import errno
import socket
from contextlib import suppress
from threading import Thread
from typing import Any

from checks.finding import Reason
from tasks.ssh.config import Hop
from tasks.ssh.errors import Deadline, SshError
from tasks.ssh.link import Link, RefusedError

_AT_ONCE = 64 * 1024  # bytes
_ENDS = (OSError, EOFError)
_PROHIBITED = 1  # RFC 4254, 5.1


def tunnel(bastion: Link, hop: Hop, patience: Deadline) -> Any:
    """A channel to the next hop.

    Raises:
        SshError: there is none.
    """
    try:
        return bastion.open("direct-tcpip", patience, (hop.name, hop.port))
    except RefusedError as error:
        raise _unopened(error, f"{hop.name}:{hop.port}") from error


def _unopened(error: RefusedError, where: str) -> SshError:
    if error.code == _PROHIBITED:
        what = f"堡垒机不允许转发到 {where}（它说：{error.words}）；请在它的 sshd_config 放开 AllowTcpForwarding"
        return SshError(Reason.PERMISSION, what)
    reason = Reason.TIMEOUT if "timed out" in error.words.lower() else Reason.UNREACHABLE
    return SshError(reason, f"连不上 {where}（它说：{error.words}）")


def reached(bastion: Link, address: str, port: int, enough: Deadline, patience: Deadline) -> Any:
    """A channel to an address.

    Args:
        enough: how long it may say nothing.
        patience: how long the bastion then has to show that it is not itself that is silent.

    Raises:
        ConnectionRefusedError: nothing listens there.
        TimeoutError: nothing came back from there.
        SshError: the bastion does not forward, could not try, or is gone.
    """
    try:
        return bastion.open("direct-tcpip", enough, (address, port))
    except RefusedError as error:
        words = error.words.lower()
        if error.code != _PROHIBITED and "refused" in words:
            raise ConnectionRefusedError(errno.ECONNREFUSED, error.words) from error
        if error.code != _PROHIBITED and ("timed out" in words or "no route" in words):
            raise TimeoutError(errno.ETIMEDOUT, error.words) from error
        raise _unopened(error, f"{address}:{port}") from error
    except SshError as error:
        if error.reason is not Reason.TIMEOUT:
            raise
        with suppress(RefusedError):  # an answer too
            bastion.open("session", patience).close()
        raise TimeoutError(errno.ETIMEDOUT, "silent") from error


def carried(channel: Any) -> socket.socket:
    """This end of a channel, as a real socket, which TLS needs; closing it ends the channel.

    No port is opened: nobody else on this machine can use the way.
    """
    near, far = socket.socketpair()
    for name, carry in (("up", _up), ("down", _down)):
        Thread(target=carry, args=(far, channel), name=f"forward-{name}", daemon=True).start()
    return near


def _up(far: socket.socket, channel: Any) -> None:
    with suppress(*_ENDS):
        while data := far.recv(_AT_ONCE):
            channel.sendall(data)
    # Nobody here closes one direction only: whoever has stopped writing has gone.
    with suppress(*_ENDS):
        channel.close()
    far.close()


def _down(far: socket.socket, channel: Any) -> None:
    with suppress(*_ENDS):
        while data := channel.recv(_AT_ONCE):
            far.sendall(data)
    with suppress(OSError):
        far.shutdown(socket.SHUT_WR)
