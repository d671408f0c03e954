"""What a daemon of a practice host consists of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rehearsal.hosts.roster import Host

Files = list[tuple[str, str, str, str]]  # path, text, mode, owner


@dataclass(frozen=True)
class Supplies:
    """What the estate hands to the hosts: certificates good and bad, and passwords made for this start."""

    certificates: Path
    monitor: str
    replication: str
    counting: str
    restic: str
    borg: str

    def certificate(self, name: str) -> str:
        return (self.certificates / name).read_text(encoding="ascii")


def nothing(_host: Host, _supplies: Supplies) -> Files:
    """No files of its own."""
    return []


@dataclass(frozen=True)
class Service:
    """`start` returns when the daemon answers; `stop` when it is gone. Both are scripts of the host's root."""

    name: str
    start: str
    stop: str
    files: Callable[[Host, Supplies], Files] = nothing


def kill(pid_file: str) -> str:
    """Script: end the process at once, and wait until all of its threads have ended, reaped or not."""
    return (
        f'pid=$(head -n 1 {pid_file} 2>/dev/null || true)\n[ "$pid" ] || exit 0\nkill -9 "$pid" 2>/dev/null || true\n'
        f"while grep -qs ') [^ZX] ' /proc/$pid/task/*/stat; do sleep 0.02; done\nrm -f {pid_file}\n"
    )


def wait_for(probe: str, seconds: int = 40) -> str:
    """Script: until the probe succeeds."""
    return (
        f"n=0\nuntil {probe} >/dev/null 2>&1; do\n    n=$((n+1))\n"
        f"    [ $n -lt {seconds * 20} ] || {{ {probe}; exit 1; }}\n    sleep 0.05\ndone\n"
    )
