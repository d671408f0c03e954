"""What stands on the first page of every report: of what period it is, how secret, and what it was computed from."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from checks.secrecy import Grade


class Cover(BaseModel):
    """Times are in the contract's zone.

    Args:
        name: the period's or the event's: 2026-W47, 2026-10, G-2026-0007.
        as_of: the ledger's last entry that was read; the same ledger gives the same report.
        head: the ledger's chain, "123:9f86d0…"; empty where nothing is sealed yet.
        contract_hash: the contract folder's, with `contract_since` the version that is in force.
        checked: what of the ledger was verified and found sound, in words; empty where it was not.
        warnings: what the reader must know first: the period is not over, nothing is on record, the ledger is unsound.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    first: date
    last: date
    as_of: datetime
    contract: str
    client: str
    contractor: str
    grade: Grade
    head: str
    calendar_version: str
    contract_hash: str
    contract_since: datetime | None
    code_version: str
    checked: str = ""
    warnings: tuple[str, ...] = ()
