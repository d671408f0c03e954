"""B14 安全审计: the kernel's audit, asked through auditctl(8)."""

import re

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.services import parts
from checks.visit import Facts

COMMAND = """\
command -v auditctl >/dev/null || { echo '=== missing'; return 0; }
echo '=== rules'
as_root auditctl -l
echo '=== status'
as_root auditctl -s"""


class Audit(Facts):
    """installed; enabled: 0 off, 1 on, 2 locked; pid: of auditd, 0 where it does not run; rules: how many."""

    installed: bool
    enabled: int = 0
    pid: int = 0
    rules: int = 0


def parse(section: Section) -> Audit:
    """`auditctl -s`: `enabled 1`, `pid 612`; older ones have all in one line: `AUDIT_STATUS: enabled=1 … pid=612`."""
    said = parts(section.out)
    if "missing" in said:
        return Audit(installed=False)
    status = {name: int(value) for name, value in re.findall(r"\b(enabled|pid)[ =](\d+)", said["status"])}
    rules = sum(line.startswith("-") for line in said["rules"].splitlines())
    return Audit(installed=True, enabled=status["enabled"], pid=status["pid"], rules=rules)


def evaluate(facts: Audit, look: Look[Audit], params: Params) -> Verdict:
    """On without rules is only a part."""
    if not facts.installed:
        return Verdict(State.CRIT, "没有装 auditd，期望在运行并且有规则")
    if not facts.enabled or not facts.pid:
        return Verdict(State.CRIT, "auditd 没有运行，期望在运行并且有规则")
    state = State.OK if facts.rules else State.WARN
    return Verdict(state, f"auditd 在运行，规则 {facts.rules} 条，期望有规则")


CHECK = HostCheck("B14", CLAUSES["B14"].title, COMMAND, parse, evaluate, Audit, Params)
