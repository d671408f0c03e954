"""A connection through a bastion, as a socket: what speaks TLS needs a real one."""

import socket
from contextlib import suppress
from threading import Thread
from typing import Any

_AT_ONCE = 64 * 1024  # bytes
_ENDS = (OSError, EOFError)


def carried(channel: Any) -> socket.socket:
    """This end of a channel. No port is opened, so nobody else on this machine can use the way; closing ends both."""
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
