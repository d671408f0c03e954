"""What a report rests on, verified before it is written: the whole chain, and what was found on its own days.

To verify all that a year has found takes seconds; that is done once a day (`verify` of `audit.stored`). Here every link
of the chain is verified, all slots, runs and events, and what the runs of the period's slots have found. Evidence files
are left to the daily audit.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tasks.ledger.audit import Stored, stored
from tasks.ledger.verify import Verdict, verify

_FOUND = ("visit", "finding", "evidence")
_MINE = (
    "SELECT run.id FROM run JOIN slot ON slot.id = run.slot_id WHERE CAST(slot.day AS TEXT) BETWEEN :first AND :last"
)


class _Part:
    """A ledger as `verify` reads it, without what runs of other days have found."""

    has_files = False

    def __init__(self, whole: Stored, first: date, last: date) -> None:
        self._whole, self._days = whole, {"first": first.isoformat(), "last": last.isoformat()}
        self.broken = whole.broken
        self._runs = {row["id"] for row in whole.read(_MINE, self._days)}
        earlier = [json.loads(row["rows"]) for row in whole.read("SELECT rows FROM seal WHERE kind = 'earlier'")]
        self._earlier = {run for listed in earlier for run, _ in listed.get("run", ())}  # one seal is over all of them

    def covers(self, seal: Mapping[str, Any], table: str) -> bool:
        return table not in _FOUND or seal["kind"] != "run" or seal["subject"] in self._runs

    def seals(self) -> Iterator[dict[str, Any]]:
        return self._whole.seals()

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        if table not in _FOUND:
            return self._whole.rows(table)
        if self._earlier:
            mine = self._runs | self._earlier
            return (row for row in self._whole.rows(table) if row["run_id"] in mine)
        return self._whole.read(f"SELECT * FROM {table} WHERE run_id IN ({_MINE})", self._days)  # noqa: S608 - ours


def verify_part(url: str, evidence_dir: Path, first: date, last: date, head: str = "") -> Verdict:
    """Verify what a report of these days rests on.

    Args:
        head: as it stands on an earlier report.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    with stored(url, evidence_dir) as whole:
        return verify(_Part(whole, first, last), head)
