"""BK05 可读到末尾: the newest copy can be read to its end: archives' and dumps' trailers, a repository's own check."""

from datetime import datetime

from checks.backup import Backup, Kind
from checks.backup_check import BackupCheck, Past, bytes_of, has_read
from checks.finding import Reason, State, Verdict
from checks.visit import BackupVisit, Contents


def evaluate(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> Verdict:
    """CRIT: damaged or cut short. UNKNOWN: it could not be read, for want of permission for example."""
    contents = has_read(visit)
    if not isinstance(contents, Contents):
        return contents
    if contents.of_kind is False:  # which BK06 says: nobody knows where its end would be
        return Verdict(State.UNKNOWN, f"{visit.copies[0].name} 不是期望的种类，见“内容相符”", Reason.BLOCKED)
    if contents.trouble and backup.kind.repository:
        return Verdict(State.CRIT, f"仓库自检没有通过：{contents.trouble}")
    if contents.trouble:
        return Verdict(State.CRIT, f"{visit.copies[0].name} 读不到末尾：{contents.trouble}")
    if backup.kind is Kind.FILES:
        return Verdict(State.OK, f"列出了 {contents.entries:,} 个文件，共 {bytes_of(contents.size)}；没有逐个打开")
    if contents.whole:
        return Verdict(State.OK, f"{visit.copies[0].name} 读到末尾，{bytes_of(contents.size)}（{contents.form}）")
    if backup.kind.repository:
        return Verdict(State.OK, f"仓库自检没有发现错误，抽读了 {backup.sampled:g}% 的数据")
    if backup.ends_only:
        return Verdict(State.OK, f"{visit.copies[0].name} 头尾完好（{contents.form}）；按合同只读头尾，中间没有读")
    return Verdict(State.UNKNOWN, f"只读了 {bytes_of(contents.size)}，没有读到末尾", Reason.INCOMPLETE)


CHECK = BackupCheck("BK05", "可读到末尾", evaluate)
