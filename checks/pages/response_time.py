"""PG02 响应时间: from an action until what it leads to can be seen. Limits: 3 s and 10 s by default."""

from checks.contract import System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """Judge the slowest action: exactly on the limit is already over it, as with CPU and disk."""
    if not visit.steps:
        return held_up(visit)
    limits = system.limits_of(part)
    slowest = max(visit.steps, key=lambda step: step.seconds)
    state = State.CRIT if slowest.seconds >= limits.crit else State.WARN if slowest.seconds >= limits.warn else State.OK
    return Verdict(state, f"最慢一步 {slowest.seconds:.2f} 秒（{slowest.what}），期望小于 {limits.warn:g} 秒")


# Slow once may be the network, or this machine; slow twice is the page.
CHECK = PageCheck("PG02", "响应时间", evaluate, retry=frozenset({State.WARN, State.CRIT, State.UNKNOWN}))
