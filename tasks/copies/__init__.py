"""What a copy of a backup is: read through once, in constant memory, to its last byte."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import Any, BinaryIO, cast

from checks.backup import Backup, Kind
from checks.finding import Reason
from checks.visit import Contents
from tasks.copies.ends import END, ends, zip_list
from tasks.copies.errors import CopyError, StrangerError
from tasks.copies.pg_custom import pg_custom
from tasks.copies.rdb import rdb
from tasks.copies.seen import Clock, Followed, Seen, drain
from tasks.copies.sidecar import ALGORITHMS, Sidecar, sidecar
from tasks.copies.sql import mysqldump, pg_plain
from tasks.copies.strangers import stranger
from tasks.copies.tar import physical, tar
from tasks.copies.unpack import packing, unpacked
from tasks.copies.xbstream import MAGIC, xbstream
from tasks.copies.zipped import is_zip, zipped
from tasks.places import PlaceError
from tasks.places.shelf import in_our_words

__all__ = ["ALGORITHMS", "CopyError", "Sidecar", "read", "restorable", "sidecar"]

_HEAD = 4096  # bytes


def read(stream: BinaryIO, size: int, backup: Backup, checksum: Sidecar | None = None) -> Contents:
    """Read a copy from its first byte to its last, and say what it is.

    Where the backup says `ends_only`, of a large one both ends; then the SHA-256 is over these, and no checksum is held
    against it.

    Args:
        stream: its bytes, seekable where it may be a zip or only the ends are read.
        size: bytes, as the folder listed it.
        checksum: what lies beside it, as `sidecar` finds it.

    Raises:
        PlaceError: it could not be read: the transport failed, it took longer than the backup's deadline, or the file
            changed meanwhile.
    """
    clock = Clock(backup.deadline)
    whole = not backup.ends_only or size <= 2 * END
    sha256 = hashlib.sha256()
    beside = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum and whole else None
    followed = Followed(stream, [one for one in (sha256, beside) if one], clock.look)
    seen, trouble = Seen(), ""
    of_kind: bool | None = True
    with in_our_words():
        try:
            if whole:
                _look(followed, backup.kind, seen, clock)
            else:
                _look_at_ends(stream, size, backup.kind, seen, sha256)
        except StrangerError as error:
            trouble, of_kind = error.what, False
        except CopyError as error:
            trouble, of_kind = error.what, None if seen.form.endswith("unknown") else True
        if whole:
            followed.finish()
    if whole:
        if followed.hashed != size:
            what = f"列出时 {size} 字节，读到 {followed.hashed} 字节：还在写入或正在轮转，请等它写完再查"
            raise PlaceError(Reason.INCOMPLETE, what)
        if size and followed.only_zeros:
            trouble = "全是零字节：稀疏文件，或磁盘写坏"
    return Contents(
        sha256=sha256.hexdigest(),
        size=size if whole else 2 * END,
        whole=whole,
        form=seen.form,
        of_kind=of_kind,
        trouble=trouble,
        made_by=seen.made_by,
        databases=tuple(seen.databases),
        tables=seen.tables,
        entries=seen.entries,
        checksum=checksum.algorithm if checksum and beside else "",
        checksum_fits=beside.digest() == checksum.digest if checksum and beside else None,
    )


@contextmanager
def restorable(stream: BinaryIO) -> Iterator[BufferedReader]:
    """What is in a copy: decompressed where it is compressed.

    Raises (reading):
        CopyError: the copy is broken.
    """
    source = BufferedReader(stream)  # type: ignore[type-var]
    yield unpacked(source, packing(source.peek(_HEAD)))


def _look(followed: Followed, kind: Kind, seen: Seen, clock: Clock) -> None:
    raw = BufferedReader(followed, 256 * 1024)
    head = raw.peek(_HEAD)[:_HEAD]
    if not head:
        raise CopyError("是空文件（0 字节）")
    packed = packing(head)
    if is_zip(head) and kind in (Kind.ARCHIVE, Kind.COMPRESSED):
        zipped(cast(BinaryIO, followed), seen)
        return
    if kind is Kind.COMPRESSED and not packed:
        raise stranger("压缩文件（gzip、bzip2、xz、zstd、zip）", head)
    try:
        inner = unpacked(raw, packed, clock.look)
        _READERS[kind](inner, seen)
        drain(inner)
    finally:
        seen.form = f"{packed} {seen.form}".strip()


def _look_at_ends(stream: BinaryIO, size: int, kind: Kind, seen: Seen, sha256: Any) -> None:
    head = stream.read(END)
    stream.seek(size - END)
    tail = stream.read(END)
    sha256.update(head + tail)
    if len(head) + len(tail) < 2 * END:
        raise PlaceError(Reason.INCOMPLETE, f"列出时 {size} 字节，读时更短：正在轮转，请稍后再查")
    if is_zip(head) and kind in (Kind.ARCHIVE, Kind.COMPRESSED):
        zip_list(stream, seen)
    elif kind is Kind.COMPRESSED and not packing(head):
        raise stranger("压缩文件（gzip、bzip2、xz、zstd、zip）", head)
    else:
        ends(head, tail, kind, _READERS[kind], seen)
        seen.form = f"{packing(head)} {seen.form}".strip()


def _physical(stream: BufferedReader, seen: Seen) -> None:
    """The files of a database server, in either of the two ways in which they are streamed."""
    (xbstream if stream.peek(_HEAD).startswith(MAGIC) else physical)(stream, seen)


def _file(stream: BufferedReader, seen: Seen) -> None:
    """Whatever it is."""
    seen.form = "file"
    drain(stream)


Reader = Callable[[BufferedReader, Seen], None]
_READERS: dict[Kind, Reader] = {
    Kind.MYSQLDUMP: mysqldump,
    Kind.PG_PLAIN: pg_plain,
    Kind.PG_CUSTOM: pg_custom,
    Kind.REDIS: rdb,
    Kind.ARCHIVE: tar,
    Kind.PHYSICAL: _physical,
    Kind.COMPRESSED: _file,
    Kind.VENDOR: _file,
}
