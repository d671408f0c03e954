"""Real PostgreSQL, MariaDB, Redis and tar in scratch places: copies that are sound, broken, hostile, too large."""

import contextlib
import gzip
import io
import os
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks.backup import Backup
from checks.finding import Reason
from tasks.scratch import BrokenCopyError, Engine, Scratch, ScratchError, engine_in, moment, overhead_mb, scratch
from tasks.scratch.streams import _zip_as_tar

ZONE = ZoneInfo("Asia/Shanghai")
PG = """
create role clerk; create table notice (id int primary key, title varchar(80) not null, created timestamptz);
create schema old; create table old."odd|name" (id int); alter table notice owner to clerk;
insert into notice select g, 'confidential ' || g, '2026-11-20 12:00+08'::timestamptz + g * interval '1 minute'
    from generate_series(1, 300) g;
grant select on notice to clerk;
"""
MY = """
create database app character set utf8mb4; use app;
create user nobody; grant all on app.* to nobody;
create table notice (id int primary key, title varchar(80) not null, created datetime);
create table `odd``|"name` (id int);
insert into notice select seq, concat('confidential ', seq), '2026-11-20 12:00' + interval seq minute from seq_1_to_300;
create definer=nobody@`%` view seen as select * from notice;
create definer=nobody@`%` trigger t before insert on notice for each row set new.title = 'x';
"""


def backup(kind: str, **more: Any) -> Backup:
    return Backup(id="db", title="库", kind=kind, at={"folder": "/nowhere"}, restore={"space_mb": 64}, **more)  # type: ignore[arg-type]


@pytest.fixture
def opened() -> Iterator[Callable[..., tuple[Engine, Scratch]]]:
    """Starts an engine in a place of its own; all end with the test."""
    places = []

    def start(kind: str, space_mb: int = 64, **more: Any) -> tuple[Engine, Scratch]:
        one = backup(kind, **more)
        place = Scratch(space_mb + overhead_mb(one), [], 120)
        places.append(place)
        engine = engine_in(place, one, ZONE)
        engine.start()
        return engine, place

    yield start
    for place in places:
        place.close()
        assert place.gone


@pytest.fixture(scope="module")
def dumps() -> dict[str, bytes]:
    """Made by the real programs, in places."""
    made = {}
    with scratch(300, [], 120) as place:
        engine: Any = engine_in(place, backup("pg-plain"), ZONE)
        engine.start()
        assert engine._psql("xunjian_scratch", PG.encode()).err == b""
        login = ["-h", "/run", "-U", "xunjian_scratch", "-d", "xunjian_scratch"]
        made["pg-plain"] = place.run([f"{engine._folder}/pg_dump", *login]).out
        made["pg-custom"] = place.run([f"{engine._folder}/pg_dump", "-Fc", *login]).out
    with scratch(320, [], 120) as place:
        engine = engine_in(place, backup("mysqldump"), ZONE)
        engine.start()
        assert engine._ask("", MY.encode()).err == b""
        words = ["mariadb-dump", "--no-defaults", "--socket=/run/scratch.sock", "--user=root"]
        made["mysqldump"] = place.run([*words, "app"]).out
        made["mysqldump --databases"] = place.run([*words, "--databases", "app"]).out
    with scratch(64, [], 120) as place:
        place.start(["redis-server", "--port", "0", "--unixsocket", "/run/r.sock", "--dir", "/data", "--save", ""])
        fill = "until redis-cli -s /run/r.sock ping; do :; done; for i in $(seq 50); do echo set k$i $i; done |"
        place.run(["sh", "-c", f"{fill} redis-cli -s /run/r.sock; redis-cli -s /run/r.sock save"])
        made["redis-rdb"] = place.run(["cat", "/data/dump.rdb"]).out
    made["archive"] = archive()
    assert all(made.values())
    return made


def archive(size: int = 1000) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for number in range(30):
            header = tarfile.TarInfo(f"attachments/{number:02}.doc")
            header.size, header.mode = size, 0o400
            tar.addfile(header, io.BytesIO(bytes([number]) * size))
        link = tarfile.TarInfo("attachments/passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return out.getvalue()


ROWS = {"pg-plain": {"notice": 300, "old.odd|name": 0}, "pg-custom": {"notice": 300, "old.odd|name": 0},
        "mysqldump": {"notice": 300, 'odd`|"name': 0}, "mysqldump --databases": {"notice": 300, 'odd`|"name': 0},
        "redis-rdb": {"db0": 50}, "archive": {"attachments": 30}}  # fmt: skip


@pytest.mark.parametrize("made", ROWS)
def test_a_sound_copy_is_restored_and_counted(
    made: str, dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    """Also where roles and definers that it names are nowhere here."""
    # Given
    engine, _ = opened(made.split()[0])
    # When
    engine.restore(io.BytesIO(dumps[made]))
    # Then
    counted = engine.counted()
    assert counted.tables == ROWS[made]
    if "sql" in made or "pg" in made:
        assert set(counted.definitions) == set(ROWS[made])
        newest = moment(engine.value("select max(created) from notice"), ZONE)
        assert newest is not None
        assert newest.isoformat() == "2026-11-20T17:00:00+08:00"
        assert engine.value("select count(*) from notice where id > 290") == "10"
    if made == "archive":
        assert engine.sampled() == (20, ())


@pytest.mark.parametrize("made", [one for one in ROWS if one != "mysqldump --databases"])
@pytest.mark.parametrize("part", [0.6, 0.9])
def test_a_copy_that_breaks_off_is_the_copys_fault(
    made: str, part: float, dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    engine, _ = opened(made)
    whole = dumps[made]
    with pytest.raises(BrokenCopyError) as caught:
        engine.restore(io.BytesIO(whole[: int(len(whole) * part)]))
    assert "confidential" not in caught.value.what


def test_errors_are_told_without_the_data_that_databases_quote(
    dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    for kind, old, new in (
        ("pg-plain", b"\n150\t", b"\n149\t"),  # a row twice: the server quotes its key
        ("pg-plain", b"\n150\t", b"\nconfidential\t"),
        ("mysqldump", b"(150,", b"(149,"),
    ):
        engine, _ = opened(kind)
        with pytest.raises(BrokenCopyError, match=r"SQLSTATE \w{5}|错误号 \d+") as caught:
            engine.restore(io.BytesIO(dumps[kind].replace(old, new)))
        assert "149" not in caught.value.what
        assert "confidential" not in caught.value.what


def test_a_flipped_bit_in_an_rdb_is_found(
    dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    engine, _ = opened("redis-rdb")
    copy = bytearray(dumps["redis-rdb"])
    copy[copy.index(b"k25")] ^= 1
    with pytest.raises(BrokenCopyError):
        engine.restore(io.BytesIO(copy))


HOSTILE = {
    "pg-plain": r"""
\! cat {secret} > /tmp/out; ls /root /home >> /tmp/out; touch /usr/owned; echo shell >> /tmp/ran
create table got (line text);
copy got from program 'cat {secret} 2>&1; cat /etc/shadow; echo program >> /tmp/ran; exit 0';
\o |cat > {secret}.copy
select 1;
\o
create table done (id int);
""",
    "mysqldump": r"""
system cat {secret} > /tmp/out; echo shell >> /tmp/ran
create table done (id int);
select load_file('{secret}') into outfile '/tmp/out2';
""",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_dump_reaches_nothing(
    kind: str, opened: Callable[..., tuple[Engine, Scratch]], tmp_path: Path
) -> None:
    # Given: a secret that anybody on this machine may read
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to("/tmp") and folder.stat().st_uid == os.geteuid() and folder != Path("/tmp"):
            folder.chmod(0o755)
    engine, place = opened(kind)
    # When: whether it comes to its end does not matter
    with contextlib.suppress(BrokenCopyError):
        engine.restore(io.BytesIO(HOSTILE[kind].format(secret=secret).encode()))
    # Then: what it ran was within, and found nothing
    said = place.run(["sh", "-c", "cat /tmp/out /tmp/out2 /tmp/ran"]).out.decode()
    assert "s3cr3t" not in said
    assert ("shell" in said) == (kind == "pg-plain")  # the MariaDB client has its own commands off
    assert "s3cr3t" not in repr(engine.counted())
    assert list(tmp_path.iterdir()) == [secret]
    assert not Path("/usr/owned").exists()


def test_another_version_is_not_the_copys_fault(
    dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    custom = bytearray(dumps["pg-custom"])
    custom[6] = 99  # the format's minor version
    newer = re.sub(rb"Dumped from database version \d+", b"Dumped from database version 99", dumps["pg-plain"])
    for kind, copy in (
        ("pg-plain", newer),
        ("pg-custom", bytes(custom)),
        ("pg-plain", b"create extension no_such_thing;"),
        ("pg-plain", b'create table t (a text collate "zh_XX");'),
        ("mysqldump", b"create table t (a varchar(9)) collate utf8mb4_no_such_ci;"),
        ("redis-rdb", dumps["redis-rdb"].replace(b"REDIS00", b"REDIS99", 1)),
    ):
        engine, _ = opened(kind)
        with pytest.raises(ScratchError, match="请在本机装") as caught:
            engine.restore(io.BytesIO(copy))
        assert caught.value.reason is Reason.UNSUPPORTED


def test_a_full_place_is_not_the_copys_fault(opened: Callable[..., tuple[Engine, Scratch]]) -> None:
    rows = b"create table t (a text); insert into t select repeat(md5(g::text), 3000) from generate_series(1, 9000) g;"
    many = b"create table t (a longtext); insert into t select repeat(md5(seq), 3000) from seq_1_to_9000;"
    uncompressed = b"create table t (a text); alter table t alter a set storage external;" + rows[25:]
    for kind, copy in (("pg-plain", uncompressed), ("mysqldump", many), ("archive", archive(4_000_000))):
        engine, _ = opened(kind, space_mb=16)
        with pytest.raises(ScratchError, match="暂存空间不足") as caught:
            engine.restore(io.BytesIO(copy))
        assert "space_mb" in caught.value.what


def test_files_that_differ_from_the_archive_are_found(
    dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    engine, place = opened("archive")
    engine.restore(io.BytesIO(dumps["archive"]))
    place.run(["sh", "-c", "for one in /data/files/attachments/*.doc; do echo x >$one; done"])
    found = engine.sampled()
    assert (found.files, len(found.wrong)) == (20, 20)


def test_a_zip_is_unpacked_like_a_tar(opened: Callable[..., tuple[Engine, Scratch]]) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"a/{number}", bytes([number]) * 50_000)
    engine, _ = opened("archive")
    with _zip_as_tar(io.BytesIO(made.getvalue())) as stream:
        engine.restore(stream)
    assert engine.counted().tables == {"a": 5}
    assert engine.sampled() == (5, ())
    # and a damaged one is the copy's fault
    engine, _ = opened("archive")
    broken = bytearray(made.getvalue())
    broken[60] ^= 255
    with _zip_as_tar(io.BytesIO(bytes(broken))) as stream, pytest.raises(BrokenCopyError):
        engine.restore(stream)


def test_a_missing_program_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.scratch.place._PATH", "/nonexistent")
    with pytest.raises(ScratchError, match="util-linux"):
        Scratch(64, [], 60)


def test_compressed_copies_stream_through(
    dumps: dict[str, bytes], opened: Callable[..., tuple[Engine, Scratch]]
) -> None:
    from tasks import copies

    engine, _ = opened("mysqldump")
    with copies.restorable(io.BytesIO(gzip.compress(dumps["mysqldump"]))) as stream:
        engine.restore(stream)
    assert engine.counted().tables == ROWS["mysqldump"]


def test_what_follows_an_error_is_not_waited_for(opened: Callable[..., tuple[Engine, Scratch]]) -> None:
    """A dump of hours that fails at its beginning is over at once."""

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, into: Any) -> int:
            into[:] = b"select 1;\n".ljust(len(into))[: len(into)]
            return len(into)

    engine, _ = opened("pg-plain")
    head = io.BytesIO(b"select * from no_such_table;\n".ljust(65536))
    endless = io.BufferedReader(Endless())
    both = type("Both", (), {"read": lambda self, size: head.read(size) or endless.read(size)})()
    with pytest.raises(BrokenCopyError, match="第 1 行，SQLSTATE 42P01"):
        engine.restore(both)
