"""The inbox looked over: what is named as a document that is expected is taken as handed in by whoever put it there."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import NamedTuple

from checks.document_entries import Handed
from checks.document_register import Document, file_names
from checks.entries import Who
from checks.slots import DOCUMENT_TIMELINESS, RequestError, Slot
from flows.document_book import DocumentBook
from flows.document_desk import DocumentDesk
from tasks.evidence import EvidenceError
from tasks.inbox import InboxError, Waiting, content_of, take, waiting
from tasks.ledger import Ledger
from tasks.secrets import SecretError
from tasks.settings import Settings

log = logging.getLogger("xunjian")

UNFIT = "文件名对不上要交的文档；照 周报-2026-W47.docx 或 weekly-2026-W47.pdf 改名"


class Left(NamedTuple):
    """A file that was not taken, and why."""

    name: str
    why: str


def look_over(ledger: Ledger, settings: Settings, now: datetime, book: DocumentBook | None = None) -> list[Left]:
    """Take what can be taken; returns what is left and why. One at a time: another who is at it is not disturbed.

    Args:
        book: the register, where somebody has it open already.

    Raises:
        InboxError: the folder cannot be read.
    """
    files = waiting(settings.inbox_dir, now)
    if not files:
        return []
    desk = DocumentDesk(ledger, settings, now, book)
    with ledger.claimed(Slot("", DOCUMENT_TIMELINESS, "inbox", now.date(), now, now)) as free:
        return [left for one in files if free and (left := _taken(desk, settings, one, now))]


def unfit(settings: Settings, known: Sequence[Document], now: datetime) -> list[Left]:
    """What lies there and is no document that is expected; nothing is taken.

    Raises:
        InboxError: the folder cannot be read.
    """
    names = [one.name for one in waiting(settings.inbox_dir, now)]
    return [Left(name, UNFIT) for name in names if not any(_fits(name, one) for one in known)]


def _taken(desk: DocumentDesk, settings: Settings, file: Waiting, now: datetime) -> Left | None:
    named = [one for one in desk.documents() if _fits(file.name, one)]
    if not named:
        return Left(file.name, UNFIT)
    if not file.still:
        return Left(file.name, "刚刚还在写入，一分钟没有变化就收")
    document, path = named[0], settings.inbox_dir / file.name
    try:
        content = content_of(path)
        if not _is_there(document, content):  # or a kill came between the record and the move
            by = Who(file.owner, f"放入收件目录的文件 {file.name}", f"folder:{file.owner}")
            handed = Handed(file.at, "folder", "收件目录里文件的最后变更时间")
            log.info("收件：%s", desk.submit(document.subject, (file.name, content), handed, by))
        take(settings.inbox_dir, file.name, now)
    except (InboxError, RequestError, EvidenceError, SecretError) as error:
        log.warning("收件目录的 %s 没有收：%s", file.name, error)
        return Left(file.name, str(error))
    return None


def _fits(name: str, document: Document) -> bool:
    return PurePath(name).stem.lower() in {one.lower() for one in file_names(document)}


def _is_there(document: Document, content: bytes) -> bool:
    counts = document.counts
    return counts is not None and counts.sha256 == hashlib.sha256(content).hexdigest()
