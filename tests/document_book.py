"""The register of documents without a database: a contract, entries numbered as the ledger does it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from checks.calendar import Calendar
from checks.contract import Contract
from checks.coverage import Version
from checks.document_register import Document, Step, register
from checks.records import DOCUMENT, EventRecord
from tasks import working_days

CHINA = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)  # Monday, 09:00 in Shanghai
EVER = datetime(2020, 1, 1, tzinfo=UTC)


def contract(**more: Any) -> Contract:
    journey = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
    return Contract.model_validate(
        {
            "name": "合同",
            "client": {"name": "示例单位"},
            "contractor": {"name": "示例公司"},
            "term": {"start": "2024-01-01", "end": "2027-12-31"},
            "systems": [{"id": "oa", "name": "OA", "url": "https://127.0.0.1:1", "journeys": [journey]}],
            **more,
        }
    )


CONTRACT = contract()
VERSIONS: list[Version] = [(EVER, CONTRACT)]


def working_day(day: date, number: int, calendar: Calendar) -> date | str:
    try:
        return working_days.after(day, number, calendar)
    except working_days.UnpublishedYear as error:
        return str(error)


def there(text: str) -> datetime:
    """A moment in Shanghai: "2026-11-23 09:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


class Entries:
    """The entries of one ledger: numbers as it gives them."""

    def __init__(self) -> None:
        self.events: list[EventRecord] = []

    def enter(
        self, step: Step, at: datetime, subject: str = "weekly/2026-W47", corrects: int | None = None, **body: Any
    ) -> int:
        number = len(self.events) + 1
        self.events.append(
            EventRecord(
                kind=DOCUMENT, subject=subject, at=at, who="驻场工程师", why="按流程登记", via="cli:duty",
                body={"step": step.value, **body}, corrects=corrects, id=number, entered_at=at + timedelta(minutes=1),
            )
        )  # fmt: skip
        return number

    def submit(
        self, at: datetime, subject: str = "weekly/2026-W47", corrects: int | None = None, content: str = "a"
    ) -> int:
        file = {"name": "周报.docx", "sha256": content * 64, "size": 9, "how": "cli", "receipt": ""}
        kept = {"path": f"{content * 2}/{content * 64}.docx", "sha256": content * 64, "size": 9, "grade": 2}
        return self.enter(Step.SUBMITTED, at, subject, corrects, **file, evidence=kept)

    def give_back(self, of: int, at: datetime, again: date, subject: str = "weekly/2026-W47", typos: int = 0) -> int:
        return self.enter(Step.RETURNED, at, subject, of=of, again=again.isoformat(), typos=typos)

    def accept(self, of: int, at: datetime, subject: str = "weekly/2026-W47") -> int:
        return self.enter(Step.ACCEPTED, at, subject, of=of, typos=0)


def documents(
    entries: Entries | None = None,
    first: date = date(2026, 11, 16),
    last: date = date(2026, 11, 22),
    today: date = date(2026, 11, 23),
    versions: Sequence[Version] = VERSIONS,
    drills: Mapping[str, datetime] | None = None,
    **more: Any,
) -> dict[str, Document]:
    """By subject."""
    events = entries.events if entries else []
    known = more.pop("known", ())
    found = register(versions, working_day, known, drills or {}, events, first, last, today, **more)
    return {one.subject: one for one in found}
