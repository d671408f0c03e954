"""A scratch place: a root folder in memory, without a network, that ends with us.

Its first process waits for the end of its standard input, which only we hold open. When we end, by SIGKILL too, the
kernel ends it, with it every process of the place, and with the last of them the memory is given back.
See docs/decisions/0016-scratch-in-memory.md.
"""

import os
import pwd
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from checks.finding import Reason

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MARGIN = 256  # MB that must stay free beside the place: a server needs memory of its own
_READY = 30.0  # seconds to build the place
_GONE = 20.0  # seconds for all its processes to end
_ERRORS = 64 * 1024  # bytes of a program's complaints that are looked at
_ANSWER = 32 * 1024 * 1024  # bytes of a program's answer
_DYNAMIC = range(61184, 65520)  # user numbers that systemd, too, gives to nobody for good

# Only what is named here is in it: programs and their libraries, read-only, a few devices, folders in memory: neither
# homes nor /var nor folders of ours. What a dump may be up to sees nothing and reaches nothing.
_BUILD = r"""set -eu
umask 022  # ours may be stricter, and another user must be able to look
# the machine's /proc still: our number out there
read -r pid rest </proc/self/stat
size=$1 owner=$2
shift 2
mount -t tmpfs -o "size=${size}m,nr_inodes=0,mode=755,nosuid" xunjian-scratch /tmp
cd /tmp
mkdir old usr etc dev tmp data run dev/shm
mount --rbind /usr usr
mount -o remount,bind,ro,nosuid,nodev usr
for one in bin sbin lib lib32 lib64; do
    if [ -L "/$one" ]; then cp -P "/$one" "$one"
    elif [ -d "/$one" ]; then
        mkdir "$one"
        mount --rbind "/$one" "$one"
        mount -o remount,bind,ro,nosuid,nodev "$one"
    fi
done
# what must not be seen, should it lie among the programs
for one do
    mount -t tmpfs -o ro,size=4k,mode=0 xunjian-covered "./$one"
done
for one in ld.so.cache ld.so.conf ld.so.conf.d alternatives; do
    [ ! -e "/etc/$one" ] || cp -RP "/etc/$one" etc/
done
echo "scratch:x:$owner:$owner::/data:/bin/sh" >etc/passwd
echo "scratch:x:$owner:" >etc/group
for one in null zero full random urandom; do
    : >"dev/$one"
    mount --bind "/dev/$one" "dev/$one"
done
chmod 700 data run
chmod 1777 tmp dev/shm
[ "$(id -u)" = "$owner" ] || [ "$owner" = 1000 ] || chown "$owner:$owner" data run
# its own processes only; umount looks there, and an ordinary user's programs become another user by way of it
mkdir proc
mount -t proc proc proc
pivot_root . old
cd /
umount -l old
rmdir old
[ "$owner" = 1000 ] || { umount -l proc; rmdir proc; }
echo "$pid"
exec cat >/dev/null
"""


class ScratchError(Exception):
    """The drill cannot prove anything. `what` is one line of Chinese with the remedy; no data is ever in it."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason, self.what = reason, what


class BrokenCopyError(Exception):
    """The copy itself cannot be restored. `what` is one line of Chinese: codes and places, no data."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Done(NamedTuple):
    """How a program in the place has ended. `out` and `err` may hold data: never to be kept."""

    status: int
    out: bytes
    err: bytes

    def __repr__(self) -> str:
        return f"Done({self.status}, {len(self.out)} + {len(self.err)} bytes)"


class Scratch:
    """An open place. Programs in it run under a user of its own, see its folders `/data`, `/run`, `/tmp` and no more.

    Args:
        space_mb: its size. It may be more than is needed: memory is taken as it is filled.
        covered: folders of ours that must not be seen, wherever they lie.
        seconds: after which everything in it ends.

    Raises:
        ScratchError: this machine does not let us, or has too little memory.
    """

    def __init__(self, space_mb: int, covered: Sequence[Path], seconds: float) -> None:
        _enough_memory(space_mb)
        self.space_mb, self.seconds = space_mb, seconds
        self.expired = self.gone = False
        root = os.geteuid() == 0
        self.swap = clear_swap(Path("/proc/swaps").read_text(encoding="utf-8"))
        self._uid = _unused_number() if root else 1000
        self._started: list[Any] = []
        spaces = [*(() if root else ("--user", "--map-root-user")), "--mount", "--pid", "--net", "--ipc", "--uts"]
        hidden = [str(one.resolve()).lstrip("/") for one in covered if _among_programs(one)]
        build = ["sh", "-c", _BUILD, "sh", str(space_mb), str(self._uid), *hidden]
        self._keeper: Any = subprocess.Popen(  # noqa: S603
            [_tool("unshare"), *spaces, "--fork", "--kill-child", *build],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": _PATH, "LC_ALL": "C"},
        )
        try:
            self._pid = self._first_process()
            self._spaces = {str(Path(f"/proc/{self._pid}/ns/{kind}").readlink()) for kind in ("mnt", "pid")}
        except BaseException:
            self._end()
            raise
        enter = [_tool("nsenter"), f"--target={self._pid}", "--mount", "--pid", "--net", "--ipc", "--uts"]
        if root:
            user = [_tool("setpriv"), f"--reuid={self._uid}", f"--regid={self._uid}", "--clear-groups"]
            user += ["--inh-caps=-all", "--bounding-set=-all"]
        else:
            enter += ["--user", "--preserve-credentials"]
            # PostgreSQL refuses to be root, be it of a place like this one.
            user = [_tool("unshare"), "--user", "--map-user=1000", "--map-group=1000", _tool("setpriv")]
        self._enter = [*enter, *user, "--no-new-privs"]
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def start(self, words: Sequence[str], **streams: Any) -> Any:
        """Start a program in the place, a Popen; `streams` as there. It ends with the place at the latest."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams}
        environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": "/data", "TMPDIR": "/tmp"}  # noqa: S108
        process = subprocess.Popen([*self._enter, *words], env=environment, **streams)  # noqa: S603
        self._started.append(process)
        return process

    def run(self, words: Sequence[str], given: bytes = b"") -> Done:
        """Run a program in the place to its end.

        Raises:
            ScratchError: the time was over, or its answer is far too long.
        """
        process = self.start(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        complaints = Tail(process.stderr, _ERRORS)
        giver = threading.Thread(target=_give, args=(process.stdin, given), daemon=True)
        giver.start()
        with process.stdout:
            out = process.stdout.read(_ANSWER)
            too_long = bool(process.stdout.read(1))
        status = process.wait()
        giver.join()
        self.in_time()
        if too_long:
            raise ScratchError(Reason.INCOMPLETE, f"暂存库的回答超过 {_ANSWER >> 20} MB")
        return Done(status, out, complaints.text())

    def in_time(self) -> None:
        """Raise when the time is over: then nothing that has ended has ended by itself."""
        if self.expired:
            raise ScratchError(Reason.TIMEOUT, f"{self.seconds / 60:.0f} 分钟内没有做完，已中止")

    def full(self) -> ScratchError:
        """The error for a place that is full."""
        return ScratchError(
            Reason.CONFIGURATION, f"暂存空间不足：{self.space_mb} MB 已用完；把 restore.space_mb 调大，或给本机加内存"
        )

    def close(self) -> None:
        """End everything in it. Afterwards `gone` says whether nothing is left."""
        timer = getattr(self, "_timer", None)
        if timer:
            timer.cancel()
        self._end()
        self.gone = self._nothing_left()

    def _expire(self) -> None:
        self.expired = True
        self._end()

    def _end(self) -> None:
        with suppress(OSError):
            self._keeper.stdin.close()
        try:
            self._keeper.wait(_GONE)
        except subprocess.TimeoutExpired:
            self._keeper.kill()  # and --kill-child ends the first process
            self._keeper.wait()
        for process in self._started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GONE)

    def _first_process(self) -> int:
        slow = threading.Timer(_READY, self._keeper.kill)
        slow.start()
        line = self._keeper.stdout.readline()
        slow.cancel()
        if line.strip().isdigit():
            return int(line)
        said = self._keeper.stderr.read(2000).decode(errors="replace").strip()
        raise ScratchError(Reason.PERMISSION, _refused(said))

    def _nothing_left(self) -> bool:
        """No process is in its namespaces any more: then the kernel has taken its memory back."""
        until = time.monotonic() + _GONE
        while _inhabited(self._spaces):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True


class Tail:
    """Reads a stream to its end in a thread of its own, and keeps the last of it."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream, self._limit, self._kept = stream, limit, bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> bytes:
        """The last of it, when it has ended."""
        self._thread.join()
        return bytes(self._kept)

    def _read(self) -> None:
        with self._stream:
            while came := self._stream.read1(65536):
                self._kept += came
                del self._kept[: -self._limit]


@contextmanager
def scratch(space_mb: int, covered: Sequence[Path], seconds: float) -> Iterator[Scratch]:
    """A place for this block. Errors in it are those of `Scratch`."""
    place = Scratch(space_mb, covered, seconds)
    try:
        yield place
    finally:
        place.close()


def program(*names: str, package: str) -> str:
    """The first of these programs that is here and in every place, as a path.

    Raises:
        ScratchError: none is; names the package.
    """
    for name in names:
        found = name if name.startswith("/") else shutil.which(name, path=_PATH)
        if found and os.access(found, os.X_OK):
            return found
    raise ScratchError(Reason.UNSUPPORTED, f"本机没有 {Path(names[0]).name}；请安装 {package} 后再演练")


def _tool(name: str) -> str:
    return program(name, package="util-linux")


def _give(stream: Any, given: bytes) -> None:
    with suppress(OSError), stream:  # it may end without having read all of it
        stream.write(given)


def _refused(said: str) -> str:
    if "unshare failed" in said or "unshare:" in said or "uid_map" in said:
        return (
            "本机不许建立隔离的暂存空间（unshare 被拒）；请以 root 运行，"
            "或放开 sysctl kernel.unprivileged_userns_clone=1、user.max_user_namespaces"
        )
    if "pivot_root" in said:
        return "本机的根文件系统不能隔离（pivot_root 被拒）；请不要在 chroot 或 initramfs 里运行"
    command = re.match(r"[\w.]+", said)
    failed = command[0] if command else "sh"
    return f"暂存空间建不起来（{failed} 出错）；请查 util-linux 是否 2.36 以上、本机是否允许挂载"


def _enough_memory(space_mb: int) -> None:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) // 1024
    if space_mb + _MARGIN > free:
        what = f"内存不足：暂存空间要 {space_mb} MB 外加 {_MARGIN} MB，可用的只有 {free} MB"
        raise ScratchError(Reason.CONFIGURATION, f"{what}；加内存，或把 restore.space_mb 调小")


def clear_swap(listed: str) -> str:
    """The swap areas that are not encrypted, into which what is in memory may get; "" where there is none.

    A mount option that spares the place (Linux 6.4, root) would not spare the memory of the servers in it.

    Args:
        listed: as /proc/swaps has it.
    """
    areas = [line.split()[0] for line in listed.splitlines()[1:]]
    return "、".join(area for area in areas if not _encrypted(area))


def _encrypted(area: str) -> bool:
    """A swap area on dm-crypt, or in memory (zram)."""
    try:
        status = Path(area).stat()
    except OSError:
        return False
    device = status.st_rdev or status.st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    with suppress(OSError):
        if block.resolve().name.startswith("zram") or (block / "dm/uuid").read_text().startswith("CRYPT-"):
            return True
    return False


def _unused_number() -> int:
    """A user number that nobody has: neither an account nor a process."""
    in_use = {entry.pw_uid for entry in pwd.getpwall()}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            in_use.add(entry.stat().st_uid)
    return secrets.choice([one for one in _DYNAMIC if one not in in_use])


def _among_programs(folder: Path) -> bool:
    real = folder.resolve()
    return real.parts[1:2] in {("usr",), ("bin",), ("sbin",), ("lib",), ("lib32",), ("lib64",)} and real.is_dir()


def _inhabited(spaces: set[str]) -> bool:
    for entry in Path("/proc").glob("[0-9]*/ns/*"):
        if entry.name in ("mnt", "pid"):
            with suppress(OSError):
                if str(entry.readlink()) in spaces:
                    return True
    return False
