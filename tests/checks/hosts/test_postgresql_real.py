"""PG1–PG3 against PostgreSQL servers of our own, one the other's standby."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from host_answers import ask, free_port, lent, states, summary, wait_for

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SHELLS = [("dash", "-s"), ("bash", "-s"), ("busybox", "sh", "-s")]


class Cluster:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.become = lent(self.folder)
        self.primary, self.standby = free_port(), free_port()
        (self.folder / "pass").write_text("*:*:*:*:geheim 1\n")
        self.program("initdb", "-D", f"{self.folder}/1", "-U", "admin", "-A", "trust", "--no-locale", "-N")
        self.start(1, self.primary)
        self.run("create user xunjian password 'geheim 1'; grant pg_monitor to xunjian; create user narrow")
        (self.folder / "1" / "pg_hba.conf").write_text(
            "local all xunjian scram-sha-256\nlocal all all trust\nlocal replication all trust\n"
        )
        self.run("select pg_reload_conf()")
        self.program("pg_basebackup", "-h", f"{self.folder}", "-p", f"{self.primary}", "-U", "admin", "-R", "-D",
                     f"{self.folder}/2", "-c", "fast")  # fmt: skip
        self.start(2, self.standby)

    def program(self, name: str, *words: str) -> None:
        subprocess.run([*self.become, f"{BINARIES[-1]}/{name}", *words], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)  # fmt: skip

    def start(self, number: int, port: int) -> None:
        settings = (
            f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=20"
            f" -c archive_mode=on -c archive_command=false -p {port}"
        )
        where = ["-D", f"{self.folder}/{number}", "-l", f"{self.folder}/log"]
        self.program("pg_ctl", "-w", *where, "-o", settings, "start")

    def run(self, sql: str) -> None:
        words = ["-X", "-h", str(self.folder), "-p", str(self.primary), "-U", "admin", "-d", "postgres", "-c", sql]
        self.program("psql", *words)

    def asked(self, port: int = 0, **params: Any) -> dict[str, Any]:
        where = {"host": str(self.folder), "port": port or self.primary, "password_file": f"{self.folder}/pass"}
        return {**where, **params}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    (made.folder / "pass").chmod(0o600)
    yield made
    for number in (2, 1):
        made.program("pg_ctl", "-D", f"{made.folder}/{number}", "-m", "immediate", "stop")
    shutil.rmtree(made.folder)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_up_and_archive_fails(cluster: Cluster, shell: tuple[str, ...]) -> None:
    cluster.run("create table if not exists t (a int); select pg_switch_wal()")

    def failing() -> bool:
        return states(ask("postgresql", shell=shell, **cluster.asked(standbys=1)))["PG3"] == "WARN"

    wait_for(failing)
    found = ask("postgresql", shell=shell, **cluster.asked(standbys=1))
    assert states(found) == {"PG1": "OK", "PG2": "OK", "PG3": "WARN"}
    assert "归档失败" in summary(found, "PG3")


def test_standby(cluster: Cluster) -> None:
    wait_for(lambda: states(ask("postgresql", **cluster.asked(cluster.standby, standby=True)))["PG3"] == "OK")
    found = ask("postgresql", **cluster.asked(cluster.standby))
    assert "备库" in summary(found, "PG3")


def test_a_standby_that_is_none_and_one_too_few(cluster: Cluster) -> None:
    assert "期望是备库" in summary(ask("postgresql", **cluster.asked(standby=True)), "PG3")
    found = ask("postgresql", **cluster.asked(standbys=2))
    assert states(found)["PG3"] == "CRIT"
    assert "期望 2 个" in summary(found, "PG3")


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"password_file": ""}, "authentication"),
        ({"password_file": "/none"}, "configuration"),
        ({"user": "nobody-knows"}, "authentication"),
        ({"database": "none"}, "configuration"),
        ({"host": "/tmp"}, "configuration"),
    ],
    ids=str,
)
def test_cannot_look(cluster: Cluster, params: dict[str, str], reason: str) -> None:
    assert set(states(ask("postgresql", **cluster.asked(**params))).values()) == {reason}


def test_without_the_role_replication_is_hidden(cluster: Cluster) -> None:
    found = ask("postgresql", **cluster.asked(user="narrow"))
    assert states(found) == {"PG1": "OK", "PG2": "OK", "PG3": "permission"}


def test_stopped(cluster: Cluster) -> None:
    found = ask("postgresql", host="127.0.0.1", port=free_port())
    assert states(found) == {"PG1": "CRIT", "PG2": "blocked", "PG3": "blocked"}


def test_no_connection_left(cluster: Cluster) -> None:
    words = ["-h", str(cluster.folder), "-p", str(cluster.primary), "-U", "narrow", "postgres", "-c"]
    held = [subprocess.Popen([f"{BINARIES[-1]}/psql", *words, "select pg_sleep(30)"]) for _ in range(17)]
    try:
        wait_for(lambda: states(ask("postgresql", **cluster.asked()))["PG1"] == "CRIT")
        assert "已满" in summary(ask("postgresql", **cluster.asked()), "PG1")
    finally:
        for one in held:
            one.kill()
            one.wait()
