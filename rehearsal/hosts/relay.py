"""The one line between two hosts: the replica reaches its primary's MariaDB, though their networks are apart.

Listens at the primary's address inside the replica's network, and passes on to the primary's Unix socket.
"""

import contextlib
import os
import socket
import threading

from rehearsal.hosts import kernel


def start(address: str, port: int, folder: str, name: str) -> None:
    """Fork the relay. `folder` is where the socket `name` will be, as seen before the host has its own files."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((address, port))
    door.listen(8)
    sight = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # before the host's old root is out of sight
    if os.fork():
        door.close()
        os.close(sight)
        return
    try:
        kernel.die_with_parent()
        os.fchdir(sight)
        kernel.call_myself("relay")
        while True:
            _pass_on(door.accept()[0], name)
    finally:
        os._exit(1)


def _pass_on(near: socket.socket, name: str) -> None:
    far = socket.socket(socket.AF_UNIX)
    try:
        far.connect(name)
    except OSError:
        near.close()
        far.close()
        return
    between(near, far)


def between(near: socket.socket, far: socket.socket) -> list[threading.Thread]:
    """Copy both ways, each until its sender has hung up. Returns the two threads, which are running."""
    ways = [threading.Thread(target=_copy, args=ends, daemon=True) for ends in ((near, far), (far, near))]
    for way in ways:
        way.start()
    return ways


def _copy(here: socket.socket, there: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := here.recv(65536):
            there.sendall(piece)
    with contextlib.suppress(OSError):
        there.shutdown(socket.SHUT_WR)
