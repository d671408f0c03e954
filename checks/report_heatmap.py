"""Host × item over a period, for the picture of a report: of several inspections the worst state, so that one look
finds every fault. What was due and not done is a state of its own; it is never fine."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from checks.coverage import Line, Mark
from checks.finding import State
from checks.host import Placed
from checks.host_check import host_checks
from checks.host_lines import Blank, Cell
from checks.records import Told

_WINS = (State.CRIT, State.UNKNOWN, Blank.NOT_DONE, State.WARN, State.OK, Blank.NOT_APPLICABLE, Blank.NOT_DUE)
"""As `finding.worst`, with what was not done beside what could not be seen."""
_NOTHING_OWED = (Mark.PENDING, Mark.EXCUSED)


class Column(NamedTuple):
    """A host: its system's name, its own, and a cell for each item."""

    system: str
    host: str
    cells: tuple[Cell, ...]


class Grid(NamedTuple):
    """`items`: what they are called. `left`: how many hosts there are beside those shown."""

    items: tuple[str, ...]
    columns: tuple[Column, ...]
    left: int = 0

    @property
    def counts(self) -> Counter[Cell]:
        """The cells shown, by state."""
        return Counter(cell for column in self.columns for cell in column.cells)

    def within(self, most: int) -> "Grid":
        """The `most` hosts with the worst states, in their order; the others are counted in `left`."""
        places = sorted(range(len(self.columns)), key=lambda n: _severity(self.columns[n]))[:most]
        return self._replace(
            columns=tuple(self.columns[n] for n in sorted(places)), left=len(self.columns) - len(places)
        )


def _severity(column: Column) -> tuple[int, ...]:
    tally = Counter(column.cells)
    return tuple(-tally[one] for one in _WINS)


def grid(lines: Iterable[Line], hosts: Mapping[str, tuple[str, Placed]], told: Iterable[Told]) -> Grid:
    """Put it together.

    Args:
        lines: of the coverage, those of the host inspection.
        hosts: by name, the system's name and what is due on the host.
        told: the verdicts of the period's slots, oldest first: of a slot the last one counts.
    """
    last: dict[tuple[str, str], dict[str, State]] = {}
    for one in told:
        last.setdefault((one.target, one.item), {})[one.slot] = one.state
    found = [(line, *hosts[line.target]) for line in lines if line.target in hosts]
    due = {placed.host.name: {one.check.id for one in placed.planned} for _, _, placed in found}
    items = sorted({item for _, item in last} | {item for its in due.values() for item in its}, key=_place)
    columns = [
        Column(system, line.target, tuple(_cell(line, placed, due, item, last) for item in items))
        for line, system, placed in found
    ]
    return Grid(tuple(_LABELS.get(item, item) for item in items), tuple(columns))


def _cell(
    line: Line, placed: Placed, due: Mapping[str, set[str]], item: str,
    last: Mapping[tuple[str, str], Mapping[str, State]],
) -> Cell:  # fmt: skip
    states = last.get((line.target, item), {})
    if not states and item not in due[line.target]:
        return Blank.NOT_APPLICABLE if item in placed.group.not_applicable(placed.host) else Blank.NOT_DUE
    cells: list[Cell] = [*states.values()]
    if item in due[line.target] and any(
        one.slot.id not in states and one.mark not in _NOTHING_OWED for one in line.marks
    ):
        cells.append(Blank.NOT_DONE)
    return min(cells, key=_WINS.index, default=Blank.NOT_DUE)


_LABELS = {check.id: f"{check.id} {check.title}" for check in host_checks()}
_SERVICES = {check.id for check in host_checks() if check.service}


def _place(item: str) -> tuple[bool, str]:
    """The operating system first, then the services."""
    return item in _SERVICES, item
