"""Dumps as SQL: who made it, of which databases, and the last line that it writes when it is whole.

mysqldump and mariadb-dump end with "-- Dump completed", pg_dump with "PostgreSQL database dump complete"; neither has
any checksum, so a changed byte within is not seen unless it was compressed.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from tasks.copies.errors import CopyError
from tasks.copies.seen import Seen
from tasks.copies.strangers import stranger

_PIECE = 64 * 1024  # bytes of a line that are looked at at once; a row may take a GB
_HEAD = 4096  # bytes in which the header is
_MIXED = (b"mysqldump: ", b"mariadb-dump: ", b"pg_dump: ", b"pg_dumpall: ")  # 2>&1
_MYSQL_HEAD = re.compile(rb"^-- (MySQL|MariaDB) dump \S+ +Distrib ([^\s,]+)", re.MULTILINE)
_MYSQL_OF = re.compile(rb"^-- Host: .*?\bDatabase: (\S.*)$", re.MULTILINE)
_MYSQL_NAME = re.compile(rb"(?:-- Current Database: |CREATE DATABASE (?:/\*!\d+ IF NOT EXISTS ?\*/ )?)`((?:[^`]|``)+)`")
_PG_HEAD = re.compile(rb"^-- PostgreSQL database (cluster )?dump$", re.MULTILINE)
_PG_NAME = re.compile(rb"""(?:CREATE DATABASE |\\connect )(?:-reuse-previous=on )?(?:"((?:[^"]|"")+)"|([^\s"]+))""")
_PG_KEYWORD = re.compile(rb"dbname='((?:[^'\\]|\\.)*)'")
_PG_MADE_BY = re.compile(rb"-- Dumped by (pg_dump) version (\S+)")
_PG_TABLE = (b"CREATE TABLE ", b"CREATE UNLOGGED TABLE ", b"CREATE FOREIGN TABLE ")


def mysqldump(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end.

    Raises:
        CopyError: it is no mysqldump, or not whole.
    """
    head = _peek(stream)
    made_by = _header(_MYSQL_HEAD, head)
    if not made_by:
        raise stranger("mysqldump、mariadb-dump 的输出", head)
    seen.form = "sql"
    name = "mariadb-dump" if made_by[1] == b"MariaDB" else "mysqldump"
    seen.made_by = f"{name} {made_by[2].decode('ascii', 'replace')}"
    if of := _MYSQL_OF.search(head):
        seen.database(of[1].strip())
    complete = False
    for line in _lines(stream):
        if line.startswith(b"-- Dump completed"):
            complete = True
        elif not line.isspace():
            complete = False
        if line.startswith(b"CREATE TABLE "):
            seen.tables += 1
        elif line.startswith((b"-- Current Database: ", b"CREATE DATABASE ")):
            if found := _MYSQL_NAME.match(line):
                seen.database(found[1].replace(b"``", b"`"))
        elif line.startswith(_MIXED):
            raise CopyError("转储里混进了程序的出错信息；备份脚本不要用 2>&1 写进同一个文件")
    if not complete:
        raise CopyError("没有结尾的 “-- Dump completed”：转储不完整（或用了 --skip-comments，请去掉）")


def pg_plain(stream: BinaryIO, seen: Seen) -> None:
    """Read it to its end. A dump of one database names it only when made with -C.

    Raises:
        CopyError: it is no pg_dump as SQL, or not whole.
    """
    head = _peek(stream)
    header = _header(_PG_HEAD, head)
    if not header:
        raise stranger("pg_dump 的 SQL", head)
    seen.form = "sql"
    seen.made_by = "pg_dumpall" if header[1] else ""
    trailer = b"-- PostgreSQL database %sdump complete" % (header[1] or b"")
    complete, key = False, b""
    for line in _pg_statements(stream):
        if line.startswith(trailer):
            complete = True
        elif line.startswith(b"\\unrestrict "):
            key = b"" if line.split()[1:] == [key] else key
        elif not line.isspace() and not line.startswith(b"--"):
            complete = False
        if line.startswith(_PG_TABLE):
            seen.tables += 1
        elif line.startswith((b"CREATE DATABASE ", b"\\connect ")):
            _pg_name(line, seen)
        elif line.startswith(b"\\restrict "):  # since the releases of August 2025, around everything
            key = line.split()[1]
        elif line.startswith(_MIXED):
            raise CopyError("转储里混进了程序的出错信息；备份脚本不要用 2>&1 写进同一个文件")
        elif not seen.made_by and (by := _PG_MADE_BY.match(line)):
            seen.made_by = f"pg_dump {by[2].decode('ascii', 'replace')}"
    if not complete or key:
        raise CopyError("没有结尾的 “PostgreSQL database dump complete”：转储不完整")


def _pg_name(line: bytes, seen: Seen) -> None:
    found = _PG_NAME.match(line)
    if not found:
        return
    quoted, plain = found[1], found[2]
    keyword = _PG_KEYWORD.search(quoted or b"")
    if keyword:
        seen.database(re.sub(rb"\\(.)", rb"\1", keyword[1]))
    else:
        seen.database(plain or quoted.replace(b'""', b'"'))


def _pg_statements(stream: BinaryIO) -> Iterator[bytes]:
    """Lines that are no data: rows of COPY, and strings of INSERT over several lines, may read like anything."""
    copying = inserting = quoting = False
    whole = True  # what comes begins a line
    while piece := stream.readline(_PIECE):
        if copying:
            copying = not whole or piece != b"\\.\n"
        elif inserting or (whole and piece.startswith(b"INSERT INTO ")):
            quoting ^= bool(piece.count(b"'") & 1)
            inserting = quoting or not piece.endswith(b"\n")
        elif whole:
            copying = piece.startswith(b"COPY ") and piece.endswith(b" FROM stdin;\n")
            yield piece
        whole = piece.endswith(b"\n")


def _header(pattern: re.Pattern[bytes], head: bytes) -> re.Match[bytes] | None:
    """The line by which a dump is known; before it there are comments only."""
    found = pattern.search(head)
    before = head[: found.start()].splitlines() if found else []
    return found if all(line.isspace() or line.startswith((b"--", b"/*", *_MIXED)) for line in before if line) else None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Each line, of a long one its beginning only."""
    whole = True
    while line := stream.readline(_PIECE):
        if whole:
            yield line
        whole = line.endswith(b"\n")


def _peek(stream: BinaryIO) -> bytes:
    return stream.peek(_HEAD)[:_HEAD]  # type: ignore[attr-defined,no-any-return]
