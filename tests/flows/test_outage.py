"""A system is switched off and on again: the probe sees it, an incident is open, real channels are told, it closes."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sinks import SmtpSink, WebhookSink
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from checks.incidents import INCIDENT, incidents
from checks.notices import DELIVERY
from checks.slots import probe_slot
from flows import availability_probe, watch
from flows.availability_probe import probe_until
from flows.caller import Caller
from flows.incident_report import draft_of
from flows.office import Office, now
from tasks.crypto.tls import trusting
from tasks.report import Format
from tasks.settings import Settings


class System:
    """A system with a switch: off, it answers 503."""

    def __init__(self) -> None:
        self.on = True
        self.app = Starlette(routes=[Route("/", self.answer)])

    async def answer(self, _: Request) -> Response:
        return PlainTextResponse("欢迎登录" if self.on else "维护", status_code=200 if self.on else 503)


@pytest.fixture
def system(serve: Any) -> tuple[System, str]:
    there = System()
    return there, serve(there.app)


def office_for(home: Path, url: str, mail_port: int, hook: WebhookSink) -> Office:
    contract = {
        "name": "合同", "client": {"name": "示例单位"}, "contractor": {"name": "示例公司"},
        "term": {"start": "2026-01-01", "end": "2035-12-31"},
        "channels": [
            {"id": "mail", "title": "邮件", "kind": "smtp", "host": "127.0.0.1", "port": mail_port, "security": "none",
             "sender": "xunjian@example.cn", "to": ["duty@example.cn"]},
            {"id": "hook", "title": "回调", "kind": "webhook", "url": f"{hook.url}/hook", "grade": 2},
        ],
        "escalation": [{"who": "驻场工程师", "channels": ["mail", "hook"]}],
    }  # fmt: skip
    journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
    probe = {"every": 1, "every_in_support": 1, "timeout": 0.4, "text": "登录"}
    (home / "contract" / "systems").mkdir(parents=True)
    system = {"id": "oa", "name": "OA 系统", "url": url, "probe": probe, "journeys": [journey]}
    for name, content in (("contract", contract), ("systems/oa", system)):
        with (home / "contract" / f"{name}.yaml").open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(content, file)
    return Office(Settings(home=home, contract=home / "contract"))


async def probing(office: Office, seconds: float) -> None:
    """One run of the probe, with its watch."""
    slot = probe_slot(office.contract, office.today())
    assert slot is not None
    office.expect([slot])
    run = office.begin(slot, Caller("", "schedule", "计划任务", "按计划执行"), {})
    seen = await probe_until(office, run, now() + timedelta(seconds=seconds))
    office.ledger.end(run, availability_probe._outcome(seen), now())


def test_switched_off_it_is_told_within_two_probes_and_switched_on_it_closes(
    system: tuple[System, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, url = system
    monkeypatch.setattr(availability_probe, "EVERY", 0.5)  # rounds of the watch
    with SmtpSink() as mail, WebhookSink() as hook:
        office = office_for(tmp_path, url, mail.port, hook)

        async def play() -> None:
            run = asyncio.create_task(probing(office, 12))
            await asyncio.sleep(3)
            there.on = False
            await asyncio.sleep(5)
            there.on = True
            await run

        asyncio.run(play())
        # Then: one incident, begun with the first bad probe, known with the second
        [one] = incidents(office.ledger.events(INCIDENT))
        assert timedelta(0) < one.discovered_at - one.started_at <= timedelta(seconds=2)
        assert one.restored_at is not None
        [told] = office.ledger.events(DELIVERY)
        assert (told.body["ok"], told.body["channel"], told.body["notices"]) == (True, "mail", [f"{one.id}/open"])
        assert told.at - one.discovered_at < timedelta(seconds=5)
        [letter] = mail.received
        assert one.id in letter.text
        assert "503" not in letter.text, "the channel is not cleared for what the system answered"
        assert hook.received == []
        # When: it has been quiet for long enough
        monkeypatch.setattr(watch, "now", lambda: one.restored_at + timedelta(minutes=31))
        for _ in range(2):
            watch.Watch(office, trusting(tmp_path)).round()
        # Then: it is cleared, and its report has a day on which it is due, entered once
        [cleared] = incidents(office.ledger.events(INCIDENT))
        assert cleared.cleared_at == one.restored_at + timedelta(minutes=30)
        assert len(cleared.reports_due) == 1
    report = draft_of(office, one.id)[Format.DOCX]
    assert report.name == f"故障报告-{one.id}.docx"


def test_when_the_first_channel_is_down_the_next_one_is_used(
    system: tuple[System, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, url = system
    there.on = False
    monkeypatch.setattr(availability_probe, "EVERY", 0.5)
    monkeypatch.setattr("checks.notices._AGAIN", timedelta(seconds=1))
    with SmtpSink() as mail:
        port = mail.port  # from now on nobody listens there
    with WebhookSink() as hook:
        office = office_for(tmp_path, url, port, hook)
        asyncio.run(probing(office, 8))
        tries = [(one.body["channel"], one.body["ok"]) for one in office.ledger.events(DELIVERY)]
        assert tries == [("mail", False), ("mail", False), ("hook", True)]
        [post] = hook.received
        assert "503" in str(post)
    # When: the watch starts anew
    again = watch.Watch(office, trusting(tmp_path))
    again.round()
    # Then: it tells nothing twice
    assert len(office.ledger.events(DELIVERY)) == 3
