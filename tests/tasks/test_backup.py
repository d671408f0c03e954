"""The ledger's own backup, made while it is written to, and proven by restoring it."""

import stat
import threading
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_book import NOON, Book, fill

from checks.records import Event
from tasks.ledger import Ledger, LedgerError, backup
from tasks.ledger.backup import back_up, rehearse


@pytest.fixture
def book(url: str, tmp_path: Path) -> Book:
    fill(Ledger(url), tmp_path / "evidence")
    return Book(url, tmp_path / "evidence")


def test_is_restored_and_sound(book: Book, tmp_path: Path) -> None:
    # When
    made = back_up(book.url, book.evidence, tmp_path / "to", NOON)
    # Then
    assert (made.verdict.problems, made.head, made.copied) == ([], Ledger(book.url).head(), 18)
    assert made.verdict.counted == book.verdict().counted
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["evidence", made.path.name]
    again = back_up(book.url, book.evidence, tmp_path / "to", NOON + timedelta(days=1))
    assert (again.copied, again.verdict.problems) == (0, [])


def test_keeps_the_last_thirty(book: Book, tmp_path: Path) -> None:
    for day in range(5):
        back_up(book.url, book.evidence, tmp_path / "to", NOON + timedelta(days=day), keep=3)
    assert [path.name for path in sorted((tmp_path / "to").glob("*.zip"))] == [
        f"ledger-202611{day}T040000Z.zip" for day in (22, 23, 24)
    ]


def test_while_somebody_writes(book: Book, tmp_path: Path) -> None:
    """Given a writer that never rests, then every backup is of one moment."""
    ledger, stop, wrote = Ledger(book.url), threading.Event(), threading.Event()
    before = book.verdict().counted["event"]

    def write() -> None:
        while not stop.is_set():
            ledger.enter(Event(kind="excuse", subject="s", at=NOON, who="x", why="x", via="ui"), NOON)
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    wrote.wait(30)
    try:
        verdicts = [
            back_up(book.url, book.evidence, tmp_path / "to", NOON + timedelta(days=n)).verdict for n in range(4)
        ]
    finally:
        stop.set()
        writer.join()
    assert [verdict.problems for verdict in verdicts] == [[]] * 4
    counts = [verdict.counted["event"] for verdict in verdicts]
    assert before < counts[0] < counts[-1]


def test_a_lost_piece_of_evidence_is_told(book: Book, tmp_path: Path) -> None:
    next(path for path in book.evidence.rglob("*.jpg")).unlink()
    made = back_up(book.url, book.evidence, tmp_path / "to", NOON)
    assert ["不见了" in problem.what for problem in made.verdict.problems] == [True]


def test_a_damaged_backup_is_told(book: Book, tmp_path: Path) -> None:
    # Given
    made = back_up(book.url, book.evidence, tmp_path / "to", NOON)
    with zipfile.ZipFile(made.path) as package:
        content = {name: package.read(name) for name in package.namelist()}
    content["rows/finding.jsonl"] = content["rows/finding.jsonl"].replace("一切如常".encode(), "一切正常".encode(), 1)
    with zipfile.ZipFile(made.path, "w") as package:
        for name, raw in content.items():
            package.writestr(name, raw)
    # Then
    assert [problem.what for problem in rehearse(made.path).problems] == ["结论 1 被改动"]


def test_a_mirrored_file_is_what_its_name_says(book: Book, tmp_path: Path) -> None:
    made = back_up(book.url, book.evidence, tmp_path / "to", NOON)
    copy = next(path for path in (tmp_path / "to" / "evidence").rglob("*.jpg"))
    copy.write_bytes(b"other")
    again = back_up(book.url, book.evidence, tmp_path / "to", NOON + timedelta(days=1))
    assert made.verdict.problems == []
    assert ["被改动" in problem.what for problem in again.verdict.problems] == [True]


def test_one_that_was_cut_off_is_no_backup(book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a process that dies before the evidence is beside the package, then the package has not its name yet."""

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_mirror", killed)
    with pytest.raises(KeyboardInterrupt):
        back_up(book.url, book.evidence, tmp_path / "to", NOON)
    assert list((tmp_path / "to").glob("ledger-*")) == []


def test_no_room_is_one_sentence_and_leaves_nothing(book: Book, tmp_path: Path) -> None:
    (tmp_path / "to").write_text("a file")
    with pytest.raises(LedgerError, match="写不进"):
        back_up(book.url, book.evidence, tmp_path / "to", NOON)
    assert (tmp_path / "to").read_text() == "a file"
