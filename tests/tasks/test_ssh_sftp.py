"""Files of a host over SFTP, and output that is read as it comes: from real OpenSSH servers on loopback."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from ssh_servers import ENOUGH, Place, Server

from checks.finding import Reason
from tasks.ssh import SshError

SFTP = "Subsystem sftp internal-sftp"


def refused(place: Place, seconds: float = ENOUGH) -> SshError:
    with pytest.raises(SshError) as error, place.open().sftp("one", seconds) as sftp:
        list(sftp.listing(str(place.home)))
    assert len(str(error.value).splitlines()) == 1
    return error.value


def stop(server: Server) -> None:
    """Its processes stand still, as a host whose disk hangs."""
    for child in psutil.Process(server.process.pid).children(recursive=True):
        child.send_signal(signal.SIGSTOP)


def large(place: Place) -> tuple[Path, bytes]:
    """More than is read ahead."""
    data = os.urandom(30_000_000)
    (place.home / "large").write_bytes(data)
    return place.home / "large", data


# Files


def test_a_listing(place: Place) -> None:
    # Given: names in GBK and of two lines, a link, a folder, a file of old
    place.sshd("one", SFTP)
    folder = place.home / "db"
    folder.mkdir()
    gbk = "备份.sql".encode("gbk")
    (folder / "two\nlines").write_bytes(b"12345")
    Path(os.fsdecode(os.fsencode(folder) + b"/" + gbk)).write_bytes(b"")
    (folder / "link").symlink_to("nowhere")
    (folder / "below").mkdir()
    (folder / "two\nlines").chmod(0o640)
    os.utime(folder / "two\nlines", (0, 1_700_000_000))
    # When
    with place.open().sftp("one", ENOUGH) as sftp:
        found = {one.name: one for one in sftp.listing(str(folder))}
        # Then
        assert set(found) == {"two\nlines", gbk.decode("utf-8", "surrogateescape"), "link", "below"}
        one = found["two\nlines"]
        assert (one.size, one.mode, one.at.timestamp(), one.is_file) == (5, 0o640, 1_700_000_000, True)
        assert [name for name, one in found.items() if one.is_folder] == ["below"]
        assert not found["link"].is_file
        with sftp.open(f"{folder}/{gbk.decode('utf-8', 'surrogateescape')}") as stream:
            assert stream.read() == b""


def test_many_files(place: Place) -> None:
    place.sshd("one", SFTP)
    for number in range(3000):
        (place.home / f"f{number}").touch()
    with place.open().sftp("one", ENOUGH) as sftp:
        assert len([one for one in sftp.listing(str(place.home)) if one.name.startswith("f")]) == 3000
        # a listing that nobody reads to its end is in nobody's way
        assert next(sftp.listing(str(place.home)))
        assert len([one for one in sftp.listing(str(place.home)) if one.name.startswith("f")]) == 3000


@pytest.mark.parametrize("block", [1024 * 1024, 32 * 1024])
def test_a_file_is_read_and_sought_in(place: Place, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    # Given: we ask for more at once than it gives, or for less
    monkeypatch.setattr("tasks.ssh.sftp._BLOCK", block)
    place.sshd("one", SFTP)
    file, data = large(place)
    with place.open().sftp("one", ENOUGH) as sftp, sftp.open(str(file)) as stream:
        # Then
        assert stream.read() == data
        for at in (29_999_990, 0, 12_345_678, 12_345_679, 30_000_000, 31_000_000):
            assert stream.seek(at) == at
            assert stream.read(100_000) == data[at : at + 100_000]
        assert stream.seek(-10, 2) == 29_999_990
        assert stream.read() == data[-10:]


def test_a_file_that_grows_and_one_that_shrinks(place: Place) -> None:
    place.sshd("one", SFTP)
    file = place.home / "f"
    file.write_bytes(b"a" * 1_000_000)
    with place.open().sftp("one", ENOUGH) as sftp, sftp.open(str(file)) as stream:
        assert stream.read(10) == b"a" * 10
        with file.open("ab") as more:
            more.write(b"b" * 700_000)
        assert stream.read() == b"a" * 999_990 + b"b" * 700_000
        os.truncate(file, 500_000)
        stream.seek(0)
        assert len(stream.read()) == 500_000


def test_what_a_host_says_of_a_file(place: Place) -> None:
    place.sshd("one", SFTP)
    with place.open().sftp("one", ENOUGH) as sftp:
        with pytest.raises(FileNotFoundError):
            sftp.open(str(place.home / "absent"))
        with pytest.raises(FileNotFoundError):
            list(sftp.listing(str(place.home / "absent")))
        with pytest.raises(FileNotFoundError):
            list(sftp.listing(str(place.key)))
        with pytest.raises(SshError) as error, sftp.open(str(place.home)) as stream:  # a folder
            stream.read()
        assert error.value.reason is Reason.INCOMPLETE
        # and the connection is as good as before
        assert list(sftp.listing(str(place.home)))


def test_no_permission(place: Place) -> None:
    place.sshd("one", "Subsystem sftp internal-sftp -P open,opendir")
    with place.open().sftp("one", ENOUGH) as sftp:
        with pytest.raises(PermissionError):
            sftp.open(str(place.key))
        with pytest.raises(PermissionError):
            list(sftp.listing(str(place.home)))


def test_through_a_bastion(place: Place) -> None:
    place.sshd("bastion")
    place.sshd("one", SFTP, config="ProxyJump bastion")
    with place.open().sftp("one", ENOUGH) as sftp, sftp.open(str(place.key)) as stream:
        assert stream.read() == place.key.read_bytes()
    place.servers[1].end_connections(itself=True)
    assert refused(place).what.startswith("经堡垒机 bastion：")


# Accounts without it, hosts that end or stand still


@pytest.mark.parametrize(
    "option",
    [
        "X11Forwarding no",  # no subsystem at all
        "Subsystem sftp /usr/sbin/nologin",
        "Subsystem sftp /bin/false",
        f"{SFTP}\nForceCommand echo 欢迎; sleep 60",  # a profile that greets
        "MaxSessions 0",
    ],
)
def test_an_account_without_sftp(place: Place, option: str) -> None:
    place.sshd("one", option)
    error = refused(place)
    assert error.reason is Reason.PERMISSION
    assert "Subsystem sftp" in error.what or "不能打开会话" in error.what


def test_a_host_that_is_not_known(place: Place) -> None:
    place.sshd("one", SFTP)
    place.known_hosts.write_text("")
    assert refused(place).reason is Reason.HOST_KEY


def test_a_host_that_does_not_answer(place: Place) -> None:
    place.sshd("one", f"{SFTP}\nForceCommand sleep 60")
    assert refused(place, 1.5).reason is Reason.TIMEOUT


@pytest.mark.parametrize(("befalls", "reason"), [(Server.end_connections, Reason.UNREACHABLE), (stop, Reason.TIMEOUT)])
def test_in_the_middle_of_a_file(place: Place, befalls: Callable[[Server], None], reason: Reason) -> None:
    server = place.sshd("one", SFTP)
    file, _ = large(place)
    seconds = 2.0 if reason is Reason.TIMEOUT else ENOUGH
    with place.open().sftp("one", seconds) as sftp, sftp.open(str(file)) as stream:
        stream.read(1000)
        befalls(server)
        with pytest.raises(SshError) as error:
            stream.read()
    assert error.value.reason is reason


# Output that is read as it comes


def test_a_script_is_read_at_our_pace(place: Place) -> None:
    # Given: more on both streams than the window holds
    place.sshd("one")
    script = b"head -c 5000000 /dev/zero >&2 & head -c 9000000 /dev/zero; wait; exit 3\n"
    with place.open().piped("one", script, ENOUGH) as pipe:
        assert pipe.status is None
        size = len(pipe.read(10))
        time.sleep(0.3)  # it waits for us meanwhile
        while block := pipe.read(100_000):
            size += len(block)
        # Then
        assert (size, pipe.status, len(pipe.errors)) == (9_000_000, 3, 65536)
        assert pipe.read(10) == b""


def test_leaving_before_the_end(place: Place) -> None:
    place.sshd("one")
    network = place.open()
    with network.piped("one", b"cat /dev/zero\n", ENOUGH) as pipe:
        assert len(pipe.read(1000)) == 1000
    assert network.exchange("one", b"echo on\n", ENOUGH).out == b"on\n"


def test_a_script_that_takes_too_long(place: Place) -> None:
    place.sshd("one")
    with place.open().piped("one", b"echo x; sleep 60\n", 1.5) as pipe:
        assert pipe.read(10) == b"x\n"
        with pytest.raises(SshError) as error:
            pipe.read(10)
    assert error.value.reason is Reason.TIMEOUT


def test_a_connection_that_ends_within(place: Place) -> None:
    server = place.sshd("one")
    with place.open().piped("one", b"echo x; sleep 60\n", ENOUGH) as pipe:
        assert pipe.read(10) == b"x\n"
        server.end_connections()
        with pytest.raises(SshError) as error:
            pipe.read(10)
    assert error.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize("option", ["ForceCommand /usr/sbin/nologin", "MaxSessions 0"])
def test_no_shell(place: Place, option: str) -> None:
    place.sshd("one", option)
    with pytest.raises(SshError) as error, place.open().piped("one", b"echo\n", ENOUGH) as pipe:
        pipe.readall()
    assert error.value.reason is Reason.PERMISSION
