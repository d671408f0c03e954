"""PG07 失败请求: parts of the page (scripts, pictures, data) that did not arrive."""

from checks.contract import System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """WARN: at least one request failed or was answered with 400 or more."""
    if not visit.documents:
        return held_up(visit)
    errors, accepted = system.apart("PG07", visit.failed_requests, visit.started_at.date())
    apart = f"，另有 {accepted} 个已接受" if accepted else ""
    if errors:
        return Verdict(State.WARN, f"期望 0 个失败请求，实际 {len(errors)} 个{apart}：{errors[0]}")
    return Verdict(State.OK, f"0 个失败请求，期望 0 个{apart}")


CHECK = PageCheck("PG07", "失败请求", evaluate)
