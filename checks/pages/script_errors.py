"""PG06 脚本错误: errors on the browser's console."""

from checks.contract import System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """WARN: at least one error. The page may still work, so never CRIT."""
    if not visit.documents:
        return held_up(visit)
    errors, accepted = system.apart("PG06", visit.script_errors, visit.started_at.date())
    apart = f"，另有 {accepted} 个已接受" if accepted else ""
    if errors:
        return Verdict(State.WARN, f"期望 0 个脚本错误，实际 {len(errors)} 个{apart}：{errors[0]}")
    return Verdict(State.OK, f"0 个脚本错误，期望 0 个{apart}")


CHECK = PageCheck("PG06", "脚本错误", evaluate)
