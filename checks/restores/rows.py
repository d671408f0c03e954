"""RS03: no table has lost rows. What was added to the source since the backup is within the tolerance."""

from checks.finding import State, Verdict
from checks.restore_check import Drilled, RestoreCheck, named


def evaluate(drilled: Drilled) -> Verdict:
    """Tables that are missing altogether are RS02's."""
    visit, (what, unit) = drilled.visit, drilled.unit
    if not (beside := drilled.beside()):
        return Verdict(State.OK, f"共 {sum(visit.tables.values())} {unit}；首次演练，无可比{drilled.note()}")
    name, expected = beside
    tolerance = drilled.terms.rows_less
    lost = [
        f"{table} {visit.tables[table]} {unit}（{name} {count}）"
        for table, count in expected.items()
        if table in visit.tables and (count - visit.tables[table]) * 100 > count * tolerance
    ]
    if lost:
        return Verdict(State.CRIT, f"{len(lost)} 个{what}少了 {tolerance:g}% 以上：{named(lost)}")
    both = [table for table in expected if table in visit.tables]
    actual, wanted = sum(visit.tables[table] for table in both), sum(expected[table] for table in both)
    return Verdict(
        State.OK,
        f"{len(both)} 个{what}共 {actual} {unit}，{name}的是 {wanted}，没有少 {tolerance:g}% 以上的{drilled.note()}",
    )


CHECK = RestoreCheck("RS03", "行数", evaluate)
