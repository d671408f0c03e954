"""OS06 内存: how much of it is not to be had. Thresholds: field practice."""

from math import floor

from pydantic import Field

from checks.finding import Verdict
from checks.host_check import HostCheck, Look, Rising, Section
from checks.visit import Facts

COMMAND = "cat /proc/meminfo"


class Params(Rising):
    """Per cent."""

    warn: float = Field(80, gt=0, le=100, title="告警（%）")
    crit: float = Field(90, gt=0, le=100, title="严重（%）")


class Memory(Facts):
    """KiB."""

    total: int = Field(gt=0)
    available: int
    estimated: bool = False  # the kernel is older than 3.14 and does not say


def meminfo(out: str) -> dict[str, int]:
    """proc(5): `MemTotal:  16384 kB`, a line each; numbers in KiB."""
    lines = (line.partition(":") for line in out.splitlines())
    return {name: int(value.split()[0]) for name, _, value in lines}


def parse(section: Section) -> Memory:
    """MemAvailable, or what comes near it: shared memory counts in Cached, but cannot be taken back."""
    try:
        kib = meminfo(section.out)
        available = kib.get("MemAvailable")
        guess = kib["MemFree"] + kib["Buffers"] + kib["Cached"] - kib.get("Shmem", 0)
        return Memory(
            total=kib["MemTotal"], available=guess if available is None else available, estimated=available is None
        )
    except LookupError as error:
        raise ValueError("not /proc/meminfo") from error


def evaluate(memory: Memory, look: Look[Memory], params: Params) -> Verdict:
    """1 - available / total."""
    used = 100 * (1 - memory.available / memory.total)
    how = "（估算）" if memory.estimated else ""
    total = memory.total / 2**20
    return Verdict(params.state(used), f"已用 {floor(used)}%{how}，期望小于 {params.warn:g}%，共 {total:.1f} GiB")


CHECK = HostCheck("OS06", "内存", COMMAND, parse, evaluate, Memory, Params, at_once=True)
