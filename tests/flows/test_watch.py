"""The watch's rounds on a real ledger, with a real mail server; probes and clock are the test's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sinks import SmtpSink, WebhookSink

from checks.availability import Sight
from checks.channels import Webhook
from checks.downtime import SUPPORT, support_periods
from checks.entries import Who, support
from checks.incidents import INCIDENT, Incident, Step, incidents
from checks.notices import DELIVERY, NOTICE, Notice, Person, Sending
from checks.probe import Reading
from checks.secrecy import Grade
from checks.slots import probe_slot
from flows import incident_desk
from flows.availability_probe import interval
from flows.caller import Caller
from flows.event_book import EventBook
from flows.incident_board import board
from flows.office import Office
from flows.telling import number_of
from flows.watch import Watch
from tasks.crypto.tls import trusting
from tasks.ledger import Ledger, LedgerError
from tasks.settings import Settings

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday, 09:00 in Shanghai
CHANNEL = Webhook.model_validate({"id": "x", "title": "x", "kind": "webhook", "url": "http://127.0.0.1:1/"})
BY = Who("值班员", "记录", "cli:duty")


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


class Desk:
    """An office with one system and a channel or two; its contract can be written anew."""

    def __init__(self, home: Path, *channels: dict[str, Any]) -> None:
        self.home, self.now, self.channels = home, T0, list(channels)
        (home / "contract" / "systems").mkdir(parents=True)
        self.write()
        self.office = self.open()
        self.run = ""

    def open(self, **more: str) -> Office:
        return Office(Settings(home=self.home, contract=self.home / "contract", **more))  # type: ignore[arg-type]

    def write(self, **more: Any) -> None:
        names = [one["id"] for one in self.channels]
        contract = {
            "name": "合同", "client": {"name": "示例单位"}, "contractor": {"name": "示例公司"},
            "term": {"start": "2026-01-01", "end": "2026-12-31"}, "channels": self.channels,
            "escalation": [{"who": "驻场工程师", "channels": names}] if names else [], **more,
        }  # fmt: skip
        journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
        system = {"id": "oa", "name": "OA 系统", "url": "http://127.0.0.1:1", "journeys": [journey]}
        for name, content in (("contract", contract), ("systems/oa", system)):
            with (self.home / "contract" / f"{name}.yaml").open("w", encoding="utf-8") as file:
                YAML(typ="safe").dump(content, file)

    def probes(self, seen: str, since: float = 0) -> None:
        """One a minute: U up, D down."""
        slot = probe_slot(self.office.contract, T0.date())
        assert slot is not None
        self.office.expect([slot])
        run = self.office.begin(slot, Caller("", "schedule", "计划任务", "按计划执行"), {})
        for minute, mark in enumerate(seen):
            sight, fault = (Sight.UP, "") if mark == "U" else (Sight.DOWN, "拒绝连接")
            self.office.ledger.probed(run, "oa", 60, Reading(at(since + minute), sight, 5, fault))
        self.office.ledger.cut_off(run, at(since + len(seen)))

    def round(self, minutes: float, office: Office | None = None) -> None:
        """A watch that has just been started goes one round."""
        self.now = at(minutes)
        Watch(office or self.office, trusting(self.home), lambda: self.now).round()

    @property
    def known(self) -> list[Incident]:
        return incidents(self.office.ledger.events(INCIDENT))


def mail(port: int, name: str = "mail", **more: Any) -> dict[str, Any]:
    return {
        "id": name, "title": "邮件", "kind": "smtp", "host": "127.0.0.1", "port": port, "security": "none",
        "sender": "xunjian@example.cn", "to": ["duty@example.cn"], **more,
    }  # fmt: skip


def test_a_message_whose_record_a_kill_prevented_is_sent_again_under_the_same_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = Ledger.enter

    def cut_off(ledger: Ledger, event: Any, *words: Any, **more: Any) -> Any:
        if event.kind == DELIVERY:
            raise LedgerError("the process is gone")
        return enter(ledger, event, *words, **more)

    with SmtpSink() as sink:
        desk = Desk(tmp_path, mail(sink.port))
        desk.probes("UUDDD")
        monkeypatch.setattr(Ledger, "enter", cut_off)
        with pytest.raises(LedgerError):
            desk.round(5)
        monkeypatch.setattr(Ledger, "enter", enter)
        desk.round(6)
        desk.round(7)
    first, second = sink.received
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert [one.body["ok"] for one in desk.office.ledger.events(DELIVERY)] == [True]


def test_a_message_with_one_more_notice_is_another_message() -> None:
    """Or who drops what he has read already would drop the new one with it."""
    lines = ((Grade.LEAST, "x"),)
    first, more = (Notice(f"G-2026-000{number}/open", "G", 0, T0, lines) for number in (1, 2))
    alone, both = (Sending(notices, Person("驻场工程师", []), CHANNEL) for notices in ((first,), (first, more)))
    numbers = {number_of(alone), number_of(both), number_of(alone._replace(person=Person("项目经理", [])))}
    assert len(numbers) == 3
    assert number_of(both) == number_of(both._replace(notices=(first, more)))


def test_a_link_leads_to_the_list_of_incidents(tmp_path: Path) -> None:
    with SmtpSink() as sink:
        desk = Desk(tmp_path, mail(sink.port))
        desk.probes("UUDDD")
        desk.round(5, desk.open(link="http://xunjian.example:4200/"))
    [letter] = sink.received
    assert "http://xunjian.example:4200/artifacts/key/incidents" in letter.text
    assert "台账链头：" in letter.text


def test_a_secret_that_is_missing_is_a_failed_try_and_the_next_channel_is_used(tmp_path: Path) -> None:
    with WebhookSink() as hook:
        robot = {
            "id": "group",
            "title": "群",
            "kind": "dingtalk",
            "token": "dingtalk.token",
            "url": f"{hook.url}/robot",
        }
        post = {"id": "hook", "title": "回调", "kind": "webhook", "url": f"{hook.url}/notices"}
        (tmp_path / "secrets").mkdir(mode=0o700)
        (tmp_path / "secrets/dingtalk.token").write_text("hush-hush-hush", encoding="utf-8")
        (tmp_path / "secrets/dingtalk.token").chmod(0o600)
        desk = Desk(tmp_path, robot, post)
        (tmp_path / "secrets/dingtalk.token").unlink()
        desk.probes("UUDDD")
        for second in range(0, 46, 15):
            desk.round(5 + second / 60)
    tried = [(one.body["channel"], one.body["ok"]) for one in desk.office.ledger.events(DELIVERY)]
    assert tried == [("group", False), ("group", False), ("hook", True)]
    assert "dingtalk.token" in desk.office.ledger.events(DELIVERY)[0].body["answer"]


def test_new_limits_are_for_open_incidents_and_the_old_ones_stay_on_record(tmp_path: Path) -> None:
    """Given an incident that was cleared under the old limits and one that is open, when the contract changes."""
    with SmtpSink() as sink:
        desk = Desk(tmp_path, mail(sink.port))
        desk.probes("UDDUU")
        desk.round(5)
        desk.round(40)
        desk.probes("UDD", since=60)
        desk.round(63)
        desk.write(deadlines={"repair": 60, "document": 5})
        desk.office = desk.open()
        for minute in (64, 65):
            desk.round(minute)
    old, new = incident_desk.cases(desk.office.ledger, desk.office.contract)
    limits = [{clock.name: clock.limit for clock in case.clocks}["repair"] for case in (old, new)]
    assert limits == [timedelta(hours=8), timedelta(hours=1)]
    said = [one.why for one in desk.office.ledger.events(INCIDENT) if one.body["step"] == Step.LIMITS]
    assert len(said) == 3
    assert "480" in said[1]
    assert said[2].startswith("改为：")
    # the report's day had not come: it moves, and the old day stays beside it
    assert [due for _, due in old.incident.reports_due] == ["2026-11-26", "2026-11-30"]


def test_a_calendar_that_changes_moves_the_days_that_have_not_come(tmp_path: Path) -> None:
    with SmtpSink() as sink:
        desk = Desk(tmp_path, mail(sink.port))
        desk.probes("UDDUU")
        desk.round(5)
        desk.round(40)
        desk.write(calendar={"source": "示例通知〔2026〕1号", "holidays": ["2026-11-25"]})
        desk.office = desk.open()
        desk.round(41)
        desk.write(calendar={"source": "示例通知〔2026〕2号", "holidays": ["2026-11-24", "2026-11-25"]})
        desk.office = desk.open()
        desk.round(41 + 5 * 24 * 60)
    [one] = desk.known
    assert [due for _, due in one.reports_due] == ["2026-11-26", "2026-11-27"], "what was due is not moved afterwards"


def test_the_day_s_results_are_told_once_and_what_was_not_done_is_named(tmp_path: Path) -> None:
    with SmtpSink() as sink:
        desk = Desk(tmp_path, mail(sink.port))
        desk.round(8 * 60)  # 17:00
        assert sink.received == []
        for minute in (8 * 60 + 31, 8 * 60 + 32, 9 * 60):
            desk.round(minute)
    [letter] = sink.received
    assert "【巡检结果】11-23：还没有做完" in letter.text
    assert "未做：OA 系统 1 个页面" in letter.text
    assert [one.subject for one in desk.office.ledger.events(NOTICE)] == ["daily/2026-11-23"]


def test_who_names_nobody_is_told_nothing_and_all_is_on_record(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.probes("UUDDD")
    desk.round(5)
    desk.round(9 * 60)
    assert len(desk.known) == 1
    assert desk.office.ledger.events(DELIVERY) == desk.office.ledger.events(NOTICE) == []


def test_a_support_period_raises_the_rate_while_it_lasts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    office, book = desk.office, EventBook(desk.office.ledger)
    [system] = office.contract.systems
    assert interval(system, book, at(10)) == 60
    entry = support(office.contract, "示例保障", ["oa"], at(10), at(20), BY, T0, important=True)
    incident_desk.enter(office.ledger, entry, T0)
    assert [interval(system, book, at(minute)) for minute in (9.9, 10, 19.9, 20)] == [60, 30, 30, 60]
    [period] = support_periods(office.ledger.events(SUPPORT))
    assert period.name == "示例保障"


def test_the_board_shows_what_is_open_and_what_could_not_be_told(tmp_path: Path) -> None:
    with SmtpSink() as sink:
        port = sink.port
    desk = Desk(tmp_path, mail(port))
    assert "没有未解除的故障" in board(desk.office, T0)
    desk.probes("UUDDD")
    desk.round(5)
    said = board(desk.office, at(6))
    assert "OA 系统" in said
    assert "有 1 条通知没有送达" in said
    assert board(desk.office, at(7)) == said, "it is the same until something happens"


def test_the_board_shows_who_still_waits_though_another_was_told(tmp_path: Path) -> None:
    with SmtpSink() as gone:
        port = gone.port
    with SmtpSink() as sink:
        desk = Desk(tmp_path, mail(sink.port), mail(port, "other"))
        told = {"who": "驻场工程师", "channels": ["mail"]}
        waits = {"who": "项目经理", "channels": ["other"], "at_once": True}
        desk.write(escalation=[told, waits])
        desk.office = desk.open()
        desk.probes("UUDDD")
        desk.round(5)
    assert len(sink.received) == 1
    assert "有 1 条通知没有送达" in board(desk.office, at(6))
