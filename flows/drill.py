"""The drill: switch on every fault of the rehearsal estate in turn, see it caught, clear it, see it clear.

One lane per system, side by side; within a lane one fault at a time. What is run is the page inspection itself
(`flows.visits`), into a ledger of the drill's own. This table is the proof that a green mark means something.
"""

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from rich.console import Console
from rich.live import Live
from rich.table import Table

from checks.finding import Finding, State
from checks.slots import Slot, page_slots
from flows.caller import Caller
from flows.exit_codes import FAILED, FINE, PROBLEMS
from flows.office import Office, now
from flows.outcome import Outcome
from flows.visits import Rounds
from rehearsal.estate import Estate
from rehearsal.faults import FAULTS, Fault, find
from tasks.browser.chromium import Chromium
from tasks.settings import Settings

Bad = list[tuple[str, Finding]]


class Result(NamedTuple):
    """What became of one fault. `caught`: every verdict that it should bring came; `cleared`: afterwards all was OK."""

    fault: Fault
    found: Bad
    caught: bool
    cleared: bool

    @property
    def passed(self) -> bool:
        """Caught as it should be, and clear again."""
        return self.caught and self.cleared


def page_inspection(names: list[str]) -> int:
    """Drill in the rehearsal estate of this machine and print the table. Returns the exit code."""
    from flows.outcome import FINE as ALL_FINE

    out = Console(width=None if sys.stdout.isatty() else 200)  # into a file nothing need be cut off
    faults = [find(name) for name in names] or list(FAULTS)
    base = Settings()
    settings = base.model_copy(
        update={
            "contract": Path(__file__).parent.parent / "rehearsal" / "contract",
            "ledger_url": f"sqlite:///{base.root / 'drill' / 'ledger.db'}",
            "evidence": base.root / "drill" / "evidence",
        }
    )
    table = Table(
        "故障", "说明", "发现者", "项目", "结论", "内容", "清除后", title="页面巡检演练", title_justify="left"
    )
    estate = Estate(base.root / "rehearsal")
    was_up = estate.status().running
    estate.up()
    try:
        clean = _unclean(settings)
        if clean:
            out.print("演练环境没有故障时巡检就不正常，演练不能开始：", style="red")
            _print(out, clean)
            return FAILED
        with Live(table, console=out, refresh_per_second=2, vertical_overflow="visible"):
            results = run(estate, settings, faults, lambda result: table.add_row(*_row(result)))
        if not out.is_terminal:
            out.print()  # which `Live` leaves out there
    finally:
        estate.clear()
        if not was_up:
            estate.down()
    missed = [result.fault.name for result in results if not result.passed]
    if missed:
        out.print(f"{len(missed)} 个故障没有通过：{'、'.join(missed)}", style="red")
        return PROBLEMS
    out.print(f"{len(results)} 个故障全部被发现，清除后{ALL_FINE}", style="green")
    return FINE


def run(estate: Estate, settings: Settings, faults: Iterable[Fault], tell: Callable[[Result], None]) -> list[Result]:
    """Drill all faults, one lane per system. The estate is up and has no fault."""
    office, lock = Office(settings), Lock()
    slots = {slot.target: slot for slot in page_slots(office.contract, office.today())}
    office.ledger.expect(list(slots.values()))
    lanes: dict[str, list[Fault]] = {}
    for fault in faults:
        lanes.setdefault(fault.system, []).append(fault)

    def lane(system: str) -> list[Result]:
        results = []
        for fault in lanes[system]:
            result = _drill(estate, office, slots[system], fault)
            results.append(result)
            with lock:
                tell(result)
        return results

    with ThreadPoolExecutor(len(lanes)) as pool:
        return [result for results in pool.map(lane, lanes) for result in results]


def _drill(estate: Estate, office: Office, slot: Slot, fault: Fault) -> Result:
    estate.fault(fault.name)
    # Where the fault should be noticed, and the login before it: the rest would only take its time.
    found = _bad(_inspect(office, slot, fault.name, only={target for target, _, _ in fault.caught_by}).findings)
    estate.clear(fault.name)
    seen = {(target, finding.check, finding.state.value) for target, finding in found}
    touched = {target for target, _ in found}
    again = _bad(_inspect(office, slot, f"{fault.name} 清除后", only=touched).findings) if touched else []
    return Result(fault, found, caught=set(fault.caught_by) <= seen, cleared=not again)


def _inspect(office: Office, slot: Slot, why: str, only: set[str] | None = None) -> Outcome:
    run_id = office.begin(slot, Caller("", "drill", "演练", why), {})
    with Chromium(office.settings, [office.contract.system(slot.target)]) as chromium:
        outcome = Rounds(office, slot, run_id, chromium, only).go()
    office.ledger.end(run_id, outcome.state, now())
    return outcome


def _unclean(settings: Settings) -> Bad:
    """What an estate without faults is found guilty of: should be nothing."""
    office = Office(settings)
    slots = list(page_slots(office.contract, office.today()))
    office.ledger.expect(slots)
    with ThreadPoolExecutor(len(slots)) as pool:
        outcomes = list(pool.map(lambda slot: _inspect(office, slot, "演练前"), slots))
    return [one for outcome in outcomes for one in _bad(outcome.findings)]


def _bad(findings: Bad) -> Bad:
    return [(target, finding) for target, finding in findings if finding.state is not State.OK]


def _row(result: Result) -> list[str]:
    """The first verdict that was expected, or else the worst that came."""
    wanted = {(target, check) for target, check, _ in result.fault.caught_by}
    first = next(((t, f) for t, f in result.found if (t, f.check) in wanted), None)
    target, finding = first or (result.found[0] if result.found else ("—", None))
    caught = f"[green]{finding.state.label}[/green]" if finding and result.caught else "[red]未发现[/red]"
    return [
        result.fault.name,
        result.fault.title,
        target,
        finding.check if finding else "—",
        caught,
        finding.summary.replace("[", r"\[") if finding else "—",
        "[green]正常[/green]" if result.cleared else "[red]仍不正常[/red]",
    ]


def _print(out: Console, bad: Bad) -> None:
    for target, finding in bad:
        out.print(f"  {target} {finding.check} {finding.state.label}：{finding.summary}", markup=False)
