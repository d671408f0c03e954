"""RS04: the tables have the source's columns."""

from checks.finding import Reason, State, Verdict
from checks.restore_check import Drilled, RestoreCheck, a_database, named


def evaluate(drilled: Drilled) -> Verdict:
    """Judged against the source; where the contract names none, against the last drill."""
    visit = drilled.visit
    if visit.source_definitions is not None:
        name, expected = "源库", visit.source_definitions
    elif drilled.terms.source:
        return Verdict(State.UNKNOWN, f"没有看到源库：{visit.source_unseen}", Reason.INCOMPLETE)
    elif drilled.last:
        name, expected = "上次演练", drilled.last.definitions
    else:
        return Verdict(State.OK, f"{len(visit.definitions)} 张表的结构已记下；首次演练，无可比")
    both = [table for table in expected if table in visit.definitions]
    changed = [table for table in both if visit.definitions[table] != expected[table]]
    if changed:
        what = f"{len(changed)} 张表的结构与{name}不同：{named(changed)}"
        return Verdict(State.WARN, f"{what}；请确认备份之后发布过变更，否则查备份的是不是这个库")
    return Verdict(State.OK, f"{len(both)} 张表的结构与{name}相同")


CHECK = RestoreCheck("RS04", "结构", evaluate, due=a_database)
