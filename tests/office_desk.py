"""Runs without a browser or a host: what somebody saw, made up, for tests of what becomes of a run."""

from collections.abc import Callable

from checks.finding import Finding, State
from checks.slots import Slot, page_slots
from flows.caller import Caller
from flows.office import Office
from flows.outcome import Outcome
from flows.run import Run

FINE = Finding(check="PG01", state=State.OK, summary="如常")


def slot_of(office: Office, system: str = "oa") -> Slot:
    return next(slot for slot in page_slots(office.contract, office.today()) if slot.target == system)


def by(trigger: str) -> Caller:
    return Caller("", trigger, "值班员甲", "测试")


def looking(office: Office, finding: Finding = FINE) -> Callable[[Run], Outcome]:
    def look(run: Run) -> Outcome:
        there = office.contract.system(run.slot.target)
        for part in there.targets():
            run.add(there.target(part), 1, [finding])
        return Outcome([(there.target(part), finding) for part in there.targets()])

    return look
