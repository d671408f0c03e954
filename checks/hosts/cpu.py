"""OS04 CPU: the share of the time that the script takes in which the processors were busy. Thresholds: field practice.

What is busy for a moment only is no finding: the load of the last minute says whether it was.
"""

import re
from math import floor

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Rising, Section
from checks.visit import Facts

_OWN = 'read -r own </proc/$$/stat; set -- ${own##*) }; echo "own $((${12} + ${13} + ${14} + ${15}))"'
EARLY = f"""\
[ -r /proc/1/stat ] && echo visible
grep -sh ') [DZ] ' /proc/[0-9]*/stat
{_OWN}
line /proc/stat
"""
COMMAND = f"""\
read -r up idle </proc/uptime
passed=$((${{up%.*}} * 100 + 1${{up#*.}} - ${{STARTED%.*}} * 100 - 1${{STARTED#*.}}))
if [ "$passed" -lt 25 ]; then
    left=$((125 - passed))
    sleep "0.${{left#1}}" 2>/dev/null || sleep 1
fi
grep '^cpu' /proc/stat
{_OWN}
grep -sh ') [DZ] ' /proc/[0-9]*/stat
read -r averages </proc/loadavg && echo "load $averages"
return 0
"""
"""Two samples, for OS04, OS05, OS12 and OS13: the times of all processors together, and the processes that are, or by
their name could be, in state D or Z. A process that vanishes meanwhile is no error. `visible`: others' processes are
shown (no hidepid). The first is taken at the start of the script, the second at its end, a quarter of a second later or
more: 25 ticks of each processor; `own`: what the script itself has used so far, which does not count (proc(5): utime,
stime, cutime, cstime of its shell). The second has a line for each processor, too. `load`: /proc/loadavg."""


class Params(Rising):
    """Per cent of the time of all processors together."""

    warn: float = Field(80, gt=0, le=100, title="告警（%）")
    crit: float = Field(90, gt=0, le=100, title="严重（%）")


class Cpu(Facts):
    """Per cent. Waiting for the disk is not busy, as in node_exporter's rules (Checkmk counts it): the processor is
    free for others, and a slow disk shows in OS05 and OS13. What the hypervisor took away (steal) is busy: the host
    wanted it. `tasks`: by processes alone, the part of `busy` that makes load; `load`: of the last minute, in per cent
    of what the processors can do."""

    busy: float
    waiting: float
    tasks: float = 0
    load: float = Field(100, ge=0)


def parse(section: Section) -> Cpu:
    """proc(5): user nice system idle iowait irq softirq steal, in ticks; guest is part of user."""
    before, after = ([int(n) for n in line.split()[1:9]] for line in times(section.out))
    own = [int(ticks) for ticks in re.findall(r"^own (\d+)$", section.out, re.M)]
    spent = [b - a for a, b in zip(before, after, strict=True)]
    if len(spent) < 5:
        raise ValueError("no iowait")
    idle, waiting = max(0, spent[3]), max(0, spent[4])  # iowait may go backwards, says proc(5)
    total = sum(max(0, ticks) for ticks in spent)
    if not total:
        raise ValueError("no time has passed")
    worked = own[1] - own[0]
    busy = max(0, total - idle - waiting - worked)
    tasks = max(0, sum(spent[:3]) - worked)
    (minute, _, _), processors = averages(section.out)
    return Cpu(
        busy=100 * busy / total,
        waiting=100 * waiting / total,
        tasks=100 * tasks / total,
        load=100 * minute / processors,
    )


def times(out: str) -> tuple[str, str]:
    """The two lines of /proc/stat.

    Raises:
        ValueError: there are not two.
    """
    first, second = (line for line in out.splitlines() if line.startswith("cpu "))
    return first, second


def averages(out: str) -> tuple[tuple[float, float, float], int]:
    """The load of 1, 5 and 15 minutes, and the number of processors that are online.

    Raises:
        ValueError: they are not there.
    """
    load, processors = re.search(r"^load (\S+) (\S+) (\S+) ", out, re.M), re.findall(r"^cpu\d", out, re.M)
    if not load or not processors:
        raise ValueError("no load")
    return (float(load[1]), float(load[2]), float(load[3])), len(processors)


def evaluate(cpu: Cpu, look: Look[Cpu], params: Params) -> Verdict:
    """The actual beside the expected; waiting is told where there is any to speak of.

    Processes that use a processor all the time are load: after a minute, 63 per cent of it. Less than half means that
    it has just begun, and may be over the next moment.
    """
    state, said = params.state(cpu.busy), f"使用率 {floor(cpu.busy)}%，期望小于 {params.warn:g}%"
    if state is not State.OK and cpu.load < cpu.tasks / 2:
        return Verdict(State.OK, f"{said}；只是瞬时，最近 1 分钟的负载只有 {cpu.load:.0f}%")
    return Verdict(state, f"{said}，另有 {cpu.waiting:.0f}% 在等磁盘" if cpu.waiting >= 10 else said)


CHECK = HostCheck("OS04", "CPU", COMMAND, parse, evaluate, Cpu, Params, early=EARLY, at_once=True)
