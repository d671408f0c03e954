"""The file system of one practice host: everything it shows is its own, only the programs in /usr are the machine's.

Each disk is a tmpfs under a disk's name, so that `df`, a full disk, an exhausted inode table and a read-only mount are
real. /usr is an overlay of what this host has otherwise (fakes, BusyBox) on the machine's, read-only.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from rehearsal.hosts import etc, fakes, kernel
from rehearsal.hosts.identity import Identity
from rehearsal.hosts.roster import GATE, Host

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
FOLDERS = {
    "data": 0o755, "dev": 0o755, "etc/cron.d": 0o755, "home": 0o755, "media": 0o755, "mnt": 0o755, "opt/app": 0o755,
    "proc": 0o555, "root": 0o700, "run": 0o755, "srv": 0o755, "sys/devices/system/cpu": 0o755, "tmp": 0o1777,
    "usr": 0o755, "usr.over": 0o755, "var/backups": 0o755, "var/cache": 0o755, "var/lib": 0o755,
    "var/local/bin": 0o755, "var/local/lib/practice": 0o755, "var/local/lib/xunjian": 0o755, "var/log/app": 0o755,
    "var/spool/cron/crontabs": 0o755, "var/spool/rsyslog": 0o755, "var/tmp": 0o1777, "var/empty": 0o755,
}  # fmt: skip
# of the machine's /etc, what its programs cannot do without
NEEDED = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "services", "protocols",
          "ssl/openssl.cnf", "nginx/mime.types", "tomcat10", "java-*", "debian_version")  # fmt: skip
INODES_PER_MB = 200
PROC = "/run/practice/proc"  # what is shown in the place of some files of /proc
LIVE = Path(PROC) / "stat"


def build(host: Host, who: Identity, at: Path, keys: Path, shared: dict[str, Path]) -> None:
    """Mount the host's file system at `at` and enter it. In mount, process and network namespaces of its own."""
    kernel.make_private()
    os.umask(0o022)
    kernel.mount("/dev/vda1", at, "tmpfs", options=f"size={host.root_mb}m,nr_inodes={host.root_mb * 400},mode=755")
    for name, mode in FOLDERS.items():
        (at / name).mkdir(parents=True, exist_ok=True)
        (at / name).chmod(mode)
    _programs(host, at)
    _devices(at / "dev")
    _tmpfs("tmpfs", at / "run", "size=8m,mode=755")
    _tmpfs("/dev/vdb1", at / "data", f"size={host.data_mb}m,nr_inodes={host.data_mb * INODES_PER_MB},mode=755")
    for point, device in host.mounts.items():
        (at / point.lstrip("/")).mkdir(parents=True)
        _tmpfs(device, at / point.lstrip("/"), "size=16m,nr_inodes=2000,mode=755")
    for point, folder in shared.items():
        (at / point.lstrip("/")).mkdir(parents=True)
        kernel.bind(folder, at / point.lstrip("/"))
    _from_the_machine(at / "etc")
    for name, text in etc.files(host, who).items():
        put(at, name, text)
    for name, kept in ((f"{host.name}.pub", "ssh_host_ed25519_key.pub"), (host.name, "ssh_host_ed25519_key")):
        shutil.copy(keys / name, at / "etc/ssh" / kept)
    shutil.copy(keys / f"{host.name}.other", at / "etc/ssh/other_key")
    kernel.mount("proc", at / "proc", "proc", kernel.NO_SUID | kernel.NO_DEV | kernel.NO_EXEC)
    kernel.enter_root(at)
    if host.name != GATE.name:
        _calm()
        show_mounts()
        _use_some_space()


def put(root: Path, name: str, text: str) -> None:
    """Write a file of a host; scripts may be run, secrets are for their owner."""
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if text.startswith("#!"):
        path.chmod(0o755)


def _tmpfs(device: str, at: Path, options: str) -> None:
    kernel.mount(device, at, "tmpfs", kernel.NO_SUID | kernel.NO_DEV, options)


def _programs(host: Host, at: Path) -> None:
    """/usr: the machine's under the host's own; /bin, /lib and the rest as the machine has them."""
    over = at / "usr.over"
    (over / "bin").mkdir()
    (over / "local").symlink_to("../var/local")
    (over / "lib").mkdir()
    (over / "lib/modules").symlink_to("../../var/local/lib/modules")  # the machine's kernels may be newer ones
    put(at, f"/var/local/lib/modules/{os.uname().release}/modules.builtin", "")
    for name, target in fakes.links(host).items():
        (over / name).parent.mkdir(exist_ok=True)
        (over / name).symlink_to(target)
    for name, text in fakes.programs(host).items():
        (over / name).unlink(missing_ok=True)
        put(over, name, text)
    for name in {*host.hidden, *fakes.NOWHERE}:
        (over / name).parent.mkdir(exist_ok=True)
        os.mknod(over / name, stat.S_IFCHR, 0)  # what an overlay takes for "not there"
    here = Path.cwd()
    os.chdir(at)  # the folder's whole name might have a colon
    kernel.mount("overlay", at / "usr", "overlay", kernel.READ_ONLY, "lowerdir=usr.over:/usr")
    os.chdir(here)
    for top in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        real = Path("/") / top
        if real.is_symlink():
            (at / top).symlink_to(real.readlink())
        elif real.is_dir():  # a machine whose /usr is not merged
            (at / top).mkdir()
            kernel.bind(real, at / top)


def _devices(dev: Path) -> None:
    for name in DEVICES:
        real = (Path("/dev") / name).stat()
        try:
            os.mknod(dev / name, stat.S_IFCHR, real.st_rdev)
            (dev / name).chmod(0o666)
        except PermissionError:  # not for an ordinary user
            (dev / name).touch()
            kernel.bind(Path("/dev") / name, dev / name)
    (dev / "shm").mkdir()
    _tmpfs("tmpfs", dev / "shm", "size=64m,mode=1777")
    for name, number in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (dev / name).symlink_to(f"/proc/self/fd{number}")


def _from_the_machine(folder: Path) -> None:
    real = Path("/etc")
    for pattern in NEEDED:
        for source in real.glob(pattern):
            target = folder / source.relative_to(real)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, ignore=_unreadable, dirs_exist_ok=True)
            elif os.access(source, os.R_OK):
                shutil.copy(source, target)


def _unreadable(folder: str, names: list[str]) -> list[str]:
    paths = {name: Path(folder, name) for name in names}
    return [name for name, path in paths.items() if not path.is_symlink() and not os.access(path, os.R_OK)]


def _calm() -> None:
    """What the kernel says about the whole machine is the machine's business: a practice host shows figures of its own.

    The files stand in /run/practice/proc and may be written there; `holder` keeps `stat` going.
    """
    for name, text in etc.PROC.items():
        put(Path(PROC), name, text)
        put(Path(f"{PROC}.orig"), name, text)
        kernel.bind_on_link(Path(PROC) / name, Path("/proc") / name)


def _use_some_space() -> None:
    for name, size in (("/var/cache/packages.bin", 4), ("/data/archive.bin", 6)):
        with Path(name).open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, size * 1024 * 1024)


def show_mounts() -> None:
    """Bring /proc/mounts up to date: the mounts as they are, but a disk's file system is called ext4, and what makes
    this a practice host is not told."""
    Path(PROC, "mounts").write_text("".join(_told()), encoding="utf-8")


def _told() -> Iterator[str]:
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        source, point, kind, options, *_ = line.split(" ")
        if point.startswith(("/proc/", "/usr/", "/dev/n", "/dev/z", "/dev/f", "/dev/r", "/dev/u", "/dev/t")):
            continue
        if source.startswith("/dev/"):
            kind, options = "ext4", "rw,relatime" if options.startswith("rw") else "ro,relatime"
        yield f"{source} {point} {kind} {options.partition(',lowerdir')[0]} 0 0\n"
