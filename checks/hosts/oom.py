"""OS14 OOM: processes that the kernel killed for want of memory since the last inspection."""

import re

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.hosts.kernel_errors import COMMAND as KERNEL_LOG
from checks.hosts.kernel_errors import messages
from checks.visit import Facts

COMMAND = f"""\
line /proc/sys/kernel/random/boot_id
grep '^oom_kill ' /proc/vmstat && exit 0
{KERNEL_LOG}"""
"""The counter since boot; kernels before 4.13 (CentOS 7) have none: there, the kernel log since last time."""

_KILLED = re.compile(r"[Oo]ut of memory: Kill(ed)? process")
"""One line for each process; a line "Killed process …" follows it on old kernels and is not counted."""


class Kills(Facts):
    """`counted` since the boot named by `boot`, or `logged` since the last inspection (first time: in 7 days)."""

    boot: str
    counted: int | None = None
    logged: int = 0


def parse(section: Section) -> Kills:
    """The boot's id, then either the counter or the log."""
    boot, _, rest = section.out.partition("\n")
    if not re.fullmatch(r"[0-9a-f-]{36}", boot):
        raise ValueError("no boot id")
    if counter := re.fullmatch(r"oom_kill (\d+)\s*", rest):
        return Kills(boot=boot, counted=int(counter[1]))
    return Kills(boot=boot, logged=sum(bool(_KILLED.search(line)) for line in messages(section._replace(out=rest))))


def evaluate(kills: Kills, look: Look[Kills], params: Params) -> Verdict:
    """Any is too many. After a reboot the counter starts at zero again."""
    last = look.last.facts if look.last else None
    if kills.counted is None:
        new = kills.logged
    elif last is None or last.counted is None:
        return Verdict(State.OK, f"首次巡检，作为基线：开机以来 {kills.counted} 次")
    else:
        new = kills.counted - (last.counted if last.boot == kills.boot else 0)
    return Verdict(State.CRIT if new else State.OK, f"新增 {new} 次，期望 0 次")


CHECK = HostCheck("OS14", "OOM", COMMAND, parse, evaluate, Kills, Params)
