"""Evidence goes two years after the term, and that it went is on record and sealed."""

import hashlib
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from checks.contract import Contract, Term
from checks.finding import State
from checks.records import REMOVAL
from checks.retention import Kept, expired, expires
from checks.secrecy import Grade
from checks.slots import page_slots
from flows import retention
from flows.office import Office, now
from flows.retention import destroy_expired, destroy_left_over
from tasks.evidence import EvidenceError
from tasks.ledger.audit import stored
from tasks.ledger.backup import back_up
from tasks.ledger.verify import Verdict, verify
from tasks.settings import Settings

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.mark.parametrize(("end", "first"), [
    (date(2027, 2, 28), date(2029, 2, 28)), (date(2028, 2, 29), date(2030, 3, 1)),
    (date(2026, 12, 31), date(2028, 12, 31)),
])  # fmt: skip
def test_two_years_by_the_calendar(end: date, first: date) -> None:
    assert expires(Term(start=date(2026, 1, 1), end=end)) == first


class TestExpired:
    FILES = (Kept(AT, "a", "1"), Kept(AT + timedelta(days=400), "b", "2"), Kept(AT, "both", "3"),
             Kept(AT + timedelta(days=400), "both", "3"))  # fmt: skip

    def versions(self) -> list[tuple[datetime, Contract]]:
        """A contract until the end of 2026, and the next one until the end of 2027."""
        head = {
            "name": "x", "client": {"name": "x"}, "contractor": {"name": "x"},
            "systems": [{"id": "oa", "name": "x", "url": "http://127.0.0.1", "journeys": [
                {"id": "a", "title": "a", "steps": [{"expect": {"text": "x"}}]}]}],
        }  # fmt: skip
        terms = (("2026-01-01", "2026-12-31"), ("2027-01-01", "2027-12-31"))
        made = [Contract.model_validate({**head, "term": {"start": start, "end": end}}) for start, end in terms]
        return [(AT - timedelta(days=300), made[0]), (datetime(2027, 1, 1, tzinfo=UTC), made[1])]

    @pytest.mark.parametrize(("today", "gone"), [
        (date(2028, 12, 31), set()), (date(2029, 1, 1), {"a"}), (date(2029, 12, 31), {"a"}),
        (date(2030, 1, 1), {"a", "b", "both"}),
    ])  # fmt: skip
    def test_counts_from_the_term_in_which_it_was_taken(self, today: date, gone: set[str]) -> None:
        """And what also proves something younger stays."""
        assert set(expired(self.FILES, self.versions(), today)) == gone


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    """Two pictures; the term is over for long."""
    folder = tmp_path / "contract"
    shutil.copytree(Path(__file__).parents[2] / "rehearsal" / "contract", folder)
    head = folder / "contract.yaml"
    text = head.read_text(encoding="utf-8")
    head.write_text(text.replace("2026-03-01", "2020-01-01").replace("2035-12-31", "2021-12-31"), encoding="utf-8")
    office = Office(Settings(home=tmp_path / "home", contract=folder, ledger_url=url))
    slot = next(iter(page_slots(office.contract, date(2021, 6, 1))))
    office.expect([slot])
    at = slot.opens_at + timedelta(hours=9)
    run = office.ledger.begin(
        slot, flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1", contract_hash="c",
        calendar_version="1", now=at,
    )  # fmt: skip
    kept = [
        office.evidence.keep(content, ".jpg", target="oa/x", attempt=1, kind="screenshot", grade=Grade.MEDIUM, at=at)
        for content in (b"one", b"two")
    ]
    office.ledger.add(run, "oa/x", 1, [], visit=None, evidence=kept, now=at, outcome=State.OK)
    return office


def verdict(office: Office) -> Verdict:
    with stored(office.settings.ledger, office.settings.evidence_dir) as book:
        return verify(book)


def files(office: Office) -> list[Path]:
    return list(office.settings.evidence_dir.rglob("*.jpg"))


def test_what_has_expired_goes_and_leaves_a_sealed_record(office: Office) -> None:
    assert len(files(office)) == 2
    # When
    gone = destroy_expired(office)
    # Then
    assert (gone, files(office)) == (2, [])
    [event] = office.ledger.events(REMOVAL)
    assert set(event.body["files"].values()) == {hashlib.sha256(content).hexdigest() for content in (b"one", b"two")}
    assert verdict(office).problems == []
    assert "2 个证据文件已销毁或改为加密保存，有封存的记录" in verdict(office).remarks
    # When: again
    assert destroy_expired(office) == 0
    assert len(office.ledger.events(REMOVAL)) == 1


def test_killed_between_record_and_removal_it_is_made_up_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    def killed(path: str) -> bool:
        raise EvidenceError("删不掉", path)

    with monkeypatch.context() as patched:
        patched.setattr(office.evidence, "destroy", killed)
        with pytest.raises(EvidenceError):
            destroy_expired(office)
    assert len(files(office)) == 2
    # Then
    assert destroy_expired(office) == 2
    assert (files(office), len(office.ledger.events(REMOVAL))) == ([], 1)


def keep_again(office: Office, content: bytes) -> str:
    """The same picture, taken today; returns where it is."""
    office.ledger.expect(list(page_slots(office.contract, date(2021, 6, 2))), AT)
    slot = next(iter(page_slots(office.contract, date(2021, 6, 2))))
    run = office.ledger.begin(
        slot, flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1", contract_hash="c",
        calendar_version="1", now=now(),
    )  # fmt: skip
    kept = office.evidence.keep(
        content, ".jpg", target="oa/x", attempt=1, kind="screenshot", grade=Grade.MEDIUM, at=now()
    )
    office.ledger.add(run, "oa/x", 1, [], visit=None, evidence=[kept], now=now(), outcome=State.OK)
    return kept.path


class TestAPictureThatIsTakenAgainAfterItWasDestroyed:
    @pytest.fixture
    def path(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
        """Given the old one destroyed, a new term, and the same picture again."""
        assert destroy_expired(office) == 2
        old = office.contract.model_copy(update={"term": Term(start=date(2020, 1, 1), end=date(2021, 12, 31))})
        new = office.contract.model_copy(update={"term": Term(start=date(2022, 1, 1), end=date(2099, 12, 31))})
        known = [(datetime(2020, 1, 1, tzinfo=UTC), old), (datetime(2022, 1, 1, tzinfo=UTC), new)]
        monkeypatch.setattr(retention, "versions", lambda _: known)
        return keep_again(office, b"one")

    def test_stays(self, office: Office, path: str) -> None:
        assert destroy_expired(office) == 0
        assert (office.settings.evidence_dir / path).read_bytes() == b"one"

    def test_is_missed_when_it_is_gone(self, office: Office, path: str) -> None:
        assert verdict(office).problems == []
        (office.settings.evidence_dir / path).unlink()
        assert [one.what for one in verdict(office).problems] == [f"证据文件 {path} 不见了"]

    def test_is_backed_up(self, office: Office, path: str, tmp_path: Path) -> None:
        made = back_up(office.settings.ledger, office.settings.evidence_dir, tmp_path / "to", now())
        assert made.verdict.problems == []
        assert (tmp_path / "to" / "evidence" / path).read_bytes() == b"one"

    def test_goes_in_its_turn_and_is_on_record_again(
        self, office: Office, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.undo()  # the term of both is over
        assert destroy_expired(office) == 1
        assert [path in event.body["files"] for event in office.ledger.events(REMOVAL)] == [True, True]
        assert verdict(office).problems == []


class TestWhatAKilledRunKept:
    @pytest.fixture
    def path(self, office: Office) -> str:
        """Given a run that was killed between the picture and the ledger, long ago; and a file of unknown origin."""
        began = now() - timedelta(days=40)
        slot = next(iter(page_slots(office.contract, date(2021, 6, 1))))
        office.ledger.begin(
            slot, flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1", contract_hash="c",
            calendar_version="1", now=began,
        )  # fmt: skip
        office.ledger.close_cut_off(now())
        for content, at in ((b"killed", began + timedelta(minutes=5)), (b"older", began - timedelta(days=1))):
            kept = office.evidence.keep(
                content, ".jpg", target="oa/x", attempt=1, kind="screenshot", grade=Grade.MEDIUM, at=at
            )
            os.utime(office.settings.evidence_dir / kept.path, (at.timestamp(), at.timestamp()))
        return f"{(sha256 := hashlib.sha256(b'killed').hexdigest())[:2]}/{sha256}.jpg"

    def test_goes_on_record_and_nothing_else_does(self, office: Office, path: str) -> None:
        before = set(files(office))
        assert destroy_left_over(office) == 1
        assert before - set(files(office)) == {office.settings.evidence_dir / path}
        assert [set(event.body["files"]) for event in office.ledger.events(REMOVAL)] == [{path}]
        assert destroy_left_over(office) == 0

    def test_stays_where_it_was_kept_again(self, office: Office, path: str) -> None:
        keep_again(office, b"killed")
        assert destroy_left_over(office) == 0

    def test_stays_while_it_is_just_being_kept_again(self, office: Office, path: str) -> None:
        """Given the same picture on disk, its row not yet in the ledger."""
        office.evidence.keep(
            b"killed", ".jpg", target="oa/x", attempt=1, kind="screenshot", grade=Grade.MEDIUM, at=now()
        )
        assert destroy_left_over(office) == 0
