"""`xunjian trust`: a host's key is put on record only after a person has compared its fingerprint."""

import typer

from flows import console
from flows.exit_codes import CONFIGURATION, FAILED, FINE
from flows.office import Office
from tasks.settings import Settings
from tasks.ssh import Network, Offer, SshError, Standing, remember

DEADLINE = 30.0
"""Seconds until a host must have shown its key."""


def trust(settings: Settings, names: list[str], *, every: bool, yes: bool) -> int:
    """Ask for each host in turn. Returns the exit code: 3 where a key could not be read or was refused."""
    office = Office(settings)
    bastions, hosts = list(office.contract.bastions), [placed.host.name for placed in office.contract.all_hosts()]
    wanted = [*bastions, *hosts] if every else list(dict.fromkeys(names))
    if not wanted:
        console.complain("写上主机名，或用 --all 登记合同里的全部堡垒机和主机")
        return CONFIGURATION
    first = [name for name in wanted if name in bastions]
    failed = 0
    for names in (*([name] for name in first), [name for name in wanted if name not in first]):
        with office.network() as network:  # a new one has read what was put on record: bastions are on the way
            failed += sum(not _one(office, network, name, yes=yes) for name in names)
    return FAILED if failed else FINE


def _one(office: Office, network: Network, name: str, *, yes: bool) -> bool:
    try:
        offer = network.offered(name, DEADLINE)
    except SshError as error:
        console.complain(f"{name}：{error.what}")
        return False
    console.say(f"{name}（{offer.known_as}）　{offer.type}　{offer.fingerprint}")
    if offer.standing is Standing.KNOWN:
        console.say("    已经登记，无需再做", style="green")
        return True
    if offer.standing is not Standing.UNKNOWN:
        console.complain(_warning(offer))
        return False
    if not yes and not typer.confirm("    与主机管理员提供的指纹一致吗？", default=False):
        console.say("    没有登记")
        return False
    remember(office.settings.known_hosts_file, offer.line)
    console.say(f"    已登记到 {office.settings.known_hosts_file}", style="green")
    return True


def _warning(offer: Offer) -> str:
    if offer.standing is Standing.REVOKED:
        return f"    这个密钥已被标为作废（{offer.record}），不能登记"
    was = offer.record.fingerprint if offer.record else "未知"
    return (
        f"    与登记的不同！登记的是 {was}（{offer.record}）。可能是主机重装，也可能有人冒充。"
        "请先与主机管理员核实；属实的，删去那一行后重做"
    )
