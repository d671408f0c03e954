"""BK10 异地副本: a copy is kept elsewhere, young enough, and as long as the one here that has its name."""

from datetime import datetime, timedelta

from checks.backup import Backup
from checks.backup_check import SKEW, BackupCheck, Past, clock, hours, wanted
from checks.finding import Reason, State, Verdict
from checks.visit import BackupVisit


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: none, too old, or of another size than the copy of its name here. Exactly on the limit is in time."""
    assert backup.offsite  # noqa: S101 - or the item is not due
    there, limit = visit.offsite, timedelta(hours=backup.offsite.max_age_hours)
    if visit.offsite_reason:
        return Verdict(State.UNKNOWN, visit.offsite_unseen, visit.offsite_reason)
    if there is None:
        return Verdict(State.CRIT, f"{backup.offsite.at} 里没有{wanted(backup, backup.offsite.pattern)}：没有异地副本")
    same = next((copy for copy in visit.copies if copy.name == there.name), None)
    if same and same.size and same.size != there.size:  # of an old snapshot it may not be known
        sizes = f"异地的 {there.size:,} 字节，本地的 {same.size:,} 字节，期望相同"
        return Verdict(State.CRIT, f"{there.name} {sizes}；请重新传送")
    if there.at > now + SKEW:
        what = f"异地副本 {there.name} 的时间在将来（{clock(there.at, now)}）；请校准那里的时钟"
        return Verdict(State.UNKNOWN, what, Reason.UNSUPPORTED)
    age = max(now - there.at, timedelta())
    said = f"异地副本 {there.name}（{clock(there.at, now)}），已过 {hours(age)}，期望 {hours(limit)}以内"
    return Verdict(State.CRIT, f"{said}；请查传送任务") if age > limit else Verdict(State.OK, said)


CHECK = BackupCheck("BK10", "异地副本", evaluate, due=lambda backup: backup.offsite is not None)
