"""What the queries of one report share: the period, the contract, and what is read from the ledger once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from checks.contract import Contract
from checks.coverage import Coverage, Version
from checks.documents import Named
from checks.periods import Period
from checks.slots import RequestError
from flows import standing, uptime
from flows.incident_desk import Case, cases
from flows.office import Office
from tasks.ledger import Ledger
from tasks.ledger.part import verify_part
from tasks.ledger.verify import Verdict


@dataclass
class Facts:
    """`kind`: the report's; `named`: the period (or the event) that it is of; `as_of`: the ledger's last entry, UTC.

    What is computed from these is the same whenever it is computed.
    """

    office: Office
    kind: str
    named: Named
    as_of: datetime

    @property
    def ledger(self) -> Ledger:
        """The record."""
        return self.office.ledger

    @property
    def contract(self) -> Contract:
        """As it is in force."""
        return self.office.contract

    @property
    def period(self) -> Period:
        """Its days."""
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
