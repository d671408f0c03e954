"""OS12 僵尸进程: processes that are over, and whose parent does not take notice. Thresholds: Lynis, PROC-3612."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Rising, Section
from checks.hosts.cpu import COMMAND, EARLY
from checks.visit import Facts

_EXAMPLES = 3  # so many are named


class Params(Rising):
    """Numbers of processes."""

    warn: float = Field(5, gt=0, title="告警（个）")
    crit: float = Field(10, gt=0, title="严重（个）")


class Zombies(Facts):
    """How many, and some of them."""

    count: int
    examples: tuple[str, ...] = ()  # name and parent


class Process(NamedTuple):
    """One that was in the same state in both samples."""

    pid: int
    name: str
    parent: int


def lasting(out: str, state: str) -> list[Process]:
    """The processes that were in a state in both samples: who is there for a moment is no fault.

    Raises:
        NotTaken: the host shows us only our own processes.
        ValueError: not two samples.
    """
    first, second = re.split(r"^cpu .*\ncpu .*\n?", out, maxsplit=1, flags=re.M)
    if not first.startswith("visible\n"):
        raise NotTaken(Reason.PERMISSION, "主机不让我们看别人的进程（hidepid）")
    before = {process.pid for process in _in(first, state)}
    return [process for process in _in(second, state) if process.pid in before]


def _in(sample: str, state: str) -> Iterator[Process]:
    for line in sample.split("\n"):
        # The name may hold ") (", blanks, and even a line break: then neither half of it is a process.
        if (match := re.fullmatch(r"(\d+) \((.*)\) (\w) (\d+) .*", line)) and match[3] == state:
            name = "".join(letter if letter.isprintable() else "?" for letter in match[2])
            yield Process(int(match[1]), name, int(match[4]))


def parse(section: Section) -> Zombies:
    """proc(5), /proc/pid/stat: pid (name) state parent …"""
    zombies = lasting(section.out, "Z")
    named = dict.fromkeys(f"{one.name}（父进程 {one.parent}）" for one in zombies)
    return Zombies(count=len(zombies), examples=tuple(named)[:_EXAMPLES])


def evaluate(zombies: Zombies, look: Look[Zombies], params: Params) -> Verdict:
    """Their parents are what has to be mended."""
    state = params.state(zombies.count)
    which = f"，如 {'、'.join(zombies.examples)}" if state is not State.OK else ""
    return Verdict(state, f"{zombies.count} 个，期望少于 {params.warn:g} 个{which}")


CHECK = HostCheck("OS12", "僵尸进程", COMMAND, parse, evaluate, Zombies, Params, early=EARLY, at_once=True)
