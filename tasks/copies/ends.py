"""A copy that is too large to be read: its first and its last bytes only. What is damaged in between is not seen."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, cast

from checks.backup import Kind
from tasks.copies.errors import BrokenOffError, CopyError
from tasks.copies.seen import Seen
from tasks.copies.unpack import packing, unpacked

END = 64 * 1024  # bytes of either end
_TRAILERS = {
    Kind.MYSQLDUMP: (b"\n-- Dump completed", "没有结尾的 “-- Dump completed”：转储不完整"),
    Kind.PG_PLAIN: (b" dump complete\n", "没有结尾的 “PostgreSQL database dump complete”：转储不完整"),
}


def ends(head: bytes, tail: bytes, kind: Kind, look: Callable[[io.BufferedReader, Seen], None], seen: Seen) -> None:
    """Look at both ends.

    Args:
        look: reads a whole copy of this kind; it is given the beginning.

    Raises:
        CopyError: it is something else, or does not end as it should.
    """
    packed = packing(head)
    beginning = io.BytesIO(_inflated(head, packed))
    try:
        if beginning.getvalue():  # 64 KiB of bzip2 may be less than a block
            look(io.BufferedReader(cast(io.RawIOBase, beginning)), seen)
    except CopyError:
        if seen.form == "unknown":  # else it only misses the end
            raise
    if tail.count(0) == len(tail) and (packed or kind not in (Kind.ARCHIVE, Kind.PHYSICAL)):
        raise CopyError("结尾全是零字节（稀疏文件，或没有写完）")
    if packed == "xz" and not tail.rstrip(b"\0").endswith(b"YZ"):
        raise CopyError("xz 压缩的内容没有结尾：文件不完整")
    if packed:
        return
    if kind in _TRAILERS and _TRAILERS[kind][0] not in tail:
        raise CopyError(_TRAILERS[kind][1])
    if seen.form == "tar" and tail[-1024:].count(0) < 1024:
        raise CopyError("tar 没有结尾的空块：文件不完整")
    if seen.form.startswith("rdb") and tail[-9] != 0xFF:
        raise CopyError("快照没有结束标记：文件不完整")
    if seen.form == "pgdmp" and not tail.endswith(b"\0" * 5):
        raise CopyError("pg_dump 转储的最后一块没有结尾：文件不完整")


def zip_list(stream: BinaryIO, seen: Seen) -> None:
    """The list at the end of a zip.

    Raises:
        CopyError: there is none.
    """
    seen.form = "zip"
    try:
        with zipfile.ZipFile(stream) as archive:
            seen.entries = len(archive.infolist())
    except zipfile.BadZipFile as error:
        raise CopyError("zip 的目录不对：文件已损坏或不完整") from error


def _inflated(head: bytes, packed: str) -> bytes:
    """As much as the first bytes give."""
    data = b""
    with suppress(BrokenOffError):  # of course it does
        stream = unpacked(io.BytesIO(head), packed)
        while len(data) < END and (more := stream.read1(END)):
            data += more
    return data
