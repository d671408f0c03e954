"""Tar archives: every header against its checksum, every member's bytes, the two empty blocks at the end.

The library's own reader takes a damaged header for the end of the archive; here it is an error. A tar has no checksum
over the members' bytes, so a changed byte within is not seen unless it was compressed.
"""

import tarfile
from typing import BinaryIO

from tasks.copies.errors import CopyError, StrangerError
from tasks.copies.seen import Seen, exactly, skip
from tasks.copies.strangers import stranger

_BLOCK = tarfile.BLOCKSIZE
_LARGEST_HEADER = 1024 * 1024  # bytes of extended headers; they hold names and times
_PHYSICAL = {
    "backup_label": "pg_basebackup",
    "xtrabackup_checkpoints": "xtrabackup",
    "mariadb_backup_checkpoints": "mariadb-backup",
}


def tar(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end.

    Raises:
        CopyError: it is no tar, damaged, or not whole.
    """
    _Walk(stream, seen).run()


def physical(stream: BinaryIO, seen: Seen) -> None:
    """The same, and it holds the files of a database server.

    Raises:
        CopyError: as above, or it holds something else.
    """
    walk = _Walk(stream, seen)
    walk.run()
    if not walk.server:
        names = "、".join(("PG_VERSION", *_PHYSICAL))
        raise StrangerError(f"不是物理备份：tar 里没有 {names} 之一")
    seen.made_by = walk.server


class _Walk:
    def __init__(self, stream: BinaryIO, seen: Seen) -> None:
        self._stream, self._seen = stream, seen
        self.server = ""  # what made it, where it is the files of a database server

    def run(self) -> None:
        size: int | None = None  # of the next member, as an extended header says
        while block := self._stream.read(_BLOCK):
            try:
                member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
                self._end()
                return
            except tarfile.HeaderError as error:
                raise self._not_a_header(block) from error
            self._seen.form = "tar"
            if member.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
                size = _size(self._extended(member.size)) or size
            elif member.type == tarfile.XGLTYPE or member.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                self._extended(member.size)
            else:
                if member.type == tarfile.GNUTYPE_SPARSE:
                    self._sparse_maps(block)
                self._member(member, member.size if size is None else size)
                size = None
        raise CopyError("tar 没有结尾的空块：文件不完整")

    def _member(self, member: tarfile.TarInfo, size: int) -> None:
        self._seen.entries += 1
        name = member.name.rpartition("/")[2]
        self.server = _PHYSICAL.get(name, self.server)
        if member.isreg() or member.type not in tarfile.SUPPORTED_TYPES:
            if name == "PG_VERSION" and size < 16:
                version = exactly(self._stream, size, "tar 的成员").strip()
                self.server = f"PostgreSQL {version.decode('ascii', 'replace')}"
                size = -size % _BLOCK
                skip(self._stream, size, "tar 的成员")
            else:
                skip(self._stream, size + -size % _BLOCK, "tar 的成员")

    def _extended(self, size: int) -> bytes:
        if size > _LARGEST_HEADER:
            raise CopyError("tar 的扩展头大得不合理：已损坏")
        return exactly(self._stream, size + -size % _BLOCK, "tar 的扩展头")[:size]

    def _sparse_maps(self, block: bytes) -> None:
        """GNU's map of a file with holes goes on in further blocks, which are not counted in its size."""
        more = block[482]
        while more:
            more = exactly(self._stream, _BLOCK, "tar 的稀疏文件")[504]

    def _not_a_header(self, block: bytes) -> CopyError:
        if self._seen.entries == 0 and self._seen.form == "unknown":
            return stranger("tar", block)
        if len(block) < _BLOCK:
            return CopyError("tar 的成员头没有读完就到了文件末尾：文件不完整")
        return CopyError(f"tar 第 {self._seen.entries + 1} 个成员的头校验和不符：已损坏")

    def _end(self) -> None:
        """Two blocks of zeros, then zeros to the end."""
        if self._seen.form == "unknown":
            self._seen.form = "tar"
        rest = self._stream.read(_BLOCK)
        if len(rest) < _BLOCK:
            raise CopyError("tar 结尾的空块只有一块：文件不完整")
        while rest:
            if rest.count(0) != len(rest):
                raise CopyError("tar 结束之后还有别的内容")
            rest = self._stream.read(_BLOCK * 64)


def _size(header: bytes) -> int | None:
    """Where a size is too large for the header itself (POSIX.1-2001): records of "length key=value"."""
    while header:
        length, _, _ = header.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(header):
            raise CopyError("tar 的扩展头已损坏")
        key, _, value = header[len(length) + 1 : int(length)].partition(b"=")
        if key == b"size":
            if not value.strip().isdigit():
                raise CopyError("tar 的扩展头已损坏")
            return int(value)
        header = header[int(length) :]
    return None
