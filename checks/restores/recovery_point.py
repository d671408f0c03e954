"""RS05: the real recovery point: how far before the copy's time the newest business data in it lies."""

from datetime import timedelta

from checks.backup import Backup
from checks.finding import Reason, State, Verdict
from checks.restore_check import Drilled, RestoreCheck, span

_SKEW = timedelta(hours=1)


def evaluate(drilled: Drilled) -> Verdict:
    """Beside the copy's own time: how old the copy is, the backup check tells every day."""
    visit, limit = drilled.visit, drilled.terms.rpo_hours
    if visit.newest_unseen:
        return Verdict(State.UNKNOWN, f"最新业务时间没有取到：{visit.newest_unseen}", Reason.CONFIGURATION)
    if visit.newest is None or visit.copy_at is None:
        return Verdict(State.CRIT, "恢复出的数据里没有业务时间：一笔业务也没有")
    point, made = drilled.when(visit.newest), drilled.when(visit.copy_at)
    gap = visit.copy_at - visit.newest
    if gap < -_SKEW:
        what = f"最新业务 {point:%m-%d %H:%M} 晚于备份时刻 {made:%m-%d %H:%M}"
        return Verdict(State.UNKNOWN, f"{what}；请核对 newest 的时区和备份主机的时钟", Reason.CONFIGURATION)
    seconds = max(0.0, gap.total_seconds())
    what = f"恢复点 {point:%Y-%m-%d %H:%M}，在备份前 {span(seconds)}"
    if seconds > limit * 3600:
        return Verdict(State.CRIT, f"{what}，要求 {limit:g} 小时以内；请查备份的是不是停用的库或从库")
    return Verdict(State.OK, f"{what}（要求 {limit:g} 小时以内）")


def _due(backup: Backup) -> bool:
    return bool(backup.restore and backup.restore.newest)


CHECK = RestoreCheck("RS05", "恢复点", evaluate, due=_due)
