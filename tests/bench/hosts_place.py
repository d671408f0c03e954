"""The hosts of the bench: many names of one real sshd on loopback, and all that each contender needs to get there.

The server runs as the current user in a folder of its own. Its log is read as it is written: it tells when the first
connection of a run came, and how many connections and sessions a contender needed.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

USER = "root" if os.getuid() == 0 else ""
LANES = 32


class Seen(NamedTuple):
    """What the server counted in one run."""

    first: float  # monotonic; when the first connection came
    connections: int
    sessions: int


class Server:
    """sshd, in the foreground, its log read by a thread."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        if not program:
            raise SystemExit("没有 sshd：请安装 openssh-server（只用程序，不必启动服务）")
        self._folder, self._program = folder, program
        self._lock = Lock()
        self._at_first: Callable[[], None] = lambda: None
        self._first, self._connections, self._sessions = 0.0, 0, 0

    def __enter__(self) -> Self:
        for name in ("host", "user"):
            key = self._folder / f"{name}.key"
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # VERBOSE: connections and sessions are told; no limit of its own is in anybody's way
        lines = [
            f"Port {self.port}", "ListenAddress 127.0.0.1", f"HostKey {self._folder / 'host.key'}", "PidFile none",
            f"AuthorizedKeysFile {self._folder / 'user.key.pub'}", "StrictModes no", "PermitRootLogin yes",
            "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PrintMotd no",
            "MaxStartups 400", "MaxSessions 100", "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
        ]  # fmt: skip
        (self._folder / "sshd_config").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # it insists
        self._process = subprocess.Popen(
            [self._program, "-D", "-e", "-f", str(self._folder / "sshd_config")],
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        assert self._process.stderr
        for line in self._process.stderr:
            if "Server listening" in line:
                break
        else:
            raise SystemExit(f"sshd 没有启动成功，退出码 {self._process.wait()}")
        Thread(target=self._read, args=(self._process.stderr,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def watch(self, at_first: Callable[[], None] = lambda: None) -> None:
        """Count anew; call this when the first connection comes."""
        with self._lock:
            self._at_first = at_first
            self._first, self._connections, self._sessions = 0.0, 0, 0

    def seen(self) -> Seen:
        """What came since `watch`."""
        with self._lock:
            return Seen(self._first, self._connections, self._sessions)

    def _read(self, log: Any) -> None:
        for line in log:
            if line.startswith("Connection from "):
                now = time.monotonic()
                with self._lock:
                    self._connections += 1
                    is_first = self._connections == 1
                    if is_first:
                        self._first = now
                if is_first:
                    self._at_first()
            elif line.startswith("Starting session: "):
                with self._lock:
                    self._sessions += 1


class Place:
    """The files of the contenders, for so many hosts."""

    def __init__(self, folder: Path, server: Server, count: int) -> None:
        self.folder = folder / str(count)
        self.names = [f"h-{number:03}" for number in range(1, count + 1)]
        self._top = folder
        contract = self.folder / "contract"
        (contract / "systems").mkdir(parents=True)
        (contract / "hosts").mkdir()
        texts = {
            folder / "known_hosts": f"[127.0.0.1]:{server.port} {(folder / 'host.key.pub').read_text()}",
            contract / "contract.yaml": "name: 测量\nclient: {name: 甲方}\ncontractor: {name: 乙方}\n"
            "term: {start: 2020-01-01, end: 2099-01-01}\n",
            contract / "systems/oa.yaml": "id: oa\nname: 测量\nurl: http://127.0.0.1:1/\n"
            "journeys: [{id: a, title: A, steps: [{expect: {text: x}}]}]\n",
            contract / "hosts/oa.yaml": "system: oa\naccess: {key: probe.key}\nhosts:\n"
            + "".join(f"  - {{name: {name}}}\n" for name in self.names),
            contract / "ssh_config": f"Host h-*\n  HostName 127.0.0.1\n  Port {server.port}\n"
            + (f"  User {USER}\n" if USER else ""),
            self.folder / "names": "".join(f"{name}\n" for name in self.names),
        }
        config = f"  IdentityFile {folder / 'user.key'}\n  UserKnownHostsFile {folder / 'known_hosts'}\n"
        more = "  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n  BatchMode yes\n"
        texts[self.folder / "ssh_config"] = texts[contract / "ssh_config"] + config + more
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        secret = folder / "secrets" / "probe.key"
        if not secret.exists():
            secret.parent.mkdir(mode=0o700)
            shutil.copy(folder / "user.key", secret)
            secret.chmod(0o600)

    @property
    def template(self) -> Path:
        """A home as it is after some weeks."""
        return self.folder / "template"

    def environment(self, home: Path) -> dict[str, str]:
        """For a contender that works in this home. Nothing of the user's own ~/.ssh and ~/.ansible gets in."""
        ours = {
            "HOME": home / "user",
            "XUNJIAN_HOME": home,
            "XUNJIAN_CONTRACT": self.folder / "contract",
            "XUNJIAN_SECRETS": self._top / "secrets",
            "XUNJIAN_KNOWN_HOSTS": self._top / "known_hosts",
            "BENCH_PLACE": self.folder,
        }
        return os.environ | {name: str(path) for name, path in ours.items()} | {"LC_ALL": "C.UTF-8"}
