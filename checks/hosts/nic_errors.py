"""OS17 网卡错误: packets with errors among all packets since the last inspection, per network card."""

import re
from collections.abc import Iterator

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.visit import Facts

COMMAND = "cat /proc/sys/kernel/random/boot_id /proc/net/dev"

VIRTUAL = re.compile(r"lo$|veth|docker|br-|virbr|cali|flannel|cni|tap|tun|ifb|dummy|sit|kube")
"""Interfaces that no cable leads to: they come and go, and their counters say nothing about the network."""


class NicParams(Params):
    """Source: inspection-items, OS17: more than 1 %."""

    warn: float = Field(1, gt=0, le=100, title="告警（超过 %）")


class Nic(Facts):
    """Counters since boot, received and sent. Drops are not errors: the kernel also counts there what nobody on the
    host wanted, such as a switch's LLDP."""

    name: str
    packets: int
    errors: int


class Nics(Facts):
    """All cards, and the boot since which they count."""

    boot: str
    nics: tuple[Nic, ...]


def parse(section: Section) -> Nics:
    """The boot's id; two lines of headings; then `name: ` and eight numbers received, eight sent."""
    boot, _, heading, *rows = section.out.splitlines() or [""]
    if "|bytes    packets errs" not in heading:
        raise ValueError("not /proc/net/dev")
    return Nics(boot=boot, nics=tuple(_nics(rows)))


def _nics(rows: list[str]) -> Iterator[Nic]:
    for row in rows:
        name, _, numbers = row.strip().rpartition(":")
        counters = [int(number) for number in numbers.split()]
        if not name or len(counters) != 16:
            raise ValueError(row)
        if not VIRTUAL.match(name):
            yield Nic(name=name, packets=counters[1] + counters[9], errors=counters[2] + counters[10])


def evaluate(now: Nics, look: Look[Nics], params: NicParams) -> Verdict:
    """The worst card decides. A counter that went back (reboot, driver reloaded) counts from zero."""
    if not now.nics:
        raise NotTaken(Reason.UNSUPPORTED, "没有找到物理网卡")
    if look.last is None:
        return Verdict(State.OK, f"首次巡检，作为基线：开机以来错误 {sum(nic.errors for nic in now.nics)} 个")
    before = {nic.name: nic for nic in look.last.facts.nics}
    same_boot = look.last.facts.boot == now.boot
    rates = []
    for nic in now.nics:
        old = before.get(nic.name)
        if old is None and same_boot:
            continue  # its counters may be older than the last inspection: known from the next time on
        if old is None or not same_boot or nic.errors < old.errors or nic.packets < old.packets:
            old = Nic(name=nic.name, packets=0, errors=0)
        errors, packets = nic.errors - old.errors, nic.packets - old.packets
        rates.append((100 * errors / (errors + packets) if errors else 0.0, nic.name, errors))
    percent, name, errors = max(rates, default=(0.0, now.nics[0].name, 0))
    state = State.WARN if percent > params.warn else State.OK
    return Verdict(state, f"{name} 新增错误 {errors} 个，占 {percent:.3g}%，期望不超过 {params.warn:g}%")


CHECK = HostCheck("OS17", "网卡错误", COMMAND, parse, evaluate, Nics, NicParams, at_once=True)
