"""The simulated year that `make bench` measures and reports are tried on, here ten days of it."""

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sky import EVERY, begun
from year import Fate, Year, generate

from checks.baseline_verdicts import BASELINE_MANUAL
from checks.coverage import Mark
from checks.downtime import DOWNTIME, SUPPORT, support_periods, windows
from checks.finding import State
from checks.incidents import INCIDENT, incidents
from checks.notices import DELIVERY, attempts
from checks.periods import Period
from checks.probe import ProbeHour
from checks.records import DOCUMENT
from checks.security_finding import Life
from checks.slots import AVAILABILITY_PROBE, BACKUP_CHECK, RESTORE_DRILL
from flows.document_book import DocumentBook
from flows.finding_book import FindingBook
from flows.queries.notes import REPORT_NOTE
from flows.standing import standing, versions
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify

DAYS = 10
PACKS = f"SELECT facts FROM visit JOIN run ON run.id = run_id WHERE slot_id LIKE '{AVAILABILITY_PROBE}/%'"


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Year:
    return generate(tmp_path_factory.mktemp("year") / "home", days=DAYS)


@pytest.fixture
def book(year: Year) -> sqlite3.Connection:
    return sqlite3.connect(year.folder / "ledger.db")


def marks(year: Year) -> dict[str, Mark]:
    """What coverage says of every slot, when all is over."""
    over = datetime(year.last.year, year.last.month, year.last.day, tzinfo=UTC) + timedelta(days=2)
    found = standing(Ledger(year.settings.ledger), Period(year.first, year.last), over)
    every = [one for line in found.lines for one in line.marks]
    return {one.slot.id: one.mark for one in every}


def test_what_coverage_finds_is_what_was_put_there(year: Year) -> None:
    found = marks(year)
    assert {slot: mark for slot, mark in found.items() if mark is not Mark.DONE} == year.marks
    assert set(year.fates.values()) == set(Fate)


def test_the_equation_holds_with_numbers_counted_apart(year: Year) -> None:
    """Given three systems and seven backups a day, twelve hosts in each of three weeks, six drills and fifteen
    baselines in the month, then that many slots have a mark."""
    tally = Counter(marks(year).values())
    put = Counter(year.marks.values())
    assert sum(tally.values()) == (3 + 7) * DAYS + 12 * 3 + 6 + 15
    assert tally[Mark.DONE] == sum(tally.values()) - sum(put.values())
    # three days on which nobody ran anything; runs that were killed, one of a system, one of a host; a drill left out
    assert tally[Mark.MISSED] == put[Mark.MISSED] == (3 + 7) * 3 + 2 + 1
    assert (tally[Mark.EXCUSED], tally[Mark.LATE], tally[Mark.UNKNOWN]) == (3, 3, 4)


def test_verify_is_content(year: Year, book: sqlite3.Connection) -> None:
    with stored(year.settings.ledger, year.settings.evidence_dir) as audited:
        verdict = verify(audited, year.head)
    assert (verdict.problems, verdict.remarks, verdict.head) == ([], [], year.head)
    handed_in = sum("evidence" in one.body for one in Ledger(year.settings.ledger).events(DOCUMENT))
    [(files,)] = book.execute("SELECT count(DISTINCT path) FROM evidence")  # what is as it was is no new file
    assert verdict.counted["file"] - handed_in == files > 100


def test_it_looks_like_the_real_thing(year: Year, book: sqlite3.Connection) -> None:
    [(pages,)] = book.execute(
        "SELECT count(DISTINCT target) FROM finding WHERE run_id IN (SELECT id FROM run WHERE slot_id LIKE 'page-%')"
    )
    items = {
        count
        for (count,) in book.execute(
            "SELECT count(*) FROM finding JOIN run ON run.id = run_id"
            " WHERE slot_id LIKE 'host-%' AND target LIKE '%-01' GROUP BY run_id"
        )
    }
    states = {state for (state,) in book.execute("SELECT DISTINCT state FROM finding")}
    triggers = {trigger for (trigger,) in book.execute("SELECT DISTINCT trigger FROM run")}
    assert (pages, items) == (30, {40})
    assert states == {"OK", "WARN", "CRIT", "UNKNOWN"}
    assert triggers == {"schedule", "catch-up", "ui", "cli"}
    assert book.execute("SELECT count(*) FROM run_end WHERE outcome = 'INTERRUPTED'").fetchone() == (3,)
    assert book.execute("SELECT count(*) FROM finding WHERE attempt = 2").fetchone()[0] > 0
    assert len(versions(Ledger(year.settings.ledger))) == 2


def test_a_probe_a_minute_on_every_day_that_was_up(year: Year, book: sqlite3.Connection) -> None:
    """Given one slot a day and a run an hour, then each has the three systems' readings, as the ledger packs them."""
    [(slots, runs)] = book.execute(
        f"SELECT count(DISTINCT slot_id), count(*) FROM run WHERE slot_id LIKE '{AVAILABILITY_PROBE}/all/%'"
    )
    rows = [ProbeHour.model_validate_json(text) for (text,) in book.execute(f"{PACKS} ORDER BY visit.id")]
    assert (slots, runs) == (DAYS - 3, 24 * (DAYS - 3))
    assert len(rows) == 3 * runs
    assert {(hour.every, len(hour.ms), sum(number for *_, number in hour.seen)) for hour in rows} == {(EVERY, 60, 60)}
    assert {gap for hour in rows for gap, _ in hour.gaps} == {59, 60, 61}


def test_packed_rows_are_those_that_the_ledger_makes_of_single_readings(
    year: Year, book: sqlite3.Connection, tmp_path: Path
) -> None:
    # Given a run of the year, put on record reading by reading
    [(run, slot_id)] = book.execute(f"SELECT id, slot_id FROM run WHERE slot_id LIKE '{AVAILABILITY_PROBE}/%' LIMIT 1")
    rows = book.execute("SELECT target, attempt, at, facts FROM visit WHERE run_id = ? ORDER BY target", (run,))
    before = rows.fetchall()
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    there = Ledger(year.settings.ledger)
    slot = next(one for one in there.slots(year.first, year.last) if one.id == slot_id)
    ledger.expect([slot], slot.opens_at)
    again = begun(ledger, slot, slot.opens_at)
    for target, _, _, facts in before:
        for reading in ProbeHour.model_validate_json(facts).readings():
            ledger.probed(again, target, EVERY, reading)
    # When
    ledger.end(again, State.OK, slot.closes_at)
    # Then
    made = sqlite3.connect(tmp_path / "ledger.db").execute("SELECT target, attempt, at, facts FROM visit")
    assert made.fetchall() == before


def test_incidents_of_every_kind_are_on_record(year: Year) -> None:
    """Given what is in store for a year, then each kind of incident is there, by events of the watch and of people."""
    ledger = Ledger(year.settings.ledger)
    known = incidents(ledger.events(INCIDENT))
    told = attempts(ledger.events(DELIVERY))
    assert {one.found_by for one in known} >= {"probe", "inspection"}
    assert any(len(one.reopened) > 1 for one in known)
    assert any(one.restored_at and one.restored_at - one.started_at > timedelta(hours=8) for one in known)
    assert any(one.waits and one.waits[0].end for one in known)
    assert any(one.void for one in known)
    assert any(one.dispatched_at for one in known)
    assert all(one.cleared_at or one.void for one in known if one.started_at < known[-1].started_at)
    assert all(one.reports_due for one in known if one.cleared_at and not one.void)
    assert {one.ok for one in told} >= {True}
    plans = windows(ledger.events(DOWNTIME))
    assert {bool(one.excluded) for one in plans} == {True}
    assert {one.signed_at is None for one in plans} == {True, False}
    assert {one.plan for one in support_periods(ledger.events(SUPPORT))} == {"有", "事后才有"}


def test_backups_are_checked_and_drilled(year: Year) -> None:
    ledger = Ledger(year.settings.ledger)
    drills = ledger.runs(RESTORE_DRILL, year.first, year.last)
    outcomes = {one.slot.split("/")[1]: [] for one in drills}
    for one in drills:
        outcomes[one.slot.split("/")[1]].append(one.outcome)
    assert outcomes.pop("archive.originals") == ["CRIT", "OK"]
    assert set(map(tuple, outcomes.values())) == {("OK",)}
    assert all(one.restore_visits for one in drills)
    assert all(one.backup_visits for one in ledger.runs(BACKUP_CHECK, year.first, year.last))


def test_findings_lead_every_kind_of_life(year: Year) -> None:
    over = datetime(year.last.year, year.last.month, year.last.day, tzinfo=UTC) + timedelta(days=1)
    found = FindingBook(Ledger(year.settings.ledger)).findings(over)
    lives = {one.life for one in found}
    assert len(found) == 40
    assert lives >= {Life.OPEN, Life.PLANNED, Life.VERIFIED, Life.ACCEPTED, Life.FALSE_POSITIVE}
    assert any(one.overdue(over.date()) for one in found)
    assert all(one.evidence_before and one.evidence_after for one in found if one.life is Life.VERIFIED)


def test_documents_are_handed_in_and_notes_typed(year: Year) -> None:
    ledger = Ledger(year.settings.ledger)
    over = datetime(year.last.year, year.last.month, year.last.day, tzinfo=UTC) + timedelta(days=1)
    documents = DocumentBook(ledger, year.settings).documents(over)
    assert any(one.counts and not one.late(over) for one in documents)
    assert any(one.excuse for one in documents)
    assert {one.subject.partition("/")[0] for one in ledger.events(REPORT_NOTE)} == {"weekly", "incident"}
    assert {one.subject.partition("/")[0] for one in ledger.events(BASELINE_MANUAL)} == {"B12", "B20", "B23"}


def test_the_same_seed_gives_the_same_chain(year: Year, tmp_path: Path) -> None:
    assert generate(tmp_path / "again", days=DAYS).head == year.head
    assert generate(tmp_path / "other", seed=2, days=DAYS).head != year.head


def test_it_can_be_opened_again(year: Year) -> None:
    assert Year.opened(year.folder) == year


def test_it_is_the_same_on_postgresql(year: Year, url: str, tmp_path: Path) -> None:
    """Given either database, then the chain is the same, and coverage says the same."""
    other = generate(tmp_path / "home", days=DAYS, url=url)
    assert other.head == year.head
    assert marks(other) == marks(year)
