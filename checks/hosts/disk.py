"""OS08 磁盘: how full each file system is, and in how many days it will be full. Thresholds: Checkmk."""

from collections.abc import Iterator

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Rising, Section
from checks.visit import Facts

COMMAND = "limit 10 df -Pkl"
"""Local file systems only, in KiB, one line each; a dead mount may hang it all the same."""

SKIPPED = ("tmpfs", "devtmpfs", "overlay", "udev", "none", "squashfs", "/dev/loop", "/dev/sr")
"""Sources that no one can fill, or that are full by nature."""


class Params(Rising):
    """Per cent used, per file system."""

    warn: float = Field(80, gt=0, le=100, title="告警（%）")
    crit: float = Field(90, gt=0, le=100, title="严重（%）")


class Filesystem(Facts):
    """Sizes in KiB."""

    mount: str
    size: int
    used: int
    available: int

    @property
    def percent(self) -> float:
        """As df counts: what is reserved for root is not to be had."""
        return 100 * self.used / (self.used + self.available)


class Disks(Facts):
    """All file systems that count."""

    filesystems: tuple[Filesystem, ...]


def parse(section: Section) -> Disks:
    """POSIX df: read from the right, for names may hold blanks."""
    return Disks(filesystems=tuple(_rows(section.out)))


def _rows(text: str) -> Iterator[Filesystem]:
    for line in text.splitlines()[1:]:
        left, percent, mount = line.partition("% ")
        source, size, used, available, _ = left.rsplit(None, 4)
        if percent and mount.startswith("/") and not source.startswith(SKIPPED) and int(size):
            yield Filesystem(mount=mount, size=int(size), used=int(used), available=int(available))


def evaluate(disks: Disks, look: Look[Disks], params: Params) -> Verdict:
    """The fullest file system decides."""
    if not disks.filesystems:
        raise NotTaken(Reason.UNSUPPORTED, "df 没有列出任何本地文件系统")
    fullest = max(disks.filesystems, key=lambda one: one.percent)
    state = params.state(fullest.percent)
    others = sum(params.state(one.percent) is not State.OK for one in disks.filesystems) - 1
    more = f"，另有 {others} 处" if state is not State.OK and others else ""
    return Verdict(state, f"{fullest.mount} 已用 {fullest.percent:.0f}%，期望小于 {params.warn:g}%{more}")


CHECK = HostCheck("OS08", "磁盘", COMMAND, parse, evaluate, Disks, Params)
