"""Copies made by the real programs: sound ones pass; cut off or with a bit changed, they are caught."""

import io
import random
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import copies_made
import pytest
from copies_made import WORDS

from checks.backup import Backup, Kind
from checks.finding import Reason
from checks.visit import Contents
from tasks import copies
from tasks.places import PlaceError

# What each sound copy is seen as: kind, form, who made it, databases, tables, entries.
SOUND: dict[str, tuple[Kind, str, str, tuple[str, ...], int, int]] = {
    "plain.sql": (Kind.PG_PLAIN, "sql", "pg_dump", (), 2, 0),
    "created.sql": (Kind.PG_PLAIN, "sql", "pg_dump", ("copied",), 2, 0),
    "inserts.sql": (Kind.PG_PLAIN, "sql", "pg_dump", (), 2, 0),
    "all.sql": (Kind.PG_PLAIN, "sql", "pg_dumpall", ("template1", "copied", "postgres"), 2, 0),
    "app.dump": (Kind.PG_CUSTOM, "pgdmp", "pg_dump", ("copied",), 2, 13),
    "raw.dump": (Kind.PG_CUSTOM, "pgdmp", "pg_dump", ("copied",), 2, 13),
    "base.tar": (Kind.PHYSICAL, "tar", "PostgreSQL", (), 0, 1000),
    "my.sql": (Kind.MYSQLDUMP, "sql", "mariadb-dump", ("app",), 2, 0),
    "mydb.sql": (Kind.MYSQLDUMP, "sql", "mariadb-dump", ("app",), 2, 0),
    "my.xb": (Kind.PHYSICAL, "xbstream", "xtrabackup", (), 0, 50),
    "app.rdb": (Kind.REDIS, "rdb", "redis", (), 0, 40),
    "unsummed.rdb": (Kind.REDIS, "rdb without checksum", "redis", (), 0, 40),
    "a.tar": (Kind.ARCHIVE, "tar", "", (), 0, 7),
    "sparse.tar": (Kind.ARCHIVE, "tar", "", (), 0, 8),
    "pax.tar": (Kind.ARCHIVE, "tar", "", (), 0, 8),
    "a.zip": (Kind.ARCHIVE, "zip", "", (), 0, 7),
    "plain.sql.gz": (Kind.PG_PLAIN, "gzip sql", "pg_dump", (), 2, 0),
    "my.sql.bz2": (Kind.MYSQLDUMP, "bzip2 sql", "mariadb-dump", ("app",), 2, 0),
    "my.sql.xz": (Kind.MYSQLDUMP, "xz sql", "mariadb-dump", ("app",), 2, 0),
    "my.sql.zst": (Kind.MYSQLDUMP, "zstd sql", "mariadb-dump", ("app",), 2, 0),
    "a.tar.gz": (Kind.ARCHIVE, "gzip tar", "", (), 0, 7),
    "a.tar.bz2": (Kind.ARCHIVE, "bzip2 tar", "", (), 0, 7),
    "a.tar.xz": (Kind.ARCHIVE, "xz tar", "", (), 0, 7),
    "a.tar.zst": (Kind.COMPRESSED, "zstd file", "", (), 0, 0),
}
# Without any checksum over all of it: a changed byte may not be seen.
BLIND = {"plain.sql", "created.sql", "inserts.sql", "all.sql", "my.sql", "mydb.sql", "base.tar", "a.tar", "sparse.tar",
         "pax.tar", "raw.dump", "unsummed.rdb"}  # fmt: skip
LARGE = {"base.tar", "my.xb"}


@pytest.fixture(scope="module")
def made(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    copies_made.from_postgres(postgres, folder)
    copies_made.from_mariadb(folder)
    copies_made.from_redis(folder)
    copies_made.from_archivers(folder)
    for name in ("plain.sql", "my.sql", "a.tar"):
        copies_made.compressed(folder, name)
    return folder


def backup(kind: Kind, **more: Any) -> Backup:
    return Backup(id="db", title="库", kind=kind, at={"folder": "/b"}, **more)  # type: ignore[arg-type]


def read(data: bytes, kind: Kind, checksum: copies.Sidecar | None = None, **more: Any) -> Contents:
    found = copies.read(io.BytesIO(data), len(data), backup(kind, **more), checksum)
    assert WORDS[:2] not in repr(found)
    assert "stolen" not in repr(found)
    assert len(found.trouble.splitlines()) <= 1
    return found


def restored(data: bytes) -> object:
    """What restoring would get out of it."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(one.filename, archive.read(one)) for one in archive.infolist()]
    with copies.restorable(io.BytesIO(data)) as stream:
        return stream.read()


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_copy(made: Path, name: str) -> None:
    kind, form, made_by, databases, tables, entries = SOUND[name]
    data = (made / name).read_bytes()
    found = read(data, kind)
    if name == "all.sql":  # the server is the whole run's: other tests have databases there, too
        assert {*databases} <= {*found.databases}
        databases, tables = found.databases, max(tables, found.tables)
    assert (found.trouble, found.form, found.databases, found.tables) == ("", form, databases, tables)
    assert (found.sha256, found.size, found.whole) == (sha256(data).hexdigest(), len(data), True)
    assert found.made_by.startswith(made_by)
    assert found.entries >= entries if name in LARGE else found.entries == entries


@pytest.mark.parametrize("name", SOUND)
def test_cut_off_anywhere(made: Path, name: str) -> None:
    # Given: nobody misses what may follow the words that end a dump, or the two empty blocks that end a tar
    kind, form = SOUND[name][:2]
    data = (made / name).read_bytes()
    needed = len(data)
    if form == "sql":
        needed = data.rindex(b"-- Dump completed") + 17 if kind is Kind.MYSQLDUMP else len(data.rstrip(b"\n-"))
    elif form == "tar":
        needed = len(data.rstrip(b"\0")) + 512
    pick = random.Random(1)
    places = {*pick.sample(range(needed), 6 if name in LARGE else 200), *range(max(0, needed - 40), needed), 0, 1}
    if name in LARGE:
        places = {*pick.sample(sorted(places), 8), needed - 1}
    # Then
    assert [at for at in sorted(places) if not read(data[:at], kind).trouble] == []


@pytest.mark.parametrize("name", [name for name in SOUND if name not in BLIND])
def test_a_changed_bit_is_caught_or_changes_nothing(made: Path, name: str) -> None:
    kind = SOUND[name][0]
    data = bytearray((made / name).read_bytes())
    whole = None if kind in (Kind.REDIS, Kind.PG_CUSTOM, Kind.PHYSICAL) else restored(bytes(data))
    pick = random.Random(2)
    missed = []
    for _ in range(8 if name in LARGE else 250):
        at, bit = pick.randrange(len(data)), 1 << pick.randrange(8)
        data[at] ^= bit
        found = read(bytes(data), kind)
        if not found.trouble and (whole is None or restored(bytes(data)) != whole):
            missed.append(at)
        data[at] ^= bit
    if name == "app.dump":  # its list of contents carries no checksum
        missed = [at for at in missed if at > data.index(b"\x78\x9c")]
    assert missed == []


# What is no backup at all


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "是空文件"),
        (b"\0" * 5000, "全是零字节"),
        (b"<!DOCTYPE html>\n<title>502</title>", "是网页"),
        (b"mysqldump: Got error: 1045: Access denied for user\n", "是一段文字"),
        ("错误：磁盘已满\n".encode(), "是一段文字"),
        (b"Salted__12345678" + random.Random(3).randbytes(900), "加密"),
        (random.Random(4).randbytes(5000), "不是"),
    ],
)
@pytest.mark.parametrize("kind", [one for one in Kind if not one.repository and one not in (Kind.FILES, Kind.VENDOR)])
def test_what_is_something_else(kind: Kind, data: bytes, words: str) -> None:
    assert words in read(data, kind).trouble


def test_each_kind_is_told_from_the_others(made: Path) -> None:
    for name, (kind, *_rest) in SOUND.items():
        for other in {one for one, *_ in SOUND.values()} - {kind, Kind.COMPRESSED}:
            if name in LARGE or {kind, other} == {Kind.ARCHIVE, Kind.COMPRESSED}:
                continue
            assert "不是" in read((made / name).read_bytes(), other).trouble, (name, other)


@pytest.mark.parametrize(("data", "trouble"), [(b"", "是空文件"), (b"\0" * 999, "全是零字节"), (b"DM\0\1", "")])
def test_a_vendors_dump_is_a_file(data: bytes, trouble: str) -> None:
    assert read(data, Kind.VENDOR).trouble.startswith(trouble)


def test_errors_of_the_program_among_its_output(made: Path) -> None:
    data = (made / "my.sql").read_bytes()
    at = data.index(b"\nCREATE TABLE")
    found = read(data[:at] + b"\nmysqldump: Couldn't execute 'SHOW'" + data[at:], Kind.MYSQLDUMP)
    assert "2>&1" in found.trouble


# Compression


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_several_pieces_padding_and_what_follows(made: Path, suffix: str) -> None:
    # Given: as pigz, pbzip2, pixz, pzstd and `cat` leave it
    one, two = (copies_made.squeezed(suffix, part) for part in (b"first " * 9000, b"second"))
    # Then
    with copies.restorable(io.BytesIO(one + two)) as stream:
        assert stream.read() == b"first " * 9000 + b"second"
    assert read(one + two, Kind.COMPRESSED).trouble == ""
    assert read(one + two + b"\0" * 1024, Kind.COMPRESSED).trouble == ""
    assert "结束之后还有别的内容" in read(one + b"garbage", Kind.COMPRESSED).trouble
    assert "不完整" in read(one + two[:-1], Kind.COMPRESSED).trouble


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_a_little_that_is_very_much(suffix: str, tmp_path: Path) -> None:
    # Given: 50 MB of nothing
    bomb = tmp_path / f"bomb.{suffix}"
    bomb.write_bytes(copies_made.squeezed(suffix, bytes(50_000_000)))
    script = f"""
import resource
from checks.backup import Backup
from tasks import copies
backup = Backup(id="db", title="x", kind="compressed", at={{"folder": "/b"}})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open({str(bomb)!r}, "rb") as stream:
    assert copies.read(stream, {bomb.stat().st_size}, backup).trouble == ""
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    # When
    grown = int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout)
    # Then: kB
    assert grown < 25_000


def test_the_deadline_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given: a clock that runs
    ticks = iter(range(1000))
    monkeypatch.setattr("tasks.copies.seen.time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    # Then
    with pytest.raises(PlaceError) as error:
        read(copies_made.squeezed("zst", bytes(30_000_000)), Kind.COMPRESSED, deadline=30)
    assert (error.value.reason, error.value.what[:11]) == (Reason.TIMEOUT, "30 秒内没有读完；请")


def test_a_window_that_is_too_large() -> None:
    data = copies_made.run("zstd", "-c", "--long=30", input=random.Random(5).randbytes(3000))
    with pytest.raises(PlaceError) as error:
        read(data, Kind.COMPRESSED)
    assert error.value.reason is Reason.UNSUPPORTED


# Tar and zip


def test_a_tar_that_goes_on(made: Path) -> None:
    data = (made / "a.tar").read_bytes()
    assert "还有别的内容" in read(data + data, Kind.ARCHIVE).trouble
    assert "校验和不符" in read(data[:512] + b"x" + data[513:], Kind.ARCHIVE).trouble


def test_more_than_eight_gigabytes_in_a_header() -> None:
    # Given: POSIX says the size elsewhere
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("large")
        member.size = 9 * 2**30
        archive.addfile(tarfile.TarInfo("small"))
        head = member.tobuf(tarfile.PAX_FORMAT)
    found = read(head + bytes(1000), Kind.ARCHIVE)
    assert "不完整" in found.trouble
    assert found.entries == 1


def test_a_zip_with_a_password() -> None:
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        archive.writestr("a", "b")
    data = bytearray(stream.getvalue())
    for magic, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(magic) + at] |= 1
    assert "有密码" in read(bytes(data), Kind.ARCHIVE).trouble


# Both ends only


@pytest.mark.parametrize("name", ["base.tar", "my.xb"])
def test_both_ends_only(made: Path, name: str) -> None:
    kind, form, *_ = SOUND[name]
    data = (made / name).read_bytes()
    found = read(data, kind, ends_only=True)
    assert (found.trouble, found.form, found.whole, found.size) == ("", form, False, 131072)
    assert found.sha256 == sha256(data[:65536] + data[-65536:]).hexdigest()


@pytest.mark.parametrize("name", ["plain.sql", "my.sql", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"])
def test_both_ends_of_what_is_damaged(made: Path, name: str) -> None:
    # Given: a large one, whose middle is not as it was
    stem, kind, suffix = name.rpartition(".")[0], SOUND.get(name, SOUND["a.tar"])[0], name.rpartition(".")[2]
    kind = Kind.ARCHIVE if suffix == "zst" else kind
    noise = random.Random(7).randbytes(300_000).hex().encode()
    if kind is Kind.ARCHIVE:
        with tarfile.open(fileobj=(stream := io.BytesIO()), mode="w") as archive:
            member = tarfile.TarInfo("noise")
            member.size = len(noise)
            archive.addfile(member, io.BytesIO(noise))
        data = stream.getvalue()
        data = copies_made.squeezed(suffix, data) if stem == "a.tar" else data
    else:
        head, line, tail = (made / name).read_bytes().partition(b"\n\n")
        data = head + b"\n-- " + noise + line + tail
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    # Then: what lies between is not seen, and of what is compressed only xz shows its end
    assert read(data, kind).trouble == ""
    assert read(bytes(damaged), kind, ends_only=True).trouble == ""
    if stem != "a.tar" or suffix == "xz":
        assert read(data[:-20_000], kind, ends_only=True).trouble
    assert "零" in read(data + bytes(70_000), kind, ends_only=True).trouble or name == "a.tar"
    assert read(b"<html>" + data, kind, ends_only=True).trouble


def test_a_small_one_is_read_whole(made: Path) -> None:
    data = (made / "app.rdb").read_bytes()
    assert read(data, Kind.REDIS, ends_only=True).whole


# Checksums beside it


def hexes(data: bytes) -> Iterator[tuple[str, str]]:
    for name in copies.ALGORITHMS:
        yield name, copies_made.run("openssl", "dgst", f"-{name}", "-r", input=data).decode().split()[0]


@pytest.mark.parametrize(
    "form",
    [
        lambda name, found: f"{found}  {name}\n",
        lambda name, found: f"{found} *{name}\r\n",
        lambda name, found: f"{found}  /var/backups/{name}\n",
        lambda name, found: f"{found.upper()}\n",
        lambda name, found: found,
        lambda name, found: f"SHA256 ({name}) = {found}\n",
        lambda name, found: f"SHA2-256({name})= {found}\n",
        lambda name, found: f"# made by cron\n{'0' * len(found)}  other\n{found}  {name}\n",
        lambda name, found: f"\ufeff{found}  as it was called once.gz\n",
    ],
)
def test_a_checksum_beside_it(form: Callable[[str, str], str]) -> None:
    data = b"some bytes"
    for algorithm, found in hexes(data):
        beside = {f"a.gz.{algorithm}": form("a.gz", found).encode()}
        checksum = copies.sidecar(beside.get, "a.gz")
        seen = read(data, Kind.VENDOR, checksum)
        assert (seen.checksum, seen.checksum_fits) == (algorithm, True)
        assert read(data + b"x", Kind.VENDOR, checksum).checksum_fits is False


@pytest.mark.parametrize("text", ["", "no hash here", "0" * 63, f"{'0' * 64}  b\n{'1' * 64}  c\n"])
def test_a_checksum_that_says_nothing_of_it(text: str) -> None:
    checksum = copies.sidecar({"a.gz.sha256": text.encode()}.get, "a.gz")
    seen = read(b"some bytes", Kind.VENDOR, checksum)
    assert (seen.checksum, seen.checksum_fits) == ("sha256", False)


def test_no_checksum_beside_it() -> None:
    assert copies.sidecar({}.get, "a.gz") is None
    seen = read(b"some bytes", Kind.VENDOR)
    assert (seen.checksum, seen.checksum_fits) == ("", None)


def test_one_that_is_still_being_written() -> None:
    with pytest.raises(PlaceError) as error:
        copies.read(io.BytesIO(b"123"), 2, backup(Kind.VENDOR))
    assert (error.value.reason, "还在写入" in error.value.what) == (Reason.INCOMPLETE, True)
