"""The drill of the backup check: one lane per backup."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from checks.backup import BackupGroup
from checks.backup_check import backup_checks
from checks.slots import backup_slots
from flows.backup_check import LANES
from flows.backup_visits import BackupRounds
from flows.caller import Caller
from flows.drill import Fault, Found
from flows.office import Office
from flows.run import carried_out
from rehearsal.hosts.broken_backups import BACKUP_FAULTS
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import find
from tasks.settings import Settings
from tasks.ssh import Network

DEADLINE = 25.0
"""Seconds for a backup, where the contract gives it an hour: some faults last until it is over."""


class BackupDrill:
    """Faults of the practice hosts' backups, in an estate that may be up already."""

    title = "备份检查演练"

    def __init__(self, settings: Settings, estate: HostEstate) -> None:
        self.practice, self._office = estate, Office(settings)
        groups = [_hastily(group) for group in self._office.contract.backups]
        self._office.contract = self._office.contract.model_copy(update={"backups": groups})
        self._slots = {slot.target: slot for slot in backup_slots(self._office.contract, self._office.today())}

    def faults(self, names: Sequence[str]) -> Sequence[Fault]:
        """Those named, or all."""
        items = {check.id for check in backup_checks()}  # others are for the restore drill
        mine = tuple(fault for fault in BACKUP_FAULTS if items & {item for _, item, _ in fault.caught_by})
        return [find(name, mine) for name in names] or mine

    def lane(self, fault: Fault) -> str:
        """The backup that it touches; what touches several comes alone."""
        targets = {target for target, _, _ in fault.caught_by}
        return targets.pop() if len(targets) == 1 else ""

    def look(self, fault: Fault, why: str, targets: set[str]) -> Found:
        """The backups that the fault touches, whole."""
        return self._check(targets, why)

    def look_at_all(self) -> Found:
        """All backups."""
        return self._check(self._slots, "演练前")

    def _check(self, targets: Collection[str], why: str) -> Found:
        with self._office.network() as network, ThreadPoolExecutor(LANES) as pool:
            found = pool.map(lambda target: self._one(target, why, network), sorted(targets))
            return [one for findings in found for one in findings]

    def _one(self, target: str, why: str, network: Network) -> Found:
        slot = self._slots[target]
        self._office.expect([slot])
        by = Caller("", "drill", "演练", why)
        return carried_out(self._office, slot, by, {}, lambda run: BackupRounds(run, network).go()).findings


def _hastily(group: BackupGroup) -> BackupGroup:
    backups = [backup.model_copy(update={"deadline": DEADLINE}) for backup in group.backups]
    return group.model_copy(update={"backups": backups})
