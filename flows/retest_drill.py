"""The drill of the retest: each weakness of the practice hosts is shown, retested as it is, mended, and broken again.

What is retested is what a person would enter, in a ledger of the drill's own. One lane per host.
"""

import sys
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.table import Table

from checks.entries import Who
from checks.finding import State
from checks.retest import Result, result_of
from checks.safe_probe import Vantage, safe_probe
from checks.security_finding import Life, SecurityFinding
from checks.slots import RETEST, retest_slot
from flows.caller import Caller
from flows.drill import borrowed, in_lanes, quiet
from flows.exit_codes import FINE, PROBLEMS
from flows.finding_desk import FindingDesk
from flows.office import Office, now
from flows.retest import Retest, enter_claim
from flows.retest_plan import CLAIMED, Claim, alone, chosen
from flows.run import carried_out
from flows.single_probe import taken_alone
from rehearsal.hosts.broken_probes import PROBE_FAULTS, PROBE_PARAMS
from rehearsal.hosts.broken_security import CUT_OFF, REPLACED, SECURITY_FAULTS
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.fault import HostFault
from rehearsal.hosts.faults import find
from rehearsal.hosts.identity import Identity
from rehearsal.hosts.roster import BASTION
from tasks.settings import Settings
from tasks.ssh import Network

# Where an ordinary user keeps the practice hosts there is one account only: nobody else's files, and no sudo.
_ROOT_ONLY = () if Identity.mine().is_root else ("oa-app-01:shadow-readable", "oa-app-01:root-login")
FAULTS = tuple(fault for fault in (*SECURITY_FAULTS, *PROBE_FAULTS) if fault.name not in _ROOT_ONLY)
TESTER, FIXER, WHY = "演练复测人", "演练整改人", "演练"
STAGES = ("没有整改", "断网", "换了主机", "整改后", "再次出现", "再次整改")
EXPECTED = (
    (Result.NOT_REPAIRED, Life.OPEN),
    (Result.UNTESTABLE, Life.UNTESTABLE),
    (Result.UNTESTABLE, Life.UNTESTABLE),
    (Result.REPAIRED, Life.VERIFIED),
    (Result.NOT_REPAIRED, Life.REOPENED),
    (Result.REPAIRED, Life.VERIFIED),
)


class Course(NamedTuple):
    """What became of one weakness. before: the evidence before the repair; stages: the verdict of each retest, and what
    the register made of it."""

    fault: HostFault
    number: str
    before: State
    stages: tuple[tuple[Result | None, Life], ...]

    @property
    def passed(self) -> bool:
        """It was seen as it should be, every time."""
        return self.before is State.CRIT and self.stages == EXPECTED


class RetestDrill:
    """Weaknesses of practice hosts that are up and have none."""

    def __init__(self, settings: Settings, estate: HostEstate) -> None:
        self._estate, self._office = estate, Office(settings)

    def run(self, faults: Sequence[HostFault], tell: Callable[[Course], None]) -> list[Course]:
        """All of them, one host beside the other."""
        with self._office.network() as network:
            return in_lanes(faults, lambda fault: fault.host, lambda fault: self._course(fault, network), tell)

    def _course(self, fault: HostFault, network: Network) -> Course:
        """Every stage, to its end whatever comes."""
        cut_off, replaced = CUT_OFF[fault.host].name, REPLACED[fault.host].name
        number = self._entered(fault)
        self._estate.fault(fault.name)
        before = self._before(number)
        stages = [self._retested(number, network)]
        for other in (cut_off, replaced):
            self._estate.fault(other)
            stages.append(self._retested(number, network))
            self._estate.clear(other)
        for turn in (self._estate.clear, self._estate.fault, self._estate.clear):
            turn(fault.name)
            stages.append(self._retested(number, network))
        return Course(fault, number, before, tuple(stages))

    def _entered(self, fault: HostFault) -> str:
        """On record as a finding; returns its number."""
        [(asset, probe, _)] = fault.caught_by
        there = Vantage.HOST in safe_probe(probe).vantages
        title = f"{fault.title}（{fault.name}，{now():%Y-%m-%d %H:%M:%S}）"
        cells = {"title": title, "severity": "高危", "asset": asset, "probe": probe,
                 "vantage": Vantage.HOST if there else Vantage.BASTION, "way": "" if there else BASTION}  # fmt: skip
        desk, by = self._desk(), Who(WHY, WHY, "drill")
        desk.enter(cells, by)
        number = next(one.id for one in desk.findings() if one.title == title)
        if params := PROBE_PARAMS.get(fault.name):
            desk.plan(number, {"params": params}, by)
        return number

    def _before(self, number: str) -> State:
        finding, office = self._finding(number), self._office
        sight = alone(office.ledger, office.contract, (finding.probe, finding.asset), "", [], number, now())
        done = taken_alone(office, sight, TESTER, WHY, before=True)
        return done.seen.finding.state if done else State.UNKNOWN

    def _retested(self, number: str, network: Network) -> tuple[Result | None, Life]:
        """As `xunjian retest` does it, with the claim that it is mended where nobody has made one."""
        office = self._office
        claim = Claim(TESTER, "" if self._finding(number).life in CLAIMED else FIXER)
        [one] = chosen(office.ledger, office.contract, [number], claim, WHY, now())
        by = Caller("", "drill", TESTER, WHY)
        slot = retest_slot(office.contract, number, office.today())
        office.expect([slot])
        enter_claim(office, [one], claim, by)
        carried_out(office, slot, by, {}, lambda run: Retest(run, network, one, by).go())
        [*_, last] = office.ledger.runs(RETEST, date.min, date.max, number)
        result = next((found for each in last.findings if (found := result_of(each.finding))), None)
        return result, self._finding(number).life

    def _finding(self, number: str) -> SecurityFinding:
        return self._desk().finding(number)

    def _desk(self) -> FindingDesk:
        return FindingDesk(self._office.ledger, self._office.contract, now())


def practise(settings: Settings, estate: HostEstate, names: Sequence[str]) -> int:
    """Drill in the practice hosts of this machine and print the table. Returns the exit code."""
    faults = [find(name, FAULTS) for name in names] or FAULTS
    out = Console(width=None if sys.stdout.isatty() else 200)  # into a file nothing need be cut off
    table = Table("漏洞", "说明", "探测项", "整改前", *STAGES, title="整改复测演练", title_justify="left")
    with borrowed(estate), quiet(), Live(table, console=out, refresh_per_second=2, vertical_overflow="visible"):
        courses = RetestDrill(settings, estate).run(faults, lambda course: table.add_row(*_row(course)))
    if not out.is_terminal:
        out.print()  # which `Live` leaves out there
    missed = [course.fault.name for course in courses if not course.passed]
    if missed:
        out.print(f"{len(missed)} 个漏洞的复测结论不对：{'、'.join(missed)}", style="red")
        return PROBLEMS
    out.print(
        f"{len(courses)} 个漏洞：没有整改、断网、换了主机都没有算作修复，整改后已修复，再次出现即重新打开",
        style="green",
    )
    return FINE


def _row(course: Course) -> list[str]:
    said = [
        f"[{'green' if stage == expected else 'red'}]{stage[0].value if stage[0] else '没有结论'}"
        f"{'，重新打开' if stage[1] is Life.REOPENED else ''}[/]"
        for stage, expected in zip(course.stages, EXPECTED, strict=True)
    ]
    before = f"[{'green' if course.before is State.CRIT else 'red'}]{course.before.label}[/]"
    return [course.fault.name, course.fault.title, course.fault.caught_by[0][1], before, *said]
