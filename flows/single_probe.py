"""One safe probe alone, asked for by a person: on record like any other look; as a before, in the register too."""

from typing import NamedTuple

from checks.entries import Who
from checks.retest import Taken
from checks.slots import retest_slot
from flows.caller import caller
from flows.finding_desk import FindingDesk
from flows.office import Office, now
from flows.outcome import Outcome
from flows.retest import recorded, taken
from flows.retest_plan import Sight
from flows.run import Run, carried_out
from flows.standing import from_shell


class Single(NamedTuple):
    """What came of it. `entered`: what the register was told, or why nothing; "" where it is no before."""

    seen: Taken
    entered: str


def taken_alone(office: Office, sight: Sight, who: str, why: str, *, before: bool) -> Single | None:
    """Look once, and put it on record; None where somebody else is just looking.

    Args:
        before: it is the evidence before a repair, if it shows the weakness.
    """
    slot = retest_slot(office.contract, sight.name, office.today())
    asked_by, found = caller(who, why), list[Single]()

    def go(run: Run) -> Outcome:
        with office.network() as network:
            seen = taken(run, network, sight)
        recorded(run, seen)
        found.append(
            Single(seen, _entered(office, sight, seen, Who(asked_by.who, asked_by.why, from_shell())) if before else "")
        )
        return Outcome([(sight.name, seen.finding)])

    office.expect([slot])
    parameters = {"probe": sight.probe.id, "target": str(sight.target), "params": sight.params.model_dump(mode="json")}
    carried_out(office, slot, asked_by, parameters, go)
    return next(iter(found), None)


def _entered(office: Office, sight: Sight, seen: Taken, by: Who) -> str:
    if not seen.shows:
        return "没有看到漏洞，不能作为整改前的证据，没有登记"
    at = now()
    desk = FindingDesk(office.ledger, office.contract, at)
    said = desk.tested(
        sight.name, seen.finding.state, by, run=seen.run, tester=by.name, at=at, probe=sight.probe.id,
        version=sight.probe.version, identity=seen.visit.identity,
    )  # fmt: skip
    return f"已登记{said}"
