"""Documents on a real ledger: entered from the shell, by forms and through the inbox; told; looked over each day."""

import asyncio
import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from command import xunjian
from prefect.client.orchestration import get_client
from sinks import WebhookSink

from checks.document_entries import Handed
from checks.document_list import document_list
from checks.document_register import Document, State, Step
from checks.entries import Who
from checks.records import CONTRACT, DOCUMENT
from checks.slots import DOCUMENT_TIMELINESS, RequestError, week_of
from flows import document_examination, document_inbox
from flows.caller import Caller
from flows.document_book import DocumentBook
from flows.document_desk import DocumentDesk
from flows.document_entry import (
    Answer,
    DocumentAgreement,
    DocumentAnswer,
    DocumentExcuse,
    DocumentSubmission,
    document_agreement,
    document_answer,
    document_excuse,
    document_submission,
)
from flows.document_timeliness import DocumentTimeliness, document_timeliness, looked_over, page
from flows.document_timeliness import day_off as is_day_off
from flows.office import Office
from flows.run import carried_out
from flows.standing import record_contract
from flows.watch import Watch
from tasks import contract_folder
from tasks.crypto.tls import trusting
from tasks.inbox import InboxError, named, waiting
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.backup import back_up
from tasks.ledger.verify import verify
from tasks.settings import Settings

CHINA = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2024, 10, 1, 1, tzinfo=UTC)
WHO = ("--who", "驻场工程师", "--why", "按流程登记")
BY = Who("驻场工程师", "按流程登记", "cli:duty")
SAID = {"who": "驻场工程师", "why": "按流程登记"}
THIS_WEEK = week_of(datetime.now(CHINA).date())


def there(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


class Desk:
    """A machine: a contract that has been on record since a moment, an empty ledger."""

    def __init__(self, home: Path, helpers: Any, began: datetime = BEGAN, **more: Any) -> None:
        self.home, self.helpers = home, helpers
        journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
        helpers.write_contract(home / "contract", {"id": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]})
        self.settings = Settings(home=home / "var", contract=home / "contract")
        self.ledger = Ledger(self.settings.ledger)
        self.write(began, **more)

    def write(self, at: datetime, **more: Any) -> None:
        """Change the contract, and put it on record."""
        file = self.home / "contract/contract.yaml"
        head = yaml.safe_load(file.read_text(encoding="utf-8"))
        file.write_text(yaml.safe_dump({**head, **more}, allow_unicode=True), encoding="utf-8")
        folder = self.settings.contract
        record_contract(self.ledger, folder, contract_folder.load(folder), at)

    def at(self, now: datetime) -> DocumentDesk:
        return DocumentDesk(self.ledger, self.settings, now)

    def one(self, subject: str, now: datetime) -> Document:
        return next(one for one in self.at(now).documents() if one.subject == subject)

    def submit(self, subject: str, at: datetime, content: bytes = b"PK report") -> str:
        return self.at(at).submit(subject, ("周报.docx", content), Handed(at, "cli"), BY)

    def put(self, name: str, content: bytes = b"PK weekly") -> Path:
        """A file into the inbox."""
        self.settings.inbox_dir.mkdir(parents=True, exist_ok=True)
        path = self.settings.inbox_dir / name
        path.write_bytes(content)
        return path

    def run(self, *words: str) -> tuple[int, str]:
        told = xunjian(self.home, *words, COLUMNS="160")
        return told.returncode, told.stdout + told.stderr


@pytest.fixture
def desk(tmp_path: Path, helpers: Any) -> Desk:
    return Desk(tmp_path, helpers)


class TestMonth:
    """October 2024: seven days off, a make-up Saturday; the record begins on its first day."""

    DUE = ("2024-10-08", "2024-10-10", "2024-10-12", "2024-10-14", "2024-10-21", "2024-10-28")

    def test_each_with_due_submitted_verdict_and_points(self, desk: Desk) -> None:
        """Given one in time, one late, one excused, when the month is asked for, then it costs what is left."""
        desk.submit("weekly/2024-W40", there("2024-10-08 17:00"))
        desk.submit("monthly/2024-09", there("2024-10-11 09:00"))
        desk.at(there("2024-10-12 09:00")).excuse("quarterly/2024-Q3", "函〔2024〕3号", BY)
        code, said = desk.run("documents", "--month", "2024-10")
        assert code == 1
        assert [day for day in self.DUE if f"{day} 24:00" in said] == list(self.DUE)
        rows = {line.split("│")[1].strip(): line for line in said.splitlines() if line.startswith("│")}
        assert "按时" in rows["周报 2024-W40"]
        assert "2024-10-08 17:00" in rows["周报 2024-W40"]
        assert "迟交 9 小时" in rows["月报 2024-09"]
        assert "-0.5" in rows["月报 2024-09"]
        assert "免交：驻场工程师：按流程登记（函〔2024〕3号）" in rows["季报 2024-Q3"]
        assert "逾期未交" in rows["周报 2024-W43"]
        assert "扣分合计 -2（" in said
        assert "工作日按 chinesecalendar" in said
        assert "合同没有改动日历" in said

    def test_as_json(self, desk: Desk) -> None:
        notice = "示例通知〔2024〕1号"
        desk.write(there("2024-10-01 09:00"), calendar={"source": notice, "holidays": ["2024-10-08"]})
        desk.submit("weekly/2024-W40", there("2024-10-09 17:00"))
        code, said = desk.run("documents", "--month", "2024-10", "--format", "json")
        found = json.loads(said)
        assert (code, found["points"], found["override"]) == (1, -2.5, notice)
        assert notice in found["calendar"]
        first = found["documents"][0]
        assert (first["document"], first["due"], first["late"], first["state"]) == (
            "weekly/2024-W40", "2024-10-09", False, "submitted",
        )  # fmt: skip
        assert first["limit"] == "2024-10-10T00:00:00+08:00"
        assert [each["file"] for each in first["submitted"]] == ["周报.docx"]

    def test_a_month_without_late_ones_is_fine_and_what_lies_before_the_record_is_not_judged(self, desk: Desk) -> None:
        code, said = desk.run("documents", "--month", "2024-08")
        assert code == 0
        assert "不明：台账启用之前到期" in said
        assert "扣分合计 0（" in said

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--month", "2024-13"), "日历上没有 2024-13"),
            (("--month", "2024-W40"), "月份写成 年-月"),
            (("--month", "october"), "看不懂期间"),
            (("submit", "weekly/2020-W01", "x.docx", *WHO), "x.docx"),
            (("submit", "weekly/2020-W01", *WHO), "没有写文件名"),
            (("answer", f"weekly/{THIS_WEEK}", "同意", *WHO), "甲方意见写 接收 或 退回"),
            (("answer", f"weekly/{THIS_WEEK}", "退回", *WHO), "退回的要写明何时前重新提交"),
            (("answer", f"weekly/{THIS_WEEK}", "接收", *WHO), "没有待答复的提交"),
            (("agree", "asset-table", "2024-11-30", "--document", "纪要", *WHO), "没有要交的文档 asset-table"),
            (("agree", "drill", "30.11.2024", "--document", "纪要", *WHO), "日期要写成 年-月-日"),
            (("agree", "drill/a b", "2099-11-30", "--document", "纪要", *WHO), "不能有空格"),
            (("agree", "drill", "1999-11-30", "--document", "纪要", *WHO), "不在服务期限内"),
            (("excuse", "weekly/1999-W01", "--document", "函", *WHO), "没有要交的文档 weekly/1999-W01；待交的："),
            (("withdraw", "99", *WHO), "没有第 99 号文档登记"),
            (("submit",), "缺少参数"),
        ],
    )
    def test_wrong_input_is_answered(self, desk: Desk, words: tuple[str, ...], said: str) -> None:
        code, answer = desk.run("documents", *words)
        assert (code in (2, 3), said in answer) == (True, True), answer
        assert "Traceback" not in answer

    def test_help_has_examples(self, desk: Desk) -> None:
        code, said = desk.run("documents", "--help")
        assert code == 0
        assert "xunjian documents --month 2026-10" in said
        for command in ("submit", "answer", "agree", "excuse", "list", "withdraw"):
            assert f"例：xunjian documents {command}" in desk.run("documents", command, "--help")[1]


def test_from_the_shell_from_beginning_to_end(desk: Desk) -> None:
    name = f"weekly/{THIS_WEEK}"
    (desk.home / "r.docx").write_bytes(b"PK first")
    (desk.home / "s.docx").write_bytes(b"PK second")
    next_year = (datetime.now(CHINA) + timedelta(days=300)).date()
    steps = [
        ("submit", f"周报-{THIS_WEEK}", "r.docx"), ("answer", name, "退回", "--again", str(next_year), "--typos", "3"),
        ("submit", name, "s.docx"), ("answer", name, "接收"),
    ]  # fmt: skip
    for words in steps:
        code, said = desk.run("documents", *words, *WHO)
        assert (code, said.startswith("已登记第 ")) == (0, True), said
    refused = desk.run("documents", "submit", name, "r.docx", *WHO)
    assert (refused[0], "登记错了就更正或撤回第 4 号" in refused[1]) == (2, True)
    assert desk.run("documents", "withdraw", "5", *WHO)[0] == 0
    said = desk.run("documents", "list", "--all")[1]
    for entry in (
        "第 2 号 提交 r.docx（命令行登记）：按流程登记", f"第 3 号 退回 {next_year} 前重新提交，错别字 3 处",
        "第 5 号 接收：按流程登记（已更正，不算）", "第 6 号 撤回登记",
    ):  # fmt: skip
        assert entry in said
    one = desk.one(name, datetime.now(UTC))
    assert one.state(datetime.now(UTC)) is State.SUBMITTED
    assert [each.typos for each in one.submissions] == [3, 0]
    desk.put("会议.zip")
    assert "收件目录里的 会议.zip 没有收：文件名对不上要交的文档" in desk.run("documents", "list")[1]
    assert desk.run("documents", "agree", "drill/2099", "2099-06-30", "--document", "纪要", *WHO)[0] == 0
    assert "演练报告 2099" in desk.run("documents", "list", "--format", "json")[1]
    assert "完好" in desk.run("audit", "verify")[1]


class TestForms:
    @pytest.fixture(autouse=True)
    def environment(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XUNJIAN_HOME", str(desk.settings.home))
        monkeypatch.setenv("XUNJIAN_CONTRACT", str(desk.settings.contract))

    @pytest.mark.parametrize(("form", "titles"), [
        (DocumentSubmission, ["文档", "文件", "由程序发送", "提交时间", "回执", "登记人", "说明", "更正"]),
        (DocumentAnswer, ["文档", "甲方意见", "重新提交的期限", "错别字", "时间", "甲方答复人", "意见", "更正"]),
        (DocumentAgreement, ["文档", "约定的日期", "依据文件", "登记人", "说明"]),
        (DocumentExcuse, ["文档", "依据文件", "决定人", "原因"]),
    ])  # fmt: skip
    def test_the_fields_in_the_order_in_which_they_are_filled_in(self, form: Any, titles: list[str]) -> None:
        assert [field["title"] for field in form.model_json_schema()["properties"].values()] == titles

    def test_handed_in_returned_and_accepted(self, desk: Desk) -> None:
        name = f"weekly/{THIS_WEEK}"
        desk.put("随便.docx")
        assert document_submission.fn(DocumentSubmission(document=name, file="随便.docx", **SAID)).name == "已登记"
        with pytest.raises(RequestError, match="退回的要写明何时前重新提交"):
            document_answer.fn(DocumentAnswer(document=name, answer=Answer.RETURNED, **SAID))
        said = document_answer.fn(DocumentAnswer(document=name, answer=Answer.ACCEPTED, **SAID)).message
        assert said == f"第 3 号事件：{name} 接收：按流程登记"
        [first, _] = desk.ledger.events(DOCUMENT)
        assert (first.via, first.body["how"]) == ("ui", "form")

    def test_a_wrong_time_is_corrected_without_the_file(self, desk: Desk) -> None:
        now = datetime.now(CHINA)
        desk.put("a.docx")
        name = f"weekly/{THIS_WEEK}"
        document_submission.fn(DocumentSubmission(document=name, file="a.docx", **SAID))
        document_submission.fn(DocumentSubmission(document=name, at=f"{now:%H:%M}", corrects=2, **SAID))
        [one] = desk.one(name, datetime.now(UTC)).submissions
        assert (one.number, one.name) == (3, "a.docx")

    def test_agreed_upon_and_excused(self, desk: Desk) -> None:
        agreed = {"document": "remediation/2099-1", "due": "2099-06-30", "paper": "纪要〔2099〕1号"}
        document_agreement.fn(DocumentAgreement(**agreed, **SAID))
        now = datetime.now(UTC)
        assert desk.one("remediation/2099-1", now).due_day == date(2099, 6, 30)
        document_excuse.fn(DocumentExcuse(document="安全整改报告 2099-1", paper="函〔2099〕2号", **SAID))
        assert desk.one("remediation/2099-1", now).state(now) is State.EXCUSED

    @pytest.mark.parametrize("name", ["没有.docx", "../secrets/key.docx", "/etc/passwd", "/dev/zero.docx", "空.docx"])
    def test_files_that_cannot_be_handed_in(self, desk: Desk, name: str) -> None:
        desk.put("空.docx", b"")
        secrets = desk.settings.secrets_dir
        secrets.mkdir(parents=True)
        (secrets / "key.docx").write_bytes(b"secret")
        (desk.settings.inbox_dir / "link.docx").symlink_to(secrets / "key.docx")
        for each in (name, "link.docx"):
            with pytest.raises(InboxError):
                named(desk.settings, each)
        assert desk.ledger.events(DOCUMENT) == []


class TestDesk:
    def test_a_date_of_long_ago_needs_a_receipt(self, desk: Desk) -> None:
        now, at = there("2024-10-10 09:00"), there("2024-10-08 17:00")
        file = ("周报.docx", b"PK")
        with pytest.raises(RequestError, match="要写回执"):
            desk.at(now).submit("weekly/2024-W40", file, Handed(at, "cli"), BY)
        desk.at(now).submit("weekly/2024-W40", file, Handed(at, "cli", "甲方办公室张某 10-08 17:00 签收"), BY)
        assert not desk.one("weekly/2024-W40", now).late(now)

    @pytest.mark.parametrize(
        ("at", "said"),
        [("2024-10-10 09:02", "还没有到"), ("2024-09-29 23:59", "从 2024-09-30 算起"), ("2023-10-01 09:00", "太早")],
    )
    def test_times_that_cannot_be(self, desk: Desk, at: str, said: str) -> None:
        with pytest.raises(RequestError, match=said):
            desk.at(there("2024-10-10 09:00")).submit(
                "weekly/2024-W40", ("a.docx", b"PK"), Handed(there(at), "cli", "签收"), BY
            )
        assert desk.ledger.events(DOCUMENT) == []

    def test_the_same_file_is_not_handed_in_anew(self, desk: Desk) -> None:
        desk.submit("weekly/2024-W40", there("2024-10-08 09:00"))
        answered = there("2024-10-08 10:00")
        desk.at(answered).answer("weekly/2024-W40", answered, BY, again=date(2024, 10, 11))
        with pytest.raises(RequestError, match="一字不差"):
            desk.submit("weekly/2024-W40", there("2024-10-09 09:00"))
        desk.submit("weekly/2024-W40", there("2024-10-11 09:00"), b"PK better")
        assert not desk.one("weekly/2024-W40", there("2024-10-20 09:00")).late(there("2024-10-20 09:00"))

    def test_two_at_once_enter_one(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """Given somebody who is faster between the look and the entry, then the other is refused, not doubled."""
        enter, at = Ledger.enter, there("2024-10-08 09:00")

        def beaten(ledger: Ledger, *words: Any, **more: Any) -> Any:
            monkeypatch.setattr(Ledger, "enter", enter)
            desk.submit("weekly/2024-W40", at, b"PK other")
            return enter(ledger, *words, **more)

        monkeypatch.setattr(Ledger, "enter", beaten)
        with pytest.raises(RequestError, match="已在 10-08 09:00 提交"):
            desk.submit("weekly/2024-W40", at)
        assert len(desk.ledger.events(DOCUMENT)) == 1

    def test_what_is_most_secret_is_kept_encrypted(self, desk: Desk) -> None:
        key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        desk.helpers.write_secret(desk.settings.secrets_dir, "evidence.key", key)
        duty = {"id": "weekly", "title": "周报", "rule": "week", "due": 1, "grade": 3}
        desk.write(there("2024-10-01 09:00"), documents=[duty])
        at = there("2024-10-08 09:00")
        desk.submit("weekly/2024-W40", at, b"PK business data")
        [event] = desk.ledger.events(DOCUMENT)
        kept = event.body["evidence"]
        assert (kept["grade"], kept["path"].endswith(".docx.enc")) == (3, True)
        assert kept["sha256"] != event.body["sha256"]
        folder = desk.settings.root
        assert not [path for path in folder.rglob("*") if path.is_file() and b"business data" in path.read_bytes()]
        assert Office(desk.settings).evidence.opened(kept["path"], kept["sha256"]) == b"PK business data"

    def test_what_was_handed_in_is_evidence_like_any_other(self, desk: Desk) -> None:
        """It is verified, exported, backed up, and known to whoever destroys what nobody named."""
        desk.submit("weekly/2024-W40", there("2024-10-08 09:00"))
        [kept] = [one.body["evidence"] for one in desk.ledger.events(DOCUMENT)]
        settings = desk.settings
        assert [one.path for one in desk.ledger.files()] == [kept["path"]]
        record = desk.ledger.evidence_at(kept["path"])
        assert record is not None
        assert (record.target, record.kind, record.grade) == ("weekly/2024-W40", "document", 2)
        made = back_up(settings.ledger, settings.evidence_dir, settings.backup_dir, datetime.now(UTC))
        assert (made.copied, made.verdict.problems) == (1, [])
        (settings.evidence_dir / kept["path"]).write_bytes(b"another")
        with stored(settings.ledger, settings.evidence_dir) as book:
            assert [one.what for one in verify(book).problems] == [f"证据文件 {kept['path']} 被改动"]

    def test_findings_of_the_content_go_on_record_with_it(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any) -> Any:
            raise ValueError("x")

        monkeypatch.setattr(document_examination, "EXAMINERS", (("DOC09", broken),))
        said = desk.submit("weekly/2024-W40", there("2024-10-08 09:00"))
        assert said.splitlines()[-1] == "　周报.docx 没有核对：ValueError"
        [finding] = desk.one("weekly/2024-W40", there("2024-10-09 09:00")).submissions[0].findings
        assert (finding["check"], finding["state"], finding["reason"]) == ("DOC09", "UNKNOWN", "bug")

    def test_a_ledger_of_before_there_were_documents_begins_with_the_first_entry(self, desk: Desk) -> None:
        [event] = desk.ledger.events(CONTRACT)
        old = {name: value for name, value in event.body["contract"].items() if name != "documents"}
        before = event.model_dump(exclude={"id", "entered_at"}) | {"body": {**event.body, "contract": old}}
        other = Ledger(f"sqlite:///{desk.home}/other.db")
        other.enter(type(event).__base__(**before), BEGAN)  # type: ignore[misc]
        now = there("2024-10-15 09:00")
        book = DocumentBook(other, desk.settings)
        assert not [one for one in book.documents(now) if one.late(now)]
        at = there("2024-10-09 09:00")
        DocumentDesk(other, desk.settings, at).submit("monthly/2024-09", ("a.docx", b"PK"), Handed(at, "cli"), BY)
        late = [one.subject for one in DocumentBook(other, desk.settings).documents(now) if one.late(now)]
        assert late == ["quarterly/2024-Q3", "weekly/2024-W41"]

    def test_the_register_is_computed_once_until_something_is_entered(self, desk: Desk) -> None:
        book, at = DocumentBook(desk.ledger, desk.settings), there("2024-10-08 09:00")
        first = book.today(at)
        assert book.today(at + timedelta(hours=9)) is first
        desk.submit("weekly/2024-W40", at)
        assert book.today(at) is not first
        assert book.today(at + timedelta(days=1)) is not book.today(at)


class TestInbox:
    def look(self, desk: Desk, seconds: float = 120) -> list[Any]:
        now = datetime.now(UTC) + timedelta(seconds=seconds)
        return document_inbox.look_over(desk.ledger, desk.settings, now)

    @pytest.mark.parametrize("name", ["周报-{}.docx", "weekly-{}.pdf", "WEEKLY-{}.PDF"])
    def test_what_is_named_as_a_document_is_taken_as_handed_in(self, desk: Desk, name: str) -> None:
        name = name.format(THIS_WEEK)
        path = desk.put(name)
        changed = datetime.fromtimestamp(path.stat().st_ctime, UTC)
        os.utime(path, (0, 0))  # whoever puts it there can set that
        assert self.look(desk) == []
        [event] = desk.ledger.events(DOCUMENT)
        assert (event.subject, event.body["how"], event.body["name"]) == (f"weekly/{THIS_WEEK}", "folder", name)
        assert abs(event.at - changed) < timedelta(seconds=5)
        assert event.via == f"folder:{event.who}"
        assert event.who == path.parent.owner()
        assert not path.exists()
        assert (path.parent / "taken" / name).read_bytes() == b"PK weekly"
        assert self.look(desk) == []

    def test_what_is_still_being_written_waits(self, desk: Desk) -> None:
        path = desk.put(f"周报-{THIS_WEEK}.docx")
        assert [one.why for one in self.look(desk, 30)] == ["刚刚还在写入，一分钟没有变化就收"]
        assert path.exists()
        assert desk.ledger.events(DOCUMENT) == []

    def test_what_fits_nothing_is_told_and_left(self, desk: Desk) -> None:
        desk.put("会议照片.zip")
        desk.put("~$周报.docx")
        desk.put(".周报.docx.swp")
        desk.put("说明.txt")
        [left] = self.look(desk)
        assert left.name == "会议照片.zip"
        assert "文件名对不上要交的文档" in left.why
        assert len(list(desk.settings.inbox_dir.iterdir())) == 5

    def test_a_kill_between_record_and_move_hands_it_in_once(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        path = desk.put(f"周报-{THIS_WEEK}.docx")
        with monkeypatch.context() as patch:
            patch.setattr(document_inbox, "take", lambda *_: None)
            self.look(desk)
        assert path.exists()
        assert self.look(desk) == []
        assert not path.exists()
        assert len(desk.ledger.events(DOCUMENT)) == 1

    def test_another_file_of_what_was_handed_in_is_told(self, desk: Desk) -> None:
        desk.put(f"周报-{THIS_WEEK}.docx")
        self.look(desk)
        desk.put(f"周报-{THIS_WEEK}.docx", b"PK changed")
        [left] = self.look(desk)
        assert "登记错了就更正或撤回第 2 号" in left.why

    def test_what_was_taken_is_not_overwritten(self, desk: Desk) -> None:
        path = desk.put(f"周报-{THIS_WEEK}.docx")
        self.look(desk)
        now = datetime.now(UTC)
        desk.at(now).answer(f"weekly/{THIS_WEEK}", now, BY, again=now.date() + timedelta(days=9))
        desk.put(path.name, b"PK better")
        assert self.look(desk) == []
        assert sorted(one.read_bytes() for one in (path.parent / "taken").iterdir()) == [b"PK better", b"PK weekly"]

    def test_links_are_no_documents(self, desk: Desk) -> None:
        other = desk.home / "other.docx"
        other.write_bytes(b"PK")
        desk.put("x.docx")
        (desk.settings.inbox_dir / f"周报-{THIS_WEEK}.docx").symlink_to(other)
        assert [one.name for one in waiting(desk.settings.inbox_dir, datetime.now(UTC))] == ["x.docx"]

    def test_a_folder_that_cannot_be_is_said(self, desk: Desk) -> None:
        desk.settings.root.mkdir(exist_ok=True)
        desk.settings.inbox_dir.write_bytes(b"")
        with pytest.raises(InboxError, match="XUNJIAN_INBOX"):
            self.look(desk)


def _same(at: datetime) -> datetime:
    return at


class TestReminders:
    """The watch goes its rounds with a clock of the test's own; whoever is told is a real HTTP server."""

    TUESDAY = there("2024-10-15 08:00")  # in the week whose report is due on Monday the 21st

    @pytest.fixture
    def sinks(self) -> Iterator[tuple[WebhookSink, WebhookSink]]:
        with WebhookSink() as first, WebhookSink() as second:
            yield first, second

    @pytest.fixture
    def told(self, tmp_path: Path, helpers: Any, sinks: tuple[WebhookSink, WebhookSink]) -> Desk:
        channels = [
            {"id": name, "title": name, "kind": "webhook", "url": f"{sink.url}/notices"}
            for name, sink in zip(("one", "two"), sinks, strict=True)
        ]
        escalation = [{"who": "驻场工程师", "channels": ["one"]}, {"who": "项目经理", "channels": ["two"]}]
        weekly = {"id": "weekly", "title": "周报", "rule": "week", "due": 1, "grade": 3}
        more = {
            "channels": channels,
            "escalation": escalation,
            "documents": [weekly],
            "deadlines": {"feedback": "23:59"},
        }
        return Desk(tmp_path, helpers, there("2024-10-14 00:00"), **more)

    def rounds(self, desk: Desk, *moments: str) -> None:
        """A watch that has just been started goes one round at each."""
        for at in map(there, moments):
            Watch(Office(desk.settings), trusting(desk.home), partial(_same, at)).round()

    def lines(self, sink: WebhookSink) -> list[str]:
        said = [post.body["text"] for post in sink.received]
        return [line for text in said for line in text.splitlines() if "【文档】周报 2024-W42" in line]

    def test_ahead_on_the_day_and_late_each_once(self, told: Desk, sinks: tuple[WebhookSink, WebhookSink]) -> None:
        first, second = sinks
        self.rounds(told, "2024-10-17 08:59", "2024-10-17 09:00", "2024-10-17 09:01", "2024-10-20 12:00")
        ahead = "【文档】周报 2024-W42：2024-10-21 24:00前交甲方项目负责人"
        assert self.lines(first) == [ahead], "two working days ahead: on Thursday"
        self.rounds(told, "2024-10-21 08:59", "2024-10-21 09:00", "2024-10-21 18:00")
        assert len(self.lines(first)) == 2
        assert "今天到期" in self.lines(first)[1]
        assert self.lines(second) == []
        self.rounds(told, "2024-10-22 00:00", "2024-10-22 00:01", "2024-10-22 09:00")
        assert len(self.lines(first)) == 2, "who was to do it has heard; now the next one does"
        assert [("逾期未交" in line) for line in self.lines(second)] == [True]

    def test_what_is_there_is_not_asked_for(self, told: Desk, sinks: tuple[WebhookSink, WebhookSink]) -> None:
        at = there("2024-10-20 09:00")
        key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        told.helpers.write_secret(told.settings.secrets_dir, "evidence.key", key)
        told.submit("weekly/2024-W42", at)
        self.rounds(told, "2024-10-21 09:00", "2024-10-22 09:00")
        assert self.lines(sinks[0]) == self.lines(sinks[1]) == []
        answered = there("2024-10-22 10:00")
        told.at(answered).answer("weekly/2024-W42", answered, BY, again=date(2024, 10, 24))
        self.rounds(told, "2024-10-24 09:30")
        assert "今天到期" in self.lines(sinks[0])[0]
        assert "退回后重交" in self.lines(sinks[0])[0]

    def test_the_watch_looks_into_the_inbox(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        name = f"周报-{THIS_WEEK}.docx"
        desk.put(name)
        later = datetime.now(UTC) + timedelta(minutes=2)
        Watch(Office(desk.settings), trusting(desk.home), lambda: later).round()
        assert [one.body["name"] for one in desk.ledger.events(DOCUMENT)] == [name]


def read_artifact(run_id: Any, key: str) -> str:
    async def read() -> str:
        async with get_client() as client:
            [one] = [each for each in await client.read_artifacts() if each.key == key and each.flow_run_id == run_id]
            return str(one.data)

    return asyncio.run(read())


class TestTimeliness:
    def looked(self, desk: Desk, at: datetime, trigger: str = "cli") -> dict[str, tuple[str, str]]:
        """A run at a moment: state and summary of each document."""
        from checks.slots import document_slot

        office = Office(desk.settings)
        slot = document_slot(office.contract, at.astimezone(CHINA).date())
        office.expect([slot])
        outcome = carried_out(office, slot, Caller("", trigger, "x", "x"), {}, lambda run: looked_over(run, at))
        return {target: (finding.state.value, finding.summary) for target, finding in outcome.findings}

    def test_a_finding_for_each_that_is_not_there(self, desk: Desk) -> None:
        desk.submit("weekly/2024-W40", there("2024-10-08 08:00"))
        found = self.looked(desk, there("2024-10-11 09:00"))
        assert {name: state for name, (state, _) in found.items()} == {
            "monthly/2024-09": "CRIT",  # since yesterday
            "quarterly/2024-Q3": "WARN",  # tomorrow, the make-up Saturday
            "weekly/2024-W41": "WARN",  # on Monday: two working days
            "monthly/2024-10": "OK",
            "quarterly/2024-Q4": "OK",
            "half-yearly/2024-H2": "OK",
        }
        assert "逾期未交，已 9 小时；应在 2024-10-10 24:00 前交甲方项目负责人" in found["monthly/2024-09"][1]
        assert all(state for state, _ in found.values())

    def test_what_is_agreed_upon_waits_for_a_person(self, desk: Desk) -> None:
        """The yearly report: once its year is over, and nobody has put a date on record."""
        found = self.looked(desk, there("2025-01-02 09:00"))
        assert found["yearly/2024"] == ("UNKNOWN", "年报 2024 期限不定：双方约定，还没有登记约定的日期")
        assert "yearly/2025" not in found

    def test_due_days_go_on_record_and_the_old_ones_stay(self, desk: Desk) -> None:
        self.looked(desk, there("2024-10-08 09:00"))
        before = len(desk.ledger.events(DOCUMENT))
        self.looked(desk, there("2024-10-09 09:00"))
        assert len(desk.ledger.events(DOCUMENT)) == before, "what stands on record is not entered again"
        calendar = {"source": "示例通知〔2024〕1号", "holidays": ["2024-10-14"], "workdays": ["2024-10-13"]}
        desk.write(there("2024-10-09 10:00"), calendar=calendar)
        self.looked(desk, there("2024-10-10 09:00"))
        one = desk.one("weekly/2024-W41", there("2024-10-10 10:00"))
        assert [day for _, day in one.dues] == ["2024-10-14", "2024-10-15"]
        steps = {each.body["step"] for each in desk.ledger.events(DOCUMENT)}
        assert steps == {Step.DUE}
        assert "示例通知〔2024〕1号" in desk.ledger.events(DOCUMENT)[-1].body["calendar"]
        desk.write(there("2024-10-16 10:00"), calendar={**calendar, "holidays": ["2024-10-14", "2024-10-15"]})
        self.looked(desk, there("2024-10-17 09:00"))
        assert desk.one("weekly/2024-W41", there("2024-10-17 10:00")).due_day == date(2024, 10, 15)

    def test_a_schedule_does_not_look_twice_a_day(self, desk: Desk) -> None:
        at = there("2024-10-08 09:00")
        assert self.looked(desk, at, "schedule")
        assert self.looked(desk, at, "catch-up") == {}
        assert self.looked(desk, at, "cli")

    def test_days_off(self, desk: Desk) -> None:
        office = Office(desk.settings)
        days = {"2024-10-01": True, "2024-10-12": False, "2024-10-13": True, "2098-10-13": False}
        assert {day: is_day_off(office, date.fromisoformat(day)) for day in days} == days

    def test_the_page_sorts_by_urgency(self, desk: Desk) -> None:
        at = there("2024-10-10 09:00")
        office = Office(desk.settings)
        desk.at(at).agree("drill", date(2024, 10, 11), "纪要", BY)
        known = DocumentBook(desk.ledger, desk.settings).documents(at)
        said = page(
            document_list(known, date(2024, 10, 10), at),
            [document_inbox.Left("a|b.docx", "文件名对不上")], at, office,
        )  # fmt: skip
        titles = [line for line in said.splitlines() if line.startswith("#")]
        assert titles == [
            "# 文档 2024-10-10", "## 今天到期：1 份", "## 本周到期：2 份", "## 逾期：1 份", "## 期限不定：0 份",
            "## 本月扣分的", "## 收件目录里没有收的",
        ]  # fmt: skip
        assert "已扣 **0.5** 分" in said
        assert r"a\|b\.docx" in said

    def test_the_flow_shows_the_list(self, desk: Desk, prefect: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XUNJIAN_HOME", str(desk.settings.home))
        monkeypatch.setenv("XUNJIAN_CONTRACT", str(desk.settings.contract))
        desk.put(f"周报-{THIS_WEEK}.docx")
        desk.put("别的.docx")
        state = asyncio.run(document_timeliness(DocumentTimeliness(), return_state=True))  # type: ignore[arg-type]
        assert (state.name, state.is_completed()) == ("发现问题", True), "reports of years ago are late"
        said = read_artifact(state.state_details.flow_run_id, "documents")
        assert "| 文档 | 最晚 | 状态 | 交给 |" in said
        assert "别的" in said
        today = Office(desk.settings).today()
        [run] = desk.ledger.runs(DOCUMENT_TIMELINESS, today, today)
        assert run.slot == f"document-timeliness/all/{today}"
        assert {one.finding.check for one in run.findings} == {"DOC01"}
        plan = asyncio.run(document_timeliness(DocumentTimeliness(dry_run=True), return_state=True))  # type: ignore[arg-type]
        assert plan.name == "试运行"
        assert len(desk.ledger.runs(DOCUMENT_TIMELINESS, today, today)) == 1
