"""Looks for words that must not be kept: in files of every kind that a run leaves behind, and in other processes."""

import base64
import gzip
import html
import io
import re
import sqlite3
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import pypdfium2

# A long word is broken over lines or cells, or has invisible places to be broken at.
_BETWEEN = re.compile(r"[\s│┃|\u00ad\u200b-\u200d\ufeff]+")


class Watching:
    """Reads the command line and the environment of every process of the machine, 20 times a second."""

    def __init__(self) -> None:
        self.commands: set[bytes] = set()
        self.environments: set[bytes] = set()
        self._known: dict[str, bytes] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    command = (process / "cmdline").read_bytes()
                    if self._known.get(process.name) == command:
                        continue
                    self._known[process.name] = command
                    self.commands.add(command)
                    self.environments.add((process / "environ").read_bytes())
                except OSError:
                    continue  # it has ended


def forms(text: str) -> Iterator[bytes]:
    """The bytes that a text may have become."""
    yield from (text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gbk"))
    yield from (form.encode() for form in (quote(text), quote(text).lower(), quote(text, encoding="gbk")))
    escaped = "".join(char if char.isascii() else f"\\u{ord(char):04x}" for char in text)
    yield from (
        escaped.encode(),
        escaped.upper().replace("\\U", "\\u").encode(),
        escaped.replace("\\", "\\\\").encode(),
    )
    yield "".join(char if char.isascii() else f"&#{ord(char)};" for char in text).encode()
    for shift in range(3):
        # what comes before and after in the same text shares the first and the last characters
        for encoding in ("utf-8", "utf-16-le"):
            coded = base64.b64encode(b"\0" * shift + text.encode(encoding))
            yield coded[4 if shift else 0 : -4]


def leaks(content: bytes, wanted: dict[bytes, str]) -> set[str]:
    """The names of what stands in there."""
    return {name for form, name in wanted.items() if form in content}


def unbroken(text: str) -> bytes:
    """Without tags, white space and frames: a word is whole again."""
    return _BETWEEN.sub("", html.unescape(re.sub(r"<[^<>]*>", "", text))).encode("utf-8", "replace")


def unpacked(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what is packed inside."""
    yield from _opened(path.read_bytes())


def _opened(content: bytes) -> Iterator[bytes]:
    yield content
    if b"\0" not in content:
        yield unbroken(content.decode("utf-8", "ignore"))
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield from _opened(packed.read(name))
    if content[:2] == b"\x1f\x8b":
        yield from _opened(gzip.decompress(content))
    if content[:16] == b"SQLite format 3\0":
        yield from _rows(content)
    if content[:5] == b"%PDF-":
        yield from _pages(content)


def _rows(content: bytes) -> Iterator[bytes]:
    """A long value does not lie in one piece in the file."""
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(content)
        copy.flush()
        base = sqlite3.connect(copy.name)
        base.text_factory = bytes
        for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in base.execute(f'select * from "{table.decode()}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield from (value, unbroken(value.decode("utf-8", "ignore")))
                    else:
                        yield str(value).encode()
        base.close()


def _pages(content: bytes) -> Iterator[bytes]:
    for stream in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            yield zlib.decompressobj().decompress(stream[1])
        except zlib.error:
            yield stream[1]
    for page in pypdfium2.PdfDocument(content):
        text = page.get_textpage().get_text_bounded()
        yield from (text.encode(), unbroken(text))
