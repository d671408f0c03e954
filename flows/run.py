"""One run of one slot: claimed, on record as begun before it starts, told to whoever watches, ended and sealed."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from checks.finding import Finding, State, worst
from checks.records import EvidenceRecord
from checks.slots import Slot
from flows.caller import UNASKED, Caller
from flows.office import Office, now
from flows.outcome import Outcome
from flows.standing import no_more_to_do
from tasks.ledger import AnyVisit, LedgerError

log = logging.getLogger("xunjian")
log.setLevel(logging.INFO)  # operators watch the run page by page


class Run:
    """A run that has begun."""

    def __init__(self, office: Office, slot: Slot, run_id: str) -> None:
        self.office, self.slot, self.id = office, slot, run_id
        self.has_ended = False

    def add(
        self,
        target: str,
        attempt: int,
        findings: Sequence[Finding],
        *,
        visit: AnyVisit | None = None,
        evidence: Sequence[EvidenceRecord] = (),
        outcome: State | None = None,
    ) -> None:
        """Put one attempt on record, then say it: in the UI's log and to the shell's progress.

        Args:
            outcome: this attempt was all of the run, which ends with it.
        """
        self.office.ledger.add(
            self.id, target, attempt, findings, visit=visit, evidence=evidence, now=now(), outcome=outcome
        )
        self.has_ended = outcome is not None
        state = worst(finding.state for finding in findings)
        those = [one.summary for one in findings if one.state is state]
        more = f"（同类共 {len(those)} 项）" if len(those) > 1 else ""
        said = "" if state is State.OK else f"：{those[0]}{more}"
        again = f" 第 {attempt} 次" if attempt > 1 else ""
        level = logging.INFO if state is State.OK else logging.WARNING
        log.log(level, "%s%s %s%s", target, again, state.label, said, extra={"target": target, "state": state})


def carried_out(
    office: Office, slot: Slot, asked_by: Caller, parameters: dict[str, Any], go: Callable[[Run], Outcome]
) -> Outcome:
    """Do a slot's work as one run, unless another run is just at it.

    A run that comes to no end is closed as cut off: at once if an error ended it, at the next start if it was killed.
    """
    with office.ledger.claimed(slot) as free:
        if not free:
            return Outcome([], skipped=f"{slot.target} 正由另一个执行处理，本次不再重复")
        # What somebody looked at in between does not count: a schedule keeps its hour.
        if asked_by.trigger in UNASKED and no_more_to_do(office.ledger, office.contract, slot, now(), UNASKED):
            return Outcome([], skipped=f"{slot.target} 已按计划完成，本次不再重复")
        run = Run(office, slot, office.begin(slot, asked_by, parameters))
        try:
            outcome = go(run)
            if not run.has_ended:
                office.ledger.end(run.id, outcome.state, now())
        except BaseException:
            with suppress(LedgerError):  # the next start does what cannot be done now
                office.ledger.cut_off(run.id, now())
            raise
        return outcome
