"""What Linux must do for the practice hosts and Python 3.11 does not offer: namespaces, mounts, death with the parent.

Everything happens in namespaces of our own: the machine's mounts, network and processes are never touched.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

NEW_MOUNTS, NEW_UTS, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

READ_ONLY, NO_SUID, NO_DEV, NO_EXEC = 1, 2, 4, 8
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000

_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "loongarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def _must(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def unshare(flags: int) -> None:
    """Leave the shared namespaces named by `flags`."""
    _must(_libc.unshare(flags), "unshare")


def map_one(uid: int, gid: int, outside: tuple[int, int] = (0, 0)) -> None:
    """After leaving the user namespace: whom the one user and group of the new one are called."""
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {outside[0]} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {outside[1]} 1", encoding="ascii")


def mount(source: str, target: Path | str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    words = [os.fsencode(source), os.fsencode(target), kind.encode()]
    _must(_libc.mount(*words, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def bind(source: Path | str, target: Path | str, *, deep: bool = False) -> None:
    """Show `source` at `target` too."""
    mount(str(source), target, flags=BIND | (RECURSIVE if deep else 0))


def bind_on_link(source: Path, target: Path) -> None:
    """Show `source` at `target`, also where that is a symbolic link, as /proc/mounts is."""
    handle = os.open(target, os.O_PATH | os.O_NOFOLLOW)
    try:
        bind(source, f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def make_private() -> None:
    """Nothing mounted from here on is seen outside."""
    mount("none", "/", flags=RECURSIVE | PRIVATE)


def enter_root(new: Path) -> None:
    """Make `new`, a mount, the root folder, and let go of the old one."""
    old = new / "old"
    old.mkdir()
    os.chdir(new)
    _must(_libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"old"), "pivot_root")
    os.chdir("/")
    _must(_libc.umount2(b"/old", _DETACH), "umount /old")
    Path("/old").rmdir()


def die_with_parent() -> None:
    """SIGKILL for us as soon as the process that forked us is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def call_myself(name: str) -> None:
    """The name that `ps` shows, in the place of our command line, which says where on the machine we come from."""
    _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)
    start, end = map(int, Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[45:47])
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, name.encode(), min(len(name), end - start - 1))


def loopback_up() -> None:
    """A fresh network namespace has a loopback, but it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(line, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(line, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def add_card() -> None:
    """A network card eth0, with the far end of its cable beside it. A kernel without such devices: no card."""
    for words in ("link add eth0 type veth peer name veth0", "link set veth0 up", "link set eth0 up"):
        subprocess.run(["ip", *words.split()], capture_output=True, check=False)  # noqa: S603, S607


def fork_and_wait() -> None:
    """Returns in the child only, which dies with us; we end as it ends. unshare(NEW_PIDS) is about children."""
    child = os.fork()
    if child == 0:
        die_with_parent()
        return
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
    os._exit(0)
