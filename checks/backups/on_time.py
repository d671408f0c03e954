"""BK02 按时: the newest copy is young enough, and no copy was left out in the last week. Exactly on the limit is in
time (R12)."""

from datetime import datetime, timedelta
from itertools import pairwise

from checks.backup import Backup, Kind
from checks.backup_check import SKEW, BackupCheck, Past, clock, hours, no_copy
from checks.finding import Reason, State, Verdict
from checks.visit import BackupVisit, Copy

LOOK_BACK = timedelta(days=7)
"""How far back gaps count: who keeps one copy a week of what is older leaves gaps on purpose."""


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: too old. WARN: a gap between copies, a time in the future. UNKNOWN: only times in the future."""
    if not visit.copies:
        return no_copy(visit)
    limit = timedelta(hours=backup.rpo_hours)
    come = [copy for copy in visit.copies if copy.at <= now + SKEW]
    ahead = visit.copies[0] if visit.copies[0] not in come else None
    if not come:
        what = f"最新备份的时间在将来（{clock(visit.copies[0].at, now)}），不知道是何时做的；请校准备份所在主机的时钟"
        return Verdict(State.UNKNOWN, what, Reason.UNSUPPORTED)
    age = max(now - come[0].at, timedelta())
    said = f"最新一份 {clock(come[0].at, now)}，已过 {hours(age)}，期望 {hours(limit)}以内"
    if age > limit:
        if ahead:
            what = f"{ahead.name} 的时间在将来（{clock(ahead.at, now)}），不能算数；其余{said}"
            return Verdict(State.UNKNOWN, what, Reason.UNSUPPORTED)
        if backup.kind is Kind.FILES:  # a mirror keeps the times of what it mirrors
            return Verdict(
                State.WARN, f"镜像里的最新改动 {clock(come[0].at, now)}，已过 {hours(age)}：没有改动，或没有同步"
            )
        return Verdict(State.CRIT, f"{said}；请查备份任务")
    if ahead:
        return Verdict(State.WARN, f"{ahead.name} 的时间在将来（{clock(ahead.at, now)}）；请校准时钟。{said}")
    if gap := _gap(come, backup, now):
        first, second = gap
        between = f"{clock(first.at, now)} 到 {clock(second.at, now)} 之间隔了 {hours(second.at - first.at)}"
        return Verdict(State.WARN, f"{between}，期望 {hours(limit)}以内：中间缺了备份")
    return Verdict(State.OK, said)


def _gap(copies: list[Copy], backup: Backup, now: datetime) -> tuple[Copy, Copy] | None:
    """The last two copies, older first, between which one was left out."""
    since = now - max(LOOK_BACK, timedelta(hours=3 * backup.every_hours))
    for second, first in pairwise(copies):
        if second.at >= since and second.at - first.at > timedelta(hours=backup.rpo_hours):
            return first, second
    return None


CHECK = BackupCheck("BK02", "按时", evaluate)
