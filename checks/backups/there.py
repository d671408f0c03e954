"""BK01 备份存在: there is at least one copy."""

from datetime import datetime

from checks.backup import Backup
from checks.backup_check import BackupCheck, Past, clock, no_copy, wanted
from checks.finding import State, Verdict
from checks.visit import BackupVisit


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: no copy."""
    if not visit.copies and visit.contents:
        return no_copy(visit)
    if not visit.copies:
        return Verdict(State.CRIT, f"{backup.at} 里没有{wanted(backup)}，期望至少 {backup.keep} 份")
    newest = visit.copies[0]
    return Verdict(State.OK, f"有 {visit.count} 份，最新 {newest.name}（{clock(newest.at, now)}）")


CHECK = BackupCheck("BK01", "备份存在", evaluate)
