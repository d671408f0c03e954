"""One run of one slot: begun on record, ended whatever happens, and never done twice unasked."""

import asyncio
import os
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from office_desk import FINE, by, looking, slot_of

from checks.coverage import Mark
from checks.finding import Finding, Reason, State
from checks.periods import period_of
from checks.records import INTERRUPTED, RunRecord
from checks.slots import BACKUP_CHECK, PAGE_INSPECTION, RESTORE_DRILL, backup_slots, drill_slots, page_slots
from flows import catch_up
from flows.caller import CATCH_UP
from flows.catch_up import overdue, start_overdue, unreported
from flows.deployments import FILE
from flows.office import Office, now
from flows.outcome import Outcome, final_state
from flows.run import Run, carried_out
from flows.standing import standing
from tasks.ledger import LedgerError
from tasks.prefect_server import deployments_in
from tasks.settings import Settings


@pytest.fixture
def office(url: str, tmp_path: Path) -> Office:
    folder = tmp_path / "contract"
    shutil.copytree(Path(__file__).parents[2] / "rehearsal" / "contract", folder)
    return Office(Settings(home=tmp_path / "home", contract=folder, ledger_url=url))


def runs(office: Office) -> list[RunRecord]:
    return office.ledger.runs(PAGE_INSPECTION, office.today(), office.today())


def test_ends_on_record(office: Office) -> None:
    outcome = carried_out(office, slot_of(office), by("cli"), {}, looking(office))
    assert (outcome.state, [run.outcome for run in runs(office)]) == (State.OK, ["OK"])


def test_an_error_in_the_middle_closes_it_as_interrupted_with_what_it_had(office: Office) -> None:
    def breaks(run: Run) -> Outcome:
        run.add("oa/todo", 1, [FINE])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        carried_out(office, slot_of(office), by("cli"), {}, breaks)
    [run] = runs(office)
    assert (run.outcome, run.ended_at, len(run.findings)) == (INTERRUPTED, None, 1)


def test_two_at_once_one_does_it_and_the_other_says_so(office: Office) -> None:
    # Given one that is at it
    begun, go_on = threading.Event(), threading.Event()

    def slow(run: Run) -> Outcome:
        begun.set()
        go_on.wait(30)
        return looking(office)(run)

    first = threading.Thread(target=carried_out, args=(office, slot_of(office), by("schedule"), {}, slow))
    first.start()
    begun.wait(30)
    # When
    second = carried_out(office, slot_of(office), by("schedule"), {}, looking(office))
    go_on.set()
    first.join()
    # Then
    assert second.findings == []
    assert second.skipped == "oa 正由另一个执行处理，本次不再重复"
    assert len(runs(office)) == 1


@pytest.mark.parametrize(("first", "second", "times"), [
    ("schedule", "schedule", 1), ("schedule", CATCH_UP, 1), (CATCH_UP, "schedule", 1),
    ("schedule", "ui", 2), ("cli", "schedule", 2), ("ui", "ui", 2),
])  # fmt: skip
def test_unasked_it_is_done_once_and_for_a_person_again(office: Office, first: str, second: str, times: int) -> None:
    for trigger in (first, second):
        carried_out(office, slot_of(office), by(trigger), {}, looking(office))
    assert len(runs(office)) == times


def test_a_schedule_that_could_not_look_is_tried_again(office: Office) -> None:
    unseen = Finding(check="PG01", state=State.UNKNOWN, reason=Reason.NO_BROWSER, summary="没有浏览器")
    carried_out(office, slot_of(office), by("schedule"), {}, looking(office, unseen))
    assert carried_out(office, slot_of(office), by(CATCH_UP), {}, looking(office)).state is State.OK


def test_how_a_flow_ends_of_which_some_or_all_was_skipped() -> None:
    skipped, fine = Outcome([], skipped="oa 正由另一个执行处理"), Outcome([("mobile/x", FINE)])
    assert (final_state([skipped]).name, final_state([skipped]).message) == ("无需执行", "oa 正由另一个执行处理")
    mixed = final_state([skipped, fine])
    assert mixed.name == "全部正常"
    assert "oa 正由另一个执行处理" in (mixed.message or "")
    assert final_state([]).name == "未能全部检查"


def test_a_run_that_somebody_closed_meanwhile_is_refused_what_it_still_finds(office: Office) -> None:
    """As when the network to PostgreSQL was away for a while, and its claim with it."""

    def closed_meanwhile(run: Run) -> Outcome:
        run.add("oa/todo", 1, [FINE])
        office.ledger.cut_off(run.id, now())
        run.add("oa/search", 1, [FINE])
        return Outcome([])

    with pytest.raises(LedgerError, match="已作为中断关闭"):
        carried_out(office, slot_of(office), by("cli"), {}, closed_meanwhile)
    assert [(run.outcome, len(run.findings)) for run in runs(office)] == [(INTERRUPTED, 1)]


class TestOverdue:
    def test_is_what_the_schedule_has_come_for_and_nobody_did(self, office: Office) -> None:
        # Given: the day of tomorrow, by which all of today's slots have closed
        tomorrow = office.today() + timedelta(days=1)
        opens = next(iter(page_slots(office.contract, tomorrow))).opens_at
        for slot in page_slots(office.contract, tomorrow):
            office.expect([slot])
        early, late = opens + timedelta(hours=8, minutes=29), opens + timedelta(hours=8, minutes=31)
        # Then
        assert PAGE_INSPECTION not in overdue(office, early)
        assert [one.slot.target for one in overdue(office, late)[PAGE_INSPECTION]] == ["oa", "mobile", "archive"]

    def test_is_not_what_was_done(self, office: Office) -> None:
        # Given
        for system in ("oa", "archive"):
            carried_out(office, slot_of(office, system), by("cli"), {}, looking(office))
        late = slot_of(office).closes_at - timedelta(seconds=1)
        # Then
        assert [one.slot.target for one in overdue(office, late)[PAGE_INSPECTION]] == ["mobile"]

    def test_is_not_what_waits_for_a_person(self, office: Office) -> None:
        """Given a page that somebody has to confirm, when all the others were seen, then looking again is no help."""
        # Given
        there = office.contract.system("archive")
        last = there.journeys[-1].model_copy(update={"semi_manual": True})
        changed = there.model_copy(update={"journeys": [*there.journeys[:-1], last]})
        systems = [changed if one.id == "archive" else one for one in office.contract.systems]
        office.contract = office.contract.model_copy(update={"systems": systems})
        waiting = Finding(check="PG00", state=State.UNKNOWN, reason=Reason.MANUAL, summary="等待人工确认")

        def look(run: Run) -> Outcome:
            for part in changed.targets():
                run.add(changed.target(part), 1, [waiting if part is last else FINE])
            return Outcome([(changed.target(last), waiting)])

        slot, late = slot_of(office, "archive"), slot_of(office).closes_at - timedelta(seconds=1)
        assert "archive" in {one.slot.target for one in overdue(office, late)[PAGE_INSPECTION]}
        # When
        carried_out(office, slot, by("schedule"), {}, look)
        # Then
        assert "archive" not in {one.slot.target for one in overdue(office, late)[PAGE_INSPECTION]}
        assert carried_out(office, slot, by(CATCH_UP), {}, look).skipped
        [line] = [line for line in standing(office.ledger, period_of(f"{office.today()}"), late).lines
                  if line.target == "archive"]  # fmt: skip
        assert [one.mark for one in line.marks] == [Mark.PENDING]

    def test_is_not_what_can_no_longer_be_done(self, office: Office) -> None:
        assert PAGE_INSPECTION not in overdue(office, slot_of(office).closes_at + timedelta(minutes=5))


class TestOverdueBackups:
    def test_are_those_of_the_day_once_their_hour_has_come(self, office: Office) -> None:
        # Given
        tomorrow = office.today() + timedelta(days=1)
        slots = list(backup_slots(office.contract, tomorrow))
        office.expect(slots)
        early, late = slots[0].opens_at + timedelta(hours=6, minutes=29), slots[0].opens_at + timedelta(hours=6.5)
        # Then
        assert BACKUP_CHECK not in overdue(office, early)
        assert [one.slot.target for one in overdue(office, late)[BACKUP_CHECK]] == [slot.target for slot in slots]

    def test_and_drills_are_so_all_month(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """Given a drill on the first of the month, which nobody did, then it can still be done on its last day."""
        # Given
        first = (office.today().replace(day=1) + timedelta(days=31)).replace(day=1)
        slots = list(drill_slots(office.contract, first))
        office.expect(slots)
        schedule = {"cron": "0 2 1 * *", "timezone": "Asia/Shanghai"}
        known = [one for one in deployments_in(FILE) if one["name"] != RESTORE_DRILL]
        monkeypatch.setattr(
            catch_up, "deployments_in", lambda file: [*known, {"name": RESTORE_DRILL, "schedules": [schedule]}]
        )
        last = slots[0].closes_at - timedelta(hours=1)
        # Then
        assert [one.slot.target for one in overdue(office, last)[RESTORE_DRILL]] == [slot.target for slot in slots]
        assert RESTORE_DRILL not in overdue(office, slots[0].opens_at + timedelta(hours=1))
        assert RESTORE_DRILL not in overdue(office, slots[0].closes_at + timedelta(hours=1))

    def test_are_asked_for_by_their_names(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        # Given: one of them was done
        started: list[tuple[str, list[str] | None]] = []

        async def start(name: str, *, parameters: dict[str, Any], **_: Any) -> None:
            started.append((name, parameters["form"].get("backups")))

        monkeypatch.setattr(catch_up, "arun_deployment", start)
        office.expect(backup_slots(office.contract, office.today()))
        done, *rest = backup_slots(office.contract, office.today())
        monkeypatch.setattr(catch_up, "now", lambda: done.closes_at - timedelta(minutes=1))

        def look(run: Run) -> Outcome:
            run.add(done.target, 1, [Finding(check="BK01", state=State.OK, summary="如常")])
            return Outcome([])

        carried_out(office, done, by("cli"), {}, look)
        # Then
        asyncio.run(start_overdue(office))
        assert (f"{BACKUP_CHECK}/{BACKUP_CHECK}", [slot.target for slot in rest]) in started


class TestAReportThatWasCutOff:
    def write(self, office: Office, seconds: float) -> None:
        """The day's report, as old as that."""
        office.settings.reports_dir.mkdir(exist_ok=True)
        file = office.settings.reports_dir / f"日报-{office.today()}.docx"
        file.touch()
        os.utime(file, (now().timestamp() - seconds,) * 2)

    def test_is_owed_once_something_was_done(self, office: Office) -> None:
        assert unreported(office) == {}
        # Given: killed before the first file was in its place
        carried_out(office, slot_of(office, "oa"), by("cli"), {}, looking(office))
        carried_out(office, slot_of(office, "mobile"), by(CATCH_UP), {}, looking(office))
        # Then: by the system that will not be looked at again
        assert unreported(office) == {PAGE_INSPECTION: "mobile"}
        self.write(office, 3600)
        assert unreported(office) == {PAGE_INSPECTION: "mobile"}
        self.write(office, -1)
        assert unreported(office) == {}

    def test_is_not_owed_for_what_was_itself_cut_off(self, office: Office) -> None:
        run = office.begin(slot_of(office), by("cli"), {})
        office.ledger.cut_off(run, now())
        assert unreported(office) == {}

    def test_is_caught_up_with(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        # Given
        started: list[tuple[str, Any]] = []

        async def start(name: str, *, parameters: dict[str, Any], **_: Any) -> None:
            started.append((name, parameters["form"]["systems"]))

        monkeypatch.setattr(catch_up, "arun_deployment", start)
        monkeypatch.setattr(catch_up, "overdue", lambda *_: {})
        carried_out(office, slot_of(office, "archive"), by(CATCH_UP), {}, looking(office))
        # Then
        assert asyncio.run(start_overdue(office)) == ["page-inspection 的报告"]
        assert started == [("page-inspection/page-inspection", ["archive"])]
