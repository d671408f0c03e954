"""The drill of the page inspection: one lane per system."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from checks.slots import Slot, page_slots
from flows.caller import Caller
from flows.drill import Fault, Found
from flows.office import Office
from flows.page_visits import PageRounds
from flows.run import carried_out
from rehearsal.estate import Estate
from rehearsal.faults import FAULTS, find
from tasks.browser.chromium import Chromium
from tasks.settings import Settings


class PageDrill:
    """Page faults, in an estate that may be up already."""

    title = "页面巡检演练"

    def __init__(self, settings: Settings, estate: Estate) -> None:
        self.practice, self._office = estate, Office(settings)
        self._slots = {slot.target: slot for slot in page_slots(self._office.contract, self._office.today())}

    def faults(self, names: Sequence[str]) -> Sequence[Fault]:
        """Those named, or all."""
        return [find(name) for name in names] or FAULTS

    def lane(self, fault: Fault) -> str:
        """The system, which begins the fault's name."""
        return fault.name.partition("-")[0]

    def look(self, fault: Fault, why: str, targets: set[str]) -> Found:
        """Where the fault should be noticed, and the login before it: the rest would only take its time."""
        return self._inspect(self._slots[self.lane(fault)], why, targets)

    def look_at_all(self) -> Found:
        """All systems, all pages."""
        with ThreadPoolExecutor(len(self._slots)) as pool:
            found = pool.map(lambda slot: self._inspect(slot, "演练前", None), self._slots.values())
            return [one for findings in found for one in findings]

    def _inspect(self, slot: Slot, why: str, only: set[str] | None) -> Found:
        self._office.expect([slot])
        by = Caller("", "drill", "演练", why)
        with Chromium(self._office.settings, [self._office.contract.system(slot.target)]) as chromium:
            return carried_out(self._office, slot, by, {}, lambda run: PageRounds(run, chromium, only).go()).findings
