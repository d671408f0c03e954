"""OS07 交换: how much of the swap space is used. Thresholds: field practice."""

from math import floor

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Rising, Section
from checks.hosts.memory import COMMAND, meminfo
from checks.visit import Facts


class Params(Rising):
    """Per cent."""

    warn: float = Field(25, gt=0, le=100, title="告警（%）")
    crit: float = Field(50, gt=0, le=100, title="严重（%）")


class Swap(Facts):
    """KiB."""

    total: int
    free: int


def parse(section: Section) -> Swap:
    """SwapTotal is 0 where there is none."""
    try:
        kib = meminfo(section.out)
        return Swap(total=kib["SwapTotal"], free=kib["SwapFree"])
    except LookupError as error:
        raise ValueError("not /proc/meminfo") from error


def evaluate(swap: Swap, look: Look[Swap], params: Params) -> Verdict:
    """No swap space is a decision, not a fault."""
    if not swap.total:
        return Verdict(State.OK, "没有配置交换分区")
    used = 100 * (1 - swap.free / swap.total)
    total = swap.total / 2**20
    return Verdict(params.state(used), f"已用 {floor(used)}%，期望小于 {params.warn:g}%，共 {total:.1f} GiB")


CHECK = HostCheck("OS07", "交换", COMMAND, parse, evaluate, Swap, Params, at_once=True)
