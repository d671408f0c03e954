"""The simulated year that `make bench` measures and reports are tried on, here ten days of it."""

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sky import EVERY, begun
from year import Fate, Year, generate

from checks.coverage import Mark
from checks.finding import State
from checks.periods import Period
from checks.probe import ProbeHour
from checks.slots import AVAILABILITY_PROBE
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
    """Given three systems a day and twelve hosts in each of three weeks, then that many slots have a mark."""
    tally = Counter(marks(year).values())
    put = Counter(year.marks.values())
    assert sum(tally.values()) == 3 * DAYS + 12 * 3
    assert tally[Mark.DONE] == 3 * DAYS + 12 * 3 - sum(put.values())
    # three days on which nobody ran anything, and runs that were killed: one of a system, one of a host
    assert tally[Mark.MISSED] == put[Mark.MISSED] == 3 * 3 + 2
    assert (tally[Mark.EXCUSED], tally[Mark.LATE], tally[Mark.UNKNOWN]) == (3, 2, 2)


def test_verify_is_content(year: Year) -> None:
    with stored(year.settings.ledger, year.settings.evidence_dir) as book:
        verdict = verify(book, year.head)
    assert (verdict.problems, verdict.remarks, verdict.head) == ([], [], year.head)
    assert verdict.counted["file"] == verdict.counted["evidence"] > 100


def test_it_looks_like_the_real_thing(year: Year, book: sqlite3.Connection) -> None:
    [(pages,)] = book.execute(
        "SELECT count(DISTINCT target) FROM finding WHERE run_id IN (SELECT id FROM run WHERE slot_id LIKE 'page-%')"
    )
    items = {
        count for (count,) in book.execute("SELECT count(*) FROM finding WHERE target LIKE '%-01' GROUP BY run_id")
    }
    states = {state for (state,) in book.execute("SELECT DISTINCT state FROM finding")}
    triggers = {trigger for (trigger,) in book.execute("SELECT DISTINCT trigger FROM run")}
    assert (pages, items) == (30, {40})
    assert states == {"OK", "WARN", "CRIT", "UNKNOWN"}
    assert triggers == {"schedule", "catch-up", "ui"}
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
