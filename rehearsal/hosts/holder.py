"""A host's first process: answers at port 22, reaps, runs what the estate asks for, and takes all with it when it ends.

Every connection gets an `sshd -i`, as systemd's ssh.socket does it: nothing runs that nobody needs, and a change in
/etc/ssh counts at once.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from rehearsal.hosts import etc, kernel, picture
from rehearsal.hosts.identity import Identity
from rehearsal.hosts.mirror import SHUT, Mirror
from rehearsal.hosts.roster import BASTION, Host

SSHD = "/usr/sbin/sshd"
TICK = 0.1
LOOK = 0.5  # a daemon may start or end by itself
PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SSH_STATE = Path("/run/practice/sshd")  # "closed", "silent"; absent: as it should be
LIMIT = 200_000


class Holder:
    """The loop of a host's process 1."""

    def __init__(
        self, host: Host, who: Identity, channel: socket.socket, doors: list[socket.socket], mirror: Mirror | None
    ) -> None:
        self.host, self.who, self._mirror = host, who, mirror
        self._channel, self._doors = channel, doors
        self._select = selectors.DefaultSelector()
        self._since = time.monotonic()
        self._sshds: set[int] = set()
        self._state = ""
        self._held: list[socket.socket] = []  # accepted and left alone
        self._buffer = b""
        self.connections = 0

    def run(self) -> None:
        """For ever; ends when the estate lets go of the channel."""
        wake, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        self._select.register(wake, selectors.EVENT_READ, "reap")
        self._select.register(self._channel, selectors.EVENT_READ, "order")
        for door in self._doors:
            door.setblocking(False)
            self._select.register(door, selectors.EVENT_READ, "knock")
        self._tick()
        while True:
            ready = self._select.select(TICK if self._sshds else LOOK if self._mirror else None)
            if not ready:
                self._look()
            for key, _ in ready:
                match key.data:
                    case "reap":
                        os.read(wake, 4096)
                        self._reap()
                    case "knock":
                        self._knock(key.fileobj)  # type: ignore[arg-type]
                    case Mirror() as mirror:
                        mirror.knock(key.fileobj)  # type: ignore[arg-type]
                    case _:
                        self._order()
            if self._sshds:
                self._tick()

    # --- connections --------------------------------------------------------------------------------------------

    def _knock(self, door: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            line, _ = door.accept()
            self.connections += 1
            if self._state == "silent":
                self._held.append(line)
                return
            with line:
                self._tick()
                self._sshds.add(self._sshd(line))

    def _sshd(self, line: socket.socket) -> int:
        child = os.fork()
        if child:
            return child
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(line.fileno(), 0)
            os.dup2(line.fileno(), 1)
            self.who.be_no_root()
            os.execve(SSHD, ["sshd", "-i", "-f", "/etc/ssh/sshd_config"], {"PATH": PATH})  # noqa: S606
        finally:
            os._exit(127)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self._sshds.discard(pid)

    def _obey_state(self) -> None:
        state = SSH_STATE.read_text(encoding="ascii").strip() if SSH_STATE.exists() else ""
        state = "closed" if SHUT.exists() else state
        if state == self._state:
            return
        for door in self._doors:
            if state == "closed":
                self._select.unregister(door)
                door.shutdown(socket.SHUT_RDWR)  # Linux: no longer listening, the address still ours
            elif self._state == "closed":
                door.listen(128)
                self._select.register(door, selectors.EVENT_READ, "knock")
        for line in self._held:
            line.close()
        self._held.clear()
        self._state = state

    def _look(self) -> None:
        """See which services are open to others now."""
        if self._mirror:
            opened, closed = self._mirror.look()
            for door in opened:
                self._select.register(door, selectors.EVENT_READ, self._mirror)
            for door in closed:
                self._select.unregister(door)

    # --- orders -------------------------------------------------------------------------------------------------

    def _order(self) -> None:
        piece = self._channel.recv(65536)
        if not piece:
            os._exit(0)
        *whole, self._buffer = (self._buffer + piece).split(b"\n")
        for line in whole:
            try:
                answer = self._obey(json.loads(line))
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            self._channel.sendall(json.dumps(answer).encode() + b"\n")

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["op"]:
            case "boot":
                self._boot(order["script"])
                return {}
            case "run":
                result = self.shell(order["script"], float(order.get("limit", 20)))
                self._obey_state()
                self._look()
                if self.host.name != BASTION:
                    picture.show_mounts()
                return result
            case "write":
                picture.put(Path("/"), order["path"], order["text"])
                Path(order["path"]).chmod(int(order["mode"], 8))
                if order["owner"]:
                    self.who.give(order["path"], order["owner"])
                return {}
            case "counts":
                sessions = Path("/var/log/auth.log")
                text = sessions.read_text(encoding="utf-8", errors="replace") if sessions.exists() else ""
                return {"connections": self.connections, "sessions": text.count("Starting session: ")}
            case other:
                return {"error": f"unknown order {other}"}

    def shell(self, script: str, limit: float) -> dict[str, Any]:
        """Run a script as the host's root, to its end."""
        words = ["/bin/sh", "-c", script]
        with subprocess.Popen(  # noqa: S603
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._environment()
        ) as process:
            try:
                out, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                process.kill()
                return {"code": 124, "out": "timeout"}
        return {"code": process.returncode, "out": out[:LIMIT].decode("utf-8", "replace")}

    def _boot(self, script: str) -> None:
        """Start the daemons; beside us, for connections need not wait. `/run/practice/booted` tells how it ended."""
        log = Path("/run/practice/boot.log").open("wb")  # noqa: SIM115
        subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", f"( {script}\n)\necho $? > /run/practice/booted.new\n"
             "mv /run/practice/booted.new /run/practice/booted"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment(), start_new_session=True,
        )  # fmt: skip
        log.close()

    def _environment(self) -> dict[str, str]:
        accounts = ("inspector", "mysql", "postgres", "redis", "tomcat")
        helpers = {f"AS_{name.upper()}": self.who.prefix(name) for name in accounts}
        return {
            "PATH": PATH,
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "MODE": "root" if self.who.is_root else "user",
        } | helpers

    # --- a machine at work ----------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Processor time goes on, as long as somebody may be looking."""
        if self.host.name == BASTION:
            return
        busy = Path("/run/practice/busy")
        share = float(busy.read_text(encoding="ascii")) if busy.exists() else 0.06
        text = etc.stat_text(self._since, time.monotonic(), share).encode("ascii")
        with picture.LIVE.open("r+b" if picture.LIVE.exists() else "wb", buffering=0) as file:
            file.write(text)  # over the old: who reads meanwhile must not find it empty
            file.truncate()


def hold(host: Host, who: Identity, channel: socket.socket, doors: list[socket.socket], mirror: Mirror | None) -> None:
    """Be the host's process 1. Namespaces and file system are there already."""
    kernel.call_myself("init")
    Holder(host, who, channel, doors, mirror).run()
