"""RS09: nothing is left of the drill."""

from checks.finding import State, Verdict
from checks.restore_check import Drilled, RestoreCheck


def evaluate(drilled: Drilled) -> Verdict:
    """The place is memory: what had to go with it is a process, and what may have come out of it is a swap area."""
    visit = drilled.visit
    if not visit.gone:
        return Verdict(State.CRIT, "暂存空间还有进程没有结束，业务数据还在内存里；请重启巡检服务所在的机器并核对")
    if visit.swap:
        what = f"数据已清除，但交换区 {visit.swap} 没有加密，演练中可能写到过它"
        return Verdict(State.WARN, f"{what}；请停用交换区（swapoff），或改用加密的或 zram")
    return Verdict(State.OK, "暂存空间在内存里，已随进程一起清除，没有留下数据")


CHECK = RestoreCheck("RS09", "清除", evaluate, always=True)
