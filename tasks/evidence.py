"""The evidence folder: each file is named by the SHA-256 of its bytes, written whole and once, never changed.

What is most secret is kept encrypted only. The name is then that of the encrypted bytes: whoever has no key can still
tell that nothing was changed.
"""

import hashlib
import os
import re
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from checks import os_words
from checks.records import EvidenceRecord
from checks.secrecy import Grade
from tasks import secrets
from tasks.crypto.cipher import MAKE_KEY, Cipher, DecryptError, KeyTextError
from tasks.secrets import SecretError
from tasks.settings import Settings

ENCRYPTED = ".enc"
"""The end of an encrypted file's name."""

_SHORTEST = 12  # digits of a SHA-256 that name a file: as many as reports print


class EvidenceError(Exception):
    """Evidence cannot be kept or opened; the message is for the operator. `what` is its gist, without a path."""

    def __init__(self, what: str, more: str) -> None:
        super().__init__(f"证据{what}：{more}")
        self.what = what


class Store:
    """The evidence folder of this machine, and the name of the secret that encrypts what is most secret in it.

    The key is read when it is needed and not held.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.evidence_dir
        self._secrets, self._key = settings.secrets_dir, settings.evidence_key

    def check_writable(self) -> None:
        """Make sure before any page is opened that what will be seen can be kept.

        Raises:
            EvidenceError: the folder cannot be made or written to.
        """
        path = self._folder / f".writable-{uuid.uuid4()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_new(path, b"x" * 4096)
            path.unlink()
        except OSError as error:
            raise _unwritable(path, error) from error

    def check_key(self) -> None:
        """Make sure before any page is opened that what is most secret can be encrypted.

        Raises:
            SecretError: there is no key, or it is none.
        """
        self._cipher()

    def keep(
        self, content: bytes, suffix: str, *, target: str, attempt: int, kind: str, grade: Grade, at: datetime
    ) -> EvidenceRecord:
        """Keep one file and return its record. What is there already is not written again.

        Args:
            suffix: of the content, as `.jpg`.

        Raises:
            EvidenceError: no room, no permission, or the file that is there has been damaged.
            SecretError: it must be encrypted, and there is no key.
        """
        if grade.sealed:
            content, suffix = self._cipher().encrypted(content), suffix + ENCRYPTED
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{sha256[:2]}/{sha256}{suffix}"
        self._put(self._folder / path, content)
        return EvidenceRecord(
            target=target,
            attempt=attempt,
            kind=kind,
            path=path,
            sha256=sha256,
            size=len(content),
            grade=grade,
            at=at,
        )

    def opened(self, path: str, sha256: str) -> bytes:
        """Return what was kept, decrypted where it was encrypted.

        Args:
            path: as in the record, relative to the folder.
            sha256: as in the record.

        Raises:
            EvidenceError: it is gone or changed, or was encrypted with another key.
            SecretError: it is encrypted, and there is no key.
        """
        content = stored(self._folder, path, sha256)
        if not path.endswith(ENCRYPTED):
            return content
        try:
            return self._cipher().decrypted(content)
        except DecryptError as error:
            remedy = f"密钥 {self._key} 不是加密它的那一把；用 XUNJIAN_EVIDENCE_KEY 指明当时那一把的名字"
            raise EvidenceError("解不开", f"{self._folder / path}。{remedy}") from error

    def destroy(self, path: str) -> bool:
        """Remove a file for good; whether there was one. That it goes must be on record before.

        Raises:
            EvidenceError: it cannot be removed.
        """
        try:
            (self._folder / path).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise EvidenceError("删不掉", f"{self._folder / path}（{os_words.say(error)}）") from error
        return True

    def left_over(self, named: Collection[str], times: Sequence[tuple[datetime, datetime]]) -> dict[str, str]:
        """Files that were last kept in one of these times and are not among those named: SHA-256 by path."""
        found = {path.relative_to(self._folder).as_posix(): path for path in self._folder.glob("[0-9a-f][0-9a-f]/*")}
        kept = {name: datetime.fromtimestamp(found[name].stat().st_mtime, UTC) for name in set(found) - set(named)}
        return {
            name: found[name].name.partition(".")[0]
            for name, at in sorted(kept.items())
            if any(since <= at < until for since, until in times)
        }

    def find(self, name: str) -> tuple[str, str]:
        """Find a file by its SHA-256, the first twelve digits of it or more, or its path; return path and SHA-256.

        Raises:
            EvidenceError: none or several have that name.
        """
        digits = name.rpartition("/")[2].partition(".")[0].lower()
        if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST},64}}", digits):
            raise EvidenceError("找不到", f"{name}。请写 SHA-256（至少前 {_SHORTEST} 位），或证据清单里的文件名")
        found = sorted(path for path in self._folder.glob(f"{digits[:2]}/{digits}*") if path.is_file())
        if len(found) != 1:
            many = f"以它开头的有 {len(found)} 个，请多写几位" if found else f"{self._folder} 里没有"
            raise EvidenceError("找不到", f"{name}。{many}")
        return found[0].relative_to(self._folder).as_posix(), found[0].name.partition(".")[0]

    def _put(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all. Others may be doing the same: then it is theirs that is found."""
        partial = self._folder / f".{uuid.uuid4()}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.parent.mkdir(exist_ok=True, mode=0o700)
            if path.exists():
                _compare(path, content)
                os.utime(path)  # kept once more: it is no leftover of long ago
            else:
                _write_new(partial, content)
                partial.rename(path)
            _sync(path.parent)
            _sync(self._folder)
        except OSError as error:
            with suppress(OSError):  # it may well be that nothing could be written at all
                partial.unlink()
            raise _unwritable(path, error) from error

    def _cipher(self) -> Cipher:
        try:
            return Cipher(secrets.read(self._key, self._secrets, make=MAKE_KEY))
        except KeyTextError:
            remedy = f"密钥用 {MAKE_KEY} 生成；已有加密的证据时，先找回原来的密钥，不要覆盖"
            raise SecretError(f"口令 {self._key} 不是证据密钥", remedy) from None


def stored(folder: Path, path: str, sha256: str) -> bytes:
    """Return a file as it lies there, encrypted or not.

    Raises:
        EvidenceError: it is gone, or not what was recorded.
    """
    try:
        content = (folder / path).read_bytes()
    except OSError as error:
        what = "文件缺失" if isinstance(error, FileNotFoundError) else "文件读不出"
        raise EvidenceError(what, f"{folder / path}（{os_words.say(error)}）") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EvidenceError("与台账记录的 SHA-256 不符", f"{folder / path}")
    return content


def take_out(path: Path, content: bytes) -> None:
    """Write what was opened to a new file, for us alone.

    Raises:
        EvidenceError: there is a file already, or it cannot be written.
    """
    try:
        _write_new(path, content)
    except OSError as error:
        raise EvidenceError("写不出", f"{path}（{os_words.say(error)}）。换一个文件名") from error


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there; nothing is left of it if that fails."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink()
            raise


def _compare(path: Path, content: bytes) -> None:
    if path.read_bytes() != content:
        remedy = "没有覆盖它；请把它移到别处，查明是谁改的或磁盘是否损坏，然后重新巡检"
        raise EvidenceError("已损坏，内容与文件名不符", f"{path}。{remedy}")


def _sync(folder: Path) -> None:
    """Make a new name in a folder last, like its content."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> EvidenceError:
    remedy = "请检查该目录的权限和磁盘空间，或用 XUNJIAN_EVIDENCE 换一个目录"
    return EvidenceError("写不进去", f"{path}（{os_words.say(error)}）。{remedy}")
