"""The drill of the host inspection: one lane per host."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from checks.slots import host_slots
from flows.caller import Caller
from flows.drill import Fault, Found
from flows.host_visits import HostRounds
from flows.office import Office
from flows.run import carried_out
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import HOST_FAULTS, find
from tasks.settings import Settings
from tasks.ssh import Network

DEADLINE = 25.0
"""Seconds for a host, where the contract gives it minutes: some faults last until it is over."""


class HostDrill:
    """Host faults, in an estate that may be up already."""

    title = "主机巡检演练"

    def __init__(self, settings: Settings, estate: HostEstate) -> None:
        self.practice, self._office = estate, Office(settings)
        groups = [group.model_copy(update={"deadline": DEADLINE}) for group in self._office.contract.hosts]
        self._office.contract = self._office.contract.model_copy(update={"hosts": groups})
        self._slots = {slot.target: slot for slot in host_slots(self._office.contract, self._office.today())}

    def faults(self, names: Sequence[str]) -> Sequence[Fault]:
        """Those named, or all."""
        return [find(name, HOST_FAULTS) for name in names] or HOST_FAULTS

    def lane(self, fault: Fault) -> str:
        """The host, which begins the fault's name; the bastion is everybody's."""
        host = fault.name.partition(":")[0]
        return host if host in self._slots else ""

    def look(self, fault: Fault, why: str, targets: set[str]) -> Found:
        """The hosts that the fault touches, whole."""
        return self._inspect(targets, why)

    def look_at_all(self) -> Found:
        """All hosts, twice: the first time is what the second is compared with."""
        self._inspect(self._slots, "演练前")
        return self._inspect(self._slots, "演练前")

    def _inspect(self, hosts: Collection[str], why: str) -> Found:
        with self._office.network() as network, ThreadPoolExecutor(len(hosts)) as pool:
            found = pool.map(lambda host: self._one(host, why, network), sorted(hosts))
            return [one for findings in found for one in findings]

    def _one(self, host: str, why: str, network: Network) -> Found:
        slot = self._slots[host]
        self._office.expect([slot])
        by = Caller("", "drill", "演练", why)
        return carried_out(self._office, slot, by, {}, lambda run: HostRounds([run], network).go()[0]).findings
