"""反馈时间: when somebody was first told of what an inspection has found. Annex 4, 巡检反馈及时性."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from checks.incidents import Incident, incidents
from checks.notices import Attempt, attempts, notified_at
from checks.records import EventRecord


class Feedback(NamedTuple):
    """Incidents, when each was first told, and every try to tell anything."""

    known: Sequence[Incident] = ()
    told: Mapping[str, datetime] = {}
    tried: Sequence[Attempt] = ()

    @classmethod
    def of(cls, found: Iterable[EventRecord], sent: Iterable[EventRecord]) -> Self:
        """From events of the kinds INCIDENT and DELIVERY."""
        tried = attempts(sent)
        return cls(incidents(found), notified_at(tried), tried)

    def at(self, target: str, check: str, found_at: datetime, zone: ZoneInfo) -> datetime | None:
        """When a fault was told: with its incident, or with the results of its day; None if it was not."""
        with_incident = [
            self.told[one.id]
            for one in self.known
            if one.id in self.told and (one.cleared_at is None or found_at <= one.cleared_at)
            for symptom in one.symptoms
            if symptom.name == (target, check) and symptom.found_at <= found_at
        ]
        day = f"daily/{found_at.astimezone(zone).date()}"
        with_results = [
            attempt.at
            for attempt in self.tried
            if attempt.ok and attempt.at >= found_at and any(one.startswith(day) for one in attempt.notices)
        ]
        # What was told of long before today's look is told: the incident goes on.
        return min(with_incident or with_results, default=None)
