"""The sample contract folder for an estate on other ports than the usual ones."""

import re
import shutil
from pathlib import Path

from rehearsal.hosts.roster import bastion_port
from rehearsal.layout import DEFAULT_BASE_PORT, DESKS, SYSTEMS, port_of

SAMPLE = Path(__file__).parent / "contract"


def copy_contract(to: Path, base_port: int, *, hosts: bool = True) -> Path:
    """Copy the sample contract folder to `to`, which must not be there yet, and point it at `base_port`'s estate.

    Args:
        hosts: whether its hosts come along, and with them the backups that lie there.
    """
    left_out = ("__pycache__", "*.schema.json", *(() if hosts else ("hosts", "backups")))
    shutil.copytree(SAMPLE, to, ignore=shutil.ignore_patterns(*left_out))
    ports = {str(port_of(system, DEFAULT_BASE_PORT)): str(port_of(system, base_port)) for system in (*SYSTEMS, *DESKS)}
    usual = re.compile(rf"((?<=//127\.0\.0\.1:)|(?<=host: 127\.0\.0\.1, port: ))({'|'.join(ports)})\b")
    for file in (*to.glob("*.yaml"), *to.glob("systems/*.yaml"), *to.glob("journeys/*.py")):
        text = file.read_text(encoding="utf-8")
        file.write_text(usual.sub(lambda match: ports[match[2]], text), encoding="utf-8")
    ssh = to / "ssh_config"
    door = rf"(?m)^( *Port ){bastion_port(DEFAULT_BASE_PORT)}$"
    ssh.write_text(re.sub(door, rf"\g<1>{bastion_port(base_port)}", ssh.read_text(encoding="utf-8")), encoding="utf-8")
    return to
