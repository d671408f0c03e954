"""B10 文件权限: of the account files, and of files to come (umask)."""

import re

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.services import parts
from checks.visit import Facts

COMMAND = """\
echo '=== umask'
grep -shiE '^[[:space:]]*umask[[:space:]]+[0-7]+' /etc/login.defs /etc/profile /etc/profile.d/*.sh /etc/bashrc
echo '=== modes'
stat -c '%a %n' /etc/shadow /etc/passwd /etc/group"""

MOST = {"/etc/shadow": 0o640, "/etc/passwd": 0o644, "/etc/group": 0o644}
UMASK = 0o027


class Modes(Facts):
    """Octal, as people read them; umask "": none is set."""

    files: dict[str, str]
    umask: str


def parse(section: Section) -> Modes:
    """`stat -c '%a %n'`; the last umask holds."""
    said = parts(section.out)
    files = {name: mode for mode, name in (line.split(None, 1) for line in said["modes"].splitlines())}
    if set(files) != set(MOST):
        raise ValueError("not all files")
    masks = re.findall(r"(?im)^\s*umask\s+([0-7]+)", said["umask"])
    return Modes(files=files, umask=masks[-1] if masks else "")


def evaluate(facts: Modes, look: Look[Modes], params: Params) -> Verdict:
    """A mode that is too wide is worse than a mask that is."""
    wide = [f"{name} {mode}" for name, mode in facts.files.items() if int(mode, 8) & ~MOST[name]]
    masked = facts.umask and not UMASK & ~int(facts.umask, 8)
    said = f"{'、'.join(wide) or '账号文件权限'}{'太宽' if wide else '合适'}，umask {facts.umask or '没有设'}"
    state = State.CRIT if wide else State.OK if masked else State.WARN
    return Verdict(state, f"{said}；期望 shadow 不宽于 640，passwd、group 不宽于 644，umask 027")


CHECK = HostCheck("B10", CLAUSES["B10"].title, COMMAND, parse, evaluate, Modes, Params, at_once=True)
