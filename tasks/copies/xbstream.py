"""xbstream, in which xtrabackup and mariadb-backup stream a server's files: every chunk against its CRC-32.

As their programs read it (extra/mariabackup/xbstream_read.cc). A chunk of a sparse file is read, but not checked.
"""

import zlib
from typing import BinaryIO

from tasks.copies.errors import CopyError
from tasks.copies.seen import Seen, exactly

MAGIC = b"XBSTCK01"
_PAYLOAD, _SPARSE, _END = b"P", b"S", b"E"
_LONGEST_PATH = 4096  # bytes
_BLOCK = 256 * 1024
_MADE_BY = {b"xtrabackup_checkpoints": "xtrabackup", b"mariadb_backup_checkpoints": "mariadb-backup"}
_WHAT = "xbstream "


def xbstream(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end.

    Raises:
        CopyError: it is damaged, or not whole.
    """
    seen.form = "xbstream"
    begun: dict[bytes, int] = {}  # bytes that have come of a file
    while head := stream.read(14):
        if len(head) < 14 or not head.startswith(MAGIC):
            raise CopyError("xbstream 的块头不对：文件已损坏或不完整")
        kind, size = head[9:10], int.from_bytes(head[10:14], "little")
        if size > _LONGEST_PATH:
            raise CopyError("xbstream 的块头不对：已损坏")
        path = exactly(stream, size, _WHAT)
        if kind == _END:
            begun.pop(path, None)
            seen.entries += 1
            seen.made_by = _MADE_BY.get(path.rpartition(b"/")[2], seen.made_by)
        elif kind in (_PAYLOAD, _SPARSE):
            begun[path] = _chunk(stream, begun.get(path, 0), sparse=kind == _SPARSE)
        else:
            raise CopyError("xbstream 里有不认识的块：已损坏")
    if begun:
        raise CopyError(f"xbstream 里有 {len(begun)} 个文件没有结束：文件不完整")
    if not seen.made_by:
        raise CopyError("xbstream 里没有 xtrabackup_checkpoints 或 mariadb_backup_checkpoints：文件不完整")


def _chunk(stream: BinaryIO, at: int, *, sparse: bool) -> int:
    """Where the file goes on after it."""
    holes = int.from_bytes(exactly(stream, 4, _WHAT), "little") if sparse else 0
    rest = exactly(stream, 20, _WHAT)  # length, offset, CRC-32
    size, offset, told = (int.from_bytes(rest[start:end], "little") for start, end in ((0, 8), (8, 16), (16, 20)))
    if not sparse and offset != at:
        raise CopyError("xbstream 的块次序不对：已损坏")
    left, found = size + holes * 8, 0
    while left:
        block = exactly(stream, min(left, _BLOCK), _WHAT)
        found = zlib.crc32(block, found)
        left -= len(block)
    if not sparse and found != told:
        raise CopyError("xbstream 的块 CRC 不符：已损坏")
    return offset + size
