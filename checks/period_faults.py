"""What inspections of a period have found that was not well, and what of it comes again or is still there."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from checks.finding import State
from checks.number import count, row
from checks.period_lines import FaultLine


class Fault(NamedTuple):
    """The last verdict of one slot on one item of one target, which is not OK. `id`: of the finding. `newest`: nobody
    has seen this item since, so that it stands; to have looked and not seen it is no news."""

    id: int
    slot: str
    target: str
    check: str
    at: datetime
    state: State
    summary: str
    newest: bool

    @property
    def seen(self) -> bool:
        """It is at fault; the others could not be looked at."""
        return self.state is not State.UNKNOWN


def at_fault(faults: Iterable[Fault]) -> list[Fault]:
    """Those that are WARN or CRIT."""
    return [one for one in faults if one.seen]


def slots_of(faults: Iterable[Fault]) -> list[str]:
    """The slots in which something was found to be at fault, each once."""
    return list(dict.fromkeys(one.slot for one in at_fault(faults)))


def most_often(faults: Iterable[Fault], titles: dict[str, str]) -> list[FaultLine]:
    """One line per item of a target: the most frequent first; of equals the one that was seen last.

    Args:
        titles: of items, by id.
    """
    by_item: dict[tuple[str, str], list[Fault]] = {}
    for one in at_fault(faults):
        by_item.setdefault((one.target, one.check), []).append(one)
    lines = []
    for (target, check), those in by_item.items():
        states = Counter(one.state for one in those)
        last = max(those, key=lambda one: one.id)
        rows = tuple(row("finding", one.id) for one in those)
        lines.append(
            FaultLine(
                target=target,
                item=f"{check} {titles[check]}" if check in titles else check,
                times=count("", rows),
                state=State.CRIT if states[State.CRIT] else State.WARN,
                last_at=last.at,
                summary=last.summary,
                still=last.newest,
                rows=rows,
            )
        )
    return sorted(lines, key=lambda line: (-len(line.rows), -line.last_at.timestamp(), line.target, line.item))
