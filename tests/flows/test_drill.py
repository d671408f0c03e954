"""The whole drill: every fault of the practice estate is caught as it should be, and is gone when it is cleared.

This is the proof that a green mark means something, so nothing is left out.
"""

from collections.abc import Callable
from pathlib import Path

from flows import drill
from flows.backup_drill import BackupDrill
from flows.host_drill import HostDrill
from flows.page_drill import PageDrill
from rehearsal.estate import Estate
from rehearsal.faults import FAULTS
from rehearsal.hosts.broken_backups import BACKUP_FAULTS
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import HOST_FAULTS
from tasks.settings import Settings


def every_fault_is_caught(practised: drill.Drill, least: int) -> None:
    """Given a clean estate, when each fault is switched on and off again, then it was caught, and all is clean."""
    clean = drill.bad(practised.look_at_all())
    assert [f"{target} {one.check} {one.summary}" for target, one in clean] == []
    told: list[str] = []
    faults = practised.faults([])
    results = drill.run(practised, faults, lambda result: told.append(result.fault.name))
    assert len(results) >= least
    assert sorted(told) == sorted(fault.name for fault in faults)
    assert {result.fault.name: result.found for result in results if not result.caught} == {}
    assert [result.fault.name for result in results if not result.cleared] == []


def test_pages(estate: Estate, sample_contract: Path, settings_for: Callable[[Path], Settings]) -> None:
    # the limits as in earnest (3 and 10 seconds); only what is down for good is waited for less long
    for file in sample_contract.glob("systems/*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}\nlimits: {{ warn: 3, crit: 10, down: 13 }}\n", encoding="utf-8")
    every_fault_is_caught(PageDrill(settings_for(sample_contract), estate), least=15)


def test_hosts(hosts: HostEstate, host_settings: Settings) -> None:
    every_fault_is_caught(HostDrill(host_settings, hosts), least=40)


def test_backups(hosts: HostEstate, host_settings: Settings) -> None:
    every_fault_is_caught(BackupDrill(host_settings, hosts), least=25)


def test_every_item_that_can_be_broken_here_has_its_fault() -> None:
    """What no fault can bring about is named, with the reason."""
    from checks.backup_check import backup_checks
    from checks.host_check import host_checks
    from checks.page_check import page_checks

    pages = {item for fault in FAULTS for _, item, _ in fault.caught_by}
    assert {check.id for check in page_checks()} - pages == {"PG09"}  # evidence cannot be kept: our own disk is full
    backups = {item for fault in BACKUP_FAULTS for _, item, _ in fault.caught_by}
    assert {check.id for check in backup_checks()} - backups == set()
    hosts = {item for fault in HOST_FAULTS for _, item, _ in fault.caught_by}
    not_here = {
        "OS17": "a namespace's interfaces have no errors that could be counted",
        "MY4": "slow queries and long transactions: tests/checks/hosts/test_mysql_real.py",
        "PG2": "a transaction id a thousand million old",
        "OS26": "new words in a log: tests/checks/hosts/test_logs.py",
        "TC3": "new words in a log: tests/checks/hosts/test_tomcat.py",
        "TC2": "a heap that stays full",
        **{f"KB{number}": "no KingbaseES can be run here" for number in (1, 2, 3)},
        **{f"OR{number}": "no Oracle can be run here" for number in (1, 2, 3)},
        **{f"DM{number}": "no DM8 can be run here" for number in (1, 2, 3, 4)},
        "TW1": "no TongWeb can be run here",
        "WL1": "no WebLogic can be run here",
    }
    assert {check.id for check in host_checks()} - hosts == set(not_here)
