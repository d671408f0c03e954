"""The practice estate as tests, drills and the CLI use it: up, down, status, faults on and off.

Use: `with Estate(home) as estate: estate.fault("oa-slow")`. With `hosts=True` the twelve practice hosts start too;
their faults have a colon in their names, and `estate.hosts` is for what else can be done with them.
"""

import contextlib
import fcntl
import http.client
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rehearsal import control, faults, pidfile
from rehearsal.canary import Canary
from rehearsal.control import NobodyThereError, SilentError
from rehearsal.desks import Letter, Letters
from rehearsal.errors import RehearsalError
from rehearsal.hosts.estate import HostEstate
from rehearsal.layout import (
    DEFAULT_BASE_PORT,
    DESKS,
    HOST,
    SCHEMES,
    SYSTEMS,
    TITLES,
    Layout,
    Settings,
    port_of,
    url_of,
    xunjian_home,
)
from rehearsal.secrets_store import ensure_secrets

START_LIMIT = 30.0
PAUSE = 0.05
ROOT = Path(__file__).resolve().parent.parent

__all__ = ["Estate", "RehearsalError", "Status"]


@dataclass(frozen=True)
class Status:
    """Whether the estate runs, where its systems are, and which faults are on."""

    running: bool
    pid: int | None
    urls: dict[str, str]
    faults: tuple[str, ...]
    bastion: int | None = None  # its port, when the practice hosts run


class Estate:
    """One practice estate, known by its folder; two with different folders and ports live side by side."""

    def __init__(
        self,
        home: Path | None = None,
        base_port: int = DEFAULT_BASE_PORT,
        *,
        hosts: bool = False,
        secrets_dir: Path | None = None,
        ca_dir: Path | None = None,
        session_ttl: float = 1800.0,
        delay: float = 0.0,
        captcha_required: bool = False,
        captcha_whitelist: tuple[str, ...] = (),
        canary: Canary | None = None,
    ) -> None:
        self.home = (home or xunjian_home() / "rehearsal").absolute()
        self.secrets_dir = (secrets_dir or self.home.parent / "secrets").absolute()
        self.ca_dir = (ca_dir or self.home.parent / "ca").absolute()
        self.layout = Layout(self.home)
        self.hosts = HostEstate(self.home, base_port, secrets_dir=self.secrets_dir)
        self._with_hosts = hosts
        self.settings = Settings(
            base_port=base_port,
            secrets=str(self.secrets_dir),
            session_ttl=session_ttl,
            delay=delay,
            captcha_required=captcha_required,
            captcha_whitelist=captcha_whitelist,
            canary=canary or Canary(),
        )

    @property
    def ca_file(self) -> Path:
        return self.ca_dir / "rehearsal-ca.pem"

    def url(self, system: str) -> str:
        return url_of(system, self.settings.base_port)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> Status:
        """Start the estate and wait until all of it answers; when it is up already, only say so."""
        with ThreadPoolExecutor(1) as pool:
            hosts = pool.submit(self.hosts.up) if self._with_hosts else None
            was_up = self._answer() is not None
            self._systems_up()
            try:
                if hosts:
                    hosts.result()
            except RehearsalError:
                if not was_up:
                    self._systems_down()  # half an estate is none
                raise
        return self.status()

    def _systems_up(self) -> None:
        socket_path = self.layout.socket
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        with self._alone():
            ensure_secrets(self.secrets_dir)
            if self._answer() is not None:
                self._same_settings()
            else:
                self._stop_silent()  # one that runs but no longer answers
                self._ports_free()
                socket_path.unlink(missing_ok=True)
                self._start()
            self._publish_ca()

    def down(self) -> bool:
        """Stop the estate; False when it did not run. Never touches a process that is not this estate."""
        if not self.home.is_dir():
            return False
        hosts_ran = self._hosts_known() and self.hosts.down()
        return self._systems_down() or hosts_ran

    def _hosts_known(self) -> bool:
        """Whether hosts were started here: by us, or by another who has this folder."""
        return self.hosts.rooms.pid.exists()

    def _systems_down(self) -> bool:
        with self._alone():
            with contextlib.suppress(NobodyThereError, SilentError):
                pid = control.ask(self.layout.socket, "stop")["pid"]
                if pidfile.wait_gone(pid, self.home):
                    self.layout.pid.unlink(missing_ok=True)
                    return True
            return self._stop_silent()

    def status(self) -> Status:
        answer = self._answer() or {}
        port = answer.get("base_port", self.settings.base_port)
        urls = {name: url_of(name, port) for name in SYSTEMS}
        hosts = self.hosts.status() if self._hosts_known() else None
        faults_on = (*answer.get("faults", ()), *(hosts.faults if hosts else ()))
        return Status(bool(answer), answer.get("pid"), urls, faults_on, hosts.port if hosts and hosts.running else None)

    @property
    def running(self) -> bool:
        """Whether it is up."""
        return self.status().running

    def fault(self, name: str) -> Status:
        """Turn a fault on; those that are on stay on."""
        if ":" in name:
            self.hosts.fault(name)
            return self.status()
        found = faults.find(name)
        control.ask(self.layout.socket, "fault", name=found.name)
        return self.status()

    def clear(self, name: str = "") -> Status:
        """Turn all faults off, or one."""
        if ":" in name:
            self.hosts.clear(name)
            return self.status()
        control.ask(self.layout.socket, "clear", name=name)
        if not name and self._hosts_known():
            self.hosts.clear()
        return self.status()

    def letters(self) -> list[Letter]:
        """The notifications that arrived, oldest first."""
        return Letters(self.layout.letters).read()

    # --- the process ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` at a time."""
        with self.layout.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _answer(self) -> dict[str, Any] | None:
        try:
            return control.ask(self.layout.socket, "status")
        except NobodyThereError:
            return None

    def _same_settings(self) -> None:
        if Settings.load(self.layout.settings.read_text(encoding="utf-8")) != self.settings:
            raise RehearsalError("演练环境已在运行，但设置（端口或目录）不同。请先执行：xunjian rehearsal down")

    def _ports_free(self) -> None:
        for system in (*SYSTEMS, *DESKS):
            port = port_of(system, self.settings.base_port)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OverflowError as error:
                    raise RehearsalError(f"端口 {port} 超出范围，请换一个 --base-port。") from error
                except OSError as error:
                    reason = f"端口 {port}（{TITLES[system]}）不能使用：{error.strerror}。"
                    raise RehearsalError(reason + "请释放该端口，或换一个 --base-port。") from error

    def _start(self) -> None:
        _write_private(self.layout.settings, self.settings.dump())
        handle = os.open(self.layout.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as log:
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", pidfile.MARK, "--home", str(self.home)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _write_private(self.layout.pid, f"{child.pid}\n")
        deadline = time.monotonic() + START_LIMIT
        while not self._ready():
            if child.poll() is not None:
                raise RehearsalError(f"演练环境没有启动：{self._last_words()}（日志：{self.layout.log}）")
            if time.monotonic() > deadline:
                pidfile.stop(child.pid, self.home)
                raise RehearsalError(f"演练环境 {START_LIMIT:.0f} 秒内没有就绪（日志：{self.layout.log}）")
            time.sleep(PAUSE)

    def _ready(self) -> bool:
        return self._answer() is not None and all(self._system_answers(name) for name in SYSTEMS)

    def _system_answers(self, system: str) -> bool:
        port = port_of(system, self.settings.base_port)
        if SCHEMES[system] == "https":
            trust = ssl.create_default_context(cafile=str(self.layout.ca))
            line: http.client.HTTPConnection = http.client.HTTPSConnection(HOST, port, timeout=5, context=trust)
        else:
            line = http.client.HTTPConnection(HOST, port, timeout=5)
        with contextlib.closing(line):
            try:
                line.request("GET", "/")
                return line.getresponse().status < 500
            except OSError:
                return False

    def _last_words(self) -> str:
        lines = self.layout.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "没有日志"

    def _stop_silent(self) -> bool:
        """Stop the process of the pid file, if it is ours; a stale file is only removed."""
        pid = pidfile.own_pid(self.layout.pid, self.home)
        if pid is not None:
            pidfile.stop(pid, self.home)
        self.layout.pid.unlink(missing_ok=True)
        return pid is not None

    def _publish_ca(self) -> None:
        self.ca_dir.mkdir(parents=True, exist_ok=True)
        content = self.layout.ca.read_bytes()
        if not self.ca_file.exists() or self.ca_file.read_bytes() != content:
            fresh = self.ca_file.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.replace(self.ca_file)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
