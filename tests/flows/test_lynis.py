"""The baseline against Lynis on the same Debian host: what both judge agrees, or docs/lynis.md says why not."""

import re
import shutil
from pathlib import Path

from host_answers import wait_for

from checks.clauses import CLAUSES
from checks.finding import Finding, State
from checks.slots import baseline_slots
from flows.caller import Caller
from flows.host_visits import HostRounds
from flows.office import Office
from flows.run import carried_out
from rehearsal.hosts.broken_baseline import BASELINE_FAULTS
from rehearsal.hosts.estate import HostEstate
from tasks.settings import Settings

HOST = "oa-web-01"
DOC = Path(__file__).parents[2] / "docs" / "lynis.md"
MAPPED = {test: item for item, clause in CLAUSES.items() for test in clause.maps if re.fullmatch(r"[A-Z]+-\d{4}", test)}
"""Of each item that has a test of Lynis's, the tests."""


def lynis(hosts: HostEstate) -> dict[str, bool]:
    """By test that was executed: whether Lynis finds fault."""
    tests = " ".join([*MAPPED, "LOGG-2230", "MALW-3284", "SSH-7402"])  # on which others of them depend
    hosts.console(
        HOST,
        "rm -f /run/lynis.*; cd /tmp\n"
        "lynis audit system --quick --no-colors --report-file /run/lynis.dat --logfile /run/lynis.log "
        f"--tests '{tests}' >/run/lynis.out 2>&1 </dev/null &",
    )
    wait_for(lambda: hosts.console(HOST, "grep -q ^finish=true /run/lynis.dat")[0] == 0, 180)
    out = hosts.console(HOST, "cat /run/lynis.dat")[1]
    executed = re.search(r"^tests_executed=(.*)$", out, re.M)
    assert executed, out
    faults = set(re.findall(r"^(?:warning|suggestion)\[\]=([A-Z]+-\d{4})\|", out, re.M))
    return {test: test in faults for test in executed[1].strip("|").split("|")}


def ours(settings: Settings) -> dict[str, Finding]:
    office = Office(settings)
    [slot] = [one for one in baseline_slots(office.contract, office.today()) if one.target == HOST]
    office.expect([slot])
    with office.network() as network:
        by = Caller("", "cli", "测试", "测试")
        outcome = carried_out(office, slot, by, {}, lambda run: HostRounds([run], network).go()[0])
    return {one.check: one for _, one in outcome.findings}


def differences(host: str, theirs: dict[str, bool], found: dict[str, Finding]) -> set[tuple[str, str, str]]:
    both = {test: item for test, item in MAPPED.items() if test in theirs and item in found}
    return {
        (item, test, host) for test, item in both.items() if theirs[test] is not (found[item].state is not State.OK)
    }


def test_what_both_judge_agrees_or_the_difference_is_explained(host_settings: Settings, hosts: HostEstate) -> None:
    # Given
    assert shutil.which("lynis"), "lynis is not installed"
    hosts.console(HOST, "mkdir -p /etc/lynis/plugins")
    hosts.put(HOST, "/etc/lynis/default.prf", Path("/etc/lynis/default.prf").read_text(encoding="utf-8"))
    explained = {
        tuple(cell.strip() for cell in row.split("|")[1:4])
        for row in DOC.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| B\d\d \|", row)
    }
    # When: sound, then with every fault
    sound = lynis(hosts)
    seen = differences("sound", sound, ours(host_settings))
    for fault in BASELINE_FAULTS:
        if fault.host == HOST:
            hosts.fault(fault.name)
    broken = lynis(hosts)
    seen |= differences("broken", broken, ours(host_settings))
    # Then
    assert not seen ^ explained, seen ^ explained
    # and there was something to compare
    both = [test for test in MAPPED if test in sound and test in broken]
    assert {"AUTH-9204", "AUTH-9283", "AUTH-9286", "ACCT-9628", "INSE-8322"} <= set(both)
    assert sum(broken[test] for test in both) > sum(sound[test] for test in both)
