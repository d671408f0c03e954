"""The year's documents: handed in by the real desk, most in time; what people type for reports where nothing is known.

What is in a document is not looked into: each look is a process of its own, and a year has two hundred documents.
"""

import calendar
from datetime import date, datetime, timedelta
from unittest.mock import patch

from year_frame import CALENDAR, Frame
from year_ledger import CountingBook

from checks import document_entries
from checks.document_entries import Handed
from checks.document_register import Document
from checks.documents import Rule
from checks.entries import Who
from checks.incidents import INCIDENT, incidents
from checks.records import Event
from flows import document_desk
from flows.document_book import DocumentBook
from flows.document_desk import DocumentDesk
from flows.queries.notes import REPORT_NOTE

ENGINEER, CLIENT = "驻场工程师", "甲方项目负责人"
SEEN, HANDED_IN, ANSWERED = 15.9, 16.2, 17.1  # hours
EXCUSED, RETURNED, LATE = 3, (4, 21, 57), (9, 33, 71, 102)
"""Which of the documents, counted as they come to be owed, are not simply handed in on their last day."""

NOTES = {
    "monthly": {
        "八、功能优化": "公文检索增加了按来文单位筛选；附件预览的等待时间由约三秒降到约一秒。",
        "十、问题与建议": "一台应用服务器的数据盘连续增长，建议清理两年以前的导出文件，或扩容。",
        "十一、下期计划": "完成剩余高危漏洞的整改与复测；演练一次数据库恢复；整理巡检账号。",
    },
    "weekly": {"六、下周计划": "按计划巡检；跟进未闭环的漏洞；核对备份的异地副本。"},
    "incident": {
        "影响范围": "该系统用户短时无法登录，无数据丢失。",
        "四、原因": "应用服务的连接池耗尽，请求排队超时。",
        "七、改进措施": "调大连接池上限并加监控；把重启步骤写进应急手册。",
    },
}


class Documents:
    """Whoever is on site hands in what is due, and says what only people know."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._book = DocumentBook(frame.ledger, frame.settings, CountingBook(frame.ledger))
        self._met: set[str] = set()
        self._told: set[str] = set()
        up = frame.up
        for kind, name, share in (("remediation", "2025-1", 60), ("drill", "2025-1", 45), ("asset-table", "2025", 20)):
            day = up[len(up) * share // 100]
            frame.at(frame.there(day, 9.5), lambda at, kind=kind, name=name: self._agree(kind, name, at))

    def day(self, day: date) -> None:
        """What is owed by now is taken up; a month or a week that is over has its notes."""
        self._frame.at(self._frame.there(day, SEEN), self._look)
        yesterday = day - timedelta(days=1)
        if yesterday in self._frame.days:
            if yesterday.weekday() == 6:
                year, week, _ = yesterday.isocalendar()
                self._note_at(day, "weekly", f"{year}-W{week:02}")
            if yesterday.day == calendar.monthrange(yesterday.year, yesterday.month)[1]:
                self._note_at(day, "monthly", f"{yesterday:%Y-%m}")

    def _look(self, at: datetime) -> None:
        for one in self._book.today(at):
            if event := document_entries.due(one, CALENDAR, at):
                self._frame.ledger.enter(event, at)
            owed = one.calls_at <= at and one.limit_day is not None and not one.counts
            if owed and one.subject not in self._met:
                self._met.add(one.subject)
                self._take_up(len(self._met), one)
        for incident in incidents(self._frame.ledger.events(INCIDENT)):
            if incident.cleared_at and not incident.void and incident.id not in self._told:
                self._told.add(incident.id)
                self._note("incident", incident.id, at)

    def _take_up(self, number: int, one: Document) -> None:
        assert one.limit_day
        frame, subject = self._frame, one.subject
        if number == EXCUSED:
            frame.at(frame.there(one.limit_day, HANDED_IN), lambda at: self._excuse(subject, at))
            return
        days = 2 if number in LATE else 0
        at = frame.there(one.limit_day + timedelta(days=days), HANDED_IN)
        frame.at(at, lambda at: self._submit(subject, "初稿", at))
        if number in RETURNED:
            until = one.limit_day + timedelta(days=4)
            frame.at(at + timedelta(hours=18), lambda at: self._answer(subject, at, until))
            frame.at(at + timedelta(hours=42), lambda at: self._submit(subject, "改稿", at))
        elif one.duty.rule is not Rule.WEEK and number % 3:
            frame.at(at + timedelta(hours=20), lambda at: self._answer(subject, at, None))

    def _desk(self, at: datetime) -> DocumentDesk:
        return DocumentDesk(self._frame.ledger, self._frame.settings, at, self._book)

    def _agree(self, kind: str, name: str, at: datetime) -> None:
        due = self._frame.day_of(at) + timedelta(days=6)
        self._desk(at).agree(f"{kind}/{name}", due, "项目例会纪要 5 号", Who(ENGINEER, "例会商定", "ui"))

    def _submit(self, subject: str, what: str, at: datetime) -> None:
        name = subject.replace("/", "-")
        content = f"{subject} {what} {self._frame.seed}\n".encode() * 40
        with patch.object(document_desk, "examined", lambda *_: []):
            self._desk(at).submit(
                subject, (f"{name}.docx", content), Handed(at, "form"), Who(ENGINEER, "按合同提交", "ui")
            )

    def _answer(self, subject: str, at: datetime, again: date | None) -> None:
        why = "请补充备份一节" if again else "同意"
        self._desk(at).answer(subject, at, Who(CLIENT, why, "ui"), again=again, typos=2 if again else 0)

    def _excuse(self, subject: str, at: datetime) -> None:
        self._desk(at).excuse(subject, "关于合并报送的函 2 号", Who(CLIENT, "与月报合并报送", "ui"))

    def _note_at(self, day: date, kind: str, name: str) -> None:
        self._frame.at(self._frame.there(day, 9.2), lambda at: self._note(kind, name, at))

    def _note(self, kind: str, name: str, at: datetime) -> None:
        for section, text in NOTES[kind].items():
            body = {"section": section, "text": text}
            event = Event(kind=REPORT_NOTE, subject=f"{kind}/{name}", at=at, who=ENGINEER, why="编写报告", via="ui",
                          body=body)  # fmt: skip
            self._frame.ledger.enter(event, at)
