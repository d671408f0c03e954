"""What stands in a document that is handed in, beside what it must have and what the ledger knows. DOC02 to DOC04."""

from datetime import datetime
from typing import NamedTuple

from checks.contract import Contract
from checks.document_content import ACCURATE, COMPLETE, completeness, headings_of, typos
from checks.document_numbers import accuracy
from checks.documents import DocumentDuty
from checks.finding import Finding, Reason, State
from checks.slots import RequestError
from flows.document_figures import figures_of
from tasks.documents.read import UnreadableDocumentError, read
from tasks.ledger import Ledger
from tasks.settings import Settings


class Hand(NamedTuple):
    """A file, and which document it is: weekly, 2026-W47."""

    duty: DocumentDuty
    name: str
    file: str
    content: bytes


def findings_of(
    ledger: Ledger, settings: Settings, contract: Contract, hand: Hand, now: datetime, counted: int | None = None
) -> list[Finding]:
    """DOC02, DOC03 and DOC04 of a file; of one that cannot be read they are UNKNOWN, with the remedy.

    Args:
        counted: typos that a person has found; None: nobody has looked.

    Raises:
        RequestError: there is no such period or incident.
    """
    figures = figures_of(ledger, settings, contract, hand.duty, hand.name, now)
    try:
        text = read(hand.file, hand.content)
    except UnreadableDocumentError as error:
        said = f"{' '.join(hand.file.split())}：{error}"
        unread = [
            Finding(check=item, state=State.UNKNOWN, reason=Reason.UNSUPPORTED, summary=said)
            for item in (COMPLETE, ACCURATE)
        ]
        return [*unread, typos(counted)]
    return [completeness(text, headings_of(hand.duty)), accuracy(text, figures), typos(counted)]


def asked(contract: Contract, subject: str) -> tuple[DocumentDuty, str]:
    """The kind and the name of "monthly/2026-10".

    Raises:
        RequestError: the contract has no such kind of document.
    """
    duty_id, _, name = subject.partition("/")
    duty = contract.document(duty_id)
    if duty is None or not name:
        known = "、".join(one.id for one in contract.documents)
        raise RequestError(f"没有这种文档：{subject}；写成 种类/周期，例如 monthly/2026-10，种类可选：{known}")
    return duty, name
