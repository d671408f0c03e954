"""The two databases on which a ledger is kept: a SQLite file, and a real PostgreSQL of the tests' own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL cluster of our own, behind a socket. It refuses to run as root, so as root we lend it a user."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = binaries[-1] if binaries else Path(shutil.which("initdb") or "/usr/bin/initdb").parent
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    become: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        become = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

    def run(program: str, *words: str) -> None:
        command = [*become, f"{found}/{program}", "-D", f"{folder}/data", *words]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    run("initdb", "-U", "ledger", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c timezone=Asia/Tokyo"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", settings, "start")
    yield f"postgresql+psycopg://ledger@/DATABASE?host={folder}"
    run("pg_ctl", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    cluster = request.getfixturevalue("postgres")
    name = f"t{time.monotonic_ns()}"
    engine = sa.create_engine(cluster.replace("DATABASE", "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return str(cluster.replace("DATABASE", name))
