"""RS06: what the contract says must be true of the data is true of what was restored."""

from checks.backup import Backup
from checks.finding import Reason, State, Verdict
from checks.restore_check import Drilled, RestoreCheck, named


def evaluate(drilled: Drilled) -> Verdict:
    """The values themselves are not kept."""
    visit = drilled.visit
    wrong = [title for title, holds in visit.assertions.items() if not holds]
    if wrong:
        return Verdict(
            State.CRIT, f"{len(wrong)} 条断言不成立：{named(wrong)}（共 {len(drilled.terms.assertions)} 条）"
        )
    if visit.unasked:
        title, why = next(iter(visit.unasked.items()))
        return Verdict(State.UNKNOWN, f"断言“{title}”没有答出：{why}", Reason.CONFIGURATION)
    return Verdict(State.OK, f"{len(visit.assertions)} 条断言全部成立")


def _due(backup: Backup) -> bool:
    return bool(backup.restore and backup.restore.assertions)


CHECK = RestoreCheck("RS06", "断言", evaluate, due=_due)
