"""OS10 只读或缺失挂载: what is mounted against what fstab says should be. Field practice: any is critical."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import Field

from checks.filesystems import decoded, ignored
from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.visit import Facts

COMMAND = """\
cat /proc/mounts || return
if [ -r /etc/fstab ]; then echo '== fstab'; cat /etc/fstab
elif [ -e /etc/fstab ]; then echo '== fstab'; as_root cat /etc/fstab
else echo '== no fstab'
fi
"""

_READ_ONLY_KINDS = {"iso9660", "udf", "squashfs", "erofs", "cramfs"}
_MAY_BE_MISSING = {"noauto", "nofail", "x-systemd.automount", "comment=systemd.automount"}
_FAULTY = {"emergency_ro", "shutdown"}  # ext4 since Linux 6.15, after an error: stays "rw", but refuses to write


class Ignoring(Params):
    """Which mount points are not looked at."""

    ignore: tuple[str, ...] = Field((), title="不查的挂载点", description="可以用 * 代替任意字符")


class Mounts(Facts):
    """Mount points."""

    expected: int  # so many are in fstab
    missing: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()  # and should be writable


class Entry(NamedTuple):
    """A line of fstab or of /proc/mounts; devices are not compared, for they have many names."""

    source: str
    mount: str
    kind: str
    options: frozenset[str]

    @property
    def read_only(self) -> bool:
        """As it is, or should be."""
        return "ro" in self.options or bool(self.options & _FAULTY)


def parse(section: Section) -> Mounts:
    """proc(5) and fstab(5)."""
    mounted, mark, fstab = section.out.partition("== fstab\n")
    if not mark:
        if section.out.rstrip("\n").endswith("== no fstab"):
            raise NotTaken(Reason.UNSUPPORTED, "主机上没有 /etc/fstab，无从比较")
        raise ValueError("no end")
    if section.status:
        raise ValueError("fstab could not be read")
    actual = {entry.mount: entry for entry in _entries(mounted)}  # the last mount on a point covers the others
    if "/" not in actual:
        raise ValueError("no root")
    wanted = {entry.mount: entry for entry in _entries(fstab) if entry.mount.startswith("/") and entry.kind != "swap"}
    missing = [mount for mount, entry in wanted.items() if mount not in actual and not entry.options & _MAY_BE_MISSING]
    writable = {
        mount
        for mount, entry in wanted.items()
        if not entry.read_only and mount in actual and actual[mount].kind not in _READ_ONLY_KINDS
    }
    read_only = [mount for mount in writable if actual[mount].read_only]
    read_only += [mount for mount in _failed(actual) if mount not in wanted]
    return Mounts(expected=len(wanted), missing=tuple(missing), read_only=tuple(sorted(read_only)))


def _entries(table: str) -> Iterator[Entry]:
    for line in table.split("\n"):
        fields = line.split()
        if len(fields) >= 3 and not line.lstrip().startswith("#"):
            source, mount, kind, *rest = fields
            options = frozenset(rest[0].split(",")) if rest else frozenset()
            yield Entry(source, decoded(mount).rstrip("/") or "/", kind, options)


def _failed(actual: dict[str, Entry]) -> Iterator[str]:
    """Mount points outside fstab that turned read-only after an error. Where the device is writable at another point,
    only this mount is read-only, on purpose (snap does that)."""
    points = defaultdict(list)
    for entry in actual.values():
        points[entry.source].append(entry)
    for entries in points.values():
        if all(entry.read_only and entry.options & {"errors=remount-ro", *_FAULTY} for entry in entries):
            yield entries[0].mount


def evaluate(mounts: Mounts, look: Look[Mounts], params: Ignoring) -> Verdict:
    """Any is critical."""
    missing = [mount for mount in mounts.missing if not ignored(mount, params.ignore)]
    read_only = [mount for mount in mounts.read_only if not ignored(mount, params.ignore)]
    faults = [f"没有挂载：{'、'.join(missing)}"] if missing else []
    faults += [f"只读：{'、'.join(read_only)}"] if read_only else []
    if faults:
        return Verdict(State.CRIT, f"{'；'.join(faults)}，期望按 fstab 挂载")
    if not mounts.expected:
        return Verdict(State.OK, "fstab 里没有要挂载的文件系统")
    return Verdict(State.OK, f"fstab 中 {mounts.expected} 处没有缺失或变成只读的，期望没有")


CHECK = HostCheck("OS10", "只读或缺失挂载", COMMAND, parse, evaluate, Mounts, Ignoring, at_once=True)
