"""The registry of what can be wrong with the practice hosts: NAME of the host, a colon, and the fault.

Each fault is a pair of scripts for the host's root. They do the thing itself wherever that can be done; only figures
that are the whole machine's (load, memory, clock) are told, not made.
"""

from rehearsal.faults import UnknownFaultError, hint
from rehearsal.hosts.broken_backups import BACKUP_FAULTS
from rehearsal.hosts.broken_baseline import BASELINE_FAULTS
from rehearsal.hosts.broken_probes import PROBE_FAULTS
from rehearsal.hosts.broken_security import CUT_OFF, REPLACED, SECURITY_FAULTS
from rehearsal.hosts.broken_services import SERVICE_FAULTS
from rehearsal.hosts.broken_ssh import SSH_FAULTS
from rehearsal.hosts.broken_system import SYSTEM_FAULTS
from rehearsal.hosts.fault import HostFault

HOST_FAULTS: tuple[HostFault, ...] = (*SYSTEM_FAULTS, *SERVICE_FAULTS, *SSH_FAULTS)
"""What the host inspection finds. `BACKUP_FAULTS` are for the backup check (BK) and the restore drill (RS),
`BASELINE_FAULTS` for the baseline check (B), `PROBE_FAULTS` (on the host) and `SECURITY_FAULTS` (over the network) for
retests."""

ALL_FAULTS = (
    *HOST_FAULTS, *BACKUP_FAULTS, *BASELINE_FAULTS, *PROBE_FAULTS, *SECURITY_FAULTS, *CUT_OFF.values(),
    *REPLACED.values(),
)  # fmt: skip


def find(name: str, among: tuple[HostFault, ...] = ALL_FAULTS) -> HostFault:
    """The fault of this name; an unknown name raises, with the closest one as a hint."""
    known = {fault.name: fault for fault in among}
    if name not in known:
        raise UnknownFaultError(hint(name, known))
    return known[name]
