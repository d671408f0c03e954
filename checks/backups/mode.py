"""BK08 权限: copies are readable only by those whom the contract permits; backup data is of the most secret grade."""

from datetime import datetime

from checks.backup import Backup
from checks.backup_check import BackupCheck, Past, a_file, no_copy
from checks.finding import Reason, State, Verdict
from checks.visit import BackupVisit, Copy

_EVERYBODY = 0o006  # may read or write


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: everybody may read or write one. WARN: more than is permitted. All copies that are kept count."""
    if not visit.copies:
        return no_copy(visit)
    told = [(copy, copy.mode) for copy in visit.copies if copy.mode is not None]
    if not told:
        return Verdict(State.UNKNOWN, "这个位置说不出文件的权限", Reason.UNSUPPORTED)
    wide = [copy for copy, mode in told if mode & ~backup.permitted]
    if not wide:
        return Verdict(State.OK, f"{len(told)} 份的权限都在 {backup.mode} 以内，最新一份 {told[0][1]:03o}")
    open_to_all = [copy for copy in wide if _extra(copy, backup) & _EVERYBODY]
    one = (open_to_all or wide)[0]
    more = f"（共 {len(wide)} 份）" if len(wide) > 1 else ""
    may = "读写" if _extra(one, backup) & _EVERYBODY == _EVERYBODY else "读" if _extra(one, backup) & 0o004 else "写"
    all_may = f"，所有人都能{may}" if open_to_all else ""
    state = State.CRIT if open_to_all else State.WARN
    return Verdict(state, f"{one.name} 的权限 {one.mode:03o}{all_may}，期望不超过 {backup.mode}{more}；用 chmod 收紧")


def _extra(copy: Copy, backup: Backup) -> int:
    return (copy.mode or 0) & ~backup.permitted


CHECK = BackupCheck("BK08", "权限", evaluate, due=lambda backup: a_file(backup) and not backup.at.bucket)
