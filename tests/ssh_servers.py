"""Real OpenSSH servers on loopback, for the user who runs the tests, and the files of an operator who uses them."""

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tasks.ssh import Login, Network, SshError, remember

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
ENOUGH = 20.0  # seconds


@dataclass
class Server:
    """A running sshd and its log."""

    port: int
    host_key: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def line(self) -> str:
        """For known_hosts."""
        return f"[127.0.0.1]:{self.port} {' '.join(self.host_key.with_suffix('.pub').read_text().split()[:2])}"

    def count(self, pattern: str) -> int:
        """How often the log says so, once it says no more: sshd's processes write it by way of one another."""
        size = -1
        while size != (size := self.log.stat().st_size):
            time.sleep(0.15)
        return len(re.findall(pattern, self.log.read_text(errors="replace")))

    def end_connections(self, *, itself: bool = False) -> None:
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it has ended since
                child.kill()
        if itself:
            self.process.kill()
            self.process.wait()


@dataclass
class Place:
    """The files of an operator, and servers."""

    home: Path
    key: Path
    servers: list[Server] = field(default_factory=list)
    network: Network | None = None

    @property
    def config(self) -> Path:
        return self.home / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        return self.home / "known_hosts"

    def sshd(self, alias: str, *options: str, key: str = "ed25519", config: str = "", around: str = "") -> Server:
        """Start a server that is in the configuration and trusted.

        Args:
            around: a shell command that runs its last words after having prepared something.
        """
        assert SSHD
        folder = self.home / f"sshd-{alias}"
        folder.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", key, "-N", "", "-f", folder / "host_key"], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # sshd takes the first of what is said twice
        lines = [
            *options, f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder / 'host_key'}", "PidFile none",
            f"AuthorizedKeysFile {self.key}.pub", "StrictModes no", "PermitRootLogin yes", "MaxStartups 100",
            "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "LogLevel DEBUG1",
        ]  # fmt: skip
        (folder / "sshd_config").write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        if around:
            command = ["unshare", "-m", "sh", "-ec", f'{around}\nexec "$@"', "sh", *command]
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        log = folder / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(command, stderr=stream, start_new_session=True)
        server = Server(port, folder / "host_key", log, process)
        self.servers.append(server)
        until = time.monotonic() + ENOUGH
        while "Server listening" not in log.read_text(errors="replace"):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < until
            time.sleep(0.01)
        self.configure(f"Host {alias}\n HostName 127.0.0.1\n Port {port}\n {config}\n")
        remember(self.known_hosts, server.line)
        return server

    def configure(self, text: str) -> None:
        with self.config.open("a", encoding="utf-8") as stream:
            stream.write(text)

    def open(self, **login: object) -> Network:
        """A network whose every host is logged in at with the key, or as said."""
        how = Login(**login) if login else Login(key=self.key.read_text())  # type: ignore[arg-type]
        if self.network:
            self.network.close()
        self.network = Network([self.config], [self.known_hosts], lambda _: how)
        return self.network

    def refused(self, host: str, seconds: float = ENOUGH, **login: object) -> SshError:
        with pytest.raises(SshError) as error:
            self.open(**login).exchange(host, b"echo\n", seconds)
        assert len(str(error.value).splitlines()) == 1
        return error.value
