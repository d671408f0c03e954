"""The sample contract folder for an estate on other ports than the usual ones, and for any year."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.layout import DEFAULT_BASE_PORT, SYSTEMS, port_of

SAMPLE = Path(__file__).parent / "contract"


def copy_contract(to: Path, base_port: int) -> Path:
    """Copy the sample contract folder to `to`, which must not be there yet, and point it at `base_port`'s estate."""
    shutil.copytree(SAMPLE, to, ignore=shutil.ignore_patterns("__pycache__", "*.schema.json"))
    ports = {str(port_of(system, DEFAULT_BASE_PORT)): str(port_of(system, base_port)) for system in SYSTEMS}
    usual = re.compile(rf"(?<=//127\.0\.0\.1:)({'|'.join(ports)})\b")
    _renew(to / "contract.yaml")
    for file in (*to.glob("*.yaml"), *to.glob("systems/*.yaml"), *to.glob("journeys/*.py")):
        text = file.read_text(encoding="utf-8")
        file.write_text(usual.sub(lambda match: ports[match[1]], text), encoding="utf-8")
    return to


def _renew(file: Path) -> None:
    """Let the term be one that holds today: duties outside of it are refused."""
    year = datetime.now(UTC).year
    text = re.sub(r"(?m)^( +start:).*$", rf"\g<1> {year - 1}-01-01", file.read_text(encoding="utf-8"))
    file.write_text(re.sub(r"(?m)^( +end:).*$", rf"\g<1> {year + 1}-12-31", text), encoding="utf-8")
