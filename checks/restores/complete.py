"""RS02: every table that the source, or the last drill, has is there."""

from checks.finding import State, Verdict
from checks.restore_check import Drilled, RestoreCheck, named


def evaluate(drilled: Drilled) -> Verdict:
    """Names of tables and folders are no business data."""
    visit, (what, _) = drilled.visit, drilled.unit
    if not visit.tables:
        return Verdict(State.CRIT, f"恢复出来是空的：没有任何{what}")
    if not (beside := drilled.beside()):
        return Verdict(State.OK, f"恢复出 {len(visit.tables)} 个{what}；首次演练，无可比{drilled.note()}")
    name, expected = beside
    if missing := [table for table in expected if table not in visit.tables]:
        return Verdict(State.CRIT, f"缺 {len(missing)} 个{what}：{named(missing)}；{name}有 {len(expected)} 个")
    return Verdict(State.OK, f"{name}的 {len(expected)} 个{what}都在{drilled.note()}")


CHECK = RestoreCheck("RS02", "表齐全", evaluate)
