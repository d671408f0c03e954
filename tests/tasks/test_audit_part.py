"""What is verified before a report, on SQLite and a real PostgreSQL: the whole chain, and the rows of its days."""

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from ledger_book import DAYS, Book, fill

from tasks.ledger import Ledger
from tasks.ledger.part import verify_part
from tasks.ledger.verify import Verdict

FIRST, LAST = date(2026, 11, 21), date(2026, 11, 22)  # of the 20th to the 25th


@pytest.fixture
def book(url: str, tmp_path: Path) -> Book:
    fill(Ledger(url), tmp_path / "evidence")
    return Book(url, tmp_path / "evidence")


def part(book: Book, head: str = "") -> Verdict:
    return verify_part(book.url, book.evidence, FIRST, LAST, head)


def forged(book: Book, table: str, statement: str) -> list[str]:
    """What is found after a statement behind the ledger's back, beside the guard that was taken off for it."""
    with sa.create_engine(book.url).begin() as connection:
        if connection.dialect.name == "sqlite":
            for what in ("update", "delete"):
                connection.execute(sa.text(f"DROP TRIGGER {table}_no_{what}"))
        else:
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        assert connection.execute(sa.text(statement)).rowcount == 1
    guard = f"表 {table} 的防改触发器不见了或被换过"
    found = [one.what for one in part(book).problems]
    assert guard in found
    return [what for what in found if what != guard]


def of_day(day: int) -> str:
    return f"(SELECT id FROM run WHERE slot_id LIKE '%-11-{day}')"


def test_sound_where_nothing_was_touched(book: Book) -> None:
    """Given two days of six, then what was found on the others was not looked at, nor any file."""
    verdict = part(book)
    assert (verdict.problems, verdict.head) == ([], Ledger(book.url).head())
    assert verdict.counted == {
        "slot": DAYS, "run": DAYS, "run_end": DAYS - 1, "visit": 6, "finding": 24, "evidence": 6, "event": DAYS,
        "seal": 3 * DAYS - 1, "file": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "statement", "said"),
    [
        ("finding", f"UPDATE finding SET state = 'OK', summary = '好' WHERE check_id = 'PG01' AND target = 'oa/p0' "
         f"AND run_id IN {of_day(21)}", "被改动"),
        ("visit", f"DELETE FROM visit WHERE target = 'oa/p1' AND run_id IN {of_day(22)}", "被删除"),
        ("run", f"UPDATE run SET who = '某人' WHERE id IN {of_day(22)}", "被改动"),
        ("event", "UPDATE event SET why = '检修' WHERE subject = 's5'", "被改动"),
        ("slot", "UPDATE slot SET target = 'x' WHERE id LIKE '%-11-20'", "被改动"),
        ("seal", "UPDATE seal SET subject = 'x' WHERE seq = 2", "第 2 号封存被改动"),
        ("seal", "DELETE FROM seal WHERE seq = 2", "第 2 号封存不见了"),
    ],
)  # fmt: skip
def test_what_a_report_rests_on_was_changed(book: Book, table: str, statement: str, said: str) -> None:
    assert said in "".join(forged(book, table, statement))


def test_another_days_rows_are_the_daily_audits(book: Book) -> None:
    """Given a verdict of the 24th changed, then no report of the 21st rests on it; the daily audit says so."""
    assert forged(book, "finding", f"UPDATE finding SET summary = '好' WHERE id = (SELECT min(id) FROM finding "
                  f"WHERE run_id IN {of_day(24)})") == []  # fmt: skip
    assert any("被改动" in one.what for one in book.verdict().problems)


def test_a_run_moved_out_of_its_day(book: Book) -> None:
    """Given a run of the period that was hung on another day's slot, so that it would not count, then that is seen."""
    there = "(SELECT id FROM slot WHERE id LIKE '%-11-20')"
    assert forged(book, "run", f"UPDATE run SET slot_id = {there} WHERE id IN {of_day(21)}")


def test_a_chain_that_was_cut_short(book: Book) -> None:
    """Given a head that an earlier report has, when the last seals are gone, then that is seen."""
    head = Ledger(book.url).head()
    last = int(head.partition(":")[0])
    assert any("被截短" in one for one in [*forged(book, "seal", f"DELETE FROM seal WHERE seq = {last}"),
               *(problem.what for problem in part(book, head).problems)])  # fmt: skip
