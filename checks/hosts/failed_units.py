"""OS15 失败服务: units that systemd gave up on."""

from collections.abc import Iterator

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.visit import Facts

COMMAND = """\
read -r init </proc/1/comm && echo "init $init"
if [ -d /run/systemd/system ] || [ "$init" = systemd ]; then
    limit 20 systemctl list-units --state=failed --no-legend --plain --no-pager --full
fi"""
"""Asked of systemd only where it runs: where it does not, there is nothing that could have failed."""


class UnitParams(Params):
    """Any failed unit is a warning. Source: inspection-items, OS15."""

    ignore: tuple[str, ...] = Field((), title="不管的单元", description="例如 kdump.service")


class Units(Facts):
    """What runs as process 1, and the names of failed units."""

    init: str
    failed: tuple[str, ...] = ()


def parse(section: Section) -> Units:
    """`init NAME`, then one line for each unit: UNIT LOAD ACTIVE SUB DESCRIPTION."""
    first, _, rest = section.out.partition("\n")
    word, _, init = first.partition(" ")
    if section.status or word != "init" or not init:
        raise ValueError("no answer of systemd")
    return Units(init=init, failed=tuple(_names(rest)))


def _names(text: str) -> Iterator[str]:
    for line in text.splitlines():
        # systemd before 246 draws the dot in spite of --plain; it is a star where the locale is C
        words = line.split()
        words = words[1:] if words[:1] in (["●"], ["*"]) else words
        if len(words) < 4 or words[2] != "failed":
            raise ValueError(line)
        yield words[0]


def evaluate(units: Units, look: Look[Units], params: UnitParams) -> Verdict:
    """Names the first three."""
    failed = [unit for unit in units.failed if unit not in params.ignore]
    if failed:
        named = "、".join(failed[:3]) + (" 等" if len(failed) > 3 else "")
        return Verdict(State.WARN, f"{len(failed)} 个单元失败：{named}，期望 0 个")
    if ignored := len(units.failed):
        return Verdict(State.OK, f"没有失败的单元，合同不管的 {ignored} 个除外，期望 0 个")
    return Verdict(State.OK, "没有失败的单元，期望 0 个")


CHECK = HostCheck("OS15", "失败服务", COMMAND, parse, evaluate, Units, UnitParams)
