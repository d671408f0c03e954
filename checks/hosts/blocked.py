"""OS13 D 状态进程: processes that wait for a disk or a server, uninterruptibly. Threshold: Lynis, PROC-3614."""

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.hosts.cpu import COMMAND, EARLY
from checks.hosts.zombies import lasting
from checks.visit import Facts

_MOST = 20  # so many names are kept
_NAMED = 3


class Ignoring(Params):
    """Some drivers' kernel threads are always in it."""

    ignore: tuple[str, ...] = Field((), title="不算的进程名", description="驱动的内核线程有的一直处于 D 状态")


class Blocked(Facts):
    """The names of processes that were in state D in both samples."""

    names: tuple[str, ...]


def parse(section: Section) -> Blocked:
    """One wait is everyday; the same process still waiting at the end of the script is not."""
    return Blocked(names=tuple(process.name for process in lasting(section.out, "D")[:_MOST]))


def evaluate(blocked: Blocked, look: Look[Blocked], params: Ignoring) -> Verdict:
    """Any is a warning."""
    names = [name for name in blocked.names if name not in params.ignore]
    if not names:
        return Verdict(State.OK, "0 个，期望 0 个")
    which = "、".join(dict.fromkeys(names[:_NAMED]))
    return Verdict(State.WARN, f"{len(names)} 个，期望 0 个：{which}{'等' if len(names) > _NAMED else ''}")


CHECK = HostCheck("OS13", "D 状态进程", COMMAND, parse, evaluate, Blocked, Ignoring, early=EARLY, at_once=True)
