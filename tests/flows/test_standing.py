"""Where the duties stand, read from the ledger alone: on SQLite and on PostgreSQL, with no Prefect in sight."""

import getpass
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from checks.contract import Contract
from checks.coverage import Mark
from checks.finding import Finding, Reason, State
from checks.periods import period_of
from checks.records import CONTRACT, EXCUSE
from checks.slots import PAGE_INSPECTION, RequestError, Slot, page_slots
from flows import standing
from tasks import contract_folder
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify

SHANGHAI_8 = timedelta(hours=8)


def at(day: int, hour: float = 12) -> datetime:
    """In November 2026, on the operator's clock."""
    return datetime(2026, 11, day, tzinfo=UTC) + timedelta(hours=hour) - SHANGHAI_8


class Desk:
    """A ledger, a contract folder, and somebody who does the rounds or does not."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.ledger = Ledger(url)

    @property
    def contract(self) -> Contract:
        return contract_folder.load(self.folder)

    def start(self, now: datetime) -> list[Slot]:
        """What every start of the program does."""
        standing.record_contract(self.ledger, self.folder, self.contract, now)
        self.ledger.close_cut_off(now)
        return standing.put_on_record(self.ledger, now)

    def inspect(
        self, system: str, day: int, now: datetime, *, ends: bool = True, only: Sequence[str] = (), trigger: str = "cli"
    ) -> str:
        slot = next(one for one in page_slots(self.contract, date(2026, 11, day)) if one.target == system)
        self.ledger.expect([slot], now)
        run = self.ledger.begin(
            slot, flow_run_id="", trigger=trigger, who="x", why="x", parameters={}, code_version="1",
            contract_hash="c", calendar_version="1", now=now,
        )  # fmt: skip
        there = self.contract.system(system)
        for target in only or [there.target(part) for part in there.targets()]:
            self.ledger.add(run, target, 1, [OK], visit=None, evidence=(), now=now)
        if ends:
            self.ledger.end(run, State.OK, now)
        return slot.id

    def marks(self, period: str, now: datetime, system: str = "oa") -> dict[int, Mark]:
        found = standing.standing(self.ledger, period_of(period), now)
        line = next(line for line in found.lines if (line.duty, line.target) == (PAGE_INSPECTION, system))
        return {one.slot.day.day: one.mark for one in line.marks}


OK = Finding(check="PG01", state=State.OK, summary="如常")


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Desk:
    folder = tmp_path / "contract"
    shutil.copytree(Path(__file__).parents[2] / "rehearsal" / "contract", folder)
    return Desk(url, folder)


class TestTheDay:
    def test_back_at_three_in_the_afternoon_it_is_still_done(self, desk: Desk) -> None:
        desk.start(at(20, 9))
        desk.inspect("oa", 20, at(20, 15))
        assert desk.marks("2026-11-20", at(21))[20] is Mark.DONE

    def test_down_for_three_days_two_are_missed_and_on_record_and_one_is_done(self, desk: Desk) -> None:
        # Given
        desk.start(at(9, 8))
        desk.inspect("oa", 9, at(9, 9))
        # When: nobody is there on the 10th and the 11th, and somebody again on the 12th
        recorded = desk.start(at(12, 15))
        desk.inspect("oa", 12, at(12, 15))
        # Then
        marks = desk.marks("2026-11", at(13))
        assert {day: marks[day] for day in (9, 10, 11, 12)} == {
            9: Mark.DONE, 10: Mark.MISSED, 11: Mark.MISSED, 12: Mark.DONE,
        }  # fmt: skip
        assert {slot.id for slot in recorded if slot.target == "oa"} >= {
            "page-inspection/oa/2026-11-10", "page-inspection/oa/2026-11-11", "page-inspection/oa/2026-11-12",
        }  # fmt: skip
        assert {slot.day for slot in desk.ledger.slots(date(2026, 11, 10), date(2026, 11, 11))} == {
            date(2026, 11, 10), date(2026, 11, 11),
        }  # fmt: skip

    def test_what_was_before_the_ledger_is_unknown_and_not_missed(self, desk: Desk) -> None:
        desk.start(at(12, 9))
        marks = desk.marks("2026-11", at(14))
        assert {marks[day] for day in range(1, 12)} == {Mark.UNKNOWN}
        assert marks[12] is Mark.MISSED

    def test_cut_off_and_done_again_counts_once(self, desk: Desk) -> None:
        # Given
        desk.start(at(12, 8))
        desk.inspect("oa", 12, at(12, 9), ends=False)
        assert desk.marks("2026-11-12", at(12, 10))[12] is Mark.PENDING
        # When
        desk.start(at(12, 11))
        desk.inspect("oa", 12, at(12, 12))
        # Then
        found = standing.standing(desk.ledger, period_of("2026-11-12"), at(13))
        [one] = [one for line in found.lines for one in line.marks if one.slot.target == "oa"]
        assert (one.mark, len(one.run_ids)) == (Mark.DONE, 2)
        total = found.total(PAGE_INSPECTION)
        assert (total.expected, total.done, total.missed) == (3, 1, 2)

    @pytest.mark.parametrize(
        ("reason", "mark"),
        [(Reason.BLOCKED, Mark.DONE), (Reason.UNREACHABLE, Mark.UNKNOWN), (Reason.MANUAL, Mark.UNKNOWN)],
    )
    def test_what_could_not_be_looked_at_is_unknown(self, desk: Desk, reason: Reason, mark: Mark) -> None:
        """Unless a fault on record stands before it."""
        # Given
        desk.start(at(12, 8))
        slot = next(one for one in page_slots(desk.contract, date(2026, 11, 12)) if one.target == "archive")
        run = desk.ledger.begin(
            slot, flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1", contract_hash="c",
            calendar_version="1", now=at(12, 9),
        )  # fmt: skip
        archive = desk.contract.system("archive")
        first, *others = [archive.target(part) for part in archive.targets()]
        unseen = Finding(check="PG01", state=State.UNKNOWN, reason=reason, summary="未能检查")
        for target, finding in [(first, OK), *((other, unseen) for other in others)]:
            desk.ledger.add(run, target, 1, [finding], visit=None, evidence=(), now=at(12, 9))
        desk.ledger.end(run, State.UNKNOWN, at(12, 9))
        # Then
        assert desk.marks("2026-11-12", at(13), "archive")[12] is mark


class TestTheContract:
    def test_is_on_record_once_and_again_when_it_changes(self, desk: Desk) -> None:
        # Given
        for hour in (8, 9):
            desk.start(at(12, hour))
        # When
        file = desk.folder / "systems" / "1-oa.yaml"
        file.write_text(
            file.read_text(encoding="utf-8").replace("name: 协同办公系统", "name: 综合办公系统"), encoding="utf-8"
        )
        desk.start(at(13, 8))
        # Then
        first, second = desk.ledger.events(CONTRACT)
        assert (first.at, second.at, second.who) == (at(12, 8), at(13, 8), getpass.getuser())
        difference = standing.changes(first.body["files"], second.body["files"])
        assert "--- systems/1-oa.yaml\n+++ systems/1-oa.yaml\n" in difference
        assert [line[0] for line in difference.splitlines() if "办公系统" in line and line[0] in "+-"] == ["-", "+"]
        assert "contract.yaml" not in difference
        assert standing.changes({}, first.body["files"]).count("--- /dev/null") == len(first.body["files"])

    def test_a_system_that_comes_later_is_not_owed_for_the_days_before(self, desk: Desk) -> None:
        # Given
        archive = desk.folder / "systems" / "3-archive.yaml"
        kept = archive.read_text(encoding="utf-8")
        for part in ("systems/3-archive", "hosts/archive", "backups/archive"):
            (desk.folder / f"{part}.yaml").unlink()
        desk.start(at(10, 8))
        # When
        archive.write_text(kept, encoding="utf-8")
        desk.start(at(12, 8))
        # Then
        marks = desk.marks("2026-11", at(14), "archive")
        assert {11, 12}.isdisjoint(marks)  # on the 12th the day had begun without it
        assert marks[13] is Mark.MISSED


class TestExcuses:
    @pytest.mark.parametrize("missing", ["who", "why", "document"])
    def test_need_a_person_a_reason_and_a_document(self, desk: Desk, missing: str) -> None:
        desk.start(at(12, 8))
        words = {"who": "张三", "why": "机房停电", "document": "停电通知〔2026〕3号", missing: "  "}
        with pytest.raises(RequestError, match="登记免除要写明"):
            standing.excuse(desk.ledger, ["page-inspection/oa/2026-11-12"], now=at(12, 9), **words)
        assert desk.ledger.events(EXCUSE) == []

    @pytest.mark.parametrize("slot", ["page-inspection/nope/2026-11-12", "x", "page-inspection/oa/2026-13-01"])
    def test_of_what_nobody_expects_are_refused(self, desk: Desk, slot: str) -> None:
        desk.start(at(12, 8))
        with pytest.raises(RequestError):
            standing.excuse(desk.ledger, [slot], "张三", "停电", "通知", at(12, 9))

    @pytest.mark.parametrize("slot", ["backup-check/oa.db/2026-11-12", "restore-drill/oa.db/2026-11"])
    def test_of_backups_stand_too(self, desk: Desk, slot: str) -> None:
        """Given a holiday in which truly nothing changed, then somebody says so, and it is on record."""
        desk.start(at(1, 8))
        standing.excuse(desk.ledger, [slot], "张三", "长假期间没有业务", "值班安排〔2026〕9号", at(13))
        found = standing.standing(desk.ledger, period_of("2026-11"), at(30, 23))
        [mark] = [one.mark for line in found.lines for one in line.marks if one.slot.id == slot]
        assert mark is Mark.EXCUSED

    def test_stand_until_they_are_corrected(self, desk: Desk) -> None:
        # Given
        desk.start(at(12, 8))
        slot = "page-inspection/oa/2026-11-12"
        # When
        [number] = standing.excuse(desk.ledger, [slot], "张三", "机房停电", "停电通知〔2026〕3号", at(13))
        # Then
        assert desk.marks("2026-11-12", at(14))[12] is Mark.EXCUSED
        # When: a correction names the old one
        standing.withdraw(desk.ledger, number, "李四", "登记有误", at(14))
        with pytest.raises(RequestError, match="第 99 号事件不是一次免除"):
            standing.withdraw(desk.ledger, 99, "李四", "登记有误", at(14))
        assert desk.marks("2026-11-12", at(14))[12] is Mark.MISSED
        # Then: all of it is sealed
        with stored(desk.url, desk.folder) as book:
            assert verify(book).problems == []

    def test_do_not_hide_what_was_done(self, desk: Desk) -> None:
        desk.start(at(12, 8))
        slot = desk.inspect("oa", 12, at(12, 9))
        standing.excuse(desk.ledger, [slot], "张三", "停电", "通知", at(13))
        assert desk.marks("2026-11-12", at(14))[12] is Mark.DONE


def test_without_a_contract_on_record_it_says_so(url: str) -> None:
    with pytest.raises(RequestError, match="台账里还没有合同"):
        standing.standing(Ledger(url), period_of("2026-11"), at(12))


def test_two_starts_at_once_record_one_version(desk: Desk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def start(_: int) -> None:
        standing.record_contract(Ledger(desk.url), desk.folder, desk.contract, at(12))

    begin: Callable[[int], None] = start
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, range(4)))
    assert len(desk.ledger.events(CONTRACT)) == 1
