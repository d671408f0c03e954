"""RS01: the copy can be restored at all."""

from checks.finding import State, Verdict
from checks.restore_check import Drilled, RestoreCheck


def evaluate(drilled: Drilled) -> Verdict:
    """What came of it; an obstacle has been told before."""
    visit = drilled.visit
    if visit.failed:
        return Verdict(State.CRIT, f"{visit.copy_name} 恢复不了：{visit.failed}；请立即重做备份，并核对上一份能不能用")
    what, unit = drilled.unit
    count = f"{len(visit.tables)} 个{what} {sum(visit.tables.values())} {unit}"
    engine = f"，{visit.engine}" if visit.engine else ""
    return Verdict(State.OK, f"{visit.copy_name} 恢复成功：{count}{engine}")


CHECK = RestoreCheck("RS01", "恢复成功", evaluate, tells_failure=True)
