"""A piece of evidence that turns out to be more secret: encrypted from then on, on record, and nowhere in the open."""

import shutil
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from command import xunjian
from cryptography.fernet import Fernet

from checks.finding import State
from checks.records import EvidenceRecord
from checks.secrecy import Grade
from checks.slots import PAGE_INSPECTION, RequestError, page_slots
from flows import retention
from flows.office import Office
from flows.regrade import regrade
from tasks.evidence import EvidenceError
from tasks.ledger.audit import stored
from tasks.ledger.backup import back_up
from tasks.ledger.package import Period, export
from tasks.ledger.verify import Package, verify
from tasks.settings import Settings

CONTENT = b"a picture of an open document"
NOW = datetime(2026, 12, 5, 4, tzinfo=UTC)


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    folder = tmp_path / "contract"
    shutil.copytree(Path(__file__).parents[2] / "rehearsal" / "contract", folder)
    office = Office(Settings(home=tmp_path / "var", contract=folder, ledger_url=url))
    office.settings.secrets_dir.mkdir()
    key = office.settings.secrets_dir / "evidence.key"
    key.write_bytes(Fernet.generate_key())
    key.chmod(0o600)
    return office


@pytest.fixture
def piece(office: Office) -> EvidenceRecord:
    """One picture, taken and sealed in November."""
    slot = next(iter(page_slots(office.contract, date(2026, 11, 20))))
    at = slot.opens_at + timedelta(hours=9)
    office.ledger.expect([slot], at)
    run = office.ledger.begin(
        slot, flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1", contract_hash="c",
        calendar_version="1", now=at,
    )  # fmt: skip
    kept = office.evidence.keep(CONTENT, ".jpg", target="oa/x", attempt=1, kind="screenshot", grade=Grade.MEDIUM, at=at)
    office.ledger.add(run, "oa/x", 1, [], visit=None, evidence=[kept], now=at, outcome=State.OK)
    return kept


def raised(office: Office, piece: EvidenceRecord, **words: Any) -> str:
    said = {"who": "决定人", "why": "截图里有公文", "via": "cli:x", "now": NOW, **words}
    return regrade(office.ledger, office.evidence, piece.sha256[:12], **said)


def open_copies(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and CONTENT in path.read_bytes()]


def test_it_is_encrypted_on_record_and_no_longer_open(office: Office, piece: EvidenceRecord, tmp_path: Path) -> None:
    # When
    path = raised(office, piece)
    # Then
    assert open_copies(tmp_path) == []
    [run] = [run for run in office.ledger.runs(PAGE_INSPECTION, date(2026, 11, 20), date(2026, 11, 20)) if run.evidence]
    [now] = run.evidence
    assert (now.path, now.grade, now.at) == (path, Grade.MOST, piece.at)
    assert office.evidence.opened(now.path, now.sha256) == CONTENT
    with stored(office.settings.ledger, office.settings.evidence_dir) as book:
        verdict = verify(book)
    assert (verdict.problems, verdict.counted["file"]) == ([], 1)
    # When: the encrypted one is damaged
    (office.settings.evidence_dir / path).write_bytes(b"x")
    with stored(office.settings.ledger, office.settings.evidence_dir) as book:
        assert f"证据文件 {path} 被改动" in [problem.what for problem in verify(book).problems]


@pytest.mark.parametrize(("words", "said"), [({"who": " "}, "写明谁"), ({"why": ""}, "原因")])
def test_it_needs_a_person_and_a_reason(
    office: Office, piece: EvidenceRecord, words: dict[str, str], said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        raised(office, piece, **words)


def test_it_is_never_lowered_and_strangers_are_refused(office: Office, piece: EvidenceRecord) -> None:
    path = raised(office, piece)
    with pytest.raises(RequestError, match="不能改低"):
        regrade(office.ledger, office.evidence, path, "x", "x", "cli:x", NOW)
    stranger = office.evidence.keep(
        b"stranger", ".jpg", target="x", attempt=1, kind="screenshot", grade=Grade.MEDIUM, at=NOW
    )
    with pytest.raises(RequestError, match="不在台账里"):
        raised(office, stranger)


@pytest.mark.parametrize("how", ["again", "retention"])
def test_cut_off_before_the_open_file_went(
    office: Office, piece: EvidenceRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    # Given
    def killed(path: str) -> bool:
        raise EvidenceError("删不掉", path)

    with monkeypatch.context() as patched:
        patched.setattr(office.evidence, "destroy", killed)
        with pytest.raises(EvidenceError):
            raised(office, piece)
    assert open_copies(tmp_path) != []
    # When
    if how == "again":
        raised(office, piece)
    else:
        retention.destroy_expired(office)
    # Then
    assert open_copies(tmp_path) == []
    assert len(office.ledger.events("regrade")) == 1


def test_the_backup_follows(office: Office, piece: EvidenceRecord, tmp_path: Path) -> None:
    # Given
    settings, to = office.settings, tmp_path / "to"
    back_up(settings.ledger, settings.evidence_dir, to, NOW)
    assert len(open_copies(to)) == 1
    # When
    path = raised(office, piece)
    made = back_up(settings.ledger, settings.evidence_dir, to, NOW + timedelta(days=1))
    # Then
    assert (open_copies(to), made.verdict.problems) == ([], [])
    assert (to / "evidence" / path).is_file()


def test_the_export_of_the_month_in_which_it_was_taken_says_where_it_went(
    office: Office, piece: EvidenceRecord, tmp_path: Path
) -> None:
    # Given: the picture is of November, the decision of December
    path = raised(office, piece)
    november = Period(date(2026, 11, 1), date(2026, 11, 30), ZoneInfo("Asia/Shanghai"))
    # When
    with stored(office.settings.ledger, office.settings.evidence_dir) as book:
        made = export(book, tmp_path / "11.zip", NOW, period=november)
    # Then
    verdict = verify(Package(made.path), office.ledger.head())
    assert (verdict.problems, verdict.counted["file"]) == ([], 1)
    with zipfile.ZipFile(made.path) as package:
        assert [name for name in package.namelist() if name.startswith("evidence/")] == [f"evidence/{path}"]


def test_from_the_shell(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / "rehearsal" / "contract", tmp_path / "contract")
    (tmp_path / "var").mkdir()
    done = xunjian(tmp_path, "evidence", "regrade", "0" * 12, "--who", "x", "--why", "x")
    assert (done.returncode, "找不到" in done.stderr) == (3, True)
