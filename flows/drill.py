"""The drill: switch on every fault of the rehearsal estate in turn, see it caught, clear it, see it clear.

Faults of one lane come one at a time, lanes run side by side. What is run is the inspection itself, into a ledger of
the drill's own. The table is the proof that a green mark means something.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol, TypeVar

from rich.console import Console
from rich.live import Live
from rich.table import Table

from checks.finding import Finding, State
from flows.exit_codes import FAILED, FINE, PROBLEMS
from tasks.settings import Settings

Found = list[tuple[str, Finding]]
F = TypeVar("F", bound="Fault")
R = TypeVar("R")


class Fault(Protocol):
    """What can be wrong. `caught_by`: the verdicts that it should bring, as target, item, state."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def caught_by(self) -> tuple[tuple[str, str, str], ...]: ...


class Practice(Protocol):
    """The rehearsal estate, or its hosts: up or down, and with faults."""

    def up(self) -> object: ...
    def down(self) -> bool: ...
    @property
    def running(self) -> bool: ...
    def fault(self, name: str) -> object: ...
    def clear(self, name: str = "") -> object: ...


class Drill(Protocol):
    """A duty that can be drilled."""

    @property
    def practice(self) -> Practice: ...

    @property
    def title(self) -> str: ...

    def faults(self, names: Sequence[str]) -> Sequence[Fault]:
        """Those named, or all."""

    def lane(self, fault: Fault) -> str:
        """Where the fault is; empty where it touches everything and must have the estate to itself."""

    def look(self, fault: Fault, why: str, targets: set[str]) -> Found:
        """Inspect what the fault touches: at least `targets`."""

    def look_at_all(self) -> Found:
        """Inspect everything."""


class Result(NamedTuple):
    """What became of one fault. `caught`: every verdict that it should bring came; `cleared`: afterwards all was OK."""

    fault: Fault
    found: Found
    caught: bool
    cleared: bool

    @property
    def passed(self) -> bool:
        """Caught as it should be, and clear again."""
        return self.caught and self.cleared


def settings_for_drills() -> Settings:
    """This machine's settings, with the sample contract, and a ledger and evidence of the drill's own."""
    base = Settings()
    return base.model_copy(
        update={
            "contract": Path(__file__).parent.parent / "rehearsal" / "contract",
            "ledger_url": f"sqlite:///{base.root / 'drill' / 'ledger.db'}",
            "evidence": base.root / "drill" / "evidence",
        }
    )


def practise(drill: Drill, names: Sequence[str]) -> int:
    """Drill in the rehearsal estate of this machine and print the table. Returns the exit code."""
    from flows.outcome import FINE as ALL_FINE

    out = Console(width=None if sys.stdout.isatty() else 200)  # into a file nothing need be cut off
    faults = drill.faults(names)
    heads = ("故障", "说明", "发现者", "项目", "结论", "内容", "清除后")
    table = Table(*heads, title=drill.title, title_justify="left")
    with borrowed(drill.practice), quiet():
        if unclean := bad(drill.look_at_all()):
            out.print("演练环境没有故障时巡检就不正常，演练不能开始：", style="red")
            for target, finding in unclean:
                out.print(f"  {target} {finding.check} {finding.state.label}：{finding.summary}", markup=False)
            return FAILED
        with Live(table, console=out, refresh_per_second=2, vertical_overflow="visible"):
            results = run(drill, faults, lambda result: table.add_row(*_row(result)))
        if not out.is_terminal:
            out.print()  # which `Live` leaves out there
    missed = [result.fault.name for result in results if not result.passed]
    if missed:
        out.print(f"{len(missed)} 个故障没有通过：{'、'.join(missed)}", style="red")
        return PROBLEMS
    out.print(f"{len(results)} 个故障全部被发现，清除后{ALL_FINE}", style="green")
    return FINE


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing on the log: the table says it."""
    log = logging.getLogger("xunjian")
    was, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = was


@contextmanager
def borrowed(practice: Practice) -> Iterator[None]:
    """Up; afterwards without faults, and as it was found."""
    was_up = practice.running
    practice.up()
    try:
        yield
    finally:
        practice.clear()
        if not was_up:
            practice.down()


def run(drill: Drill, faults: Sequence[Fault], tell: Callable[[Result], None]) -> list[Result]:
    """Drill all faults. The estate is up and has no fault."""
    return in_lanes(faults, drill.lane, lambda fault: _drill(drill, fault), tell)


def in_lanes(
    faults: Sequence[F], lane: Callable[[F], str], one: Callable[[F], R], tell: Callable[[R], None]
) -> list[R]:
    """Do one thing with each fault, one lane beside the other; those without a lane come last, alone."""
    lanes: dict[str, list[F]] = {}
    for fault in faults:
        lanes.setdefault(lane(fault), []).append(fault)
    alone, lock = lanes.pop("", []), Lock()

    def go(faults: list[F]) -> list[R]:
        results = []
        for fault in faults:
            results.append(one(fault))
            with lock:
                tell(results[-1])
        return results

    with ThreadPoolExecutor(max(1, len(lanes))) as pool:
        return [*(result for results in pool.map(go, lanes.values()) for result in results), *go(alone)]


def _drill(drill: Drill, fault: Fault) -> Result:
    drill.practice.fault(fault.name)
    found = bad(drill.look(fault, fault.name, {target for target, _, _ in fault.caught_by}))
    drill.practice.clear(fault.name)
    seen = {(target, finding.check, finding.state.value) for target, finding in found}
    were = {(target, finding.check) for target, finding in found}
    still = were
    for _ in range(2):  # what has changed since the last time is said once more, and rightly
        if still:
            again = bad(drill.look(fault, f"{fault.name} 清除后", {target for target, _ in still}))
            # What a fault left in a log is found there afterwards, and rightly so.
            still = {(target, one.check) for target, one in again} & were
    return Result(fault, found, caught=set(fault.caught_by) <= seen, cleared=not still)


def bad(findings: Found) -> Found:
    """Those that are not OK."""
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
