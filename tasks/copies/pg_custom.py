"""pg_dump -Fc: the list of contents, and every block of data that it promises, inflated.

The format is PostgreSQL's own (src/bin/pg_dump/pg_backup_archiver.c, pg_backup_custom.c), 1.12 of PostgreSQL 9.0 to
1.16 of 17. zlib's data carry a checksum; the list of contents, data that are not compressed, and lz4's, which are not
inflated here, carry none that is checked: there a changed byte is seen only where it breaks the structure.
"""

from typing import BinaryIO

from checks.finding import Reason
from tasks.copies.errors import CopyError, StrangerError
from tasks.copies.seen import Seen, exactly, skip
from tasks.copies.strangers import stranger
from tasks.copies.unpack import Inflating
from tasks.places import PlaceError

_OLDEST, _NEWEST = (1, 12), (1, 16)
_CUSTOM = 1  # of the formats that share the head
_DATA, _BLOBS = 1, 3
_NO_DATA = 3
_NONE, _ZLIB, _LZ4, _ZSTD = range(4)  # from 1.15 on
_SHORT = 64 * 1024  # bytes of a text that is looked at
_WHAT = "pg_dump 转储"


def pg_custom(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end.

    Raises:
        CopyError: it is no such dump, damaged, or not whole.
        PlaceError: a version of the format that we do not know.
    """
    head = stream.peek(4096)[:4096]  # type: ignore[attr-defined]
    if not head.startswith(b"PGDMP"):
        raise stranger("pg_dump -Fc 的转储", head)
    seen.form = "pgdmp"
    _Walk(stream, seen).run()


class _Walk:
    def __init__(self, stream: BinaryIO, seen: Seen) -> None:
        self._stream, self._seen = stream, seen
        self._int_size = self._offset_size = 4
        self._version = (0, 0)
        self._packing = _NONE

    def run(self) -> None:
        self._head()
        wanted = self._contents()
        while kind := self._stream.read(1):
            number = self._int()
            if number not in wanted or kind[0] not in (_DATA, _BLOBS):
                raise CopyError(f"{_WHAT}的数据块与目录不符：已损坏")
            wanted.remove(number)
            if kind[0] == _DATA:
                self._data()
            else:
                while self._int():  # the number of a large object, 0 after the last
                    self._data()
        if wanted:
            raise CopyError(f"{_WHAT}少 {len(wanted)} 张表的数据：文件不完整")

    def _head(self) -> None:
        head = exactly(self._stream, 11, _WHAT)
        self._version = (head[5], head[6])
        self._int_size, self._offset_size = head[8], head[9]
        if not _OLDEST <= self._version <= _NEWEST:
            what = f"pg_dump 转储的格式 {head[5]}.{head[6]} 还不支持（支持 1.12 到 1.16）；请升级本程序"
            raise PlaceError(Reason.UNSUPPORTED, what)
        if head[10] != _CUSTOM or not 1 <= self._int_size <= 8 or not 1 <= self._offset_size <= 8:
            raise StrangerError("不是 pg_dump -Fc 的转储：文件头不对（-Fd、-Ft 请按 archive 检查）")
        if self._version >= (1, 15):
            self._packing = exactly(self._stream, 1, _WHAT)[0]
        else:
            self._packing = _ZLIB if self._int() else _NONE
        if self._packing > _ZSTD:
            raise CopyError(f"{_WHAT}的文件头不对：已损坏")
        for _ in range(7):  # when it was made
            self._int()
        self._seen.database(self._text())
        self._text()  # the server's version
        version = self._text().split(b" ")[0].decode("ascii", "replace")
        self._seen.made_by = f"pg_dump {version}"

    def _contents(self) -> set[int]:
        """The numbers of those entries that have data."""
        wanted = set()
        count = self._int()
        for _ in range(count):
            number = self._int()
            has_data = self._int()
            for _ in range(3):  # the two oids, the tag
                self._text()
            kind = self._text()
            self._int()  # section
            for _ in range(5):  # definition, drop, copy, schema, tablespace
                self._text()
            if self._version >= (1, 14):
                self._text()  # table access method
            if self._version >= (1, 16):
                self._int()  # relkind
            self._text()  # owner
            self._text()  # with oids
            while self._string() is not None:  # what it depends on
                pass
            flag = exactly(self._stream, 1 + self._offset_size, _WHAT)[0]
            if has_data and flag != _NO_DATA:
                wanted.add(number)
            self._seen.tables += kind == b"TABLE"
        self._seen.entries = count
        return wanted

    def _data(self) -> None:
        inflating = Inflating({_ZLIB: "zlib", _ZSTD: "zstd"}.get(self._packing, ""))
        while size := self._int():
            if size < 0:
                raise CopyError(f"{_WHAT}的数据块长度不对：已损坏")
            while size:
                block = exactly(self._stream, min(size, _SHORT), f"{_WHAT}的数据块")
                inflating.feed(block)
                size -= len(block)
        inflating.end()

    def _int(self) -> int:
        raw = exactly(self._stream, 1 + self._int_size, _WHAT)
        if raw[0] > 1:
            raise CopyError(f"{_WHAT}的结构不对：已损坏")
        number = int.from_bytes(raw[1:], "little")
        return -number if raw[0] else number

    def _string(self) -> bytes | None:
        size = self._int()
        if size < -1:
            raise CopyError(f"{_WHAT}的结构不对：已损坏")
        if size <= 0:
            return None if size else b""
        text = exactly(self._stream, min(size, _SHORT), _WHAT)
        skip(self._stream, size - len(text), _WHAT)
        return text

    def _text(self) -> bytes:
        return self._string() or b""
