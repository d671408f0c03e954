"""The register of documents as the ledger has it: what is due when, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from checks.calendar import Calendar
from checks.coverage import Version
from checks.document_register import Document, register
from checks.incidents import INCIDENT, incidents
from checks.records import CONTRACT, DOCUMENT, EventRecord
from checks.slots import RESTORE_DRILL
from flows.event_book import EventBook
from flows.standing import versions_of
from tasks import working_days
from tasks.ledger import Ledger
from tasks.settings import Settings

BACK = timedelta(days=400)
"""A term is 250 working days at most."""

_Key = tuple[date, tuple[int, ...]]


class DocumentBook:
    """Reads the register again and again; what has not changed is not computed anew.

    Args:
        book: the events, where somebody has them open already.
    """

    def __init__(self, ledger: Ledger, settings: Settings, book: EventBook | None = None) -> None:
        self._ledger, self._settings = ledger, settings
        self._book = book or EventBook(ledger)
        self._versions: list[Version] = []
        self._versions_to = 0
        self._last: tuple[_Key, list[Document]] | None = None

    @property
    def events(self) -> list[EventRecord]:
        """All that was entered of documents."""
        return self._book.of(DOCUMENT)

    def today(self, at: datetime) -> list[Document]:
        """Every document since documents are on record whose period has begun; the same list until a day has passed or
        something has been entered."""
        newest = [events[-1].id if (events := self._book.of(kind)) else 0 for kind in (DOCUMENT, INCIDENT, CONTRACT)]
        key = (self._today(at), tuple(newest))
        if self._last is None or self._last[0] != key:
            self._last = (key, self.documents(at))
        return self._last[1]

    def documents(
        self,
        at: datetime,
        first: date | None = None,
        last: date | None = None,
        events: Sequence[EventRecord] | None = None,
    ) -> list[Document]:
        """The documents whose period or event has a day in [first, last]; all that were begun where none is named.

        Args:
            events: the entries, where they are to be others than those on record.
        """
        known, today = self.versions(), self._today(at)
        if not known:
            return []
        since = self._since(at)
        first = first or since.astimezone(known[-1][1].tz).date() - BACK
        last = last or today
        return register(
            known,
            working_day,
            incidents(self._book.of(INCIDENT)),
            self._drills(first, last),
            self.events if events is None else events,
            first,
            last,
            today,
            since=since,
            drafts=frozenset(path.stem for path in self._settings.reports_dir.glob("*.docx")),
        )

    def versions(self) -> list[Version]:
        """The contract as it was, oldest first."""
        told = self._book.of(CONTRACT)
        new = [one for one in told if one.id > self._versions_to]
        if new:
            self._versions, self._versions_to = [*self._versions, *versions_of(new)], new[-1].id
        return self._versions

    def _today(self, at: datetime) -> date:
        known = self.versions()
        return at.astimezone(known[-1][1].tz).date() if known else at.date()

    def _since(self, at: datetime) -> datetime:
        """From when on documents are on record: an earlier version of the program knew of none."""
        with_documents = [one.at for one in self._book.of(CONTRACT) if "documents" in one.body["contract"]]
        return min([*with_documents[:1], *(one.entered_at for one in self.events[:1])], default=at)

    def _drills(self, first: date, last: date) -> Mapping[str, datetime]:
        """By month, when the last of its restore drills was first done."""
        done: dict[str, datetime] = {}
        for look in self._ledger.looks([RESTORE_DRILL], first.replace(day=1), last):
            if look.finished:
                done[look.slot] = min(look.started_at, done.get(look.slot, look.started_at))
        found: dict[str, datetime] = {}
        for slot, at in done.items():
            month = slot.rpartition("/")[2]
            found[month] = max(at, found.get(month, at))
        return found


def working_day(day: date, number: int, calendar: Calendar) -> date | str:
    """The n-th working day after a day, or in words why that cannot be told."""
    try:
        return working_days.after(day, number, calendar)
    except working_days.UnpublishedYear as error:
        return str(error)


def reminded_on(one: Document, calendar: Calendar) -> date | None:
    """The day on which whoever has to hand it in is reminded ahead; None where that cannot be told."""
    if one.limit_day is None:
        return None
    try:
        return working_days.before(one.limit_day, one.duty.remind, calendar)
    except working_days.UnpublishedYear:
        return None
