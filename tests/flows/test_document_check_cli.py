"""documents check and documents mail, as an operator types them, and the form that mails."""

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from command import xunjian
from docx import Document
from sinks import SmtpSink

from checks.document_content import HEADINGS
from checks.records import DOCUMENT
from checks.slots import week_of
from flows.document_entry import DocumentSubmission, document_submission
from flows.standing import record_contract
from tasks import contract_folder
from tasks.ledger import Ledger
from tasks.settings import Settings

WHO = ("--who", "驻场工程师", "--why", "按流程登记")
THIS_WEEK = week_of(datetime.now(ZoneInfo("Asia/Shanghai")).date())


class Machine:
    """A contract whose weekly report is mailed, and a ledger that knows nothing yet."""

    def __init__(self, home: Path, helpers: Any, sink: SmtpSink) -> None:
        self.home, self.sink = home, sink
        journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
        folder = helpers.write_contract(
            home / "contract", {"id": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]}
        )
        channel = {
            "kind": "smtp", "id": "mail", "title": "邮件", "host": "127.0.0.1", "port": sink.port, "security": "none",
            "sender": "xunjian@example.cn", "to": ["duty@example.cn"], "grade": 2,
        }  # fmt: skip
        weekly = {
            "id": "weekly", "title": "周报", "rule": "week", "due": 1, "channel": "mail",
            "mail_to": ["office@client.example.cn"],
        }  # fmt: skip
        more = {
            "channels": [channel],
            "escalation": [{"who": "驻场工程师", "channels": ["mail"]}],
            "documents": [weekly, {"id": "monthly", "title": "月报", "rule": "month", "due": 3}],
        }
        head = yaml.safe_load((folder / "contract.yaml").read_text(encoding="utf-8"))
        (folder / "contract.yaml").write_text(yaml.safe_dump({**head, **more}, allow_unicode=True), encoding="utf-8")
        self.settings = Settings(home=home / "var", contract=folder)
        self.ledger = Ledger(self.settings.ledger)
        record_contract(self.ledger, folder, contract_folder.load(folder), datetime.now(UTC) - timedelta(days=40))

    def run(self, *words: str) -> tuple[int, str]:
        told = xunjian(self.home, *words, COLUMNS="400")
        return told.returncode, told.stdout + told.stderr

    def file(self, name: str, *headings: str, body: str = "无") -> Path:
        document = Document()
        for heading in headings:
            document.add_heading(heading, 1)
            document.add_paragraph(body)
        out = io.BytesIO()
        document.save(out)
        (self.home / name).write_bytes(out.getvalue())
        return self.home / name


@pytest.fixture
def machine(tmp_path: Path, helpers: Any) -> Any:
    with SmtpSink() as sink:
        yield Machine(tmp_path, helpers, sink)


def test_a_complete_report_with_nothing_to_compare(machine: Machine) -> None:
    machine.file("周报.docx", *HEADINGS["weekly"])
    code, said = machine.run("documents", "check", "周报.docx", "--as", f"weekly/{THIS_WEEK}", "--typos", "0")
    assert code == 0, said
    assert "DOC02 完整" in said
    assert "应有的 6 个标题都有" in said
    assert "待人工确认" in said or "由人核对" in said


def test_what_is_wrong_is_said_and_nothing_is_entered(machine: Machine) -> None:
    machine.file("周报.docx", *HEADINGS["weekly"][:-1], body="系统数量 3 个")
    code, said = machine.run(
        "documents", "check", "周报.docx", "--as", f"weekly/{THIS_WEEK}", "--typos", "6", "--format", "json"
    )
    assert code == 1, said
    found = {one["check"]: one["summary"] for one in json.loads(said)}
    assert "没有：下周计划" in found["DOC02"]
    assert "系统数：文档写 3 个，台账是 1 个" in found["DOC03"]
    assert "可扣 1.0 分" in found["DOC04"]
    assert not machine.ledger.events(DOCUMENT)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("旧.doc", "--as", f"weekly/{THIS_WEEK}"), 3, "另存为 DOCX"),
        (("没有.docx", "--as", f"weekly/{THIS_WEEK}"), 3, "没有.docx"),
        (("周报.docx", "--as", "weekly/2026-99"), 2, "周报没有周期 2026-99；写法：weekly/2026-W47"),
        (("周报.docx", "--as", "what/2026-99"), 2, "种类可选：weekly、monthly"),
        (("周报.docx",), 2, "缺少选项 --as"),
    ],
)
def test_what_cannot_be_checked(machine: Machine, words: tuple[str, ...], code: int, told: str) -> None:
    machine.file("周报.docx", "一、概述")
    (machine.home / "旧.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    got, said = machine.run("documents", "check", *words)
    assert (got, told in said) == (code, True), said


def test_mailed_and_on_record(machine: Machine) -> None:
    file = machine.file(f"周报-{THIS_WEEK}.docx", *HEADINGS["weekly"])
    code, said = machine.run("documents", "mail", f"weekly/{THIS_WEEK}", file.name, *WHO)
    assert code == 0, said
    assert f"提交 周报-{THIS_WEEK}.docx（邮件）" in said
    [event] = machine.ledger.events(DOCUMENT)
    assert "队列号 4F9A" in event.body["receipt"]
    [part] = machine.sink.received[0].message.iter_attachments()
    assert part.get_filename() == file.name
    assert part.get_content() == file.read_bytes()
    # When: once more
    code, said = machine.run("documents", "mail", f"weekly/{THIS_WEEK}", file.name, *WHO)
    # Then
    assert (code, len(machine.sink.received)) == (2, 1), said


def test_refused_and_not_on_record(machine: Machine) -> None:
    machine.sink.refused = {"office@client.example.cn": "550 5.1.1 no such user"}
    file = machine.file("周报.docx", *HEADINGS["weekly"])
    code, said = machine.run("documents", "mail", f"weekly/{THIS_WEEK}", file.name, *WHO)
    assert (code, "没有登记提交：没有发给任何人：收件人 office@client.example.cn 被拒绝：550" in said) == (3, True), (
        said
    )
    assert not machine.ledger.events(DOCUMENT)


@pytest.fixture
def form(machine: Machine, prefect: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fills in the form, with our settings."""
    for name in ("home", "contract"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(machine.settings, name)))

    def send(**fields: Any) -> Any:
        said = {"document": f"weekly/{THIS_WEEK}", "who": "驻场工程师", "why": "按流程登记", **fields}
        result = document_submission(DocumentSubmission(**said), return_state=True)
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    return send


def test_the_form_mails(machine: Machine, form: Any) -> None:
    file = machine.file("周报.docx", *HEADINGS["weekly"])
    ended = form(file=str(file), by_mail=True)
    assert ended.name == "已登记", ended.message
    assert len(machine.sink.received) == 1
    [event] = machine.ledger.events(DOCUMENT)
    assert (event.body["how"], event.via) == ("mail", "ui")


def test_the_form_mails_now_or_not_at_all(machine: Machine, form: Any) -> None:
    file = machine.file("周报.docx", *HEADINGS["weekly"])
    ended = form(file=str(file), by_mail=True, at="09:05")
    assert ended.is_failed()
    assert "由程序发送的，写明文件" in ended.message
    assert not machine.sink.received
