"""One limit on time over everything that a delivery does: resolving, connecting, TLS, sending, a trickling answer."""

import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread
from typing import TypeVar

THREAD = "notify"
_Result = TypeVar("_Result")


class Line:
    """The connection of one delivery, to be hung up on whoever still works with it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = Lock()
        self._over = False
        self._handles: list[socket.socket] = []

    def hold(self, connection: socket.socket) -> None:
        """Take note of a new connection. What is kept is a handle of its own: TLS takes the other over."""
        with self._lock:
            self._handles.append(connection.dup())
            if self._over:
                self._cut()

    def hang_up(self) -> None:
        """End what is open, and whatever is opened from now on."""
        with self._lock:
            self._over = True
            self._cut()

    def _cut(self) -> None:
        while self._handles:
            with self._handles.pop() as handle, suppress(OSError):  # the far side may have been faster
                handle.shutdown(socket.SHUT_RDWR)


def within(seconds: float, work: Callable[[Line], _Result]) -> _Result:
    """Do `work` in a thread of its own and wait for it so long and no longer.

    Neither smtplib nor httpx has a limit over all, and the system's resolver has none that could be set.

    Raises:
        TimeoutError: it was not done in time; its connection is cut.
        Exception: what `work` raises.
    """
    line = Line(seconds)
    done: Future[_Result] = Future()

    def run() -> None:
        try:
            done.set_result(work(line))
        except BaseException as error:  # not lost: it is raised where the result is waited for
            done.set_exception(error)

    Thread(target=run, name=THREAD, daemon=True).start()
    try:
        return done.result(seconds)
    finally:
        line.hang_up()
