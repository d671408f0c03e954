"""What is on record beside runs, read again and again: nothing on record ever changes, so only the new is read."""

from threading import Lock

from checks.records import EventRecord
from tasks.ledger import Ledger


class EventBook:
    """The events of a ledger, by kind; safe to share between threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._read: dict[str, list[EventRecord]] = {}
        self._lock = Lock()  # or two would put the same new events behind the old ones

    def of(self, kind: str) -> list[EventRecord]:
        """All events of a kind, in the order in which they were entered."""
        with self._lock:
            known = self._read.get(kind, [])
            if new := self._ledger.events(kind, after=known[-1].id if known else 0):
                self._read[kind] = known = [*known, *new]
            return known
