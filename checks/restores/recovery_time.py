"""RS08: how long a restore takes."""

from checks.finding import Reason, State, Verdict
from checks.restore_check import Drilled, RestoreCheck, span


def evaluate(drilled: Drilled) -> Verdict:
    """From the first byte to the last; on this machine, which is not the one that it would be restored on."""
    took, limit = drilled.visit.restored_seconds, drilled.terms.rto_minutes
    if took is None:
        return Verdict(State.UNKNOWN, "没有测到恢复用时", Reason.INCOMPLETE)
    if took > limit * 60:
        return Verdict(State.CRIT, f"恢复用时 {span(took)}，上限 {limit:g} 分钟")
    return Verdict(State.OK, f"恢复用时 {span(took)}，上限 {limit:g} 分钟")


CHECK = RestoreCheck("RS08", "恢复用时", evaluate)
