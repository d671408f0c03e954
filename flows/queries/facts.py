"""What the queries of one report share: the period, the contract, and what is read from the ledger once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from checks.baseline_verdicts import BASELINE_MANUAL, CHECKED, RESTORED, Beside, beside
from checks.contract import Contract
from checks.coverage import Coverage, Version
from checks.document_register import Document, due_in
from checks.documents import Named
from checks.downtime import DOWNTIME, Window, windows
from checks.period_cases import PeriodCases, during
from checks.period_faults import Fault
from checks.period_findings import PeriodFindings, over
from checks.period_lines import ResourceLine
from checks.periods import Period
from checks.resources import ITEMS, Look, disk_params, line, trends
from checks.security_finding import SECURITY_FINDING
from checks.slots import BACKUP_CHECK, HOST_INSPECTION, RESTORE_DRILL, RequestError
from flows import standing, uptime
from flows.document_book import BACK, DocumentBook
from flows.incident_desk import Case, cases
from flows.office import Office
from tasks.ledger import Ledger
from tasks.ledger.part import verify_part
from tasks.ledger.verify import Verdict

LOOK_BACK = timedelta(weeks=60)
"""What a forecast looks at before a period, as in the report of a week."""


@dataclass
class Facts:
    """What a report is computed from. The same arguments give the same facts, whenever they are asked for.

    Args:
        kind: the report's, by its template's name.
        named: the period, or the incident or finding, that it is of.
        as_of: the ledger's last entry, UTC; nothing later is looked at.
    """

    office: Office
    kind: str
    named: Named
    as_of: datetime

    @property
    def ledger(self) -> Ledger:
        """The record of all that was expected and done."""
        return self.office.ledger

    @property
    def contract(self) -> Contract:
        """The contract in its present version; `versions` has the earlier ones."""
        return self.office.contract

    @property
    def period(self) -> Period:
        """The first and the last day of the report's period."""
        return Period(self.named.first, self.named.last)

    @cached_property
    def versions(self) -> list[Version]:
        """The contract as it was, and since when."""
        return standing.versions(self.ledger)

    @cached_property
    def coverage(self) -> Coverage:
        """What became of every slot of the period."""
        return standing.standing(self.ledger, self.period, self.as_of)

    @cached_property
    def measured(self) -> uptime.Measured | None:
        """How long each system was up; None where nothing of the period has passed or is within the term."""
        try:
            return uptime.measured(self.ledger, self.contract, self.period, self.as_of)
        except RequestError:
            return None

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the ledger is as it was sealed, as far as a report of this period rests on it."""
        settings = self.office.settings
        return verify_part(settings.ledger, settings.evidence_dir, *self.period)

    @cached_property
    def cases(self) -> Sequence[Case]:
        """Every incident on record."""
        return cases(self.ledger, self.contract)

    @cached_property
    def start(self) -> datetime:
        """When its first day begins."""
        return datetime.combine(self.named.first, time(), self.contract.tz)

    @cached_property
    def end(self) -> datetime:
        """When its last day is over."""
        return datetime.combine(self.named.last + timedelta(days=1), time(), self.contract.tz)

    @property
    def until(self) -> datetime:
        """The end of what can be said of the period: its own, or the ledger's last entry where that is earlier."""
        return min(self.end, self.as_of)

    @property
    def day(self) -> date:
        """As of which day its end is told: the last one, or that of the ledger's last entry."""
        return min(self.here(self.as_of).date(), self.named.last)

    @property
    def over(self) -> bool:
        """Nothing more can happen in it: its last day within the contract's term has passed."""
        last = min(self.named.last, self.contract.term.end)
        return self.as_of >= datetime.combine(last + timedelta(days=1), time(), self.contract.tz)

    @cached_property
    def incidents(self) -> PeriodCases:
        """The incidents that were discovered or cleared in the period, or were open at its end."""
        return during(self.cases, self.start, self.end)

    @cached_property
    def _faults(self) -> dict[tuple[str, ...], list[Fault]]:
        return {}

    def faults(self, *duties: str) -> list[Fault]:
        """Verdicts on the period's slots of some duties that are not OK: of each item the last one in each slot."""
        if duties not in self._faults:
            self._faults[duties] = self.ledger.faults(duties, *self.period)
        return self._faults[duties]

    @cached_property
    def windows(self) -> list[Window]:
        """Every planned downtime on record."""
        return windows(self.ledger.events(DOWNTIME))

    @cached_property
    def findings(self) -> PeriodFindings:
        """The register of security findings over the period."""
        return over(self.ledger.events(SECURITY_FINDING), self.start, self.end, self.day, self.contract.tz)

    @cached_property
    def resources(self) -> dict[str, list[ResourceLine]]:
        """CPU, memory and disks by host. A forecast rests on what was seen before the period, too."""
        first, last = self.period
        looks: dict[str, list[Look]] = {placed.host.name: [] for placed in self.contract.all_hosts()}
        disks = {placed.host.name: disk_params(placed) for placed in self.contract.all_hosts()}
        for run, target, at, told in self.ledger.facts(HOST_INSPECTION, first - LOOK_BACK, last, ITEMS):
            if target in looks and at < self.end:  # a slot of these days may have been made up for later
                looks[target].append(Look(run, at, told))
        return {
            host: [line(host, one, disks[host]) for one in trends(of, self.start, disks[host])]
            for host, of in looks.items()
        }

    @cached_property
    def documents(self) -> list[Document]:
        """The documents that were due in the period."""
        first, last = self.period
        book = DocumentBook(self.ledger, self.office.settings)
        return due_in(book.documents(self.as_of, first - BACK, last), first, last)

    def beside(self, at: datetime) -> Beside:
        """What else the baseline's verdicts rest on at a moment: backups, restore drills, what people confirmed."""
        ledger, on = self.ledger, self.here(at).date()
        return beside(
            self.contract,
            at,
            ledger.runs(BACKUP_CHECK, on - CHECKED, on),
            ledger.runs(RESTORE_DRILL, on - RESTORED - timedelta(days=31), on),
            ledger.events(BASELINE_MANUAL),
        )

    def system_name(self, system: str) -> str:
        """What people call it; its id where the contract has none of that id any more."""
        return next((one.name for one in self.contract.systems if one.id == system), system)

    @cached_property
    def labels(self) -> dict[str, str]:
        """What people call what is inspected, by its name in the ledger."""
        systems = self.contract.systems
        pages = {one.target(part): f"{one.name} {part.title}" for one in systems for part in one.targets()}
        return pages | {one.target: one.backup.title for one in self.contract.all_backups()}

    def here(self, at: datetime) -> datetime:
        """A moment in the contract's zone."""
        return at.astimezone(self.contract.tz)
