"""PG05 功能: every step could be done and every expectation was met (七2(3), all functions normal)."""

from checks.contract import System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """CRIT: an expectation that is not met, or a step whose element is not there."""
    if visit.obstacle and visit.obstacle.reason:
        return held_up(visit)
    for expectation in visit.expectations:
        if not expectation.met:
            return Verdict(State.CRIT, f"{expectation.what}：期望{expectation.expected}，实际{expectation.actual}")
    if visit.obstacle and visit.obstacle.kind in ("not-found", "failed", "no-download"):
        return Verdict(State.CRIT, f"{visit.obstacle.step}：期望能完成，实际 {visit.obstacle.told}")
    if visit.obstacle or not visit.documents:
        return held_up(visit)
    # What only downloads states nothing else; the file itself is PG08's.
    done = f"{len(visit.expectations)} 项期望" if visit.expectations else f"{len(visit.steps)} 个步骤"
    return Verdict(State.OK, f"{done}全部符合")


CHECK = PageCheck("PG05", "功能", evaluate)
