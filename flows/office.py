"""What every duty needs before it can start: the contract, the ledger and the secrets, opened together.

Opening the office fails early and clearly; a duty that has begun should only meet the world's faults.
"""

import gc
import subprocess
from collections.abc import Iterable
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from checks.backup import Backup
from checks.contract import Contract, System
from checks.host import Access
from checks.slots import Slot
from flows import standing
from flows.caller import Caller
from tasks import contract_folder, evidence, leftovers, secrets, working_days
from tasks.ledger import Ledger
from tasks.settings import Settings
from tasks.ssh import Login, Network


class Office:
    """The contract folder, the ledger and this machine's settings, open.

    Raises:
        ContractError: the contract folder has errors.
        LedgerError: the ledger cannot be opened.
        EvidenceError: evidence could not be kept.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.folder = self.settings.contract.absolute()
        self.contract: Contract = contract_folder.load(self.folder)
        known = secrets.known(self.settings.secrets_dir)
        if errors := contract_folder.check_files(self.folder, self.contract, known):
            raise contract_folder.ContractError(errors)
        self.contract_hash = contract_folder.hash_of(self.folder)
        self.calendar_version = working_days.calendar_version(self.contract.calendar)
        self.code_version = _code_version()
        self.evidence = evidence.Store(self.settings)
        self.evidence.check_writable()
        self.ledger = Ledger(self.settings.ledger, sm3=self.settings.sm3)
        self._bring_up_to_date()
        # What is here by now, Prefect above all, stays: to look through it for garbage took a tenth of a run's CPU.
        gc.freeze()

    def _bring_up_to_date(self) -> None:
        """What every start owes the record: the contract as it is, runs that were killed, and what nobody did."""
        at = now()
        leftovers.sweep(self.settings, at)
        standing.record_contract(self.ledger, self.folder, self.contract, at)
        self.cut_off = self.ledger.close_cut_off(at)
        standing.put_on_record(self.ledger, at)

    def today(self) -> date:
        """The contract's day, now."""
        return datetime.now(self.contract.tz).date()

    def secrets_for(self, system: System) -> secrets.Secrets:
        """The secrets that a system's login and journeys use, by name.

        Raises:
            SecretError: one is missing or readable by others, also the one that the pictures are encrypted with.
        """
        if system.sealed:
            self.evidence.check_key()
        return secrets.read_all(contract_folder.secret_names(self.folder, system), self.settings.secrets_dir)

    def host_secrets(self, host: str) -> secrets.Secrets:
        """The secrets with which a host is reached, its bastions' included, by name.

        Raises:
            SecretError: one is missing or readable by others.
        """
        return secrets.read_all(self.contract.access_secrets(host), self.settings.secrets_dir)

    def backup_secrets(self, backup: Backup) -> secrets.Secrets:
        """The secrets that reading a backup needs, by name; its hosts' are theirs.

        Raises:
            SecretError: one is missing or readable by others.
        """
        return secrets.read_all(backup.secret_names(), self.settings.secrets_dir)

    def used_at(self, backup: Backup) -> list[str]:
        """The values of all secrets in use where a backup is looked at, to take them out of what is to be kept."""
        known = secrets.known(self.settings.secrets_dir)
        names = [name for host in backup.hosts() for name in self.contract.access_secrets(host)]
        names += backup.secret_names()
        return [known[name] for name in dict.fromkeys(names) if name in known]

    def network(self) -> Network:
        """The way to the hosts, as the SSH configuration has it: the contract folder's first, then the user's own.

        Raises:
            SshConfigError: a mistake in one of the files.
        """
        home = Path.home() / ".ssh"
        return Network(
            [self.folder / contract_folder.SSH_CONFIG, home / "config"],
            [self.settings.known_hosts_file, home / "known_hosts"],
            self._login,
        )

    def _login(self, alias: str) -> Login:
        """How to log in at a host or a bastion; nothing is tried at one that the contract does not name."""
        placed = next((one for one in self.contract.all_hosts() if one.host.name == alias), None)
        access = self.contract.bastions.get(alias, Access()) if placed is None else placed.group.access_of(placed.host)
        values = secrets.read_all(access.secret_names(), self.settings.secrets_dir)
        return Login(
            key=values[access.key] if access.key else "",
            passphrase=values[access.passphrase] if access.passphrase else "",
            password=values[access.password] if access.password else "",
            agent=access.agent,
        )

    def expect(self, slots: Iterable[Slot]) -> None:
        """Put slots on record that are not yet."""
        self.ledger.expect(list(slots), now())

    def begin(self, slot: Slot, asked_by: Caller, parameters: dict[str, Any]) -> str:
        """Put a run on record as started, with all that tells where it came from; returns its id."""
        return self.ledger.begin(
            slot,
            **asked_by._asdict(),
            parameters=parameters,
            code_version=self.code_version,
            contract_hash=self.contract_hash,
            calendar_version=self.calendar_version,
            now=now(),
        )


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


def _code_version() -> str:
    """The package's version, and the commit where this is a checkout."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return version("xunjian")
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return version("xunjian")
    return f"{version('xunjian')}+{answer.stdout.strip()}"
