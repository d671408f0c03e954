"""B13 最小权限: sudo without a password for everything, and who may `su`."""

import re

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.host_policy import pam
from checks.services import parts
from checks.visit import Facts

COMMAND = """\
echo '=== su'
grep -sH '' /etc/pam.d/su
echo '=== sudo'
[ -e /etc/sudoers ] || return 0
if [ -r /etc/sudoers ] && { [ ! -e /etc/sudoers.d ] || [ -r /etc/sudoers.d ]; }; then reading='limit 10'
else reading=as_root
fi
$reading grep -rshE '^[^#]*NOPASSWD' /etc/sudoers /etc/sudoers.d
[ $? -lt 2 ] || { [ ! -e /etc/sudoers.d ] && return 0; return 77; }"""
"""grep: 1 where no line fits, 2 where a file could not be read, or is not there."""


class Privileges(Facts):
    """everything: lines that allow all without a password; wheel: su is for a group only."""

    everything: int
    wheel: bool


def parse(section: Section) -> Privileges:
    """sudoers(5): `NOPASSWD: ALL`, also behind other tags."""
    said = parts(section.out)
    wheel = [one for one in pam(said["su"]) if one.kind == "auth" and one.module == "pam_wheel.so"]
    all_of_it = re.findall(r"(?m)NOPASSWD:\s*(?:[A-Z]+:\s*)*ALL\b", said["sudo"])
    return Privileges(everything=len(all_of_it), wheel=any(one.control in ("required", "requisite") for one in wheel))


def evaluate(facts: Privileges, look: Look[Privileges], params: Params) -> Verdict:
    """Everything without a password is worse than su for all who know root's."""
    state = State.CRIT if facts.everything else State.OK if facts.wheel else State.WARN
    said = f"NOPASSWD: ALL {facts.everything} 处，su {'只限 wheel 组' if facts.wheel else '不限组'}"
    return Verdict(state, f"{said}；期望 0 处、只限 wheel 组")


CHECK = HostCheck("B13", CLAUSES["B13"].title, COMMAND, parse, evaluate, Privileges, Params, private=True)
