"""PG06 脚本错误: errors on the browser's console."""

from checks.contract import System
from checks.finding import State
from checks.page_check import PageCheck, Part, Verdict, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """WARN: at least one error. The page may still work, so never CRIT."""
    if not visit.documents:
        return held_up(visit)
    if visit.script_errors:
        return Verdict(State.WARN, f"期望 0 个脚本错误，实际 {len(visit.script_errors)} 个：{visit.script_errors[0]}")
    return Verdict(State.OK, "0 个脚本错误，期望 0 个")


CHECK = PageCheck("PG06", "脚本错误", evaluate)
