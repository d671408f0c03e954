"""The incidents of a ledger without a database: what the watch and people enter, numbered as the ledger does it."""

from datetime import UTC, datetime, timedelta

from checks.contract import Contract
from checks.entries import Entry, Who, progress
from checks.incident_news import news
from checks.incidents import Incident, Step, incidents
from checks.records import Event, EventRecord
from checks.sightings import World

T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
SETTLE = timedelta(minutes=30)
BY = Who("值班员", "记录", "cli:duty")


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def contract() -> Contract:
    journey = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
    return Contract.model_validate(
        {
            "name": "合同",
            "client": {"name": "示例单位"},
            "contractor": {"name": "示例公司"},
            "term": {"start": "2026-01-01", "end": "2026-12-31"},
            "systems": [
                {"id": name, "name": name, "url": "https://127.0.0.1:1", "journeys": [journey]} for name in ("oa", "mo")
            ],
            "hosts": [
                {"system": "oa", "hosts": [{"name": "oa-db-01", "role": "数据库"}], "services": {"postgresql": {}}}
            ],
            "backups": [
                {"system": "oa", "backups": [{"id": "db", "title": "数据库", "kind": "vendor", "at": {"folder": "/b"}}]}
            ],
        }
    )


CONTRACT = contract()


class Record:
    """The events of one ledger: numbers as it gives them."""

    def __init__(self, settle: timedelta = SETTLE) -> None:
        self.events: list[EventRecord] = []
        self.settle = settle

    def enter(self, event: Event, *, numbered: bool = False, now: datetime = T0) -> int:
        number = len(self.events) + 1
        subject = event.subject
        if numbered:
            subject += f"{len({one.subject for one in self.events}) + 1:04}"
        self.events.append(EventRecord(**{**event.model_dump(), "subject": subject}, id=number, entered_at=now))
        return number

    def put(self, entry: Entry, now: datetime) -> int:
        """What somebody enters."""
        return self.enter(entry.event, numbered=entry.numbered, now=now)

    def see(self, world: World, now: datetime) -> list[Event]:
        """One round of the watch; what it added."""
        added = news(CONTRACT, self.known, world, now, self.settle)
        for event in added:
            self.enter(event, numbered=event.body["step"] == Step.DISCOVERED, now=now)
        return added

    def person(self, step: Step, when: datetime, now: datetime, number: str = "", corrects: int | None = None) -> int:
        return self.put(progress(self.events, number, step, when, BY, now, corrects or 0), now)

    @property
    def known(self) -> list[Incident]:
        return incidents(self.events)

    @property
    def only(self) -> Incident:
        [one] = self.known
        return one
