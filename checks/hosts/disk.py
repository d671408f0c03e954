"""OS08 磁盘: how full each file system is, and in how many days it will be full. Thresholds: Checkmk."""

from math import floor
from typing import NamedTuple

from pydantic import Field

from checks.filesystems import IGNORED, SIZES, Unread, ignored, insist, listed
from checks.finding import Reason, State, Verdict
from checks.forecast import Forecast, days_until_full
from checks.host_check import HostCheck, Look, NotTaken, Rising, Section
from checks.visit import Facts

COMMAND = SIZES


class Percent(Rising):
    """Per cent used."""

    warn: float = Field(80, gt=0, le=100, title="告警（%）")
    crit: float = Field(90, gt=0, le=100, title="严重（%）")


class Params(Percent):
    """Per cent used, per file system (Checkmk); days until it is full (field practice: time enough to buy a disk)."""

    mounts: dict[str, Percent] = Field({}, title="个别挂载点的阈值", description="挂载点: {warn: 90, crit: 95}")
    ignore: tuple[str, ...] = Field(IGNORED, title="不查的挂载点", description="可以用 * 代替任意字符")
    full_within_days: float = Field(14, ge=0, title="预计多少天内写满即告警", description="0：只显示，不告警")

    def levels(self, mount: str) -> Percent | None:
        """The thresholds of a mount point; None where it is not to be looked at."""
        of = self.mounts.get(mount, self)
        return None if of.not_applicable or ignored(mount, self.ignore) else of


class Filesystem(Facts):
    """Sizes in KiB."""

    mount: str
    size: int
    used: int
    available: int

    @property
    def percent(self) -> float:
        """As df counts: what is reserved for root is not to be had."""
        return 100 * self.used / (self.used + self.available) if self.used else 0


class Disks(Facts):
    """All file systems that count."""

    filesystems: tuple[Filesystem, ...]
    unread: tuple[Unread, ...] = ()


class Judged(NamedTuple):
    """One file system."""

    it: Filesystem
    levels: Percent
    state: State
    forecast: Forecast | None


def parse(section: Section) -> Disks:
    """Those with a size."""
    rows, unread = listed(section)
    sized = tuple(
        Filesystem(mount=row.mount, size=row.total, used=row.used or 0, available=row.available or 0)
        for row in rows
        if row.total
    )
    return Disks(filesystems=sized, unread=unread)


def evaluate(disks: Disks, look: Look[Disks], params: Params) -> Verdict:
    """The worst file system decides, then the fullest; the one that will be full first is told with it."""
    if not disks.filesystems and not disks.unread:
        raise NotTaken(Reason.UNSUPPORTED, "df 没有列出任何本地文件系统")
    judged = [_judge(one, levels, look, params) for one in disks.filesystems if (levels := params.levels(one.mount))]
    if all(one.state is State.OK for one in judged):
        insist(disks.unread, params.ignore)
    if not judged:
        return Verdict(State.OK, "所有文件系统都设为不查")
    worst = max(judged, key=lambda one: (_RANK.index(one.state), one.it.percent))
    soonest = min(((one.forecast.mid, one) for one in judged if one.forecast), default=(0, worst))[1]
    others = sum(one.state is not State.OK for one in judged) - 1
    said = f"{worst.it.mount} 已用 {floor(worst.it.percent)}%，期望小于 {worst.levels.warn:g}%"
    if soonest.forecast:
        said += f"，{soonest.forecast}" if soonest is worst else f"，{soonest.it.mount} {soonest.forecast}"
    if others > 0:
        said += f"，另有 {others} 处"
    return Verdict(worst.state, said)


_RANK = (State.OK, State.WARN, State.CRIT)


def _judge(one: Filesystem, levels: Percent, look: Look[Disks], params: Params) -> Judged:
    past = [(past.at, was) for past in look.past for was in past.facts.filesystems if was.mount == one.mount]
    forecast = days_until_full([(at, was.used, was.used + was.available) for at, was in [*past, (look.now, one)]])
    state = levels.state(one.percent)
    if state is State.OK and forecast and forecast.mid < params.full_within_days:
        state = State.WARN
    return Judged(one, levels, state, forecast)


CHECK = HostCheck("OS08", "磁盘", COMMAND, parse, evaluate, Disks, Params)
