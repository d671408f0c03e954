"""What a file is that is not what it should be, by its first bytes. Of its content nothing is told."""

from tasks.copies.errors import StrangerError

_ENCRYPTED = "是加密过的文件，看不到内容；请把种类写成 vendor，只按文件检查"
_MAGICS = (
    ((b"-----BEGIN PGP MESSAGE", b"\x85\x01\x0c\x03", b"\x85\x02\x0c\x03", b"\x8c\x0d\x04"), _ENCRYPTED),  # GnuPG
    ((b"Salted__", b"age-encryption.org/", b"LUKS\xba\xbe"), _ENCRYPTED),  # openssl enc, age, cryptsetup
    ((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"), "是又压缩了一层的文件"),
    ((b"PK\x03\x04", b"PK\x05\x06"), "是 zip"),
    ((b"7z\xbc\xaf\x27\x1c",), "是 7z；请改用 tar 或 zip"),
    ((b"Rar!\x1a\x07",), "是 rar；请改用 tar 或 zip"),
    ((b"PGDMP",), "是 pg_dump -Fc 的转储（种类 pg-custom）"),
    ((b"-- MySQL dump", b"-- MariaDB dump", b"/*M!999999", b"/*!999999"), "是 mysqldump 的转储（种类 mysqldump）"),
    ((b"--\n-- PostgreSQL database",), "是 pg_dump 的 SQL（种类 pg-plain）"),
    ((b"REDIS", b"VALKEY"), "是 Redis 的快照（种类 redis-rdb）"),
    ((b"XBSTCK01",), "是 xbstream（种类 physical）"),
    ((b"%PDF-",), "是 PDF"),
)  # fmt: skip
_PRINTABLE = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}


def looks_like(head: bytes) -> str:
    """In words: "是网页"; "" where nothing can be said."""
    if not head:
        return "是空文件"
    if head.count(0) == len(head):
        return "开头全是零字节（稀疏文件，或磁盘写坏）"
    for magics, words in _MAGICS:
        if head.startswith(magics):
            return words
    start = head[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "是网页"
    if head[257:262] == b"ustar":
        return "是 tar（种类 archive）"
    text = head.decode("utf-8", "ignore")
    if text and all(ord(one) in _PRINTABLE or ord(one) > 0xA0 for one in text) and len(text) > len(head) / 4:
        return "是一段文字，可能是程序的出错信息"
    return ""


def stranger(expected: str, head: bytes) -> StrangerError:
    """The error for a copy that is something else."""
    found = looks_like(head)
    space = " " if expected[0].isascii() else ""
    return StrangerError(f"不是{space}{expected}{'：' if found else ''}{found}")
