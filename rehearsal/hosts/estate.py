"""The practice hosts as tests, drills and the CLI use them: up, down, status, faults, and a console for each host.

Use: `with HostEstate(home, base_port) as hosts: hosts.fault("oa-db-01:disk-full")`. `Estate(..., hosts=True)` has one.
"""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rehearsal import control, pidfile
from rehearsal.control import NobodyThereError, SilentError
from rehearsal.errors import RehearsalError
from rehearsal.hosts import faults, furnish, keys
from rehearsal.hosts.rooms import Rooms
from rehearsal.hosts.roster import HOSTS, bastion_port
from rehearsal.layout import DEFAULT_BASE_PORT, xunjian_home

START_LIMIT = 60.0
PAUSE = 0.05
ROOT = Path(__file__).resolve().parents[2]
MARK = "rehearsal.hosts.process"


@dataclass(frozen=True)
class HostStatus:
    """Whether the hosts run, where the bastion is, and which faults are on."""

    running: bool
    pid: int | None
    port: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Counts:
    """Since the start: connections a host accepted, sessions (channels with a command) its sshd opened."""

    connections: int
    sessions: int


class HostEstate:
    """Twelve practice hosts behind a bastion, known by their folder."""

    def __init__(
        self,
        home: Path | None = None,
        base_port: int = DEFAULT_BASE_PORT,
        *,
        secrets_dir: Path | None = None,
        known_hosts: Path | None = None,
    ) -> None:
        self.home = (home or xunjian_home() / "rehearsal").absolute()
        self.base_port = base_port
        self.secrets_dir = (secrets_dir or self.home.parent / "secrets").absolute()
        self.known_hosts = (known_hosts or self.home.parent / "known_hosts").absolute()
        self.rooms = Rooms(self.home)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> HostStatus:
        """Start the hosts and wait until their daemons answer; when they are up already, only say so."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        with self._alone():
            keys.ensure_host_secrets(self.secrets_dir)
            answer = self._answer()
            if answer is None:
                self._stop_silent()
                self._port_free()
                self.rooms.socket.unlink(missing_ok=True)
                self._start()
            elif answer["base_port"] != self.base_port:
                raise RehearsalError("演练主机已在运行，但端口不同。请先执行：xunjian rehearsal down")
            keys.publish_known_hosts(self.known_hosts, keys.ensure_host_keys(self.rooms.keys), self.base_port)
        return self.status()

    def down(self) -> bool:
        """Stop the hosts; False when they did not run."""
        if not self.home.is_dir():
            return False
        with self._alone():
            with contextlib.suppress(NobodyThereError, SilentError):
                pid = control.ask(self.rooms.socket, "stop")["pid"]
                if pidfile.wait_gone(pid, self.home, mark=MARK):
                    self.rooms.pid.unlink(missing_ok=True)
                    return True
            return self._stop_silent()

    def status(self) -> HostStatus:
        answer = self._answer() or {}
        port = bastion_port(answer.get("base_port", self.base_port))
        return HostStatus(bool(answer), answer.get("pid"), port, tuple(answer.get("faults", ())))

    @property
    def running(self) -> bool:
        """Whether it is up."""
        return self.status().running

    def fault(self, name: str) -> HostStatus:
        """Turn a fault on; those that are on stay on."""
        control.ask(self.rooms.socket, "fault", timeout=control.SWITCH, name=faults.find(name).name)
        return self.status()

    def clear(self, name: str = "") -> HostStatus:
        """Turn all faults off, or one."""
        control.ask(self.rooms.socket, "clear", timeout=control.SWITCH, name=name)
        return self.status()

    # --- for tests and drills -------------------------------------------------------------------------------------

    def console(self, host: str, script: str) -> tuple[int, str]:
        """Run a shell script as the host's root, as if at its console: exit code and output. Takes 20 s at most."""
        answer = control.ask(self.rooms.socket, "run", timeout=30, host=host, script=script)
        return answer["code"], answer["out"]

    def install_forced(self, host: str, script: str) -> None:
        """Put a script where the restricted key's forced command looks for it."""
        self.put(host, furnish.FORCED, script, "755")

    def put(self, host: str, path: str, text: str, mode: str = "644") -> None:
        """Write a file on a host, owned by its root."""
        control.ask(self.rooms.socket, "write", host=host, path=path, text=text, mode=mode)

    def counts(self) -> dict[str, Counts]:
        """What the servers saw, per host (and the bastion)."""
        answer = control.ask(self.rooms.socket, "counts")["counts"]
        return {name: Counts(**values) for name, values in answer.items()}

    # --- the process ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.home / "hosts.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _answer(self) -> dict[str, Any] | None:
        try:
            return control.ask(self.rooms.socket, "status")
        except NobodyThereError:
            return None

    def _port_free(self) -> None:
        port = bastion_port(self.base_port)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError) as error:
                raise RehearsalError(
                    f"端口 {port}（演练堡垒机）不能使用，请释放该端口，或换一个 --base-port。"
                ) from error

    def _start(self) -> None:
        settings = {"base_port": self.base_port, "secrets": str(self.secrets_dir)}
        keys.write_private(self.rooms.settings, json.dumps(settings).encode())
        handle = os.open(self.rooms.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as log:
            words = [sys.executable, "-m", MARK, "--home", str(self.home)]
            child = subprocess.Popen(  # noqa: S603
                words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        keys.write_private(self.rooms.pid, f"{child.pid}\n".encode())
        deadline = time.monotonic() + START_LIMIT
        while not self._ready():
            if child.poll() is not None:
                raise RehearsalError(f"演练主机没有启动：{self._last_words()}（日志：{self.rooms.log}）")
            if time.monotonic() > deadline:
                pidfile.stop(child.pid, self.home, mark=MARK)
                raise RehearsalError(f"演练主机 {START_LIMIT:.0f} 秒内没有就绪（日志：{self.rooms.log}）")
            time.sleep(PAUSE)

    def _ready(self) -> bool:
        answer = self._answer()
        if answer is None:
            return False
        booted: dict[str, int] = answer["booted"]
        bad = [name for name, code in booted.items() if code != 0]
        if bad:
            self._stop_silent()
            raise RehearsalError(f"演练主机 {'、'.join(bad)} 的服务没有启动，原因见日志：{self.rooms.log}")
        return len(booted) == len(HOSTS)

    def _last_words(self) -> str:
        lines = self.rooms.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "没有日志"

    def _stop_silent(self) -> bool:
        pid = pidfile.own_pid(self.rooms.pid, self.home, mark=MARK)
        if pid is not None:
            pidfile.stop(pid, self.home, mark=MARK)
        self.rooms.pid.unlink(missing_ok=True)
        return pid is not None
