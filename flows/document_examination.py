"""What is found out of a document's content as it is handed in; it goes on record with the submission."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from checks.document_content import COMPLETE
from checks.document_register import Document
from checks.finding import Finding, Reason, State
from flows.document_check import Hand, findings_of
from flows.standing import versions
from tasks.ledger import Ledger
from tasks.settings import Settings


class Piece(NamedTuple):
    """A document with the file that was handed in, and when."""

    document: Document
    name: str
    content: bytes
    at: datetime


Examiner = Callable[[Ledger, Settings, Piece], list[Finding]]


def _content(ledger: Ledger, settings: Settings, piece: Piece) -> list[Finding]:
    hand = Hand(piece.document.duty, piece.document.name, piece.name, piece.content)
    return findings_of(ledger, settings, versions(ledger)[-1][1], hand, piece.at)


EXAMINERS: tuple[tuple[str, Examiner], ...] = ((COMPLETE, _content),)
"""Item and function of each kind of look at the content; a further one is a further line."""


def examined(ledger: Ledger, settings: Settings, piece: Piece) -> list[Finding]:
    """What all of them say. One that breaks is one finding: it keeps nobody from handing in a document."""
    found = []
    for item, examiner in EXAMINERS:
        try:
            found += examiner(ledger, settings, piece)
        except Exception as error:
            said = f"{piece.name} 没有核对：{type(error).__name__}"
            found.append(Finding(check=item, state=State.UNKNOWN, summary=said, reason=Reason.BUG))
    return found
