"""Small copies of every kind, made by the real programs."""

import random
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host_answers import lent, wait_for

WORDS = "张三-身份证-11010119900101"  # in every copy; never to be told
_PG_SQL = f"""
create table notice (id serial primary key, title text, body text, created timestamptz default now());
insert into notice (title, body) select 'CREATE TABLE {WORDS} '||g,
  E'\\\\connect {WORDS}\\n-- PostgreSQL database dump complete\\nCREATE DATABASE stolen;\\n'||md5(g::text)
  from generate_series(1, 300) g;
create table attachment (id int, sha256 text, raw bytea);
"""
_MY_SQL = f"""
create database app; use app;
create table notice (id int primary key auto_increment, title text, body longtext, created datetime default now());
insert into notice (title, body) select concat('CREATE TABLE {WORDS} ', seq),
  concat('\\n-- Dump completed\\nCREATE DATABASE `stolen`\\n', md5(seq)) from seq_1_to_300;
create table attachment (id int);
"""


def run(*command: str | Path, **more: object) -> bytes:
    """Its standard output; it must succeed."""
    done = subprocess.run([str(one) for one in command], capture_output=True, timeout=60, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr.decode()
    return bytes(done.stdout)


def from_postgres(url: str, folder: Path) -> None:
    """plain.sql, created.sql (with its CREATE DATABASE), inserts.sql, all.sql, app.dump, base.tar."""
    server = ["-h", url.rpartition("host=")[2], "-U", "ledger"]
    name = "copied"
    run("psql", *server, "-qc", f"create database {name}", "postgres")
    run("psql", *server, "-q", name, input=_PG_SQL.encode())
    for file, options in {
        "plain.sql": [],
        "created.sql": ["-C"],
        "inserts.sql": ["--inserts"],
        "app.dump": ["-Fc"],
    }.items():
        (folder / file).write_bytes(run("pg_dump", *server, *options, name))
    (folder / "raw.dump").write_bytes(run("pg_dump", *server, "-Fc", "-Z0", name))
    (folder / "all.sql").write_bytes(run("pg_dumpall", *server, "-l", name))
    run("pg_basebackup", *server, "-Ft", "-X", "none", "-c", "fast", "-D", folder / "base")
    (folder / "base" / "base.tar").rename(folder / "base.tar")
    run("psql", *server, "-qc", f"drop database {name}", "postgres")


@contextmanager
def mariadb() -> Iterator[tuple[Path, list[str]]]:
    """A server; its folder, and how its clients log in."""
    folder = Path(tempfile.mkdtemp(prefix="my-", dir="/tmp"))
    become = lent(folder)
    install = ["mariadb-install-db", "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]
    run(*become, *install, f"--datadir={folder}/data")
    settings = (
        f"--datadir={folder}/data --socket={folder}/s --pid-file={folder}/pid --skip-networking "
        "--skip-log-bin --character-set-server=utf8mb4 --innodb-buffer-pool-size=16M --innodb-log-file-size=4M "
        "--performance-schema=off --innodb-flush-log-at-trx-commit=0"
    ).split()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*become, "mariadbd", "--no-defaults", *settings], stderr=log)
    login = ["--no-defaults", "--default-character-set=utf8mb4", f"--socket={folder}/s", "--user=root"]
    try:
        wait_for(lambda: subprocess.run(["mariadb", *login, "-e", "select 1"], capture_output=True).returncode == 0)
        yield folder, login
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)


def from_mariadb(folder: Path) -> None:
    """my.sql, mydb.sql (with its CREATE DATABASE), my.xb."""
    with mariadb() as (home, login):
        run("mariadb", *login, input=_MY_SQL.encode())
        (folder / "my.sql").write_bytes(run("mariadb-dump", *login, "app"))
        (folder / "mydb.sql").write_bytes(run("mariadb-dump", *login, "--databases", "app"))
        backup = [
            "mariabackup",
            "--no-defaults",
            *login[2:],
            "--backup",
            "--stream=xbstream",
            f"--datadir={home}/data",
            f"--target-dir={home}",
        ]
        (folder / "my.xb").write_bytes(run(*backup))


def from_redis(folder: Path) -> None:
    """app.rdb, and unsummed.rdb without a checksum."""
    home = Path(tempfile.mkdtemp(prefix="rd-", dir="/tmp"))
    for name, summed in (("app.rdb", "yes"), ("unsummed.rdb", "no")):
        settings = ["--port", "0", "--unixsocket", home / "s", "--dir", home, "--save", "", "--rdbchecksum", summed]
        server = subprocess.Popen([str(one) for one in ("redis-server", *settings)], stdout=subprocess.DEVNULL)
        try:
            wait_for((home / "s").exists)
            lines = "".join(f"SET key:{number} {WORDS}-{number}\n" for number in range(40))
            run("redis-cli", "-s", home / "s", input=lines.encode())
            run("redis-cli", "-s", home / "s", "SAVE")
            shutil.copy(home / "dump.rdb", folder / name)
        finally:
            server.kill()
            server.wait()
        (home / "s").unlink()
    shutil.rmtree(home)


def from_archivers(folder: Path) -> None:
    """a.tar, a.zip, deep.tar (pax headers, long names, a sparse file)."""
    files = folder / "files"
    files.mkdir()
    pick = random.Random(6)
    for number in range(5):
        (files / f"{WORDS}-{number}").write_bytes(pick.randbytes(3000) + WORDS.encode() * 20)
    (files / ("长" * 60)).write_bytes(b"")
    with (files / "holes").open("wb") as stream:
        stream.truncate(400_000)
        for at in range(0, 400_000, 40_000):
            stream.seek(at)
            stream.write(b"x")
    run("tar", "-C", folder, "-cf", folder / "a.tar", "--exclude=holes", "files")
    run("tar", "-C", folder, "-cSf", folder / "sparse.tar", "files")
    run("tar", "-C", folder, "--format=posix", "-cSf", folder / "pax.tar", "files")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(files.iterdir()):
            archive.write(file, file.name)


PROGRAMS = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}


def squeezed(suffix: str, data: bytes) -> bytes:
    """As the program of this suffix writes it."""
    return run(PROGRAMS[suffix], "-c", *(["-0"] if suffix == "xz" else []), input=data)


def compressed(folder: Path, name: str) -> None:
    """The same with .gz, .bz2, .xz, .zst behind, each by its own program."""
    for suffix in PROGRAMS:
        (folder / f"{name}.{suffix}").write_bytes(squeezed(suffix, (folder / name).read_bytes()))
