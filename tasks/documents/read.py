"""Reads a document that somebody hands in, DOCX, PDF, Markdown or text, into headings, paragraphs and tables.

The file may be anything. It is read in a process of its own with limits on memory and time: what breaks a parser, or
keeps it busy for ever, ends there and not here. Its content is never written to disk.
"""

import json
import subprocess
import sys
from pathlib import PurePath
from typing import Any

from checks import attachments
from checks.document_content import DocumentText, Part, with_headings
from tasks.documents import parse
from tasks.documents.parse import MEMORY, SECONDS

_LARGEST = 64 * 2**20  # bytes; a report with pictures has a tenth of it
_TEXT = 8 * 2**20  # bytes of a text file
_REMEDY = "另存为 DOCX 或可复制文字的 PDF 再交"
_SUFFIXES = {"pdf": ".pdf", "zip": ".docx"}
_OTHERS = (".xlsx", ".xls", ".et", ".pptx", ".ppt", ".dps", ".zip", ".rar", ".7z")  # handed in, and looked at by people
_PLAIN = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text"}


class UnreadableDocumentError(Exception):
    """The document cannot be read; the message is for the operator, with the remedy."""


def read(name: str, content: bytes) -> DocumentText:
    """Read a document.

    Args:
        name: the file's, whose ending must fit what it is.

    Raises:
        UnreadableDocumentError: it is empty, too large, of a kind that cannot be read, locked, broken or hostile.
    """
    command = [sys.executable, "-P", "-X", "utf8", parse.__file__, _kind(name, content)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS + 30, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise _unreadable(f"{SECONDS} 秒内没有读完") from None
    try:
        said = json.loads(done.stdout)
    except ValueError:  # it was killed: out of time or out of memory
        raise _unreadable(f"{SECONDS} 秒、{MEMORY >> 30} GiB 内存之内没有读完，或文件已损坏") from None
    if "error" in said:
        raise _unreadable(said["error"])
    return with_headings(_part(*one) for one in said["parts"])


def _part(kind: str, content: Any, level: int) -> Part:
    if kind == "heading":
        return Part(heading=content, level=level)
    return Part(table=content) if kind == "table" else Part(paragraph=content)


def _unreadable(what: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(f"{what}；{_REMEDY}")


def _kind(name: str, content: bytes) -> str:
    """What to read it as: by its content, with which its name must agree, or whoever gets it could not open it."""
    size, suffix = len(content), PurePath(name).suffix.lower()
    if not size:
        raise UnreadableDocumentError("是空文件；重新导出再交")
    if size > _LARGEST:
        raise UnreadableDocumentError(f"{size >> 20} MB，上限 {_LARGEST >> 20} MB；压缩图片，或把附件分开再交")
    if suffix in _OTHERS:
        raise UnreadableDocumentError(f"{suffix} 文件由人检查；要由程序检查的，{_REMEDY}")
    found = attachments.kind(content[: attachments.HEAD])
    if found == "ole":
        raise _unreadable("是旧版 Word、WPS 文件，或加了打开口令")
    if found == "ofd":
        raise _unreadable("是 OFD 文件，读不出文字")
    if found in _SUFFIXES:
        if suffix != _SUFFIXES[found]:
            what = "PDF" if found == "pdf" else "DOCX（或其它压缩文件）"
            raise _unreadable(f"内容是 {what}，扩展名是 {suffix or '空的'}，两者不一致")
        return found
    if suffix in _PLAIN and found in ("unknown", "html"):
        if size > _TEXT:
            raise _unreadable(f"{size >> 20} MB 的文字文件，上限 {_TEXT >> 20} MB")
        return _PLAIN[suffix]
    raise _unreadable(f"扩展名是 {suffix or '空的'}，内容不是 DOCX、PDF、MD 或 TXT")
