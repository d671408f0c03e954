"""Zip archives: the list at the end, and every member against its CRC-32."""

import zipfile
import zlib
from typing import BinaryIO

from tasks.copies.errors import CopyError
from tasks.copies.seen import Seen, drain

_END, _ZIP64 = 22, 0xFFFF  # bytes of the end record; in it, that another record has the number
_MOST = 1_000_000  # members; their list is kept in memory


def is_zip(head: bytes) -> bool:
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def zipped(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end, from the first member to the last.

    Args:
        stream: seekable.

    Raises:
        CopyError: it is no zip, damaged, not whole, or members are encrypted.
    """
    seen.form = "zip"
    try:
        with zipfile.ZipFile(stream) as archive:
            members = sorted(archive.infolist(), key=lambda one: one.header_offset)
            seen.entries = len(members)
            if _told(stream, len(archive.comment)) not in (len(members), _ZIP64):
                raise CopyError("zip 的目录不全：文件已损坏")  # the library takes what it finds
            if len(members) > _MOST:
                raise CopyError(f"zip 里超过 {_MOST} 个成员，没有逐个核对")
            for number, one in enumerate(members, 1):
                if one.flag_bits & 1:
                    raise CopyError(f"zip 的第 {number} 个成员有密码，不能核对；请把种类写成 vendor，只按文件检查")
                with archive.open(one) as member:
                    drain(member)
    except zipfile.BadZipFile as error:
        what = "CRC 不符" if "CRC" in str(error) else "目录或成员头不对"
        raise CopyError(f"zip {what}：文件已损坏或不完整") from error
    except (zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise CopyError("zip 的成员解不开：文件已损坏") from error


def _told(stream: BinaryIO, comment: int) -> int:
    """How many members the end record says there are (APPNOTE 4.3.16)."""
    stream.seek(-_END - comment, 2)
    return int.from_bytes(stream.read(_END)[10:12], "little")
