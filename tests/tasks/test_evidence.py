"""Evidence files: named by what they hold, written whole and once; the most secret ones encrypted."""

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checks.records import EvidenceRecord
from checks.secrecy import Grade
from tasks.evidence import EvidenceError, Store, stored, take_out
from tasks.secrets import SecretError
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CONTENT = b"\xff\xd8picture\xff\xd9"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = f"{SHA256[:2]}/{SHA256}.jpg"


def put(home: Path, content: bytes = CONTENT, grade: Grade = Grade.MEDIUM) -> EvidenceRecord:
    store = Store(Settings(home=home))
    return store.keep(content, ".jpg", target="oa/todo", attempt=1, kind="screenshot", grade=grade, at=NOW)


def open_(home: Path, record: EvidenceRecord) -> bytes:
    return Store(Settings(home=home)).opened(record.path, record.sha256)


def make_key(home: Path, name: str = "evidence.key") -> Path:
    """A key as the remedy of the error says."""
    with pytest.raises(SecretError) as caught:
        Store(Settings(home=home, evidence_key=name)).check_key()
    command = caught.value.remedy.removeprefix("新建：")
    subprocess.run(command, shell=True, check=True)
    return home / "secrets" / name


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


class TestKept:
    def test_under_its_sha256_for_us_alone(self, tmp_path: Path) -> None:
        # When
        record = put(tmp_path)
        # Then
        assert (record.path, record.sha256, record.size, record.grade) == (PATH, SHA256, len(CONTENT), 2)
        assert (tmp_path / "evidence" / PATH).read_bytes() == CONTENT
        assert files(tmp_path) == [f"evidence/{PATH}"]
        modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "evidence").rglob("*") if path.is_dir()}
        assert modes == {(tmp_path / "evidence").stat().st_mode & 0o777} == {0o700}
        assert (tmp_path / "evidence" / PATH).stat().st_mode & 0o777 == 0o600

    def test_the_same_twice_is_one_file(self, tmp_path: Path) -> None:
        # Given
        first = put(tmp_path)
        before = (tmp_path / "evidence" / PATH).stat()
        # When
        again = put(tmp_path)
        # Then
        after = (tmp_path / "evidence" / PATH).stat()
        assert again == first
        assert after.st_ino == before.st_ino
        assert files(tmp_path) == [f"evidence/{PATH}"]

    @pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT.upper()])
    def test_a_damaged_file_is_named_and_left(self, tmp_path: Path, damaged: bytes) -> None:
        # Given
        put(tmp_path)
        (tmp_path / "evidence" / PATH).write_bytes(damaged)
        # When
        with pytest.raises(EvidenceError, match="已损坏") as caught:
            put(tmp_path)
        # Then
        assert PATH in str(caught.value)
        assert (tmp_path / "evidence" / PATH).read_bytes() == damaged
        assert files(tmp_path) == [f"evidence/{PATH}"]

    def test_file_and_names_are_on_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The content before it has its name, then both folders that hold the name."""
        # Given
        synced: list[str] = []
        fsync = os.fsync

        def watched(handle: int) -> None:
            fsync(handle)
            synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))

        monkeypatch.setattr(os, "fsync", watched)
        # When
        put(tmp_path)
        # Then
        folder = tmp_path / "evidence"
        assert synced[0].startswith(f"{folder}/.")
        assert synced[0].endswith(".part")
        assert synced[1:] == [f"{folder}/{SHA256[:2]}", str(folder)]


# Waits until told, so that all begin at once, and says where it put its content.
PROCESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_evidence import put
print("ready", flush=True)
sys.stdin.readline()
print(put(Path({home!r}), b"x" * 3_000_000).path)
"""


def python(script: str, home: Path) -> subprocess.Popen[str]:
    text = script.format(tests=str(Path(__file__).parent), home=str(home))
    return subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


class TestAtOnce:
    def test_processes(self, tmp_path: Path) -> None:
        # Given
        processes = [python(PROCESS, tmp_path) for _ in range(4)]
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        # When
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        said = {process.communicate(timeout=60)[0].strip() for process in processes}
        # Then
        assert {process.returncode for process in processes} == {0}
        assert [f"evidence/{path}" for path in said] == files(tmp_path)
        assert (tmp_path / files(tmp_path)[0]).read_bytes() == b"x" * 3_000_000

    def test_threads(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            records = list(pool.map(lambda _: put(tmp_path, b"x" * 300_000), range(40)))
        assert len({record.path for record in records}) == 1
        assert [f"evidence/{records[0].path}"] == files(tmp_path)

    def test_one_that_was_killed_leaves_nothing_that_counts(self, tmp_path: Path) -> None:
        # Given a process that is killed when its content is written and has no name yet
        process = python(f"import os, time\nos.fsync = lambda _: time.sleep(60)\n{PROCESS}", tmp_path)
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
        began = time.monotonic()
        while not (left := files(tmp_path)) and time.monotonic() - began < 30:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert [Path(name).suffix for name in left] == [".part"]
        # When
        Store(Settings(home=tmp_path)).check_writable()
        record = put(tmp_path, b"x" * 3_000_000)
        # Then
        store = Store(Settings(home=tmp_path))
        assert store.find(record.sha256) == (record.path, record.sha256)
        assert open_(tmp_path, record) == b"x" * 3_000_000
        with pytest.raises(EvidenceError):
            store.find(Path(left[0]).name)


class TestFolder:
    def test_that_cannot_be(self, tmp_path: Path) -> None:
        # Given
        (tmp_path / "file").write_bytes(b"")
        # Then
        with pytest.raises(EvidenceError, match="XUNJIAN_EVIDENCE"):
            Store(Settings(home=tmp_path, evidence=tmp_path / "file" / "evidence")).check_writable()

    def test_looking_leaves_nothing(self, tmp_path: Path) -> None:
        Store(Settings(home=tmp_path)).check_writable()
        assert list((tmp_path / "evidence").iterdir()) == []


class TestMostSecret:
    def test_is_kept_encrypted(self, tmp_path: Path) -> None:
        # Given
        make_key(tmp_path)
        marker = b"MARKER-97318642" * 100
        # When
        record = put(tmp_path, marker, Grade.MOST)
        # Then
        content = (tmp_path / "evidence" / record.path).read_bytes()
        assert record.path == f"{record.sha256[:2]}/{record.sha256}.jpg.enc"
        assert (record.sha256, record.size) == (hashlib.sha256(content).hexdigest(), len(content))
        assert stored(tmp_path / "evidence", record.path, record.sha256) == content  # without a key
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"MARKER" in path.read_bytes()]
        assert open_(tmp_path, record) == marker
        # and not even that it was the same is to be seen
        assert put(tmp_path, marker, Grade.MOST).sha256 != record.sha256

    def test_what_is_less_secret_is_not(self, tmp_path: Path) -> None:
        """The positive control: the search above would have found it."""
        put(tmp_path, b"MARKER")
        assert [path for path in tmp_path.rglob("*") if path.is_file() and b"MARKER" in path.read_bytes()]

    @pytest.mark.parametrize(
        ("text", "what"),
        [("", "是空的"), ("too short", "不是证据密钥"), ("x" * 44, "不是证据密钥"), ("甲乙丙", "不是证据密钥")],
    )
    def test_not_without_a_key(self, tmp_path: Path, text: str, what: str) -> None:
        # Given
        key = make_key(tmp_path)
        key.write_text(text, encoding="utf-8")
        # When
        with pytest.raises(SecretError, match=what) as caught:
            put(tmp_path, grade=Grade.MOST)
        # Then
        assert "evidence.key" in caught.value.what
        assert "openssl rand -base64 32 | tr" in caught.value.remedy
        assert not text or text not in str(caught.value)
        assert not (tmp_path / "evidence").exists()

    def test_the_key_has_the_name_that_is_set(self, tmp_path: Path) -> None:
        # Given
        make_key(tmp_path, "evidence-2026.key")
        # Then
        Store(Settings(home=tmp_path, evidence_key="evidence-2026.key")).check_key()
        with pytest.raises(SecretError, match=r"缺少口令 evidence\.key"):
            put(tmp_path, grade=Grade.MOST)

    def test_a_key_that_others_can_read_is_none(self, tmp_path: Path) -> None:
        make_key(tmp_path).chmod(0o640)
        with pytest.raises(SecretError, match="别人也能读"):
            put(tmp_path, grade=Grade.MOST)


class TestOpened:
    def test_with_another_key(self, tmp_path: Path) -> None:
        # Given
        make_key(tmp_path)
        record = put(tmp_path, grade=Grade.MOST)
        make_key(tmp_path, "other.key").rename(tmp_path / "secrets" / "evidence.key")
        # Then
        with pytest.raises(EvidenceError, match=r"解不开.*evidence\.key 不是加密它的那一把"):
            open_(tmp_path, record)

    @pytest.mark.parametrize("grade", [Grade.MEDIUM, Grade.MOST])
    def test_changed_in_one_byte(self, tmp_path: Path, grade: Grade) -> None:
        # Given
        make_key(tmp_path)
        record = put(tmp_path, grade=grade)
        path = tmp_path / "evidence" / record.path
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        # Then
        with pytest.raises(EvidenceError, match="SHA-256 不符") as caught:
            open_(tmp_path, record)
        assert record.path in str(caught.value)
        # and where the record was changed with it, the encryption tells
        if grade is Grade.MOST:
            with pytest.raises(EvidenceError, match="解不开"):
                Store(Settings(home=tmp_path)).opened(record.path, hashlib.sha256(content).hexdigest())

    def test_gone(self, tmp_path: Path) -> None:
        record = put(tmp_path)
        (tmp_path / "evidence" / record.path).unlink()
        with pytest.raises(EvidenceError, match="文件缺失"):
            open_(tmp_path, record)

    def test_from_before_files_were_named_by_their_content(self, tmp_path: Path) -> None:
        path = tmp_path / "evidence/2026-11-22/oa/todo-0123abcd-1-1.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
        store = Store(Settings(home=tmp_path))
        assert store.opened("2026-11-22/oa/todo-0123abcd-1-1.jpg", SHA256) == CONTENT


class TestFound:
    @pytest.mark.parametrize("name", [SHA256, SHA256[:12], SHA256.upper(), PATH, f"/srv/evidence/{PATH}"])
    def test_by(self, tmp_path: Path, name: str) -> None:
        put(tmp_path)
        assert Store(Settings(home=tmp_path)).find(name) == (PATH, SHA256)

    @pytest.mark.parametrize("name", [SHA256[:11], "", "../secrets/evidence.key", "*" * 12, "0" * 64, SHA256 + "0"])
    def test_not_by(self, tmp_path: Path, name: str) -> None:
        put(tmp_path)
        with pytest.raises(EvidenceError, match="证据找不到"):
            Store(Settings(home=tmp_path)).find(name)

    def test_not_where_several_begin_alike(self, tmp_path: Path) -> None:
        put(tmp_path)
        (tmp_path / "evidence" / PATH).with_name(f"{SHA256[:20]}{'0' * 44}.jpg").write_bytes(b"")
        with pytest.raises(EvidenceError, match="有 2 个"):
            Store(Settings(home=tmp_path)).find(SHA256[:12])


def test_taken_out_for_us_alone_and_never_over_another(tmp_path: Path) -> None:
    # When
    take_out(tmp_path / "out.jpg", CONTENT)
    # Then
    assert ((tmp_path / "out.jpg").read_bytes(), (tmp_path / "out.jpg").stat().st_mode & 0o777) == (CONTENT, 0o600)
    with pytest.raises(EvidenceError, match="已有同名文件"):
        take_out(tmp_path / "out.jpg", b"other")
    assert (tmp_path / "out.jpg").read_bytes() == CONTENT
