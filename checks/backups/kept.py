"""BK09 保留份数: as many copies are kept as the contract wants."""

from datetime import datetime

from checks.backup import Backup, Kind
from checks.backup_check import BackupCheck, Past, no_copy
from checks.finding import State, Verdict
from checks.visit import BackupVisit


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """WARN: fewer."""
    if not visit.copies:
        return no_copy(visit)
    said = f"保留 {visit.count} 份，期望至少 {backup.keep} 份"
    return Verdict(State.OK if visit.count >= backup.keep else State.WARN, said)


CHECK = BackupCheck("BK09", "保留份数", evaluate, due=lambda backup: backup.kind is not Kind.FILES)
