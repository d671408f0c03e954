"""A ledger of an earlier version is brought up to date, and what is in it is sealed as it stands."""

import json
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import tasks.ledger
from checks.slots import PAGE_INSPECTION
from tasks.ledger import Ledger, LedgerError
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify

DAY = date(2026, 11, 22)
AT = "2026-11-22T04:00:00.000+00:00"
FACTS = {"target": "oa/x", "attempt": 1, "started_at": AT, "seconds": 1.5, "documents": []}


@pytest.fixture
def old(url: str) -> str:
    """As of migration 0002: one run that ended and one that did not."""
    config = Config()
    config.set_main_option("script_location", str(Path(tasks.ledger.__file__).parent / "migrations"))
    with sa.create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        rows = [
            ("slot", {"id": "page-inspection/oa/2026-11-22", "duty": PAGE_INSPECTION, "target": "oa",
                      "day": "2026-11-22", "opens_at": AT, "closes_at": AT}),
            *(("run", {"id": run, "slot_id": "page-inspection/oa/2026-11-22", "flow_run_id": "", "trigger": "cli",
                       "who": "x", "why": "x", "parameters": json.dumps({"系统": 1.5}), "code_version": "1",
                       "contract_hash": "c", "started_at": AT}) for run in ("a", "b")),
            ("run_end", {"run_id": "a", "ended_at": AT, "outcome": "OK"}),
            *(("visit", {"id": number, "run_id": run, "target": "oa/x", "attempt": 1, "at": AT,
                         "facts": json.dumps(FACTS, indent=1)}) for number, run in ((1, "a"), (2, "b"))),
            *(("finding", {"id": number, "run_id": run, "target": "oa/x", "check_id": "PG01", "attempt": 1, "at": AT,
                           "state": "OK", "summary": "如常"}) for number, run in ((1, "a"), (2, "b"))),
        ]  # fmt: skip
        for table, row in rows:
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"), row)
    return url


def test_what_was_there_is_sealed_and_work_goes_on(old: str, tmp_path: Path) -> None:
    # When
    ledger = Ledger(old)
    # Then
    with stored(old, tmp_path) as book:
        verdict = verify(book)
        assert [seal["kind"] for seal in book.seals()] == ["earlier"]
    assert (verdict.problems, verdict.remarks) == ([], ["1 次运行尚未结束，还没有封存"])
    found = ledger.runs(PAGE_INSPECTION, DAY, DAY)
    assert [(run.id, run.outcome, run.calendar_version, len(run.visits)) for run in found] == [
        ("a", "OK", "", 1), ("b", "", "", 1),
    ]  # fmt: skip
    # When: the one that was left open is closed
    assert ledger.close_cut_off(found[0].started_at) == ["page-inspection/oa/2026-11-22"]
    with stored(old, tmp_path) as book:
        verdict = verify(book)
    assert (verdict.problems, verdict.remarks, verdict.counted["seal"]) == ([], [], 2)


def test_a_change_to_what_was_there_is_found(old: str, tmp_path: Path) -> None:
    # Given
    Ledger(old)
    on_file = old.startswith("sqlite")
    off = "DROP TRIGGER finding_no_update" if on_file else "ALTER TABLE finding DISABLE TRIGGER finding_append_only"
    with sa.create_engine(old).begin() as connection:
        connection.execute(sa.text(off))
        connection.execute(sa.text("UPDATE finding SET state = 'CRIT' WHERE id = 1"))
    # Then
    with stored(old, tmp_path) as book:
        assert "结论 1 被改动" in [problem.what for problem in verify(book).problems]


def test_an_old_one_is_not_audited_but_named(old: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="还是旧版的结构"), stored(old, tmp_path) as book:
        verify(book)
