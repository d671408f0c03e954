"""Many events at once: all or none, under one seal; on SQLite and on a real PostgreSQL."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checks.records import Event
from tasks.ledger import Ledger, LedgerError
from tasks.ledger.audit import stored
from tasks.ledger.verify import Verdict, verify

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KIND = "security-finding"


def event(subject: str, kind: str = KIND, corrects: int | None = None) -> Event:
    return Event(
        kind=kind,
        subject=subject,
        at=NOON,
        who="张三",
        why="导入",
        via="cli:duty",
        body={"名": subject},
        corrects=corrects,
    )


def audit(url: str, folder: Path) -> Verdict:
    with stored(url, folder) as book:
        return verify(book, "")


def test_thousands_under_one_seal(url: str, tmp_path: Path) -> None:
    ledger = Ledger(url)
    ledger.enter(event("x", "excuse"), NOON)
    before = ledger.head()
    assert ledger.enter_all([event(f"F-2026-{number:03}") for number in range(1, 3001)], NOON, last=0)
    found = ledger.events(KIND)
    assert [one.subject for one in found] == [f"F-2026-{number:03}" for number in range(1, 3001)]
    assert (int(before.partition(":")[0]) + 1, found[0].body) == (
        int(ledger.head().partition(":")[0]),
        {"名": "F-2026-001"},
    )
    assert audit(url, tmp_path).problems == []


def test_whoever_does_not_know_the_last_enters_nothing(url: str) -> None:
    ledger = Ledger(url)
    number = ledger.enter(event("a"), NOON)
    assert number
    assert not ledger.enter_all([event("b"), event("c")], NOON, last=0)
    assert ledger.enter_all([event("b"), event("c")], NOON, last=number)
    assert [one.subject for one in ledger.events(KIND)] == ["a", "b", "c"]


def test_all_or_none(url: str, tmp_path: Path) -> None:
    ledger = Ledger(url)
    with pytest.raises(LedgerError):
        ledger.enter_all([event("a"), event("b", corrects=4711)], NOON, last=0)
    assert ledger.events(KIND) == []
    assert audit(url, tmp_path).problems == []


def test_of_two_at_once_one_is_sent_back(url: str, tmp_path: Path) -> None:
    done: list[bool] = []

    def enter(name: str) -> None:
        ledger = Ledger(url)
        done.append(ledger.enter_all([event(f"{name}{number}") for number in range(200)], NOON, last=0))

    Ledger(url)
    threads = [threading.Thread(target=enter, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]
    assert len(Ledger(url).events(KIND)) == 200
    assert audit(url, tmp_path).problems == []
