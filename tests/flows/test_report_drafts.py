"""Drafts of what is due on the next working day: by the real calendar, from a ledger with some days in it."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from document_book import Entries, documents, there
from prefect.client.schemas.objects import State
from report_room import OWN, Room

from checks.calendar import Calendar
from checks.document_register import WRITTEN, Document, Step, draft_of
from checks.documents import default_documents
from checks.entries import Who
from flows.build_report import UNSOUND
from flows.caller import Caller
from flows.document_book import DocumentBook
from flows.document_desk import DocumentDesk
from flows.drafting import DRAFTED, FAILED, KEPT, Draft, coming, drafted, with_template
from flows.report_desk import REPORT
from flows.report_drafts import ReportDrafts, page, report_drafts
from flows.report_kinds import readable
from tasks.report.kinds import kinds

CHINA = ZoneInfo("Asia/Shanghai")
BY = Caller("", "schedule", "计划任务", "按计划执行")
PLAIN = Calendar()


def all_of(first: date, last: date, entries: Entries | None = None) -> list[Document]:
    return list(documents(entries, first, last, today=last).values())


def due_on(day: str, entries: Entries | None = None) -> list[str]:
    """What is drafted on a day, by the calendar alone: whatever was due before it has been drafted."""
    today = date.fromisoformat(day)
    known = all_of(date(2026, 7, 1), today, entries)
    return [one.subject for one in coming(known, today, PLAIN, {one.subject for one in known})[0]]


class TestWhich:
    """October 2026: the 1st to the 7th off, Saturday the 10th a make-up day."""

    @pytest.mark.parametrize(
        ("day", "due"),
        [
            ("2026-09-29", []),
            ("2026-09-30", ["weekly/2026-W40"]),  # the last working day before the holidays: due on the 8th
            ("2026-10-08", ["weekly/2026-W40"]),
            ("2026-10-09", ["monthly/2026-09"]),  # due on the third working day, the Saturday
            ("2026-10-10", ["monthly/2026-09", "weekly/2026-W41"]),
            ("2026-10-12", ["weekly/2026-W41", "quarterly/2026-Q3"]),
            ("2026-10-13", ["quarterly/2026-Q3"]),
            ("2026-10-14", []),
        ],
    )
    def test_one_working_day_before_it_is_due_and_on_the_day(self, day: str, due: list[str]) -> None:
        assert due_on(day) == due

    def test_what_fell_due_while_nothing_ran_is_drafted_once(self) -> None:
        """Given a machine that was off from the 1st of October to the 15th."""
        today, known = date(2026, 10, 16), all_of(date(2026, 9, 28), date(2026, 10, 16))

        def drafts(known: list[Document], made: Collection[str] = ()) -> set[str]:
            return {one.subject for one in coming(known, today, PLAIN, made)[0]}

        missed = {"weekly/2026-W40", "weekly/2026-W41", "monthly/2026-09", "quarterly/2026-Q3"}
        assert drafts(known) == {*missed, "weekly/2026-W42"}  # which is due on the 19th
        # When a draft was made, on record or still lying there: not again
        assert drafts(known, missed - {"monthly/2026-09"}) == {"monthly/2026-09", "weekly/2026-W42"}
        assert drafts([one._replace(drafted=True) for one in known]) == {"weekly/2026-W42"}

    def test_what_was_handed_in_or_need_not_be_is_not(self) -> None:
        entries = Entries()
        entries.submit(there("2026-10-08 09:00"), "monthly/2026-09")
        entries.enter(Step.EXCUSED, there("2026-10-08 09:00"), "weekly/2026-W41", document="函〔2026〕3号")
        assert due_on("2026-10-10", entries) == []

    def test_an_unpublished_year_is_said_and_not_guessed(self) -> None:
        """Given the last week of 2026, which is due in 2027, of which no calendar is published."""
        today = date(2026, 12, 31)
        due, unknown = coming(all_of(date(2026, 12, 28), today), today, PLAIN)
        assert due == []
        said = {one.subject: why for one, why in unknown}
        assert {"weekly/2026-W53", "monthly/2026-12", "quarterly/2026-Q4", "half-yearly/2026-H2"} <= set(said)
        assert "2027 年的放假安排还没有公布" in said["weekly/2026-W53"]
        assert said["yearly/2026"] == "双方约定，还没有登记约定的日期"
        # and: long before that, nobody is told
        assert coming(all_of(date(2026, 10, 1), date(2026, 10, 20)), date(2026, 10, 20), PLAIN)[1] == []

    def test_once_the_contract_names_its_days_it_is_drafted(self) -> None:
        calendar = Calendar(
            source="示例通知〔2026〕9号", holidays=["2027-01-01"], workdays=["2027-01-04", "2027-01-05"]
        )
        one = all_of(date(2026, 12, 28), date(2026, 12, 31))[0]
        known = one._replace(due_day=date(2027, 1, 4), due_at=datetime(2027, 1, 5, tzinfo=CHINA))
        for day, drafts in (("2027-01-04", [known]), ("2026-12-31", [])):
            due, unknown = coming([known], date.fromisoformat(day), calendar)
            assert due == drafts or unknown[0][1].startswith("2027 年的放假安排")

    def test_the_drafts_names_are_the_kinds_own(self) -> None:
        known = kinds()
        called = {duty.id: draft_of(duty, "X") for duty in default_documents()}
        assert {name: f"{known[name].kind}-X" for name in called if name in known} == {
            name: stem for name, stem in called.items() if name in known
        }
        assert {name: kind for name, kind in WRITTEN.items() if name in known} == {
            name: known[name].kind for name in WRITTEN if name in known
        }


@pytest.fixture
def desk(room: Room) -> Room:
    """A contract that has a document due today: the kind of its own, agreed upon, and one whose template is broken."""
    file = room.settings.contract / "contract.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    today = datetime.now(CHINA).date()
    said["term"]["end"] = date(today.year + 1, 12, 31)
    titles = {"duty": "值班小结", "broken": "坏的报告", "unheard": "没有模板的"}
    said["documents"] = [{"id": name, "title": title, "rule": "agreed"} for name, title in titles.items()]
    file.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    room.template("broken", "{% set kind = %}")
    office = room.office()
    at = DocumentDesk(office.ledger, room.settings, datetime.now(CHINA))
    for name in ("broken/2025-W46", "duty/2025-W46", "unheard/2025-W46"):
        at.agree(name, today, "会议纪要〔2026〕1号", Who("驻场工程师", "按约定", "cli:duty"))
    return room


def due(room: Room) -> list[Document]:
    """What is due today; the days that the ledger tells of are long past, and what was due then is overdue."""
    office, today = room.office(), datetime.now(CHINA)
    known = with_template(office, DocumentBook(office.ledger, room.settings).documents(today))
    return coming(known, today.date(), office.contract.calendar, {one.subject for one in known})[0]


def by_subject(made: Iterable[Draft]) -> dict[str, tuple[str, str]]:
    return {one.document.subject: (one.what, one.said) for one in made}


class TestDrafts:
    def test_one_that_fails_does_not_stop_the_others(self, desk: Room) -> None:
        made = by_subject(drafted(desk.office(), due(desk), BY))
        assert made["duty/2025-W46"] == (DRAFTED, "值班小结-2025-W46.docx")
        assert made["broken/2025-W46"][0] == FAILED
        assert "broken.md.j2 第 1 行" in made["broken/2025-W46"][1]
        assert "unheard/2025-W46" not in made
        # And: its making is on record, and the register knows of it
        ledger = desk.office().ledger
        [event] = ledger.events(REPORT)
        assert (event.subject, event.who, event.via) == ("duty/2025-W46", "计划任务", "schedule")
        assert set(event.body["files"]) == {f"值班小结-2025-W46.{form}" for form in ("md", "html", "pdf", "docx")}
        assert next(one for one in due(desk) if one.duty.id == "duty").drafted

    def test_what_somebody_has_written_into_is_left_alone(self, desk: Room) -> None:
        office, [one] = desk.office(), [one for one in due(desk) if one.duty.id == "duty"]
        drafted(office, [one], BY)
        file = desk.settings.reports_dir / "值班小结-2025-W46.docx"
        assert by_subject(drafted(office, [one], BY))[one.subject][0] == DRAFTED  # untouched: made anew
        file.write_bytes(file.read_bytes() + b" ")
        before = file.read_bytes()
        assert by_subject(drafted(office, [one], BY))[one.subject] == (KEPT, file.name)
        assert file.read_bytes() == before

    def test_from_a_ledger_that_was_tampered_with(self, desk: Room) -> None:
        desk.tamper()
        [one] = [one for one in due(desk) if one.duty.id == "duty"]
        assert by_subject(drafted(desk.office(), [one], BY))[one.subject][0] == UNSOUND

    @pytest.mark.usefixtures("prefect")
    def test_the_flow(self, desk: Room) -> None:
        trial = asyncio.run(report_drafts(ReportDrafts(dry_run=True), return_state=True))
        assert trial.name == "试运行"
        overdue = ("周报 2025-W46", "月报 2025-11", "季报 2025-Q4")
        assert all(one in str(trial.message) for one in (*overdue, "坏的报告 2025-W46", "值班小结 2025-W46"))
        desk.template("broken", OWN.replace("值班小结", "坏的报告"))
        state: State = asyncio.run(report_drafts(ReportDrafts(who="驻场工程师", why="提前看看"), return_state=True))
        assert (state.name, state.is_completed()) == (DRAFTED, True)
        assert all(f"{one}：已起草" in str(state.message) for one in (*overdue, "值班小结 2025-W46"))
        # And: what was overdue is not drafted again, what is due today is
        again = asyncio.run(report_drafts(ReportDrafts(dry_run=True), return_state=True))
        assert again.message == "将起草：坏的报告 2025-W46、值班小结 2025-W46"

    def test_its_page_names_the_files_and_what_is_not_known(self, desk: Room, tmp_path: Path) -> None:
        one = due(desk)[0]
        said = page([Draft(one, DRAFTED, "a|b.docx")], [(one, "没有公布")], date(2026, 10, 9))
        assert "a\\|b" in said
        assert "## 期限不定，没有起草" in said
        assert "草稿不是提交" in said
        assert readable(desk.settings.contract)[1]  # the broken one, which the page of kinds names
