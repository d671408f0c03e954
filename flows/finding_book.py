"""The register of security findings as the ledger has it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from checks.finding_entries import find
from checks.records import EventRecord
from checks.security_finding import CHINA, SECURITY_FINDING, SecurityFinding, register
from flows.event_book import EventBook
from tasks.ledger import Ledger


class FindingBook:
    """Reads the register again and again; what has not changed is not computed anew.

    Args:
        zone: in which days begin and end.
        book: the events, where somebody has them open already.
    """

    def __init__(self, ledger: Ledger, zone: ZoneInfo = CHINA, book: EventBook | None = None) -> None:
        self.zone = zone
        self._book = book or EventBook(ledger)
        self._last: tuple[tuple[date, int], list[SecurityFinding]] | None = None

    @property
    def events(self) -> list[EventRecord]:
        """All that was entered of findings."""
        return self._book.of(SECURITY_FINDING)

    def findings(self, at: datetime) -> list[SecurityFinding]:
        """Every finding, by number; the same list until a day has passed or something has been entered."""
        events, today = self.events, at.astimezone(self.zone).date()
        key = (today, events[-1].id if events else 0)
        if self._last is None or self._last[0] != key:
            self._last = (key, register(events, today, self.zone))
        return self._last[1]

    def finding(self, number: str, at: datetime) -> SecurityFinding:
        """One of them, by its number; F-2026-12 is F-2026-012.

        Raises:
            RequestError: there is none.
        """
        return find(self.findings(at), number)
