"""The document desk: what people, the inbox and the mail enter of documents, checked against what is on record."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from checks import document_entries as entries
from checks.document_entries import File, Handed
from checks.document_register import Document, Step
from checks.entries import Who
from checks.finding import State
from checks.records import DOCUMENT, Event, EventRecord
from checks.secrecy import Grade
from checks.slots import RequestError
from flows.document_book import BACK, DocumentBook
from flows.document_examination import Piece, examined
from tasks.evidence import Store
from tasks.ledger import Ledger
from tasks.settings import Settings

__all__ = ["DocumentDesk", "said"]

_HOW = {"form": "界面登记", "cli": "命令行登记", "folder": "收件目录", "mail": "邮件"}


class DocumentDesk:
    """What is entered of documents, at one moment.

    Raises, wherever it enters something:
        RequestError: it makes no sense.
    """

    def __init__(self, ledger: Ledger, settings: Settings, now: datetime, book: DocumentBook | None = None) -> None:
        self._ledger, self._settings, self._now = ledger, settings, now
        self.book = book or DocumentBook(ledger, settings)

    def documents(self) -> list[Document]:
        """All that were begun."""
        return self.book.today(self._now)

    def of(self, first: date, last: date) -> list[Document]:
        """All that may be due in [first, last], also of periods that are still to come."""
        return self.book.documents(self._now, first - BACK, last)

    def expected(self, subject: str, file: tuple[str, bytes], handed: Handed, by: Who) -> Document:
        """The document that a file would be handed in as; what makes no sense is refused, and nothing is entered."""
        event = entries.submission(self._build, self.book.events, subject, _bare(file), handed, by, self._now)
        return entries.find(self.documents(), event.subject)

    def submit(self, subject: str, file: tuple[str, bytes] | None, handed: Handed, by: Who, corrects: int = 0) -> str:
        """A document was handed in: its file is kept with its grade, looked into, and put on record.

        Args:
            file: name and content; None: that of the entry that is corrected.

        Raises:
            EvidenceError: it cannot be kept.
            SecretError: it must be encrypted, and there is no key.
        """
        bare = _bare(file) if file else None

        def make(events: Sequence[EventRecord], kept: File | None = bare) -> Event:
            return entries.submission(self._build, events, subject, kept, handed, by, self._now, corrects)

        event = make(self.book.events)  # what makes no sense is refused before anything is kept
        if file is None or bare is None:
            return self._enter(make)
        document = entries.find(self.documents(), event.subject)
        evidence = Store(self._settings).keep(
            file[1],
            PurePath(file[0]).suffix.lower(),
            target=event.subject,
            attempt=1,
            kind="document",
            grade=Grade(document.duty.grade),
            at=handed.at,
        )
        found = examined(self._ledger, self._settings, Piece(document, bare.name, file[1], handed.at))
        whole = bare._replace(
            evidence=evidence.model_dump(include={"path", "sha256", "size", "grade"}),
            findings=[one.model_dump(mode="json", exclude_none=True) for one in found],
        )
        wrong = [one.summary for one in found if one.state is not State.OK]
        return "\n　".join([self._enter(lambda events: make(events, whole)), *wrong])

    def answer(
        self, subject: str, at: datetime, by: Who, *, again: date | None, typos: int = 0, corrects: int = 0
    ) -> str:
        """What the client said of it; `again`: by when it is wanted anew, None: accepted."""
        return self._enter(
            lambda events: entries.answer(
                self._build, events, subject, at, by, self._now, again=again, typos=typos, corrects=corrects
            )
        )

    def agree(self, document: str, due: date, paper: str, by: Who) -> str:
        """A date was agreed upon."""
        contract = self._contract()
        return self._enter(
            lambda events: entries.agreement(contract, self._build, events, document, due, paper, by, self._now)
        )

    def excuse(self, subject: str, paper: str, by: Who) -> str:
        """It need not be handed in."""
        return self._enter(lambda events: entries.excuse(self._build, events, subject, paper, by, self._now))

    def withdraw(self, number: int, by: Who) -> str:
        """An entry should not have been made."""
        return self._enter(lambda events: entries.withdrawal(events, number, by, self._now))

    def _contract(self) -> Any:
        if not (known := self.book.versions()):
            raise RequestError("台账里还没有合同：先执行一次巡检，或启动 xunjian up")
        return known[-1][1]

    def _build(self, events: Sequence[EventRecord]) -> list[Document]:
        self._contract()
        return self.book.documents(self._now, events=events)

    def _enter(self, make: Callable[[Sequence[EventRecord]], Event]) -> str:
        """Enter what rests on what was entered before: made anew if somebody else was faster."""
        while True:
            events = self.book.events
            event = make(events)
            number = self._ledger.enter(event, self._now, last=events[-1].id if events else 0)
            if number is not None:
                record = next(one for one in self._ledger.events(DOCUMENT, after=number - 1) if one.id == number)
                return f"第 {number} 号事件：{record.subject} {said(record)}"


def _bare(file: tuple[str, bytes]) -> File:
    return File(PurePath(file[0]).name, hashlib.sha256(file[1]).hexdigest(), len(file[1]), {})


def said(record: EventRecord) -> str:
    """One event in words."""
    body, more = record.body, ""
    match Step(body["step"]):
        case Step.SUBMITTED:
            more = f" {body['name']}（{_HOW.get(body['how'], body['how'])}）"
        case Step.RETURNED:
            more = f" {body['again']} 前重新提交"
        case Step.AGREED:
            more = f" {body['due']}（{body['document']}）"
        case Step.EXCUSED:
            more = f" {body['document']}"
    typos = f"，错别字 {body['typos']} 处" if body.get("typos") else ""
    return f"{Step(body['step']).label}{more}{typos}：{record.why}"
