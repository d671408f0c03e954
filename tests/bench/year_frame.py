"""What all themes of the simulated year share: its ledger, its days, and what happens next.

A theme puts acts on the agenda; each is carried out at its time, and may put further ones there.
"""

import hashlib
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count

from year_ledger import Counting

from checks.contract import Contract
from checks.coverage import Mark
from checks.records import EvidenceRecord
from checks.slots import AVAILABILITY_PROBE, Slot
from flows import standing
from tasks import contract_folder
from tasks.settings import Settings

CALENDAR = "chinesecalendar 1.11.0"
SCHEDULED = ("schedule", "计划任务", "按计划执行")
"""How most runs begin: trigger, who, why."""

Act = Callable[[datetime], None]


class Fate(StrEnum):
    """What happens to a slot beside being done in time."""

    DOWN = "down"  # nobody ran anything that day
    ABANDONED = "abandoned"  # killed half-way, and nobody came back to it
    RESUMED = "resumed"  # killed half-way, and done again
    LATE = "late"
    UNKNOWN = "unknown"  # something could not be looked at, to the last
    EXCUSED = "excused"


MARKS = {
    Fate.DOWN: Mark.MISSED,
    Fate.ABANDONED: Mark.MISSED,
    Fate.RESUMED: Mark.DONE,
    Fate.LATE: Mark.LATE,
    Fate.UNKNOWN: Mark.UNKNOWN,
    Fate.EXCUSED: Mark.EXCUSED,
}


@dataclass
class Frame:
    """One year, or some days of one. `fates`: the slots that are not simply done in time."""

    settings: Settings
    ledger: Counting
    seed: int
    first: date
    last: date
    evidence_bytes: int
    fates: dict[str, Fate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contract: Contract = contract_folder.load(self.settings.contract)
        self.contract_hash = contract_folder.hash_of(self.settings.contract)
        length = (self.last - self.first).days
        self.days = [self.first + timedelta(days=n) for n in range(length + 1)]
        self.down = {self.first + timedelta(days=length * 3 // 10 + n) for n in range(3)}
        self.changes_on = self.first + timedelta(days=length * 6 // 10)
        self.up = [day for day in self.days if day not in self.down]
        self.many = max(1, len(self.days) // 73)
        # the last days are left alone so that what is late can be done
        self.dark = set(self.chance("dark").sample(self.up[1:-2], self.many))
        self._agenda: list[tuple[datetime, int, Act]] = []
        self._count = count()
        self.begun = 0  # inspections so far

    def chance(self, theme: str) -> random.Random:
        """A theme's own dice: what another throws does not change them."""
        return random.Random(f"{self.seed} {theme}")

    def there(self, day: date, hours: float = 0.0) -> datetime:
        """A time of day in the contract's zone, as UTC."""
        return datetime.combine(day, time(), self.contract.tz).astimezone(UTC) + timedelta(hours=hours)

    def day_of(self, at: datetime) -> date:
        """The contract's day."""
        return at.astimezone(self.contract.tz).date()

    def at(self, moment: datetime, act: Act) -> None:
        """Put an act on the agenda; of two at one moment the one that was put there first comes first."""
        heappush(self._agenda, (moment, next(self._count), act))

    def live(self, day: date) -> None:
        """All that happens up to the end of a day, in order."""
        end = self.there(day + timedelta(days=1))
        while self._agenda and self._agenda[0][0] < end:
            moment, _, act = heappop(self._agenda)
            act(moment)

    def choose(self, chance: random.Random, slots: list[Slot], fates: list[Fate]) -> None:
        """Which slots meet which fate."""
        chosen = chance.sample(slots, len(fates))
        self.fates |= {slot.id: fate for slot, fate in zip(chosen, fates, strict=True)}

    def start(self, at: datetime, day: date) -> None:
        """What the product does at every start."""
        if day == self.changes_on:
            file = self.settings.contract / "systems" / "3-archive.yaml"
            text = file.read_text(encoding="utf-8")
            file.write_text(f"{text}\nlimits: {{ warn: 4, crit: 12, down: 15 }}\n", encoding="utf-8")
            self.contract = contract_folder.load(self.settings.contract)
            self.contract_hash = contract_folder.hash_of(self.settings.contract)
        if day in (self.first, self.changes_on):
            standing.record_contract(self.ledger, self.settings.contract, self.contract, at)
        self.ledger.close_cut_off(at)
        standing.put_on_record(self.ledger, at)

    def begin(self, slot: Slot, at: datetime, by: tuple[str, str, str] = SCHEDULED) -> str:
        """A run on record as started; `by`: trigger, who, why."""
        trigger, who, why = by
        self.begun += slot.duty != AVAILABILITY_PROBE
        return self.ledger.begin(
            slot,
            flow_run_id=str(uuid.uuid4()),
            trigger=trigger,
            who=who,
            why=why,
            parameters={"systems": [], "day": "", "dry_run": False, "who": "", "why": ""},
            code_version="0.1.0+5d19c21f8ad5",
            contract_hash=self.contract_hash,
            calendar_version=CALENDAR,
            now=at,
        )

    def keep(self, target: str, attempt: int, kind: str, at: datetime, content: bytes) -> EvidenceRecord:
        """Evidence as the product keeps it, but for the wait for the disk."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{sha256[:2]}/{sha256}{'.jpg' if kind == 'screenshot' else '.txt'}"
        (self.settings.evidence_dir / path).parent.mkdir(parents=True, exist_ok=True)
        (self.settings.evidence_dir / path).write_bytes(content)
        return EvidenceRecord(
            target=target, attempt=attempt, kind=kind, path=path, sha256=sha256, size=len(content), grade=2, at=at
        )
