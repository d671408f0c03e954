"""The drill of the restore drill: faults that only a restore shows, one lane per backup."""

from collections.abc import Collection, Sequence

from checks.restore_check import restore_checks
from checks.slots import drill_slots
from flows.caller import Caller
from flows.drill import Fault, Found
from flows.office import Office
from flows.restoration import Restoration
from flows.run import carried_out
from rehearsal.hosts.broken_backups import BACKUP_FAULTS
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import find
from tasks.settings import Settings


class RestoreFaults:
    """Faults of what is in the practice hosts' backups, in an estate that may be up already."""

    title = "恢复演练的演练"

    def __init__(self, settings: Settings, estate: HostEstate) -> None:
        self.practice, self._office = estate, Office(settings)
        self._slots = {slot.target: slot for slot in drill_slots(self._office.contract, self._office.today())}

    def faults(self, names: Sequence[str]) -> Sequence[Fault]:
        """Those named, or all."""
        items = {check.id for check in restore_checks()}
        mine = tuple(fault for fault in BACKUP_FAULTS if items & {item for _, item, _ in fault.caught_by})
        return [find(name, mine) for name in names] or mine

    def lane(self, fault: Fault) -> str:
        """The backup that it touches."""
        return next(iter(fault.caught_by))[0]

    def look(self, fault: Fault, why: str, targets: set[str]) -> Found:
        """The backups that the fault touches, whole."""
        return self._restore(targets, why)

    def look_at_all(self) -> Found:
        """All backups that are restored."""
        return self._restore(self._slots, "演练前")

    def _restore(self, targets: Collection[str], why: str) -> Found:
        with self._office.network() as network:
            found: Found = []
            for target in sorted(targets):
                slot = self._slots[target]
                self._office.expect([slot])
                by = Caller("", "drill", "演练", why)
                run = carried_out(self._office, slot, by, {}, lambda run: Restoration(run, network).go())
                found += run.findings
            return found
