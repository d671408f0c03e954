"""A file that is fetched in parts: the longer it is read without a break, the larger they are."""

import io
from collections.abc import Callable
from typing import Any

_FIRST = 128 * 1024  # bytes


class Ahead(io.RawIOBase):
    """A file to be read and sought in.

    Args:
        fetch: the bytes at an offset, as many as asked for; fewer only at the end.
        size: bytes, as far as is known.
        most: bytes that are fetched at once.
        done: called when it is closed.
    """

    def __init__(
        self, fetch: Callable[[int, int], bytes], size: int, most: int, done: Callable[[], None] = lambda: None
    ) -> None:
        self._fetch, self._size, self._most, self._done = fetch, size, most, done
        self._at, self._next, self._came = 0, _FIRST, memoryview(b"")  # `_came` begins at `_at`

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if at != self._at:
            self._at, self._next, self._came = at, _FIRST, memoryview(b"")
        return at

    def readinto(self, into: Any) -> int:
        if not self._came:
            self._came = memoryview(self._fetch(self._at, self._next))
            self._next = min(self._most, self._next * 2)
        count = min(len(into), len(self._came))
        into[:count] = self._came[:count]
        self._came = self._came[count:]
        self._at += count
        return count

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._done()
