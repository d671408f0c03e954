"""Takes a workbook apart, in a process of its own: `python parse.py < FILE` prints {"lines": …} or {"error": …}.

It imports nothing of ours, so that it starts fast, and sets its own limits. Whoever wants a table calls `read`.
"""

import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time

SECONDS = 60
"""Of CPU."""

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space."""

ROWS = 20_000
"""Of one table."""

_COLUMNS = 64
_UNPACKED = 256 * 1024 * 1024  # bytes of all that is in it
_MEMBERS = 2_000
_CELL = 2_000  # characters


class _BadFileError(Exception):
    """What is wrong with the file, in words."""


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file is written
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    said: dict[str, object]
    try:
        said = {"lines": list(_lines(sys.stdin.buffer.read()))}
    except _BadFileError as error:
        said = {"error": str(error)}
    except MemoryError:
        said = {"error": f"{MEMORY >> 30} GiB 内存之内没有读完"}
    except Exception as error:  # a parser's errors are as many as the ways to break a file
        said = {"error": f"文件已损坏，或不是 XLSX（{type(error).__name__}）"}
    sys.stdout.write(json.dumps(said))


def _lines(content: bytes) -> Iterator[list[str]]:
    """The cells of the first sheet that has any."""
    _check(content)
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what the file says of its own size is not to be relied on
        found = False
        for number, row in enumerate(sheet.iter_rows(max_col=_COLUMNS, values_only=True)):
            if number > ROWS:
                raise _BadFileError(f"超过 {ROWS} 行；分成几个文件")
            cells = [_text(cell) for cell in row]
            found = found or any(cells)
            yield cells
        if found:
            return


def _check(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(one.flag_bits & 1 for one in members):
            raise _BadFileError("加了打开口令")
        if not any(one.filename == "xl/workbook.xml" for one in members):
            raise _BadFileError("是压缩文件，不是 XLSX")
        if len(members) > _MEMBERS or sum(one.file_size for one in members) > _UNPACKED:
            raise _BadFileError(f"解开后超过 {_UNPACKED >> 20} MB 或 {_MEMBERS} 个文件")
        for one in members:  # neither Excel nor WPS writes a DTD; whoever does wants entities
            if one.filename.endswith((".xml", ".rels")):
                with archive.open(one) as stream:
                    if b"<!DOCTYPE" in stream.read(4096).replace(b"\0", b"").upper():
                        raise _BadFileError("里面有 DTD，不读")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)[:_CELL]


if __name__ == "__main__":
    _main()
