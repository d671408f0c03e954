"""A copy as a stream to be restored: decompressed where it is compressed, as tar where it is files in another form."""

import hashlib
import io
import os
import subprocess
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from checks.backup import Kind, Place, PlacedBackup
from checks.finding import Reason
from checks.host_script import quoted
from checks.visit import Copy
from tasks import copies, repositories
from tasks.copies.seen import Followed
from tasks.places import PlaceError, Shelf
from tasks.scratch.place import BrokenCopyError, ScratchError, Tail
from tasks.ssh import Network, SshError

_AT_ONCE = 1024 * 1024  # bytes
_ZIP = b"PK\x03\x04"


class Copied:
    """An open copy. `stream`: what is restored of it."""

    def __init__(self, stream: BinaryIO, followed: Followed, digest: Any) -> None:
        self.stream, self._followed, self._digest = stream, followed, digest

    def sha256(self) -> str:
        """Of its bytes as they lie there, to the last one."""
        self._followed.finish()
        return str(self._digest.hexdigest())


@contextmanager
def copied(
    placed: PlacedBackup, copy: Copy, shelf: Shelf | None, network: Network, values: Mapping[str, str], deadline: float
) -> Iterator[Copied]:
    """Open a copy.

    Args:
        shelf: where it lies; none where it is within a repository.
        deadline: seconds.

    Raises (reading also):
        PlaceError: it cannot be reached any more.
        CopyError, BrokenCopyError: it is broken.
        ScratchError: it is of a kind that a drill cannot restore.
    """
    kind, digest = placed.backup.kind, hashlib.sha256()
    if kind.repository:
        with repositories.exported(placed, network, values, copy.name) as stream:
            followed = _followed(stream, digest)
            yield Copied(io.BufferedReader(followed, _AT_ONCE), followed, digest)
    elif kind is Kind.FILES or shelf is None:
        with _mirrored(placed.backup.at, network, deadline) as stream:
            followed = _followed(stream, digest)
            yield Copied(io.BufferedReader(followed, _AT_ONCE), followed, digest)
    else:
        with shelf.open(copy.name) as stream:
            followed = _followed(stream, digest)
            zipped = kind is Kind.ARCHIVE and followed.read(len(_ZIP)) == _ZIP
            followed.seek(0)
            with _zip_as_tar(followed) if zipped else copies.restorable(followed) as inner:  # type: ignore[arg-type]
                yield Copied(inner, followed, digest)


def _followed(stream: BinaryIO, digest: Any) -> Followed:
    return Followed(stream, [digest], lambda: None)


@contextmanager
def _mirrored(place: Place, network: Network, deadline: float) -> Iterator[BinaryIO]:
    """A folder as a tar stream, made by the tar of its host."""
    words = f"tar -C {quoted(place.folder)} -cf - ."
    if place.bucket:
        raise ScratchError(Reason.UNSUPPORTED, "存储桶里的目录不能演练恢复；删去 restore，或改用打包的备份")
    if place.host:
        try:
            with network.piped(place.host, f"exec {words} </dev/null\n".encode(), deadline) as pipe:
                yield pipe  # type: ignore[misc]
                while pipe.read(_AT_ONCE):
                    pass
                _insist(pipe.status)
        except SshError as error:
            raise PlaceError(error.reason, error.what) from error
        return
    process: Any = subprocess.Popen(  # noqa: S603
        ["sh", "-c", f"exec {words}"],  # noqa: S607
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    said = Tail(process.stderr, 4096)
    try:
        with process.stdout as stream:
            yield stream
            while stream.read(_AT_ONCE):
                pass
        _insist(process.wait())
    finally:
        process.kill()
        process.wait()
        said.text()


def _insist(status: int | None) -> None:
    if status not in (0, 1):  # 1: a file has changed meanwhile
        raise PlaceError(Reason.PERMISSION, "镜像目录没有读完（tar 出错）；请查巡检账号能不能读里面的每个文件")


@contextmanager
def _zip_as_tar(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A zip file as a tar stream, made as it is read.

    Args:
        stream: seekable.

    Raises (reading):
        BrokenCopyError: it is damaged or not whole.
        ScratchError: its members have a password.
    """
    read_end, write_end = os.pipe()
    failure: list[Exception] = []
    maker = threading.Thread(target=_repack, args=(stream, write_end, failure), daemon=True)
    maker.start()
    with open(read_end, "rb", buffering=0) as raw:  # noqa: PTH123 - a pipe has no path
        yield io.BufferedReader(_Repacked(raw, maker, failure), _AT_ONCE)
    maker.join()


class _Repacked(io.RawIOBase):
    """A pipe that says at its end why it is one."""

    def __init__(self, pipe: io.FileIO, maker: threading.Thread, failure: list[Exception]) -> None:
        self._pipe, self._maker, self._failure = pipe, maker, failure

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        count = self._pipe.readinto(into) or 0
        if not count:
            self._maker.join()
            if self._failure:
                raise self._failure[0]
        return count


def _repack(stream: BinaryIO, write_end: int, failure: list[Exception]) -> None:
    try:
        with (
            open(write_end, "wb") as sink,
            zipfile.ZipFile(stream) as members,
            tarfile.open(fileobj=sink, mode="w|") as archive,
        ):
            for one in members.infolist():
                if one.flag_bits & 1:
                    raise ScratchError(Reason.UNSUPPORTED, "zip 有密码，解不开；请换成没有密码的备份，或删去 restore")
                if not one.is_dir():
                    header = tarfile.TarInfo(one.filename)
                    header.size = one.file_size
                    with members.open(one) as content:
                        archive.addfile(header, content)
    except BrokenPipeError:
        pass  # nobody reads it any more, and knows why
    except ScratchError as error:
        failure.append(error)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        failure.append(BrokenCopyError("不是完整的 zip：在中途断了或已损坏"))
    except Exception as error:  # the reader's to raise: the transport's, above all
        failure.append(error)
