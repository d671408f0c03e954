"""BK04 内容有更新: the newest copy does not have the bytes of an earlier one."""

from datetime import datetime

from checks.backup import Backup
from checks.backup_check import BackupCheck, Past, a_file, has_read
from checks.finding import State, Verdict
from checks.visit import BackupVisit, Contents


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """WARN: the same bytes once more. A system in which truly nothing changed is excused by a person, not here."""
    contents = has_read(visit)
    if not isinstance(contents, Contents):
        return contents
    newest = visit.copies[0].name
    if visit.same_as:
        what = f"{newest} 与更早的 {visit.same_as} 一字不差；请查备份任务是否只是复制了旧文件（确无变化的可登记免除）"
        return Verdict(State.WARN, what)
    if visit.uncompared_reason:
        return Verdict(State.UNKNOWN, f"不能与更早的备份相比：{visit.uncompared}", visit.uncompared_reason)
    part = "" if contents.whole else "（只比了头尾）"
    return Verdict(State.OK, f"{newest} 与更早的备份不同{part}，SHA-256 {contents.sha256[:12]}")


CHECK = BackupCheck("BK04", "内容有更新", evaluate, due=a_file)
