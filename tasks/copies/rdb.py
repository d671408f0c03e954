"""Redis and Valkey snapshots: the head, the byte that ends them, and the CRC-64 over everything.

Only the head is parsed; the checksum tells whether the rest is sound. A server with `rdbchecksum no` writes zeros for
it: then a changed byte within is not seen.
"""

from typing import BinaryIO

import anycrc  # type: ignore[import-untyped]

from tasks.copies.errors import CopyError
from tasks.copies.seen import Seen
from tasks.copies.strangers import stranger

_BLOCK = 256 * 1024  # bytes
_TAIL = 9  # the byte that ends it, and the checksum
_AUX, _RESIZE, _SELECT, _END = 0xFA, 0xFB, 0xFE, 0xFF
_WITH_CHECKSUM = 5  # from this version on
_HEAD = 4096


def rdb(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end.

    Raises:
        CopyError: it is no snapshot, damaged, or not whole.
    """
    head = stream.peek(_HEAD)[:_HEAD]  # type: ignore[attr-defined]
    magic = next((one for one in (b"REDIS", b"VALKEY") if head.startswith(one)), b"")
    version = head[len(magic) : 9]
    if not magic or not version.isdigit():
        raise stranger("Redis 的快照（RDB）", head)
    seen.form = "rdb"
    _say(head[9:], magic.decode().lower(), seen)
    crc = anycrc.Model("CRC64-REDIS")
    sum_, kept = 0, b""
    while block := stream.read(_BLOCK):
        kept += block
        sum_ = crc.calc(kept[:-_TAIL], sum_)
        kept = kept[-_TAIL:]
    if int(version) < _WITH_CHECKSUM:
        end, told = kept[-1:], 0
    else:
        end, told = kept[:1], int.from_bytes(kept[1:], "little")
    if end != bytes((_END,)):
        raise CopyError("快照没有结束标记：文件不完整")
    if told and told != crc.calc(end, sum_):
        raise CopyError("快照的 CRC-64 不符：文件已损坏或不完整")
    if not told:
        seen.form = "rdb without checksum"


def _say(head: bytes, product: str, seen: Seen) -> None:
    """Who made it, and how many keys the first database has, as far as the head says so."""
    at = 0
    seen.made_by = product
    while at < len(head):
        code, at = head[at], at + 1
        if code == _AUX:
            key, at = _string(head, at)
            value, at = _string(head, at)
            if key in (b"redis-ver", b"valkey-ver"):
                seen.made_by = f"{product} {value.decode('ascii', 'replace')}"
        elif code == _SELECT:
            _, at = _length(head, at)
        elif code == _RESIZE:
            seen.entries, _ = _length(head, at)
            return
        else:
            return


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """A string, or a small number as one, and where it ends."""
    first = data[at : at + 1]
    if first and first[0] >> 6 == 3:
        return b"", at + 1 + {0xC0: 1, 0xC1: 2, 0xC2: 4}.get(first[0], len(data))
    size, at = _length(data, at)
    return data[at : at + size], at + size


def _length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at] if at < len(data) else 0
    if first >> 6 == 0:
        return first, at + 1
    if first >> 6 == 1:
        return (first & 0x3F) << 8 | int.from_bytes(data[at + 1 : at + 2]), at + 2
    width = 8 if first == 0x81 else 4
    return int.from_bytes(data[at + 1 : at + 1 + width]), at + 1 + width
