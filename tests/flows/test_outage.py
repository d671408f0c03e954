"""A system is switched off and on again: the probe sees it, an incident is open, real channels are told, it closes."""

import asyncio
from datetime import date, datetime, timedelta
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
from checks.records import EventRecord
from checks.slots import probe_slot
from flows import watch
from flows.availability_probe import Hour, end_of_hour, probe_until, slot_of
from flows.caller import Caller
from flows.incident_drafts import WATCHING, draft_of
from flows.office import Office, now
from tasks.crypto.tls import trusting
from tasks.ledger import LedgerError
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
        "escalation": [{"who": "驻场工程师", "channels": ["mail", "hook"]}], "deadlines": {"feedback": "23:59"},
    }  # fmt: skip
    journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
    probe = {"every": 1, "every_in_support": 1, "timeout": 0.4, "text": "登录"}
    (home / "contract" / "systems").mkdir(parents=True)
    system = {"id": "oa", "name": "OA 系统", "url": url, "probe": probe, "journeys": [journey]}
    for name, content in (("contract", contract), ("systems/oa", system)):
        with (home / "contract" / f"{name}.yaml").open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(content, file)
    return Office(Settings(home=home, contract=home / "contract"))


def about(office: Office, incident: str) -> list[EventRecord]:
    """The tries to tell of an incident's beginning; the day's results are told beside it."""
    return [one for one in office.ledger.events(DELIVERY) if f"{incident}/open" in one.body["notices"]]


async def probing(office: Office, seconds: float) -> Hour:
    """One run of the probe, with its watch."""
    slot = probe_slot(office.contract, office.today())
    assert slot is not None
    office.expect([slot])
    run = office.begin(slot, Caller("", "schedule", "计划任务", "按计划执行"), {})
    hour = await probe_until(office, run, now() + timedelta(seconds=seconds), rounds=0.5)
    office.ledger.end(run, hour.outcome, now())
    return hour


def test_switched_off_it_is_told_within_two_probes_and_switched_on_it_closes(
    system: tuple[System, str], tmp_path: Path
) -> None:
    there, url = system
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
        told, *_ = about(office, one.id)
        assert (told.body["ok"], told.body["channel"], told.body["notices"]) == (True, "mail", [f"{one.id}/open"])
        assert told.at - one.discovered_at < timedelta(seconds=5)
        letter = next(letter for letter in mail.received if one.id in letter.text)
        assert "发现故障" in letter.text
        assert "503" not in letter.text, "the channel is not cleared for what the system answered"
        assert hook.received == []
        # When: it has been quiet for long enough
        later = one.restored_at + timedelta(minutes=31)
        for _ in range(2):
            watch.Watch(office, trusting(tmp_path), lambda: later).round()
        # Then: it is cleared, and its report has a day on which it is due, entered once
        [cleared] = incidents(office.ledger.events(INCIDENT))
        assert cleared.cleared_at == one.restored_at + timedelta(minutes=30)
        assert len(cleared.reports_due) == 1
    report = draft_of(office, one.id, WATCHING)
    assert report.name == f"故障报告-{one.id}.docx"


def test_when_the_first_channel_is_down_the_next_one_is_used(
    system: tuple[System, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, url = system
    there.on = False
    monkeypatch.setattr("checks.notices._AGAIN", timedelta(seconds=1))
    with SmtpSink() as mail:
        port = mail.port  # from now on nobody listens there
    with WebhookSink() as hook:
        office = office_for(tmp_path, url, port, hook)
        asyncio.run(probing(office, 8))
        [known] = incidents(office.ledger.events(INCIDENT))
        tries = [(one.body["channel"], one.body["ok"]) for one in about(office, known.id)]
        assert tries == [("mail", False), ("mail", False), ("hook", True)]
        post = next(post for post in hook.received if known.id in str(post))
        assert "503" in str(post)
    # When: the watch starts anew
    again = watch.Watch(office, trusting(tmp_path))
    again.round()
    # Then: it tells nothing twice
    assert [one.body["ok"] for one in about(office, known.id)] == [False, False, True]


def taken(office: Office) -> int:
    """How many readings of the last minutes are on record."""
    return sum(len(hour.ms) for hour in office.ledger.probe_hours("oa", now() - timedelta(minutes=5), now()))


def test_whatever_is_wrong_with_the_watch_the_probes_go_on_and_it_is_said(
    system: tuple[System, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: watch.Watch) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(watch.Watch, "round", broken)
    with WebhookSink() as hook:
        office = office_for(tmp_path, system[1], 9, hook)
        hour = asyncio.run(probing(office, 4))
    assert taken(office) == len(hour.seen) >= 3
    assert (hour.state.name, hour.state.type) == ("未能全部检查", "FAILED")
    assert "照看故障：a bug" in str(hour.state.message)


def test_a_reading_that_could_not_be_recorded_is_unknown_and_the_next_one_is_recorded(
    system: tuple[System, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebhookSink() as hook:
        office = office_for(tmp_path, system[1], 9, hook)
        probed, asked = office.ledger.probed, []

        def full(*words: Any) -> None:
            asked.append(words)
            if len(asked) == 2:
                raise LedgerError("磁盘已满")
            probed(*words)

        monkeypatch.setattr(office.ledger, "probed", full)
        hour = asyncio.run(probing(office, 5))
    assert taken(office) == len(hour.seen) == len(asked) - 1 >= 3
    assert hour.troubles == ["OA 系统的探测没有记入：磁盘已满"]


@pytest.mark.parametrize(
    ("start", "day", "until"),
    [
        ("2026-03-01 00:10", "2026-03-01", "2026-03-01 01:00"),
        ("2026-03-01 22:59", "2026-03-01", "2026-03-02 00:00"),
        ("2026-03-01 23:30", "2026-03-01", "2026-03-02 00:00"),
        ("2026-03-01 23:59", "2026-03-02", "2026-03-02 01:00"),
        ("2025-12-31 23:59", "2026-01-01", "2026-01-01 01:00"),
        ("2035-12-31 23:59", None, "2036-01-01 01:00"),
    ],
)
def test_what_begins_a_minute_before_midnight_is_for_the_day_that_comes(
    system: tuple[System, str], tmp_path: Path, start: str, day: str | None, until: str
) -> None:
    with WebhookSink() as hook:
        contract = office_for(tmp_path, system[1], 9, hook).contract
    at, end = (datetime.fromisoformat(text).replace(tzinfo=contract.tz) for text in (start, until))
    assert end_of_hour(at) == end
    slot = slot_of(contract, at, end)
    assert (f"{slot.day}" if slot else None) == day


def test_at_midnight_the_run_of_the_day_that_ends_is_waited_for(system: tuple[System, str], tmp_path: Path) -> None:
    """Two that probe at once would make two bad probes in a row of one, and send each notice twice."""
    with WebhookSink() as hook:
        office = office_for(tmp_path, system[1], 1, hook)
    ends, comes = (probe_slot(office.contract, date(2026, 11, day)) for day in (23, 24))
    assert ends is not None
    assert comes is not None
    with office.ledger.claimed(ends) as mine:
        assert mine
        with office.ledger.claimed(comes) as free:
            assert not free
