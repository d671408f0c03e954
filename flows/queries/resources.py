"""资源趋势: CPU, memory and disks of every host over the period, and when a disk will be full."""

from checks.period_lines import LoadLine, ResourceLine
from checks.resources import CPU, MEMORY
from flows.queries import query
from flows.queries.facts import Facts


@query("resources", "每台主机的 CPU 和内存：期初、期末、最高")
def resources(facts: Facts) -> tuple[LoadLine, ...]:
    """Hosts of which anything was read, in the contract's order."""
    lines = []
    for host, of in facts.resources.items():
        found = {line.what: line for line in of}
        if CPU in found or MEMORY in found:
            rows = next(iter(found.values())).rows
            lines.append(LoadLine(host=host, cpu=found.get(CPU), memory=found.get(MEMORY), rows=rows))
    return tuple(lines)


@query("resources.disks", "文件系统：期初、期末、变化、预计几天写满；用得多的在前；默认只列在变化的和快满的")
def disks(facts: Facts, moving: bool = True) -> tuple[ResourceLine, ...]:
    """Those with a forecast first, then the fullest. `moving`: whether those that fill up or are nearly full are
    wanted, or the others."""
    lines = [line for of in facts.resources.values() for line in of if line.what not in (CPU, MEMORY)]
    kept = [line for line in lines if line.moving is moving]
    return tuple(sorted(kept, key=lambda line: (not line.forecast, -(line.last.value or 0), line.host)))


@query("resources.unseen", "本期没有取得资源数据的主机，用顿号隔开；都取得了就是空的")
def unseen(facts: Facts) -> str:
    """Hosts of the contract, by name."""
    return "、".join(host for host, lines in facts.resources.items() if not lines)
