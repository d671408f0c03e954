"""OS20 cron: whether anything runs the scheduled jobs. Lynis SCHD-7702. And the list of processes, for OS21 too."""

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.visit import Facts

COMMAND = """\
[ -r /proc/1/comm ] || exit 3
names=$(cat /proc/[0-9]*/comm 2>/dev/null)
printf '%s\\n' "$names"
case $names in *busybox*)
    grep -slx busybox /proc/[0-9]*/comm | while read -r file; do
        tr '\\0' ' ' <"${file%comm}cmdline" | { read -r program applet rest; printf '%s\\n' "$applet"; }
    done ;;
esac
exit 0"""
"""The name of every process, at most 15 characters; of BusyBox, what it was called as. A process that ends meanwhile
is no error. Where process 1 is not shown, others' processes are hidden (hidepid), and nothing can be said."""

NAMES = ("cron", "crond", "fcron")


class Running(Facts):
    """Which of the programs in question run."""

    names: tuple[str, ...]


def running(section: Section, names: tuple[str, ...]) -> Running:
    """Those of `names` that run, in that order."""
    if section.status == 3:
        raise NotTaken(Reason.PERMISSION, "/proc 以 hidepid 挂载，看不到其他账号的进程")
    if section.status or not section.out.strip():
        raise ValueError("no processes")
    present = set(section.out.splitlines())
    return Running(names=tuple(name for name in names if name in present))


def parse(section: Section) -> Running:
    """The usual implementations."""
    return running(section, NAMES)


def evaluate(found: Running, look: Look[Running], params: Params) -> Verdict:
    """One is enough."""
    if not found.names:
        return Verdict(State.CRIT, "没有 cron 进程，期望 cron 或 crond 在运行")
    return Verdict(State.OK, f"{found.names[0]} 在运行，期望在运行")


CHECK = HostCheck("OS20", "cron", COMMAND, parse, evaluate, Running, Params, at_once=True)
