"""What df and /proc/mounts say of the local file systems; for OS08, OS09 and OS10."""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from checks.finding import Reason
from checks.host_check import NotTaken, Section
from checks.visit import Facts

_LISTING = """\
list=$(limit 10 df -P%sl)
status=$?
# BusyBox 的 df 没有 -l；列出来以后再去掉网络文件系统。
if [ -z "$list" ] && [ "$status" -lt 124 ]; then
    list=$(limit 10 df -P%s)
    status=$?
fi
printf '%%s\\n' "$list"
echo '== mounts'
cat /proc/mounts
return "$status"
"""
SIZES, INODES = _LISTING % ("k", "k"), _LISTING % ("i", "i")
"""POSIX df, one line each, in KiB or inodes, and the types of the file systems, which POSIX df does not tell. A dead
NFS server may hang df even with -l."""

_NOT_OURS = {"tmpfs", "devtmpfs", "ramfs", "overlay", "aufs", "rootfs"}  # nobody's disk
_NOT_OURS |= {"squashfs", "iso9660", "udf", "erofs", "cramfs", "snapfuse"}  # full by nature
_NOT_OURS |= {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "glusterfs", "lustre", "gpfs", "9p", "autofs"}  # remote

_ROW = re.compile(r"(.*?) +(-|\d+) +(-|\d+) +(-|-?\d+) +(?:-|\d+%) (/.*)")
_COMPLAINT = re.compile(r"^df: (?:cannot access )?'?(/.*?)'?: (.*)$", re.M)
_WORDS = {"Permission denied": "没有权限", "Input/output error": "磁盘读写出错"}


class Row(NamedTuple):
    """A line of df: in KiB or inodes; None where there is no such number (inodes of btrfs, of FAT)."""

    mount: str
    total: int | None
    used: int | None
    available: int | None


class Unread(Facts):
    """A local file system that df did not list, and what df says of it: GNU df says nothing where the way to a mount
    point is closed to us."""

    mount: str
    why: str


class Listed(NamedTuple):
    """The local file systems that can be filled, each once, however often it is mounted."""

    rows: tuple[Row, ...]
    unread: tuple[Unread, ...]


def listed(section: Section) -> Listed:
    """Read what df printed.

    Raises:
        ValueError: this is not what df prints.
        NotTaken: this df cannot do it.
    """
    table, mark, mounted = section.out.partition("== mounts\n")
    header, *lines = table.rstrip("\n").split("\n")
    if not header and mark and "option" in section.err:
        raise NotTaken(Reason.UNSUPPORTED, "主机上的 df 太简单，没有所需的选项")
    if not mark or not header.startswith("Filesystem"):
        raise ValueError("no df")
    mounts = [fields for line in mounted.split("\n") if len(fields := line.split()) >= 3]
    kinds = {decoded(mount): kind for _, mount, kind, *_ in mounts}
    split = list(_split(lines))
    shown = {mount for *_, mount in split} | {source for source, *_ in split}
    shown |= {source for source, mount, *_ in mounts if decoded(mount) in shown}  # df may know it by another name
    hidden = {
        decoded(mount): source for source, mount, *_ in mounts if source.startswith("/dev/") and source not in shown
    }
    complaints = dict(_COMPLAINT.findall(section.err))
    return Listed(
        tuple(_rows(split, kinds)),
        tuple(
            Unread(mount=mount, why=complaints.get(mount, "Permission denied"))
            for mount, source in hidden.items()
            if _ours(source, kinds[mount])
        ),
    )


def insist(unread: Iterable[Unread], ignore: tuple[str, ...]) -> None:
    """What could not be looked at is not well.

    Raises:
        NotTaken: there is such a file system, and it is not ignored.
    """
    for one in unread:
        if not ignored(one.mount, ignore):
            reason = Reason.PERMISSION if "denied" in one.why else Reason.UNSUPPORTED
            raise NotTaken(reason, f"df 读不到 {one.mount}：{_WORDS.get(one.why, one.why[:80])}")


def _split(lines: list[str]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        if not (match := _ROW.fullmatch(line)):
            raise ValueError(f"no line of df: {line}")
        yield match.groups()


def _rows(lines: list[tuple[str, ...]], kinds: dict[str, str]) -> Iterator[Row]:
    seen = set()
    for source, *numbers, mount in lines:
        same = (source, *numbers[:2])  # a second mount of it, or another subvolume of the same btrfs
        if _ours(source, kinds.get(mount, "")) and same not in seen:
            seen.add(same)
            total, used, available = (None if number == "-" else max(0, int(number)) for number in numbers)
            yield Row(mount, total, used, available)


def _ours(source: str, kind: str) -> bool:
    """Whether it is a file system of this host that can be filled; the source tells where the type is not known."""
    if kind == "fuse" or kind.removeprefix("fuse.") in _NOT_OURS or source in _NOT_OURS:
        return False
    return ":/" not in source and not source.startswith("//")


def decoded(name: str) -> str:
    """A name as /proc/mounts and fstab write it: blanks, tabs, line breaks and backslashes in octal."""
    raw = re.sub(rb"\\([0-3][0-7]{2})", lambda octal: bytes([int(octal[1], 8)]), name.encode())
    return "".join(letter if letter.isprintable() else "?" for letter in raw.decode(errors="replace"))


IGNORED = ("/var/lib/docker/*", "/var/lib/kubelet/*")
"""What containers mount for themselves; only root may look at it."""


def ignored(mount: str, patterns: tuple[str, ...]) -> bool:
    """Whether a mount point is not to be looked at."""
    return any(fnmatchcase(mount, pattern) for pattern in patterns)
