"""What killed processes left is swept when nobody can be at work on it any more; nothing else is."""

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.leftovers import TEMPORARY, sweep
from tasks.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SWEPT = ("evidence/.x.part", "evidence/.writable-x", "backup/.ledger-x.zip.part",
         "backup/.ledger-x.zip", "backup/.rehearsal-x/ledger.db", "backup/evidence/.x.part",
         f"tmp/{TEMPORARY}x/a.pdf")  # fmt: skip
KEPT = ("evidence/ab/ab.jpg", "reports/日报.pdf", "backup/ledger-x.zip", "backup/.Trash-0/x",
        "backup/evidence/ab/ab.jpg", "tmp/xunjian-notes/x", "tmp/other")  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*SWEPT, *KEPT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def begun(home: Path, at: datetime) -> None:
    for path in sorted(home.rglob("*"), reverse=True):
        os.utime(path, (at.timestamp(), at.timestamp()))


def files(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}


def test_what_was_begun_the_day_before_goes(home: Path) -> None:
    begun(home, NOW - timedelta(hours=25))
    sweep(Settings(home=home), NOW)
    assert files(home) == set(KEPT)


def test_what_may_be_under_way_stays(home: Path) -> None:
    begun(home, NOW - timedelta(hours=23))
    sweep(Settings(home=home), NOW)
    assert files(home) == {*SWEPT, *KEPT}


def test_a_link_goes_and_not_what_it_leads_to(home: Path) -> None:
    (home / "evidence" / ".writable-link").symlink_to(home / "backup")
    os.utime(home / "evidence" / ".writable-link", (0, 0), follow_symlinks=False)
    sweep(Settings(home=home), NOW)
    assert not (home / "evidence" / ".writable-link").is_symlink()
    assert files(home) == {*SWEPT, *KEPT}
