"""What has been seen of a copy so far, and how its bytes are followed."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

from checks.finding import Reason
from tasks.copies.errors import CopyError
from tasks.places import PlaceError

_BLOCK = 256 * 1024  # bytes
_MOST_NAMES = 1000


@dataclass
class Seen:
    """Filled in as a copy is read; what was seen stays when it breaks off."""

    form: str = "unknown"
    made_by: str = ""
    databases: list[str] = field(default_factory=list)
    tables: int = 0
    entries: int = 0

    def database(self, name: bytes) -> None:
        """One more database that the copy names."""
        text = name.decode("utf-8", "backslashreplace")
        if text and text not in self.databases and len(self.databases) < _MOST_NAMES:
            self.databases.append(text)


class Clock:
    """The time that reading may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._until = seconds, time.monotonic() + seconds

    def look(self) -> None:
        """Raise PlaceError when it is over."""
        if time.monotonic() > self._until:
            raise PlaceError(Reason.TIMEOUT, f"{self._seconds:g} 秒内没有读完；请加大 deadline，或查对方和网络的速度")


class Followed(io.RawIOBase):
    """A stream whose every byte is hashed once, also where it is read out of order.

    Args:
        digests: of hashlib.
    """

    def __init__(self, stream: BinaryIO, digests: list[Any], look_at_clock: Callable[[], None]) -> None:
        self._stream, self._digests, self._look_at_clock = stream, digests, look_at_clock
        self._at = 0
        self.hashed = 0  # bytes from the start
        self.only_zeros = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = self._stream.seek(offset, whence)
        return self._at

    def readinto(self, into: Any) -> int:
        self._look_at_clock()
        data = self._stream.read(len(into))
        while data and len(data) < len(into) and (more := self._stream.read(len(into) - len(data))):
            data += more
        into[: len(data)] = data
        if self._at <= self.hashed < self._at + len(data):
            fresh = data[self.hashed - self._at :]
            for digest in self._digests:
                digest.update(fresh)
            self.hashed += len(fresh)
            self.only_zeros = self.only_zeros and fresh.count(0) == len(fresh)
        self._at += len(data)
        return len(data)

    def finish(self) -> None:
        """Read what has not been read, to the last byte."""
        if self._at != self.hashed:
            self.seek(self.hashed)
        while self.read(_BLOCK):
            pass


def drain(stream: IO[bytes]) -> int:
    """Read to the end; how many bytes there were."""
    size = 0
    while block := stream.read(_BLOCK):
        size += len(block)
    return size


def skip(stream: BinaryIO, size: int, what: str) -> None:
    """Read over so many bytes.

    Raises:
        CopyError: there are fewer.
    """
    while size:
        block = stream.read(min(size, _BLOCK))
        if not block:
            raise CopyError(f"{what}没有读完就到了文件末尾：文件不完整")
        size -= len(block)


def exactly(stream: BinaryIO, size: int, what: str) -> bytes:
    """So many bytes.

    Raises:
        CopyError: there are fewer.
    """
    data = stream.read(size)
    if len(data) < size:
        raise CopyError(f"{what}没有读完就到了文件末尾：文件不完整")
    return data
