"""Repositories made by the real restic and borg: checked, exported, damaged; on a host of a real sshd, and here."""

import getpass
import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ssh_servers import Place

from checks.allowlist import PROGRAMS
from checks.backup import Backup, Kind, PlacedBackup
from checks.finding import Reason
from checks.visit import Copy
from tasks import repositories
from tasks.copies import CopyError
from tasks.places import PlaceError
from tasks.repositories.borg import Borg
from tasks.repositories.program import Program, script
from tasks.repositories.restic import Restic
from tasks.ssh import Network

PASSWORD = "geheim '1"
VALUES = {"repo": PASSWORD}
LOCK = {Kind.RESTIC: "locks/0", Kind.BORG: "lock.roster"}
NEWEST = {Kind.RESTIC: "latest", Kind.BORG: "附件-2"}
KINDS = [Kind.RESTIC, Kind.BORG]
PROGRAM: dict[Kind, Program] = {Kind.RESTIC: Restic(), Kind.BORG: Borg()}
NOWHERE = Network([], [], lambda _: None)  # type: ignore[arg-type, return-value]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `restic` and `borg` with two snapshots each, of one and two files."""
    home = tmp_path_factory.mktemp("made")
    keys = {"RESTIC_PASSWORD": PASSWORD, "BORG_PASSPHRASE": PASSWORD, "BORG_BASE_DIR": str(home / "borg-home")}
    env = {"PATH": os.environ["PATH"], "HOME": str(home), **keys}

    def run(*words: str) -> None:
        subprocess.run(words, cwd=home, env=env, check=True, capture_output=True, timeout=60)

    (home / "files").mkdir()
    with ThreadPoolExecutor() as both:
        inits = [("restic", "init", "-r", "restic"), ("borg", "init", "-e", "repokey-blake2", "borg")]
        list(both.map(lambda words: run(*words), inits))
        for number in (1, 2):
            (home / "files" / f"附件 {number}").write_bytes(os.urandom(700_000))
            archive = ("--timestamp", f"2026-11-2{number}T02:00:00", f"borg::附件-{number}", "files")
            backups = [("restic", "-r", "restic", "backup", "files"), ("borg", "create", *archive)]
            list(both.map(lambda words: run(*words), backups))
    return home


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    shutil.copytree(made, tmp_path / "made")
    return tmp_path / "made"


def placed(kind: Kind, home: Path, *, host: str | None = None, **more: Any) -> PlacedBackup:
    given = {"id": "files", "title": "附件", "kind": kind, "password": "repo", "sampled": 100, **more}
    return PlacedBackup("oa", Backup(at={"folder": str(home / kind), "host": host}, **given))  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(one): (one.stat().st_mtime_ns, one.stat().st_size) for one in sorted(folder.rglob("*"))}


def refused(backup: PlacedBackup, values: Mapping[str, str] = VALUES) -> PlaceError:
    with pytest.raises(PlaceError) as error:
        repositories.check(backup, NOWHERE, values)
    assert len(error.value.what.splitlines()) == 1
    return error.value


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_repository_on_a_host(copied: Path, place: Place, kind: Kind) -> None:
    # Given: somebody holds a lock, which is not waited for
    place.sshd("one")
    network, backup = place.open(), placed(kind, copied, host="one")
    (copied / kind / LOCK[kind]).write_text("{}")
    before = files(copied), set(Path("/dev/shm").iterdir()), files(place.home)
    # When
    found = repositories.snapshots(backup, network, VALUES)
    seen = repositories.check(backup, network, VALUES)
    with repositories.exported(backup, network, VALUES, found[0].name) as stream:
        exported = io.BytesIO(stream.read())
    # Then
    assert [one.size for one in found] == [1_400_000, 700_000]
    assert sorted(found, key=lambda one: one.at, reverse=True) == found
    assert found[0].at < datetime.now(UTC) + timedelta(hours=24)
    assert (seen.trouble, seen.form, seen.size, seen.entries >= 2) == ("", str(kind), 1_400_000, True)
    assert re.fullmatch(rf"{kind} \d+\.\d+\S*", seen.made_by)
    assert re.fullmatch(r"[0-9a-f]{64}", seen.sha256)
    with tarfile.open(fileobj=exported) as archive:
        names = {Path(one.name).name: one.size for one in archive if one.isreg()}
    assert names == {"附件 1": 700_000, "附件 2": 700_000}
    # and nothing has been written
    assert (files(copied), set(Path("/dev/shm").iterdir())) == before[:2]
    assert {one for one in files(place.home) if "sshd-" not in one} == {one for one in before[2] if "sshd-" not in one}


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password(made: Path, kind: Kind) -> None:
    error = refused(placed(kind, made), {"repo": "wrong words"})
    assert error.reason is Reason.AUTHENTICATION
    assert "wrong words" not in repr(error)


@pytest.mark.parametrize("kind", KINDS)
def test_no_repository_there(tmp_path: Path, kind: Kind) -> None:
    assert refused(placed(kind, tmp_path)).reason is Reason.CONFIGURATION
    (tmp_path / kind).mkdir()
    assert refused(placed(kind, tmp_path)).reason is Reason.CONFIGURATION


@pytest.mark.parametrize("kind", KINDS)
def test_no_program_there(made: Path, place: Place, kind: Kind) -> None:
    # Given: a host on which /usr/bin has no such program
    place.sshd("one", around=f"mount --bind /dev/null /usr/bin/{kind}; chmod a-x /usr/bin/{kind}")
    with pytest.raises(PlaceError) as error:
        repositories.snapshots(placed(kind, made, host="one"), place.open(), VALUES)
    assert error.value.reason is Reason.UNSUPPORTED
    assert f"one 上没有 {kind}；请安装" in error.value.what


@pytest.mark.parametrize("kind", KINDS)
def test_no_permission(copied: Path, place: Place, kind: Kind) -> None:
    # Given
    if os.getuid():
        (copied / kind).chmod(0)
    for name in ("config", "README"):
        if (copied / kind / name).exists():
            (copied / kind / name).chmod(0)
    # Then
    env = ["setpriv", "--reuid=nobody", "--clear-groups", "--bounding-set=-all"] if not os.getuid() else []
    words = script(PROGRAM[kind], placed(kind, copied).backup, VALUES, PROGRAM[kind].to_list())
    for one in (copied, *copied.parents):
        if one.owner() == getpass.getuser() and one != Path("/tmp"):
            one.chmod(one.stat().st_mode | 0o755)
    done = subprocess.run([*env, "sh", "-s"], input=words, capture_output=True, timeout=30)
    error = repositories.meant(PROGRAM[kind], "one", done.stderr.decode(), done.returncode)
    assert isinstance(error, PlaceError)
    assert error.reason is Reason.PERMISSION


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_data(copied: Path, kind: Kind) -> None:
    # Given: a bit of the largest pack or segment
    backup = placed(kind, copied)
    largest = max(
        (one for one in (copied / kind / "data").rglob("*") if one.is_file()), key=lambda one: one.stat().st_size
    )
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 4
    largest.chmod(0o600)
    largest.write_bytes(data)
    # Then
    seen = repositories.check(backup, NOWHERE, VALUES)
    assert "已损坏" in seen.trouble
    assert "附件" not in seen.trouble
    # and an export breaks off
    with pytest.raises(CopyError), repositories.exported(backup, NOWHERE, VALUES, NEWEST[kind]) as stream:
        stream.read()
    # When: somebody works on it meanwhile
    (copied / kind / LOCK[kind]).write_text("{}")
    with pytest.raises(PlaceError) as error:
        repositories.check(backup, NOWHERE, VALUES)
    # Then: it is not the time to say that it is damaged
    assert "仓库有锁" in error.value.what


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_pack(copied: Path, kind: Kind) -> None:
    # Given: restic tries for 45 seconds to find it
    backup = placed(kind, copied, deadline=8)
    packs = [one for one in (copied / kind / "data").rglob("*") if one.is_file()]
    max(packs, key=lambda one: one.stat().st_size).unlink()
    # Then
    assert "缺少数据" in repositories.check(backup, NOWHERE, VALUES).trouble


def test_a_damaged_index(copied: Path) -> None:
    for index in (copied / "restic" / "index").iterdir():
        index.chmod(0o600)
        index.write_bytes(index.read_bytes()[:-1] + b"x")
    assert "索引已损坏" in repositories.check(placed(Kind.RESTIC, copied), NOWHERE, VALUES).trouble


@pytest.mark.parametrize("kind", KINDS)
def test_one_without_snapshots(tmp_path: Path, kind: Kind) -> None:
    env = {**os.environ, "RESTIC_PASSWORD": PASSWORD, "BORG_PASSPHRASE": PASSWORD, "BORG_BASE_DIR": str(tmp_path / "b")}
    words = ["restic", "init", "-r"] if kind is Kind.RESTIC else ["borg", "init", "-e", "repokey"]
    subprocess.run([*words, tmp_path / kind], env=env, check=True, capture_output=True)
    assert repositories.check(placed(kind, tmp_path), NOWHERE, VALUES).trouble == "仓库里没有快照"


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_scripts_start_and_write(made: Path, tmp_path: Path, kind: Kind) -> None:
    """Only what the allowlist names is started, without the password; only the folder that is removed is written to."""
    # Given
    program, backup = PROGRAM[kind], placed(kind, made).backup
    newest = Copy(name=NEWEST[kind], size=1, at=datetime.now(UTC))
    names = "execve,openat,unlink,unlinkat,rename,renameat2,mkdir,mkdirat,rmdir,linkat,symlinkat,chmod,utimensat"
    trace = ["strace", "-f", "-qq", "-z", "-s", "300", "-e", "signal=none", "-e", f"trace={names}"]
    started, wrote = set(), []
    for lines in (program.to_size([newest.name]), program.to_check(newest, 50, 1), program.to_export(newest.name)):
        # When
        words = script(program, backup, VALUES, lines)
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        subprocess.run(
            [*trace, "-o", tmp_path / "trace", "sh", "-s"], input=words, env=env, check=True, capture_output=True
        )
        # Then
        for line in (tmp_path / "trace").read_text(errors="replace").splitlines():
            call = line.partition(" ")[2].strip()
            if call.startswith("execve("):
                assert PASSWORD.replace("'", "") not in call.replace("'", "").replace('"', "")
                started.add(Path(call.split('"')[1]).name)
            elif not call.startswith("openat") or re.search("O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)", call):
                wrote.append(call)
    # `find_library` of borg's Python asks these for the names of libraries
    of_python = {"python3", "ldconfig", "ldconfig.real", "gcc", "cc", "objdump", "ld", "collect2", "uname"}
    assert started - set(PROGRAMS) - {"sh", "dash", "sleep"} - (of_python if kind is Kind.BORG else set()) == set()
    assert [call for call in wrote if not re.search(r'"/dev/(null|tty|shm/xunjian\.)|unlinkat\(\d+, "', call)] == []
    assert list(tmp_path.iterdir()) == [tmp_path / "trace"]
