"""BK07 校验和: the newest copy is what the file with its checksum says."""

from datetime import datetime

from checks.backup import Backup
from checks.backup_check import BackupCheck, Past, a_file, has_read
from checks.finding import State, Verdict
from checks.visit import BackupVisit, Contents


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: it does not fit. WARN: the contract wants one, and there is none that could be held against the copy."""
    contents = has_read(visit)
    if not isinstance(contents, Contents):
        return contents
    name, kind = visit.copies[0].name, contents.checksum
    if contents.checksum_fits is False:
        return Verdict(State.CRIT, f"{name} 与 {name}.{kind} 不符：备份改动过，或校验文件不是它的")
    if contents.checksum_fits:
        return Verdict(State.OK, f"{name} 与 {name}.{kind} 相符")
    if not contents.whole:
        said = "按合同只读头尾，没有核对校验文件"
        return Verdict(State.WARN if backup.checksum else State.OK, said)
    if kind:
        return Verdict(State.WARN, f"{name}.{kind} 里没有 {name} 的校验值")
    if backup.checksum:
        return Verdict(State.WARN, f"没有 {name} 的校验文件，合同要求有（同名加 .sha256、.sha512、.sm3 或 .md5）")
    return Verdict(State.OK, "没有校验文件，合同不要求")


CHECK = BackupCheck("BK07", "校验和", evaluate, due=a_file)
