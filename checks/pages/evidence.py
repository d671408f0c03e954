"""PG09 截图: what was seen is on a picture. Without one, a verdict cannot be shown to anybody."""

from checks.contract import System
from checks.finding import Reason, State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """UNKNOWN: the page was there and yet could not be photographed."""
    if visit.pictures:
        return Verdict(State.OK, f"{visit.pictures} 张截图，期望至少 1 张")
    if visit.obstacle:
        return held_up(visit)
    return Verdict(State.UNKNOWN, "期望至少 1 张截图，实际 0 张", Reason.BUG)


CHECK = PageCheck("PG09", "截图", evaluate)
