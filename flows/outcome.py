"""How a duty ends: what was found, whether all could be looked at, and the name that says so.

A flow that looked and found faults has completed; it has failed when it could not look or could not record.
"""

from collections.abc import Iterable
from typing import NamedTuple

from prefect.client.schemas.objects import State as FlowState
from prefect.states import Completed, Failed

from checks.finding import Finding, Reason, State, worst

FINE, PROBLEMS, NOT_LOOKED, NOTHING = "全部正常", "发现问题", "未能全部检查", "无需执行"

# What waits for a person, or for a fault that is on record in the same run, was not a failure to look.
_EXPLAINED = (Reason.BLOCKED, Reason.MANUAL)


class Outcome(NamedTuple):
    """The last verdict on every planned item of one run, with its target; or why there was no run."""

    findings: list[tuple[str, Finding]]
    skipped: str = ""

    @property
    def state(self) -> State:
        """The state that wins."""
        return worst(finding.state for _, finding in self.findings)


def final_state(outcomes: Iterable[Outcome]) -> FlowState:
    """Name the end of a flow run: 全部正常, 发现问题 (both completed) or 未能全部检查 (failed)."""
    outcomes = list(outcomes)
    skipped = "；".join(outcome.skipped for outcome in outcomes if outcome.skipped)
    if outcomes and all(outcome.skipped for outcome in outcomes):
        return nothing_to_do(skipped)
    found = [finding for outcome in outcomes for _, finding in outcome.findings]
    count = {state: sum(finding.state is state for finding in found) for state in State}
    message = "，".join(f"{state.label} {count[state]} 项" for state in State) + (f"。{skipped}" if skipped else "")
    unseen = [one for one in found if one.state is State.UNKNOWN and one.reason not in _EXPLAINED]
    if unseen or not found:
        first = unseen[0].summary if unseen else "没有任何检查"
        return Failed(name=NOT_LOOKED, message=f"{message}。{first}")
    return Completed(name=FINE if count[State.OK] == len(found) else PROBLEMS, message=message)


def nothing_to_do(reason: str) -> FlowState:
    """The run ends without having looked, and rightly so."""
    return Completed(name=NOTHING, message=reason)
