"""PG08 附件: a downloaded file is what it claims to be and is there to its end."""

from checks.contract import Journey, System
from checks.finding import State, Verdict
from checks.journey import Download, walk
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """CRIT: another kind of file, too small, cut off, or other bytes than expected."""
    if visit.obstacle and visit.obstacle.kind == "no-download":
        return Verdict(State.CRIT, f"{visit.obstacle.step}：期望取得附件，实际 {visit.obstacle.told}")
    if not visit.attachments:
        return held_up(visit)
    for file in visit.attachments:
        if file.expected_magic and file.magic != file.expected_magic:
            return Verdict(State.CRIT, f"期望 {file.expected_magic} 文件，实际 {file.magic}（{file.size} 字节）")
        if file.size < file.min_bytes:
            return Verdict(State.CRIT, f"期望至少 {file.min_bytes} 字节，实际 {file.size} 字节")
        if not file.complete:
            return Verdict(State.CRIT, f"期望完整的 {file.magic} 文件，实际在 {file.size} 字节处中断")
        if file.expected_sha256 and file.sha256 != file.expected_sha256:
            return Verdict(State.CRIT, f"期望 SHA-256 {file.expected_sha256[:12]}…，实际 {file.sha256[:12]}…")
    sizes = "、".join(f"{file.magic} {file.size} 字节" for file in visit.attachments)
    return Verdict(State.OK, f"{len(visit.attachments)} 个附件完整（{sizes}）")


def _downloads(system: System, part: Part) -> bool:
    return not (isinstance(part, Journey) and part.recorded) and any(isinstance(s, Download) for s in walk(part.steps))


CHECK = PageCheck("PG08", "附件", evaluate, planned=_downloads)
