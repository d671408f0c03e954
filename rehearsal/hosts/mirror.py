"""A host's service ports as the computer centre sees them: open outside exactly while something listens inside.

Outside is a socket at the host's address in the centre's network, bound before the host left that network. It listens
while a daemon of the host listens at that port (on all addresses, or on the host's own), so that a service that is off
refuses the connection, as it would on one network.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from rehearsal.hosts import kernel, relay

PORTS = (21, 23, 80, 443, 3306, 5432, 6379, 8080, 9200, 27017)
NEIGHBOUR = "127.0.1.1"  # whom the daemons see: not themselves, for what they allow themselves is not for others
SHUT = Path("/run/practice/network")  # "closed": nothing of this host can be reached, its SSH port neither
_BACKLOG = 64


class Mirror:
    """Made where the centre's network is still ours; then used by the host's first process: `look` after whatever may
    have changed something, `knock` where somebody knocks."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._doors = {port: _door(address, port) for port in PORTS}
        self._open: set[int] = set()

    def look(self) -> tuple[Iterable[socket.socket], Iterable[socket.socket]]:
        """Open and close doors; which were opened, and which closed."""
        inside = set() if SHUT.exists() else {port for port in PORTS if _taken(self._address, port)}
        opened, closed = inside - self._open, self._open - inside
        for port in opened:
            self._doors[port].listen(_BACKLOG)
        for port in closed:
            self._doors[port].shutdown(socket.SHUT_RDWR)  # Linux: no longer listening, the address still ours
        self._open = inside
        return [self._doors[port] for port in opened], [self._doors[port] for port in closed]

    def knock(self, door: socket.socket) -> None:
        """Hand one connection on to the daemon, in a process of its own."""
        with contextlib.suppress(BlockingIOError, InterruptedError):
            near, _ = door.accept()
            with near:
                port = door.getsockname()[1]
                if os.fork():
                    return
                try:
                    kernel.call_myself("relay")
                    far = socket.socket()
                    far.bind((NEIGHBOUR, 0))
                    far.connect((self._address, port))
                    for way in relay.between(near, far):
                        way.join()
                finally:
                    os._exit(0)


def _door(address: str, port: int) -> socket.socket:
    """Bound, and not open yet."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((address, port))
    door.setblocking(False)
    return door


def _taken(address: str, port: int) -> bool:
    """Whether somebody listens there. A listener refuses its address to others (/proc/net/tcp says so too, but takes
    the kernel ten milliseconds, as it walks through the connections of the whole machine)."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False
