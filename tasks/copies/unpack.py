"""Decompressed as it streams; what was compressed with, the first bytes tell."""

import bz2
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, cast

from checks.finding import Reason
from tasks.copies.errors import BrokenOffError, CopyError
from tasks.places import PlaceError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BLOCK = 256 * 1024  # bytes, of either side
_ZSTD_SKIPPED = tuple(bytes((number, 0x2A, 0x4D, 0x18)) for number in range(0x50, 0x60))  # RFC 8878, 3.1.2


class _Decompressor(Protocol):
    """As bz2, lzma and zstd have it."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gunzip:
    """zlib's, used like the others."""

    def __init__(self, form: int = 16 + zlib.MAX_WBITS) -> None:
        self._inner = zlib.decompressobj(form)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        # Full: there may be more to come without any input.
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


_LONGEST_MAGIC = 6
_MEMORY = 256 * 1024 * 1024  # bytes, for a dictionary
_PACKINGS: dict[str, tuple[tuple[bytes, ...], Callable[[], Any]]] = {
    "gzip": ((b"\x1f\x8b\x08",), _Gunzip),
    "bzip2": ((b"BZh",), bz2.BZ2Decompressor),
    "xz": ((b"\xfd7zXZ\0",), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MEMORY)),
    "zstd": ((b"\x28\xb5\x2f\xfd", *_ZSTD_SKIPPED), zstd.ZstdDecompressor),
}


def packing(head: bytes) -> str:
    """With which program it was compressed, by its first bytes; "" where it was not."""
    return next((name for name, (magics, _) in _PACKINGS.items() if head.startswith(magics)), "")


def unpacked(stream: BinaryIO, name: str, look_at_clock: Callable[[], None] = lambda: None) -> io.BufferedReader:
    """What was compressed, as it streams and in constant memory.

    Args:
        name: as `packing` tells it; "" changes nothing.
        look_at_clock: called again and again, to raise when it takes too long: little can unpack to very much.

    Raises (reading):
        CopyError: it breaks off (BrokenOffError), is damaged, or something else follows.
        PlaceError: it takes more memory than we give.
    """
    raw = _Unpacked(stream, name, look_at_clock) if name else stream
    return io.BufferedReader(raw, _BLOCK)  # type: ignore[arg-type]


class _Unpacked(io.RawIOBase):
    """One compressed piece after the other: pigz, bgzip and `cat` make several."""

    def __init__(self, stream: BinaryIO, name: str, look_at_clock: Callable[[], None]) -> None:
        self._stream, self._name, self._look_at_clock = stream, name, look_at_clock
        self._magics, self._new = _PACKINGS[name]
        self._piece: _Decompressor = self._new()
        self._rest = b""  # read, but not given to a piece yet
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._ended:
            self._look_at_clock()
            if self._piece.eof:
                self._next_piece()
                continue
            data = b""
            if self._piece.needs_input and not (data := self._take()):
                raise BrokenOffError(f"{self._name} 压缩的内容没有结尾：文件不完整")
            out = self._inflate(data, len(into))
            if out:
                into[: len(out)] = out
                return len(out)
        return 0

    def _take(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest or self._stream.read(_BLOCK)

    def _inflate(self, data: bytes, most: int) -> bytes:
        try:
            return self._piece.decompress(data, most)
        except (OSError, zlib.error, lzma.LZMAError, EOFError, ValueError, zstd.ZstdError) as error:
            if "memory" in str(error).lower():
                what = f"解开这份 {self._name} 要的内存超过 256 MiB；压缩时请不要用 zstd --long 大于 27 这样的选项"
                raise PlaceError(Reason.UNSUPPORTED, what) from error
            raise CopyError(f"{self._name} 压缩的内容已损坏") from error

    def _next_piece(self) -> None:
        """Zeros fill up the blocks of a tape (gzip), or a piece to four bytes (xz)."""
        rest = self._piece.unused_data.lstrip(b"\0")
        while len(rest) < _LONGEST_MAGIC and (more := self._stream.read(_BLOCK)):
            rest = (rest + more).lstrip(b"\0")
        if rest and not rest.startswith(self._magics):
            raise CopyError(f"{self._name} 压缩的内容结束之后还有别的内容")
        if rest:
            self._piece, self._rest = self._new(), rest
        self._ended = not rest


class Inflating:
    """Compressed bytes that are pushed in, only to see whether they are sound.

    Args:
        name: "zlib" or "zstd"; "" takes everything.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._piece: _Decompressor | None = None
        if name:
            self._piece = cast(_Decompressor, _Gunzip(zlib.MAX_WBITS) if name == "zlib" else zstd.ZstdDecompressor())

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            CopyError: they are damaged.
        """
        if not self._piece:
            return
        try:
            self._piece.decompress(data, _BLOCK)
            while not self._piece.eof and not self._piece.needs_input:
                self._piece.decompress(b"", _BLOCK)
        except (zlib.error, EOFError, ValueError, zstd.ZstdError) as error:
            raise CopyError(f"{self._name} 压缩的数据已损坏") from error

    def end(self) -> None:
        """That was all.

        Raises:
            CopyError: something is missing.
        """
        if self._piece and not self._piece.eof:
            raise CopyError(f"{self._name} 压缩的数据没有结尾：文件不完整")
