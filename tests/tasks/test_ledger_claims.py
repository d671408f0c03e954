"""Who is at work: between processes that are killed, and between threads; on SQLite and on PostgreSQL."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from checks.finding import Finding, State
from checks.records import INTERRUPTED
from checks.slots import PAGE_INSPECTION, Slot
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = date(2026, 11, 22)

WORKER = """
import sys
from datetime import UTC, datetime
sys.path.insert(0, sys.argv[2])
from test_ledger_claims import *
ledger = Ledger(sys.argv[1])
with ledger.claimed(slot()) as free:
    print(free, flush=True)
    if free:
        ledger.expect([slot()], NOON)
        run = begin(ledger)
        ledger.add(run, "oa/todo", 1, [FINE], visit=None, evidence=(), now=NOON)
        print(run, flush=True)
        sys.stdin.read()
"""
FINE = Finding(check="PG01", state=State.OK, summary="1 次打开")


def slot(target: str = "oa") -> Slot:
    return Slot(f"{PAGE_INSPECTION}/{target}/{DAY}", PAGE_INSPECTION, target, DAY, NOON, NOON + timedelta(days=1))


def begin(ledger: Ledger, target: str = "oa") -> str:
    return ledger.begin(
        slot(target), flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1",
        contract_hash="c", calendar_version="1", now=NOON,
    )  # fmt: skip


@contextmanager
def worker(url: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A process in the middle of a run: whether it got the slot, and its run."""
    command = [sys.executable, "-c", WORKER, url, str(Path(__file__).parent)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        got = process.stdout.readline().strip()
        yield process, got, process.stdout.readline().strip() if got == "True" else ""
    finally:
        process.kill()
        process.wait()


def outcomes(url: str) -> list[tuple[str, str, int]]:
    found = Ledger(url).runs(PAGE_INSPECTION, DAY, DAY)
    return [(run.id, run.outcome, len(run.findings)) for run in found]


def test_two_workers_one_slot(url: str) -> None:
    """Given one at work, when a second comes, then it is told; another slot is free."""
    ledger = Ledger(url)
    with worker(url) as (_, got, _):
        assert got == "True"
        with worker(url) as (_, other, _):
            assert other == "False"
        with ledger.claimed(slot()) as free:
            assert not free
        with ledger.claimed(slot("mobile")) as free:
            assert free


def test_who_was_killed_holds_nothing_and_is_closed_as_interrupted(url: str, tmp_path: Path) -> None:
    # Given
    ledger = Ledger(url)
    with worker(url) as (process, _, run):
        # When: it lives, it is left alone
        assert ledger.close_cut_off(NOON) == []
        assert outcomes(url) == [(run, "", 1)]
        process.kill()
        process.wait()
    # Then: what it had found stays, and is sealed
    closed = []
    for _ in range(100):  # PostgreSQL notices a client that is gone a moment later
        closed = closed or ledger.close_cut_off(NOON)
    assert closed == [slot().id]
    assert outcomes(url) == [(run, INTERRUPTED, 1)]
    assert ledger.close_cut_off(NOON) == []
    assert Ledger(url).runs(PAGE_INSPECTION, DAY, DAY)[0].ended_at is None
    with stored(url, tmp_path) as book:
        verdict = verify(book)
    assert (verdict.problems, verdict.remarks) == ([], [])
    with ledger.claimed(slot()) as free:
        assert free


def test_threads_of_one_process_exclude_each_other_too(url: str) -> None:
    ledger = Ledger(url)
    with ledger.claimed(slot()) as first, ledger.claimed(slot()) as second:
        assert (first, second) == (True, False)
    with ledger.claimed(slot()) as again:
        assert again


def test_several_starts_close_a_run_once(url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    # Given: ten runs that were cut off, by somebody who is gone
    ledger = Ledger(url)
    targets = [f"s{number}" for number in range(10)]
    ledger.expect([slot(target) for target in targets], NOON)
    for target in targets:
        begin(ledger, target)
    # When
    with ThreadPoolExecutor(4) as pool:
        closed = list(pool.map(lambda _: Ledger(url).close_cut_off(NOON), range(4)))
    # Then
    assert sorted(one for some in closed for one in some) == sorted(slot(target).id for target in targets)
    with sa.create_engine(url).connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM run_end")).scalar() == 10
