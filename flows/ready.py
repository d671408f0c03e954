"""What can be found wrong with a command before Prefect is loaded, which takes two seconds."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from checks.contract import Contract
    from tasks.contract_folder import FolderError
    from tasks.settings import Settings


def loaded_contract(settings: "Settings") -> "Contract":
    """The contract folder without a mistake."""
    from tasks import contract_folder, secrets

    contract = contract_folder.load(settings.contract)
    if errors := contract_folder.check_files(settings.contract, contract, secrets.known(settings.secrets_dir)):
        raise contract_folder.ContractError(errors)
    return contract


def pages_ready(settings: "Settings", systems: list[str], day: str) -> "Contract":
    """Whatever can be found wrong with a run before Prefect is loaded is found here."""
    from datetime import datetime

    from checks.slots import asked_slots
    from tasks import contract_folder, secrets
    from tasks.evidence import Store

    contract = loaded_contract(settings)
    today = datetime.now(contract.tz).date()
    for slot in asked_slots(contract, day_of(day, today), systems, today):
        system = contract.system(slot.target)
        secrets.read_all(contract_folder.secret_names(settings.contract, system), settings.secrets_dir)
        if system.sealed:
            Store(settings).check_key()
    return contract


def hosts_ready(settings: "Settings", hosts: list[str], day: str) -> "tuple[Contract, list[str]]":
    """Likewise for the host inspection. Secrets are each host's own matter: a missing one costs that host only."""
    from datetime import datetime

    from checks.slots import asked_host_slots
    from tasks.contract_folder import ContractError

    contract = loaded_contract(settings)
    if mistakes := ssh_mistakes(settings.contract, contract):
        raise ContractError(mistakes)
    today = datetime.now(contract.tz).date()
    return contract, [slot.target for slot in asked_host_slots(contract, day_of(day, today), hosts, today)]


def baseline_ready(settings: "Settings", targets: list[str], day: str) -> "tuple[Contract, list[str]]":
    """Likewise for the baseline check of hosts and addresses."""
    from datetime import datetime

    from checks.slots import asked_baseline_slots
    from tasks.contract_folder import ContractError

    contract = loaded_contract(settings)
    if mistakes := ssh_mistakes(settings.contract, contract):
        raise ContractError(mistakes)
    today = datetime.now(contract.tz).date()
    return contract, [slot.target for slot in asked_baseline_slots(contract, day_of(day, today), targets, today)]


def backups_ready(
    settings: "Settings", backups: list[str], day: str, *, restored: bool = False
) -> "tuple[Contract, list[str]]":
    """Likewise for the backup check and, of those that are restored, for the restore drill."""
    from datetime import datetime

    from checks.slots import asked_backup_slots, asked_drill_slots
    from tasks.contract_folder import ContractError

    contract = loaded_contract(settings)
    if mistakes := ssh_mistakes(settings.contract, contract):
        raise ContractError(mistakes)
    today = datetime.now(contract.tz).date()
    asked = asked_drill_slots if restored else asked_backup_slots
    return contract, [slot.target for slot in asked(contract, day_of(day, today), backups, today)]


def ssh_mistakes(folder: Path, contract: "Contract") -> "list[FolderError]":
    """What is wrong with the way to the hosts, in the contract folder's ssh_config or the user's own."""
    if not contract.hosts:
        return []
    from tasks.contract_folder import SSH_CONFIG, FolderError
    from tasks.ssh.config import Config
    from tasks.ssh.errors import SshConfigError

    found = []
    try:
        config = Config([folder.absolute() / SSH_CONFIG, Path.home() / ".ssh" / "config"])
        for placed in contract.all_hosts():
            config.route(placed.host.name)
    except SshConfigError as error:
        found = [FolderError(str(error.file), error.line, "", error.what, error.remedy)]
    return found


def day_of(day: str, today: "date") -> "date":
    from checks.slots import RequestError

    try:
        return type(today).fromisoformat(day) if day else today
    except ValueError as error:
        raise RequestError(f"日期要写成 年-月-日，例如 2026-11-22；现在是 {day}") from error
