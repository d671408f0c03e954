"""What is owed to somebody is sent: by the channel whose turn it is, with every try on record. Clause 七2(6), Annex 4.

A message whose answer a kill cut off is sent again under the same number, by which its reader can tell.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from checks.channels import Channel
from checks.document_notices import of_documents
from checks.downtime import DOWNTIME, SUPPORT, support_periods, windows
from checks.finding_notices import of_findings
from checks.incident_news import WATCH
from checks.incidents import INCIDENT, incidents
from checks.notices import (
    DELIVERY,
    NOTICE,
    Sending,
    attempts,
    delivery,
    notified_at,
    of_events,
    of_incidents,
    of_plans,
    owed,
    people,
    sendings,
    worded,
)
from checks.records import Event
from flows.document_book import DocumentBook, reminded_on
from flows.event_book import EventBook
from flows.finding_book import FindingBook
from flows.office import Office
from tasks import notify, secrets
from tasks.crypto.tls import Trusted

log = logging.getLogger("xunjian")


class Teller:
    """Tells whom the contract names; where it names nobody, nobody is told.

    Args:
        clock: tells the time; drills set their own.
    """

    def __init__(self, office: Office, book: EventBook, trusted: Trusted, clock: Callable[[], datetime]) -> None:
        self._office, self._book, self._trusted, self._clock = office, book, trusted, clock
        self._people = people(office.contract)
        self.documents = DocumentBook(office.ledger, office.settings, book)
        self._findings = FindingBook(office.ledger, office.contract.tz, book)

    def tell(self) -> None:
        """Send what should have been told by now."""
        if not self._people:
            return
        contract, book, at = self._office.contract, self._book, self._clock()
        tried = attempts(book.of(DELIVERY))
        notices = [
            *of_incidents(contract, incidents(book.of(INCIDENT)), notified_at(tried), at),
            *of_plans(contract, windows(book.of(DOWNTIME)), support_periods(book.of(SUPPORT)), at),
            *of_events(book.of(NOTICE)),
            *of_documents(contract, self.documents.today(at), lambda one: reminded_on(one, contract.calendar), at),
            *of_findings(contract, self._findings.findings(at), at),
        ]
        for sending in sendings(owed(notices, self._people, tried, at), self._people, tried, at):
            self._send(sending)

    def _send(self, sending: Sending) -> None:
        office, ledger, who = self._office, self._office.ledger, sending.person.who
        title, text = worded(sending)
        text += f"\n通知：{who}　台账链头：{ledger.head()[:24]}…"
        message = number_of(sending)
        receipt = self._deliver(sending.channel, notify.Message(message, title, text, link(office), self._clock()))
        body = delivery(sending, message, ok=receipt.ok, answer=receipt.answer, seconds=receipt.seconds, text=text)
        why = "已送达" if receipt.ok else "没有送达"
        at = self._clock()
        ledger.enter(Event(kind=DELIVERY, subject=message, at=at, who=who, why=why, via=WATCH, body=body), at)
        level = logging.INFO if receipt.ok else logging.ERROR
        log.log(level, "通知 %s 经 %s %s：%s", message, sending.channel.title, why, receipt.answer)

    def _deliver(self, channel: Channel, message: notify.Message) -> notify.Receipt:
        try:
            values = secrets.read_all(channel.secret_names(), self._office.settings.secrets_dir)
        except secrets.SecretError as error:
            return notify.Receipt(False, str(error), 0.0)
        return notify.deliver(channel, message, values, trusted=self._trusted)


def number_of(sending: Sending) -> str:
    """The same for the same notices to the same person; one more, and it is another message: a reader who drops what
    he has read already must not drop that one with it."""
    names = "\n".join([sending.person.who, *sorted(one.id for one in sending.notices)])
    return f"{sending.notices[0].id.replace('/', '-')}-{sha256(names.encode()).hexdigest()[:8]}"


def link(office: Office) -> str:
    """Where the list of incidents is to be seen; empty where nobody has said how the UI is reached."""
    return f"{office.settings.link.rstrip('/')}/artifacts/key/incidents" if office.settings.link else ""
