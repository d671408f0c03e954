"""Places where backups lie: a host of a real sshd, folders of this machine, and a bucket of moto, a fake of S3.

No S3 server can be installed here: moto shows that ours and its words fit together, not what real stores do.
"""

import io
import os
import shutil
import signal
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from ssh_servers import ENOUGH
from ssh_servers import Place as Servers

from checks.backup import Backup, Kind, Place
from checks.finding import Reason
from tasks import copies
from tasks.places import PlaceError, Shelf, opened, shelf
from tasks.ssh import Network, SshError

NOWHERE = Network([], [], lambda _: None)  # type: ignore[arg-type, return-value]
SECRETS = {"k": "key", "s": "secret"}


@pytest.fixture(params=["host", "here"])
def network(request: pytest.FixtureRequest, place: Servers) -> tuple[Network, str | None]:
    """How to get to the folder of a test, and the name of the host."""
    if request.param == "here":
        return NOWHERE, None
    place.sshd("one", "Subsystem sftp internal-sftp")
    return place.open(), "one"


def at(folder: Path, network: tuple[Network, str | None], seconds: float = ENOUGH) -> AbstractContextManager[Shelf]:
    return opened(Place(folder=str(folder), host=network[1]), network[0], {}, seconds)


def put(folder: Path, name: str | bytes, data: bytes = b"", age: int = 0) -> Path:
    file = Path(os.fsdecode(os.fsencode(folder) + b"/" + os.fsencode(name)))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    file.chmod(0o640)
    os.utime(file, (1_700_000_000 - age,) * 2)
    return file


def test_copies_are_listed_newest_first(network: tuple[Network, str | None], tmp_path: Path) -> None:
    # Given
    folder = tmp_path / "db"
    for number in range(3):
        put(folder, f"app-{number}.sql", b"x" * number, number)
    put(folder, "other")
    put(folder, "app-below/app-3.sql")
    put(folder, "app-备份.sql".encode("gbk"), b"gbk", 9)
    (folder / "app-latest.sql").symlink_to("app-2.sql")
    os.mkfifo(folder / "app-pipe.sql")
    # When
    with at(folder, network) as shelf:
        found = shelf.copies("app-*.sql")
        # Then
        expected = ["app-0.sql", "app-1.sql", "app-2.sql", r"app-\xb1\xb8\xb7\xdd.sql"]
        assert [(one.name, one.size, one.mode) for one in found] == [
            (name, n, 0o640) for n, name in enumerate(expected)
        ]
        assert found[0].at == datetime.fromtimestamp(1_700_000_000, UTC)
        with shelf.open("app-2.sql") as stream, shelf.open(found[-1].name) as other:
            assert (stream.read(1), other.read(), stream.read()) == (b"x", b"gbk", b"x")
        assert shelf.small("app-2.sql.sha256") is None
        assert shelf.small("app-2.sql", 1) == b"x"


def test_a_mirror(network: tuple[Network, str | None], tmp_path: Path) -> None:
    # Given
    folder = tmp_path / "mirror"
    for name in ("b/2", "b/1", "a", "b/c/deep", "空"):
        put(folder, name, name.encode(), len(name))
    (folder / "loop").symlink_to(folder)

    def seen() -> tuple[int, int, datetime | None, str]:
        with at(folder, network) as shelf:
            return shelf.tree()

    # Then
    files, size, newest, digest = seen()
    assert (files, size, newest) == (5, 18, datetime.fromtimestamp(1_699_999_999, UTC))
    assert seen()[3] == digest
    put(folder, "b/c/deep", b"b/c/deeP", 8)
    assert seen()[3] == digest  # of names, sizes and times only
    put(folder, "b/c/deep", b"b/c/deep", 9)
    assert seen()[3] != digest
    shutil.rmtree(folder / "b")
    assert seen()[:2] == (2, 4)


def test_a_large_file_and_a_zip(network: tuple[Network, str | None], tmp_path: Path) -> None:
    # Given
    data = os.urandom(9_000_000)
    put(tmp_path / "f", "large", data)
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for number in range(30):
            archive.writestr(str(number), data[: number * 10_000])
    put(tmp_path / "f", "a.zip", stream.getvalue())
    # Then
    with at(tmp_path / "f", network) as shelf:
        with shelf.open("large") as file:
            assert file.read() == data
            assert file.seek(-10, 2) == 8_999_990
            assert file.read(100) == data[-10:]
        with shelf.open("a.zip") as file:
            backup = Backup(id="a", title="a", kind=Kind.ARCHIVE, at=Place(folder="/a"))
            found = copies.read(file, len(stream.getvalue()), backup)
        assert (found.trouble, found.entries) == ("", 30)


def refused(folder: Path, network: tuple[Network, str | None], ask: Any) -> PlaceError:
    with pytest.raises(PlaceError) as error, at(folder, network) as shelf:
        ask(shelf)
    assert len(error.value.what.splitlines()) == 1
    return error.value


def test_what_is_not_there(network: tuple[Network, str | None], tmp_path: Path) -> None:
    error = refused(tmp_path / "absent", network, lambda shelf: shelf.copies("*"))
    assert (error.reason, "absent 不存在" in error.what) == (Reason.CONFIGURATION, True)
    assert refused(tmp_path / "absent", network, lambda shelf: shelf.tree()).reason is Reason.CONFIGURATION
    error = refused(tmp_path, network, lambda shelf: shelf.open("gone.sql").__enter__())
    assert (error.reason, "gone.sql 刚才还在" in error.what) == (Reason.INCOMPLETE, True)


def test_no_permission(place: Servers, tmp_path: Path) -> None:
    # Given: root may read everything, so the host refuses
    place.sshd("one", "Subsystem sftp internal-sftp -P open,opendir")
    network = place.open(), "one"
    put(tmp_path, "a.sql")
    # Then
    for ask in (
        lambda shelf: shelf.copies("*"),
        lambda shelf: shelf.open("a.sql").__enter__(),
        lambda shelf: shelf.small("a.sql"),
    ):
        error = refused(tmp_path, network, ask)
        assert (error.reason, "没有权限" in error.what) == (Reason.PERMISSION, True)


def test_a_host_that_cannot_be_reached(place: Servers, tmp_path: Path) -> None:
    place.sshd("one").end_connections(itself=True)
    assert refused(tmp_path, (place.open(), "one"), lambda shelf: shelf.copies("*")).reason is Reason.UNREACHABLE


def test_too_many_files(network: tuple[Network, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_NAMES", 600)
    monkeypatch.setattr(shelf, "MOST_FILES", 600)
    for number in range(601):
        put(tmp_path / "f", str(number))
    for ask in (lambda shelf: shelf.copies("*"), lambda shelf: shelf.tree()):
        error = refused(tmp_path / "f", network, ask)
        assert (error.reason, "超过 600 个" in error.what) == (Reason.INCOMPLETE, True)


def test_a_mount_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a process that does not come back from the kernel, then we do at the deadline, and it is not left."""
    from tasks.places import folder

    put(tmp_path, "large", bytes(5_000_000))
    started: list[Any] = []
    popen = folder.subprocess.Popen
    monkeypatch.setattr(folder.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    for stage in ("listing", "reading"):
        # When
        with ExitStack() as stack:
            shelf = stack.enter_context(at(tmp_path, (NOWHERE, None), 1.5))
            stream = stack.enter_context(shelf.open("large"))
            stream.read(10)
            started[-1].send_signal(signal.SIGSTOP)
            with pytest.raises(SshError) as error:
                stream.read()
            if stage == "listing":
                with pytest.raises(PlaceError):
                    shelf.copies("*")
        # Then
        assert error.value.reason is Reason.TIMEOUT
        assert "挂载可能没有应答" in error.value.what
        assert started[-1].poll() is not None


# A bucket


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        s3 = boto3.client(
            "s3", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
        )
    s3.create_bucket(Bucket="backups")
    for key, data in {
        "app-1.sql": b"1",
        "app-2.sql": bytes(9_000_000),
        "app-2.sql.sha256": b"0",
        "deep/app-3.sql": b"333",
    }.items():
        s3.put_object(Bucket="backups", Key=f"oa/db/{key}", Body=data)
    yield url
    server.stop()


def in_bucket(url: str, **more: Any) -> AbstractContextManager[Shelf]:
    given = {"folder": "oa/db", "bucket": "backups", "endpoint": url, "key": "k", "secret": "s", **more}
    return opened(Place.model_validate(given), NOWHERE, SECRETS, ENOUGH)


def test_a_bucket(endpoint: str) -> None:
    with in_bucket(endpoint) as shelf:
        found = shelf.copies("app-*.sql")
        assert {(one.name, one.size, one.mode) for one in found} == {
            ("app-1.sql", 1, None),
            ("app-2.sql", 9_000_000, None),
        }
        assert abs((datetime.now(UTC) - found[0].at).total_seconds()) < 3600
        assert shelf.tree()[:2] == (4, 9_000_005)
        with shelf.open("app-2.sql") as stream:
            assert stream.read() == bytes(9_000_000)
            assert stream.seek(-2, 2) == 8_999_998
            assert stream.read() == b"\0\0"
        assert shelf.small("app-2.sql.sha256") == b"0"
        assert shelf.small("app-1.sql.sha256") is None
        with pytest.raises(PlaceError) as error:
            shelf.open("gone").__enter__()
        assert error.value.reason is Reason.INCOMPLETE


@pytest.mark.parametrize(
    ("more", "reason", "words"),
    [
        ({"bucket": "absent"}, Reason.CONFIGURATION, "没有存储桶 absent"),
        ({"folder": "absent"}, Reason.CONFIGURATION, "目录 absent 不存在"),
        ({"endpoint": "http://127.0.0.1:9"}, Reason.UNREACHABLE, "连不上"),
    ],
)
def test_a_bucket_that_is_not_there(endpoint: str, more: dict[str, str], reason: Reason, words: str) -> None:
    with pytest.raises(PlaceError) as error, in_bucket(endpoint, **more) as shelf:
        shelf.copies("*")
    assert (error.value.reason, words in error.value.what) == (reason, True)
