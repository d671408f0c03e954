"""OS09 inode: how many more files each file system can hold. Thresholds: Checkmk."""

from math import floor

from pydantic import Field

from checks.filesystems import IGNORED, INODES, Unread, ignored, insist, listed
from checks.finding import Reason, State, Verdict
from checks.host_check import Falling, HostCheck, Look, NotTaken, Section
from checks.visit import Facts

COMMAND = INODES


class Params(Falling):
    """Per cent free, per file system."""

    warn: float = Field(10, ge=0, le=100, title="告警（空闲 %）")
    crit: float = Field(5, ge=0, le=100, title="严重（空闲 %）")
    ignore: tuple[str, ...] = Field(IGNORED, title="不查的挂载点", description="可以用 * 代替任意字符")


class Filesystem(Facts):
    """Numbers of inodes."""

    mount: str
    total: int
    free: int

    @property
    def percent(self) -> float:
        """Free."""
        return 100 * self.free / self.total


class Inodes(Facts):
    """The file systems with a fixed number of inodes: btrfs and FAT have none."""

    filesystems: tuple[Filesystem, ...]
    without: int  # how many have no such number
    unread: tuple[Unread, ...] = ()


def parse(section: Section) -> Inodes:
    """Those with a number of inodes, and how many are without."""
    rows, unread = listed(section)
    counted = tuple(Filesystem(mount=row.mount, total=row.total, free=row.available or 0) for row in rows if row.total)
    return Inodes(filesystems=counted, without=len(rows) - len(counted), unread=unread)


def evaluate(inodes: Inodes, look: Look[Inodes], params: Params) -> Verdict:
    """The file system with the smallest share of free inodes decides."""
    if not inodes.filesystems and not inodes.without and not inodes.unread:
        raise NotTaken(Reason.UNSUPPORTED, "df 没有列出任何本地文件系统")
    counted = [one for one in inodes.filesystems if not ignored(one.mount, params.ignore)]
    if all(params.state(one.percent) is State.OK for one in counted):
        insist(inodes.unread, params.ignore)
    if not counted:
        return Verdict(State.OK, "没有限定 inode 个数的文件系统")
    least = min(counted, key=lambda one: one.percent)
    state = params.state(least.percent)
    others = sum(params.state(one.percent) is not State.OK for one in counted) - 1
    more = f"，另有 {others} 处" if state is not State.OK and others else ""
    return Verdict(state, f"{least.mount} 空闲 {floor(least.percent)}%，期望不少于 {params.warn:g}%{more}")


CHECK = HostCheck("OS09", "inode", COMMAND, parse, evaluate, Inodes, Params)
