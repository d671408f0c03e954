"""RS07: files of a sample, as they were restored, have the content that the copy says."""

from checks.finding import Reason, State, Verdict
from checks.restore_check import Drilled, RestoreCheck


def evaluate(drilled: Drilled) -> Verdict:
    """By SHA-256; their names may be business data and are not told."""
    visit = drilled.visit
    if not visit.sampled:
        return Verdict(State.UNKNOWN, "没有可以抽的文件", Reason.INCOMPLETE)
    if visit.sample_wrong:
        return Verdict(State.CRIT, f"抽 {visit.sampled} 个文件，{len(visit.sample_wrong)} 个与备份里的内容不同")
    return Verdict(State.OK, f"抽 {visit.sampled} 个文件，恢复后的 SHA-256 与备份里的都相同")


CHECK = RestoreCheck("RS07", "文件抽样", evaluate, due=lambda backup: backup.kind.engine == "folder")
