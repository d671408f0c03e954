"""MY1–MY4 against two MariaDB servers of our own, one the other's replica."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from host_answers import ask, free_port, lent, listens, states, summary, wait_for

SHELLS = [("dash", "-s"), ("bash", "-s"), ("busybox", "sh", "-s")]


class Server(NamedTuple):
    folder: Path
    port: int

    def login(self, user: str = "xunjian", password: str = "geheim 1") -> str:
        file = self.folder / f"{user}-{password}.cnf"
        file.write_text(f'[client]\nhost=127.0.0.1\nport={self.port}\nuser={user}\npassword="{password}"\n')
        return str(file)

    def run(self, sql: str) -> None:
        login = self.login("root", "")
        subprocess.run(["mysql", f"--defaults-extra-file={login}", "-e", sql], check=True, timeout=20)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    folder = Path(tempfile.mkdtemp(prefix="my-", dir="/tmp"))
    become = lent(folder)
    install = ["mariadb-install-db", "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run([*become, *install, f"--datadir={folder}/1"], check=True, capture_output=True, timeout=60)
    subprocess.run([*become, "cp", "-r", f"{folder}/1", f"{folder}/2"], check=True)
    running, found = [], []
    for number in (1, 2):
        port = free_port()
        settings = (
            f"--datadir={folder}/{number} --socket={folder}/{number}.sock --pid-file={folder}/{number}.pid "
            f"--port={port} --bind-address=127.0.0.1 --server-id={number} --log-bin=bin --innodb-buffer-pool-size=16M "
            f"--max-connections=10 --performance-schema=off --innodb-flush-log-at-trx-commit=0"
        ).split()
        with (folder / f"{number}.log").open("wb") as log:
            running.append(subprocess.Popen([*become, "mariadbd", "--no-defaults", *settings], stderr=log))
        found.append(Server(folder, port))
    for server in found:
        wait_for(lambda server=server: listens(server.port))  # type: ignore[misc]
        server.run(
            "set sql_log_bin = 0; create user xunjian@localhost identified by 'geheim 1';"
            "grant process, slave monitor on *.* to xunjian@localhost;"
            "create user narrow@localhost identified by 'n'; create user copy@localhost identified by 'c';"
            "grant replication slave on *.* to copy@localhost"
        )
    primary, replica = found
    replica.run(
        f"change master to master_host='127.0.0.1', master_port={primary.port}, master_user='copy', "
        "master_password='c', master_connect_retry=1; start slave"
    )
    yield primary, replica
    for process in running:
        process.kill()
        process.wait()
    shutil.rmtree(folder)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_up(servers: tuple[Server, Server], shell: tuple[str, ...]) -> None:
    found = ask("mysql", shell=shell, defaults_file=servers[0].login())
    assert set(states(found).values()) == {"OK"}
    assert "MariaDB" in summary(found, "MY1")


def test_wrong_password_is_no_outage(servers: tuple[Server, Server]) -> None:
    found = ask("mysql", defaults_file=servers[0].login(password="falsch"))
    assert set(states(found).values()) == {"authentication"}


def test_stopped_is_critical_once(servers: tuple[Server, Server]) -> None:
    down = Server(servers[0].folder, free_port())
    found = ask("mysql", defaults_file=down.login())
    assert states(found) == {"MY1": "CRIT", "MY2": "blocked", "MY3": "blocked", "MY4": "blocked"}


def test_few_privileges(servers: tuple[Server, Server]) -> None:
    found = ask("mysql", defaults_file=servers[0].login("narrow", "n"))
    assert states(found) == {"MY1": "OK", "MY2": "OK", "MY3": "permission", "MY4": "permission"}


def test_no_login_file(servers: tuple[Server, Server]) -> None:
    found = ask("mysql", defaults_file="/none/my.cnf")
    assert set(states(found).values()) == {"configuration"}


def test_a_replica_that_is_none(servers: tuple[Server, Server]) -> None:
    found = ask("mysql", defaults_file=servers[0].login(), replica=True)
    assert states(found)["MY3"] == "CRIT"


def test_replication_runs_and_stops(servers: tuple[Server, Server]) -> None:
    _, replica = servers

    def state() -> str:
        return states(ask("mysql", defaults_file=replica.login(), replica=True))["MY3"]

    wait_for(lambda: state() == "OK")
    replica.run("stop slave sql_thread")
    found = ask("mysql", defaults_file=replica.login(), replica=True)
    replica.run("start slave")
    assert states(found)["MY3"] == "CRIT"
    assert "SQL 线程 No" in summary(found, "MY3")


def test_long_transaction_and_no_connection_left(servers: tuple[Server, Server]) -> None:
    # Given
    primary, _ = servers
    primary.run("create table if not exists mysql.held (a int) engine=innodb; insert into mysql.held values (1)")
    hold = ["mysql", f"--defaults-extra-file={primary.login('root', '')}", "-e"]
    sql = "start transaction; select * from mysql.held for update; select sleep(300)"
    long = [subprocess.Popen([*hold, sql], stdout=subprocess.DEVNULL)]
    band = {"warn": 1, "crit": 100}
    wait_for(lambda: states(ask("mysql", defaults_file=primary.login(), transaction=band))["MY4"] == "WARN")
    # When
    long += [subprocess.Popen([*hold, "select sleep(300)"], stdout=subprocess.DEVNULL) for _ in range(10)]
    try:
        wait_for(lambda: states(ask("mysql", defaults_file=primary.login()))["MY1"] == "CRIT")
        found = ask("mysql", defaults_file=primary.login())
    finally:
        for one in long:
            one.kill()
            one.wait()
    # Then
    assert states(found) == {"MY1": "CRIT", "MY2": "CRIT", "MY3": "blocked", "MY4": "blocked"}
    assert "已满" in summary(found, "MY2")
