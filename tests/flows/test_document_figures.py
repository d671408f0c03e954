"""The ledger's figures of a period, and documents held against them: among them our own reports, as Word files."""

import io
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from socket import socket
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from docx import Document
from docx.document import Document as Docx
from report_desk import cover
from sinks import SmtpSink, talker

from checks.availability import Sight
from checks.contract import Contract
from checks.document_content import HEADINGS
from checks.document_entries import Handed
from checks.document_numbers import Figure
from checks.document_register import Step as DocumentStep
from checks.documents import DocumentDuty, Rule
from checks.entries import Who
from checks.finding import Finding, Reason, State
from checks.host_report import host_report
from checks.incident_report import incident_report
from checks.incidents import INCIDENT, Step
from checks.period_faults import slots_of
from checks.probe import Reading
from checks.records import CONTRACT, DOCUMENT, Event
from checks.report_drawing import Drawing
from checks.slots import (
    BACKUP_CHECK,
    HOST_INSPECTION,
    PAGE_INSPECTION,
    RequestError,
    Slot,
    host_slots,
    page_slots,
    probe_slot,
)
from flows import incident_desk
from flows.document_check import Hand, asked, findings_of
from flows.document_desk import DocumentDesk
from flows.document_figures import figures_of, named
from flows.document_mail import MailError, mail
from flows.incident_desk import cases
from tasks.ledger import Ledger
from tasks.report import Format, render
from tasks.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")
BY = Who("值班员", "按流程登记", "cli:duty")
FINE = Finding(check="OS01", state=State.OK, summary="如常")
INSPECTION = DocumentDuty(id="inspection", title="周巡检报告", rule=Rule.WEEK, due=1)


def at(day: int, hour: float = 12) -> datetime:
    """A moment of November 2026 in China."""
    return datetime(2026, 11, 1, tzinfo=CHINA) + timedelta(days=day - 1, hours=hour)


NOW = at(30, 36)
"""Noon of the first of December."""


def contract(**more: Any) -> Contract:
    journey = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
    return Contract.model_validate(
        {
            "name": "运维合同",
            "client": {"name": "示例单位"},
            "contractor": {"name": "示例公司"},
            "term": {"start": "2026-01-01", "end": "2026-12-31"},
            "systems": [
                {"id": one, "name": name, "url": "https://127.0.0.1:1", "journeys": [journey]}
                for one, name in (("oa", "综合办公系统"), ("mobile", "移动办公系统"))
            ],
            "hosts": [{"system": "oa", "hosts": [{"name": f"oa-{one}-01", "role": one} for one in ("db", "app")]}],
            **more,
        }
    )


class Desk:
    """A ledger with a month in it."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.settings = Settings(home=folder / "var", contract=folder)
        self.ledger = Ledger(self.settings.ledger)
        self.contract = contract(**more)
        body = {"files": {}, "contract": self.contract.model_dump(mode="json")}
        event = Event(kind=CONTRACT, subject="c", at=at(1, 0), who="x", why="x", via="cli", body=body)
        self.ledger.enter(event, at(1, 0), unless_last=True)

    def looked(self, slot: Slot, when: datetime, finding: Finding = FINE) -> None:
        targets = (
            [self.contract.system(slot.target).target(part) for part in self.contract.system(slot.target).targets()]
            if slot.duty == PAGE_INSPECTION
            else [slot.target]
        )
        self.ledger.expect([slot], when)
        run = self.begin(slot, when)
        for target in targets:
            self.ledger.add(run, target, 1, [finding], visit=None, evidence=(), now=when)
        self.ledger.end(run, finding.state, when + timedelta(seconds=9))

    def begin(self, slot: Slot, when: datetime) -> str:
        return self.ledger.begin(
            slot, flow_run_id="", trigger="cli", who="x", why="x", parameters={}, code_version="1",
            contract_hash="c", calendar_version="1", now=when,
        )  # fmt: skip

    def probed(self, system: str, first: datetime, hours: int, down: range = range(0)) -> None:
        slot = probe_slot(self.contract, first.astimezone(CHINA).date())
        assert slot
        self.ledger.expect([slot], first)
        run = self.begin(slot, first)
        for number in range(hours * 12):
            sight = Sight.DOWN if number in down else Sight.UP
            moment = (first + timedelta(minutes=5 * number)).astimezone(UTC)
            self.ledger.probed(run, system, 300, Reading(moment, sight, 40, "拒绝连接" if number in down else ""))
        self.ledger.end(run, State.OK, first + timedelta(hours=hours))

    def incident(self, called: datetime, *steps: tuple[Step, datetime]) -> str:
        incident_desk.call(self.ledger, self.contract, "oa", called, BY, called, down=False)
        number = self.ledger.events(INCIDENT)[-1].subject
        for step, when in steps:
            incident_desk.step(self.ledger, number, step, when, BY, when)
        return number

    def figures(self, subject: str, now: datetime = NOW) -> dict[str, Figure]:
        duty, name = asked(self.contract, subject)
        return {one.name: one for one in figures_of(self.ledger, self.settings, self.contract, duty, name, now)}

    def check(self, duty: DocumentDuty | str, name: str, file: Path | bytes, now: datetime = NOW) -> dict[str, Finding]:
        content = file if isinstance(file, bytes) else file.read_bytes()
        called = "x.docx" if isinstance(file, bytes) else file.name
        duty = asked(self.contract, f"{duty}/{name}")[0] if isinstance(duty, str) else duty
        found = findings_of(self.ledger, self.settings, self.contract, Hand(duty, name, called, content), now)
        return {one.check: one for one in found}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def a_month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two systems daily, but for one day of one; two hosts in two of the five weeks that begin in November; one
    incident."""
    desk = Desk(folder := tmp_path_factory.mktemp("month"))
    for day in range(1, 31):
        for slot in page_slots(desk.contract, date(2026, 11, day)):
            if (slot.target, day) != ("mobile", 7):
                desk.looked(slot, at(day))
    for day in (3, 11):
        for slot in host_slots(desk.contract, date(2026, 11, day)):
            desk.looked(slot, at(day))
    answered = at(10, 9) + timedelta(minutes=45)
    desk.incident(at(10, 9), (Step.RESPONDED, answered), (Step.RESTORED, at(10, 12)), (Step.CLEARED, at(10, 13)))
    return folder


@pytest.fixture
def month(a_month: Path, tmp_path: Path) -> Desk:
    """That month, to be written on."""
    shutil.copytree(a_month, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path)


def changed(content: bytes, change: Callable[[Docx], None]) -> bytes:
    document = Document(io.BytesIO(content))
    change(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def replaced(document: Docx, old: str, new: str) -> None:
    """Change words wherever they stand."""
    places = [
        *document.paragraphs,
        *(p for t in document.tables for r in t.rows for c in r.cells for p in c.paragraphs),
    ]
    found = [one for one in places if old in one.text]
    assert found, old
    for one in found:
        one.text = one.text.replace(old, new)


class TestFigures:
    def test_what_was_due_and_done(self, month: Desk) -> None:
        found = month.figures("monthly/2026-11")
        value = {name: one.value for name, one in found.items()}
        assert (value["页面巡检应做"], value["页面巡检完成"], value["页面巡检漏检"]) == (60, 59, 1)
        # the weeks that begin on 2, 9, 16, 23 and 30 November; the last is not over, so that some leave it out
        expected = found["主机巡检应做"]
        assert (expected.value, expected.high) == (8, 10)
        assert (value["主机巡检完成"], value["主机巡检漏检"]) == (4, 4)
        assert value["漏检"] == 5
        assert (value["主机数"], value["系统数"]) == (2, 2)

    def test_a_week(self, month: Desk) -> None:
        value = {name: one.value for name, one in month.figures("weekly/2026-W45").items()}
        assert (value["主机巡检应做"], value["主机巡检完成"], value["主机巡检漏检"]) == (2, 2, 0)
        assert (value["页面巡检应做"], value["页面巡检漏检"], value["漏检"]) == (14, 1, 1)

    def test_incidents(self, month: Desk) -> None:
        value = {name: one.value for name, one in month.figures("monthly/2026-11").items()}
        assert (value["故障发生"], value["故障解除"], value["故障未解除"]) == (1, 1, 0)
        assert (value["综合办公系统故障发生"], value["移动办公系统故障发生"]) == (1, 0)
        assert (value["响应超时"], value["修复超时"], value["上报超时"]) == (1, 0, 0)
        assert value["最长修复时间"] == 3 * 3600

    def test_what_is_still_open_at_the_end(self, month: Desk) -> None:
        month.incident(at(29, 9))
        assert month.figures("monthly/2026-11")["故障未解除"].value == 1
        assert month.figures("monthly/2026-10")["故障未解除"].value == 0

    def test_availability_is_an_interval_where_nobody_looked(self, desk: Desk) -> None:
        for day in range(1, 31):
            desk.probed("oa", at(day, 0), 24, range(10, 22) if day == 5 else range(0))
        found = desk.figures("monthly/2026-11")
        oa, mobile = found["综合办公系统可用率"], found["移动办公系统可用率"]
        assert oa.value == oa.high == Fraction(30 * 24 * 12 - 12, 30 * 24 * 12)
        assert oa.shown == "99.86%"
        assert mobile.value is None

    def test_a_period_that_is_not_over_is_not_known(self, month: Desk) -> None:
        found = month.figures("monthly/2026-11", at(20))
        assert {one.value for name, one in found.items() if name not in ("主机数", "系统数")} == {None}

    def test_what_was_before_the_ledger_is_an_interval(self, desk: Desk) -> None:
        found = desk.figures("monthly/2026-10")
        missed = found["页面巡检漏检"]
        assert (missed.value, missed.high) == (0, 62)

    def test_late_documents(self, month: Desk) -> None:
        """Given weekly reports that nobody handed in, when the month is over, then they are late."""
        found = month.figures("monthly/2026-11")["迟交文档"]
        assert found.value == 5 + 1 + 1  # each Monday's, the monthly of October, the incident's

    def test_backups_that_were_not_well(self, desk: Desk) -> None:
        """Each slot by its last look: what could not be looked at is not unwell, what was mended is well."""

        def looks(target: str, day: int, *states: State) -> None:
            on = date(2026, 11, day)
            slot = Slot(f"{BACKUP_CHECK}/{target}/{on}", BACKUP_CHECK, target, on, at(day, 0), at(day, 24))
            desk.ledger.expect([slot], at(day))
            for minute, state in enumerate(states):
                reason = Reason.UNREACHABLE if state is State.UNKNOWN else None
                finding = Finding(check="BK01", state=state, summary="实际与期望", reason=reason)
                when = at(day) + timedelta(minutes=minute)
                run = desk.begin(slot, when)
                desk.ledger.add(run, target, 1, [finding], visit=None, evidence=(), now=when)
                desk.ledger.end(run, state, when)

        looks("oa.db", 1, State.CRIT)
        looks("oa.files", 1, State.WARN)
        looks("mobile.db", 1, State.UNKNOWN)
        looks("oa.db", 2, State.CRIT, State.OK)
        found = slots_of(desk.ledger.faults([BACKUP_CHECK], date(2026, 11, 1), date(2026, 11, 30)))
        assert sorted(found) == [f"{BACKUP_CHECK}/oa.db/2026-11-01", f"{BACKUP_CHECK}/oa.files/2026-11-01"]

    @pytest.mark.parametrize(
        ("name", "days"),
        [
            ("weekly/2026-W01", (date(2025, 12, 29), date(2026, 1, 4))),
            ("monthly/2026-02", (date(2026, 2, 1), date(2026, 2, 28))),
            ("quarterly/2026-Q3", (date(2026, 7, 1), date(2026, 9, 30))),
            ("half-yearly/2026-H2", (date(2026, 7, 1), date(2026, 12, 31))),
            ("yearly/2026", (date(2026, 1, 1), date(2026, 12, 31))),
        ],
    )
    def test_periods_by_name(self, name: str, days: tuple[date, date]) -> None:
        found = named(*asked(contract(), name))
        assert (found.first, found.last) == days

    @pytest.mark.parametrize(
        "subject", ["weekly/2026-11", "monthly/2026-13", "monthly/x", "monthly", "what/2026-11", "incident/G-1"]
    )
    def test_what_there_is_not(self, desk: Desk, subject: str) -> None:
        with pytest.raises(RequestError, match="没有"):
            desk.figures(subject)


class TestOurOwnReports:
    @pytest.fixture
    def weekly(self, month: Desk, tmp_path: Path) -> bytes:
        first, last = date(2026, 11, 9), date(2026, 11, 15)

        def ask(name: str, **about: object) -> object:
            if name != "hosts":
                return Drawing(caption=name, trouble="没有画")
            runs = month.ledger.runs
            return host_report(month.contract, first, lambda host: runs(HOST_INSPECTION, first, last, host))

        week = cover("2026-W46", first, last)
        [file] = render("hosts", week, ask, [Format.DOCX], tmp_path / "out", tmp_path)
        return file.read_bytes()

    @pytest.fixture
    def incident(self, month: Desk, tmp_path: Path) -> bytes:
        [case] = cases(month.ledger, month.contract)
        events = month.ledger.events(INCIDENT)
        data = incident_report(month.contract, case.incident, case.clocks, case.notified_at, events, {}, NOW)

        def ask(name: str, **_: Any) -> Any:
            return {"incident": data, "notes": ()}[name]

        number, day = case.incident.id, case.incident.started_at.date()
        [file] = render("incident", cover(number, day, as_of=NOW), ask, [Format.DOCX], tmp_path / "out", tmp_path)
        return file.read_bytes()

    def test_the_weeks_inspection_is_complete_and_accurate(self, month: Desk, weekly: bytes) -> None:
        found = month.check(INSPECTION, "2026-W46", weekly)
        assert found["DOC02"].state is State.OK, found["DOC02"]
        assert found["DOC03"].state is State.OK, found["DOC03"]
        assert found["DOC03"].summary.startswith("与台账相符 2 项")

    def test_one_number_changed_is_named(self, month: Desk, weekly: bytes) -> None:
        wrong = changed(weekly, lambda it: replaced(it, "应巡检主机 2 台，完成 2 台", "应巡检主机 2 台，完成 1 台"))
        found = month.check(INSPECTION, "2026-W46", wrong)["DOC03"]
        assert found.state is State.WARN
        assert "主机巡检完成：文档写 1 台，台账是 2 次" in found.summary

    def test_a_heading_removed_is_named(self, month: Desk, weekly: bytes) -> None:
        def without(document: Docx) -> None:
            [heading] = [one for one in document.paragraphs if one.text == "三、异常及反馈"]
            heading._p.getparent().remove(heading._p)

        found = month.check(INSPECTION, "2026-W46", changed(weekly, without))["DOC02"]
        assert found.state is State.WARN
        assert "没有：异常及反馈" in found.summary

    def test_as_a_weekly_report_it_lacks_what_it_does_not_speak_of(self, month: Desk, weekly: bytes) -> None:
        found = month.check("weekly", "2026-W46", weekly)["DOC02"]
        assert "没有：概述、事件与请求、变更、备份、下周计划" in found.summary

    def test_an_incidents_draft_waits_for_what_people_write(self, month: Desk, incident: bytes) -> None:
        draft = month.check("incident", "G-2026-0001", incident)
        assert "有待填写的：现象与影响、原因、处置、改进措施" in draft["DOC02"].summary
        # When somebody has written it
        written = changed(incident, lambda it: replaced(it, "（待填写）", "见处置记录。"))
        found = month.check("incident", "G-2026-0001", written)
        # Then
        assert found["DOC02"].state is State.OK, found["DOC02"]
        assert found["DOC03"].state is State.OK, found["DOC03"]
        assert "没有提到 2 项（首次通知送达、响应时刻）" in found["DOC03"].summary

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("11-10 12:00:00", "11-10 11:30:00", "恢复：文档写 2026-11-10 11:30:00，台账是 11-10 12:00:00"),
            ("45 分", "25 分", "响应用时：文档写 25 分，台账是 45 分"),
        ],
    )
    def test_a_time_that_was_made_nicer_is_named(
        self, month: Desk, incident: bytes, old: str, new: str, told: str
    ) -> None:
        found = month.check("incident", "G-2026-0001", changed(incident, lambda it: replaced(it, old, new)))["DOC03"]
        assert found.state is State.WARN
        assert told in found.summary


def word(*lines: str, tables: tuple[tuple[tuple[str, ...], ...], ...] = ()) -> bytes:
    """A document as a person writes it: no styles."""
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    for rows in tables:
        table = document.add_table(len(rows), len(rows[0]))
        for row, line in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, line, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def monthly(body: str) -> bytes:
    numbers = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一"]
    lines = [f"{number}、{name}" for number, name in zip(numbers, HEADINGS["monthly"], strict=True)]
    return word(*(line for heading in lines for line in (heading, body if "巡检" in heading else "无。")))


class TestCheck:
    def test_a_report_by_hand(self, month: Desk) -> None:
        body = "本月页面巡检应巡检 60 次，完成 59 次，漏检 1 次；发生故障 1 起，响应超时 1 起，最长修复时间 3 小时。"
        found = month.check("monthly", "2026-11", monthly(body))
        assert [found[one].state for one in ("DOC02", "DOC03", "DOC04")] == [State.OK, State.OK, State.UNKNOWN]
        assert found["DOC04"].reason is Reason.MANUAL

    def test_a_report_that_flatters(self, month: Desk) -> None:
        body = "本月页面巡检应巡检 60 次，完成 60 次，无漏检；发生故障 1 起，均按时响应，无响应超时。"
        found = month.check("monthly", "2026-11", monthly(body))["DOC03"]
        assert found.state is State.WARN
        assert "页面巡检完成：文档写 60 次，台账是 59 次" in found.summary
        assert "页面巡检漏检：文档写 无，台账是 1 次" in found.summary
        assert "响应超时：文档写 无，台账是 1 起" in found.summary

    def test_a_report_as_people_write_it(self, month: Desk) -> None:
        """Given figures of many other things around those that the ledger knows, then these alone are compared."""
        body = (
            "2026年11月，项目组5人对2个信息系统、2台服务器开展运行维护，发现异常12项，已处理11项。"
            "每日对2个系统各巡检1次，页面巡检应巡检60次，完成59次，漏检1次（11月7日机房停电），补检0次；"
            "每周服务器巡检1次，应巡检10台次，实际完成4台次，漏检4台次，期间完成3次补丁升级，重启服务器1台。"
            "共发生故障1起，其中重大故障0起，已解除故障1起，遗留故障0起，较上月减少2起，平均修复2.1小时。"
            "上月漏检2次，下月目标漏检0次。国庆重要保障期间可用性100%。"
        )
        found = month.check("monthly", "2026-11", monthly(body))["DOC03"]
        assert found.state is State.OK, found.summary
        assert found.summary.startswith("与台账相符 9 项，没有不符")

    def test_what_cannot_be_read_is_not_judged(self, month: Desk) -> None:
        found = month.check("monthly", "2026-11", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99))
        assert {found[one].reason for one in ("DOC02", "DOC03")} == {Reason.UNSUPPORTED}
        assert "另存为 DOCX" in found["DOC02"].summary

    def test_a_file_for_people_is_left_to_them(self, month: Desk) -> None:
        duty = asked(month.contract, "monthly/2026-11")[0]
        hand = Hand(duty, "2026-11", "月报\n附表.xlsx", b"PK\x03\x04 whatever")
        found = findings_of(month.ledger, month.settings, month.contract, hand, NOW)[0]
        assert (found.state, found.reason) == (State.UNKNOWN, Reason.UNSUPPORTED)
        assert found.summary.startswith("月报 附表.xlsx：.xlsx 文件由人检查")

    def test_a_drills_report(self, month: Desk) -> None:
        """Given no restore drills in the contract, then there is nothing to compare; and a month must be named."""
        duty = DocumentDuty(id="drill", title="演练报告", rule=Rule.DRILL, due=3)
        assert figures_of(month.ledger, month.settings, month.contract, duty, "2026-11", NOW) == []
        with pytest.raises(RequestError, match="看不懂期间"):
            figures_of(month.ledger, month.settings, month.contract, duty, "x", NOW)

    def test_kinds_of_which_the_ledger_knows_nothing(self, month: Desk) -> None:
        month.contract = contract(documents=[{"id": "asset-table", "title": "资产表", "rule": "agreed"}])
        found = month.check("asset-table", "2026-11-30", word("一、概述", "无"))
        assert {found[one].reason for one in ("DOC02", "DOC03", "DOC04")} == {Reason.MANUAL}

    def test_the_contract_may_say_what_must_be_there(self, month: Desk) -> None:
        duty = DocumentDuty(id="monthly", title="月报", rule=Rule.MONTH, due=3, required=["概述", "签字页"])
        assert "没有：签字页" in month.check(duty, "2026-11", word("一、概述", "无"))["DOC02"].summary

    def test_it_goes_on_record_with_the_submission(self, month: Desk) -> None:
        """Given a report with a wrong number, when it is handed in, then it is taken, with what is wrong."""
        when = at(30, 33)
        told = DocumentDesk(month.ledger, month.settings, when).submit(
            "monthly/2026-11", ("月报.docx", monthly("本月无漏检。")), Handed(when, "cli"), BY
        )
        assert "提交 月报.docx" in told
        assert "漏检：文档写 无，台账是 5 次" in told
        [event] = month.ledger.events(DOCUMENT)
        assert [(one["check"], one["state"]) for one in event.body["findings"]] == [
            ("DOC02", "OK"), ("DOC03", "WARN"), ("DOC04", "UNKNOWN"),
        ]  # fmt: skip


class TestMail:
    @pytest.fixture
    def mailing(self, tmp_path: Path) -> Any:
        """Starts a mail server and makes a desk whose monthly report goes by it."""
        sink = SmtpSink()
        with sink:

            def make(grade: int = 2, **more: Any) -> tuple[Desk, SmtpSink]:
                channel = {
                    "kind": "smtp", "id": "mail", "title": "邮件", "host": "127.0.0.1", "port": sink.port,
                    "security": "none", "sender": "xunjian@example.cn", "to": ["duty@example.cn"], "grade": grade,
                }  # fmt: skip
                document = {
                    "id": "monthly", "title": "月报", "rule": "month", "due": 3, "channel": "mail",
                    "mail_to": ["office@client.example.cn"], **more,
                }  # fmt: skip
                return Desk(tmp_path, channels=[channel], documents=[document]), sink

            yield make

    @staticmethod
    def mailed(desk: Desk, content: bytes = b"PK report") -> str:
        file = ("月报-2026-11.docx", content)
        return mail(desk.ledger, desk.settings, desk.contract, "monthly/2026-11", file, BY, lambda: NOW)

    def test_the_servers_answer_is_the_receipt(self, mailing: Any) -> None:
        desk, sink = mailing()
        told = self.mailed(desk)
        assert "提交 月报-2026-11.docx（邮件）" in told
        [event] = desk.ledger.events(DOCUMENT)
        assert (event.body["step"], event.body["how"]) == (DocumentStep.SUBMITTED, "mail")
        answer = "250 2.0.0 Ok: queued as 4F9A，队列号 4F9A；发给 office@client.example.cn；渠道 mail；"
        assert event.body["receipt"].startswith(answer)
        [got] = sink.received
        assert got.to == ["office@client.example.cn"]
        assert got.message["Message-ID"] in event.body["receipt"]
        assert event.body["sha256"] in got.message.get_body().get_content()  # type: ignore[union-attr]

    def test_a_refused_mail_is_no_submission_and_the_same_is_sent_again(self, mailing: Any) -> None:
        desk, sink = mailing()
        sink.answer = "451 4.3.0 try again later"
        with pytest.raises(MailError, match=r"没有发出，没有登记提交：451 4\.3\.0"):
            self.mailed(desk)
        assert not desk.ledger.events(DOCUMENT)
        sink.answer = "250 ok"
        assert "提交" in self.mailed(desk)
        assert len(sink.received) == 1

    def test_a_lost_answer_is_said_and_the_letter_keeps_its_number(self, mailing: Any) -> None:
        """Given a server that takes the letter and hangs up without an answer, when it is sent again, then the client
        gets two letters of one number, and the second is on record."""

        def silent(connection: socket) -> None:
            for answer in (b"220 a", b"250 a", b"250 a", b"250 a", b"354 go on"):
                connection.sendall(answer + b"\r\n")
                got = connection.recv(65536)
            while not got.endswith(b"\r\n.\r\n"):
                got = got[-5:] + connection.recv(65536)

        desk, sink = mailing()
        [channel] = desk.contract.channels
        with talker(silent) as port:
            there = channel.model_copy(update={"port": port})
            desk.contract = desk.contract.model_copy(update={"channels": [there]})
            with pytest.raises(MailError, match="不知道送到没有，没有登记提交") as told:
                self.mailed(desk)
        assert not desk.ledger.events(DOCUMENT)
        # When: it is sent again
        desk.contract = desk.contract.model_copy(update={"channels": [channel]})
        self.mailed(desk)
        assert sink.received[0].message["Message-ID"] in str(told.value)

    def test_what_was_handed_in_is_not_mailed_again(self, mailing: Any) -> None:
        desk, sink = mailing()
        self.mailed(desk)
        with pytest.raises(RequestError, match="已在"):
            self.mailed(desk, b"PK other")
        assert len(sink.received) == 1

    def test_a_secret_document_is_not_mailed(self, mailing: Any) -> None:
        desk, sink = mailing(grade=3)
        desk.contract = desk.contract.model_copy(
            update={"documents": [desk.contract.documents[0].model_copy(update={"grade": 3})]}
        )
        with pytest.raises(RequestError, match="密级 3"):
            self.mailed(desk)
        assert not sink.greetings

    def test_nobody_to_mail_to(self, desk: Desk) -> None:
        with pytest.raises(RequestError, match="合同没有写月报由程序发给谁"):
            self.mailed(desk)
