"""The register of findings where people work: forms, the page in the UI, reminders."""

import asyncio
import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from finding_machine import BY, CELLS, CHINA, NOW, SAID, Machine, report
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.utilities.callables import parameter_schema
from pydantic import BaseModel
from sinks import WebhookSink

from checks.finding_list import choices
from checks.finding_rows import Default
from flows.deployments import _of_findings, _offering
from flows.finding_board import KEY as FINDINGS
from flows.finding_board import FindingBoard, page
from flows.finding_entry import (
    FindingAccept,
    FindingFalsePositive,
    FindingFixed,
    FindingPlan,
    finding_accept,
    finding_false_positive,
    finding_fixed,
    finding_plan,
)
from flows.office import Office
from flows.watch import Watch
from tasks.crypto.tls import trusting
from tasks.finding_files import read
from tasks.prefect_server import deployments_in


@pytest.fixture
def machine(tmp_path: Path, helpers: Any) -> Machine:
    return Machine(tmp_path, helpers)


class TestForms:
    @pytest.fixture(autouse=True)
    def environment(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XUNJIAN_HOME", str(machine.settings.home))
        monkeypatch.setenv("XUNJIAN_CONTRACT", str(machine.settings.contract))

    @pytest.mark.parametrize(("form", "titles"), [
        (FindingPlan, ["漏洞", "整改措施", "责任人", "期限", "工单号", "探测项", "登记人", "说明", "更正"]),
        (FindingFixed, ["漏洞", "整改人", "整改时间", "登记人", "说明", "更正"]),
        (FindingAccept, ["漏洞", "接受至", "依据文件", "批准人", "原因", "更正"]),
        (FindingFalsePositive, ["漏洞", "依据文件", "确认人", "原因"]),
    ])  # fmt: skip
    def test_the_fields_in_the_order_in_which_they_are_filled_in(
        self, form: type[BaseModel], titles: list[str]
    ) -> None:
        assert [field["title"] for field in form.model_json_schema()["properties"].values()] == titles

    def test_each_enters_what_it_says(self, machine: Machine) -> None:
        machine.at(datetime.now(UTC)).enter(CELLS, BY)
        [offered] = choices(machine.at(datetime.now(UTC)).findings())
        until = f"{datetime.now(CHINA).date() + timedelta(days=30)}"
        states = [
            finding_plan.fn(FindingPlan(finding=offered, owner="系统管理员", **SAID)),
            finding_fixed.fn(FindingFixed(finding=offered, fixer="李四", **SAID)),
            finding_accept.fn(FindingAccept(finding=offered, until=until, paper="批示", **SAID)),
            finding_false_positive.fn(FindingFalsePositive(finding=offered, paper="确认单", **SAID)),
        ]
        assert {state.name for state in states} == {"已登记"}
        [one] = machine.at(datetime.now(UTC)).findings()
        steps = [event.body["step"] for event in one.events]
        assert steps == ["imported", "planned", "fixed", "accepted", "false-positive"]
        assert {event.via for event in one.events[1:]} == {"ui"}

    def test_findings_are_chosen_not_typed(self, machine: Machine) -> None:
        machine.at().enter(CELLS, BY)
        schema = {"definitions": {"Form": FindingPlan.model_json_schema()}}
        field = _offering(schema, choices(machine.at().findings()))["definitions"]["Form"]["properties"]["finding"]
        assert field["enum"] == ["F-2026-001 高危 oa-app-01:8080 高危端口开放"]
        assert "enum" not in str(_offering(schema, [])), "a choice of nothing could not be filled in"

    def test_every_form_is_deployed(self) -> None:
        from flows.deployments import FILE

        deployed = {one["name"] for one in deployments_in(FILE)}
        assert {"finding-plan", "finding-fixed", "finding-accept", "finding-false-positive"} <= deployed
        assert set(_of_findings()) <= deployed


def plain(markdown: str) -> str:
    """Without the marks that keep what a report said from being markup."""
    return markdown.replace("\\", "")


class TestBoard:
    def test_the_most_urgent_first(self, machine: Machine) -> None:
        desk = machine.at()
        desk.enter({**CELLS, "severity": "低危"}, BY)
        desk.enter({**CELLS, "asset": "oa-app-01:81", "title": "a|b <script>"}, BY)
        desk.enter({**CELLS, "asset": "oa-app-01:82"}, BY)
        desk.false_positive("F-2026-3", "确认单", BY)
        late = NOW + timedelta(days=8)
        shown = page(machine.at(late).findings(), late, Office(machine.settings))
        assert r"a\|b \<script\>（" in shown, "what a report said is no markup"
        said = plain(shown)
        rows = [line for line in said.splitlines() if line.startswith("| F-")]
        assert [row.split("|")[1].strip() for row in rows] == ["F-2026-002 高危", "F-2026-001 低危"]
        assert "逾期 1 天" in rows[0]
        assert "共 3 个，未闭环 2 个；**逾期：高危 1**" in said

    def test_thousands_stay_a_page(self, machine: Machine) -> None:
        path = machine.home / "x.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(report(1000, 0))
        table = read(path, {})
        machine.at().take(table.rows, Default("x"), table.heads, BY)
        said = plain(page(machine.at().findings(), NOW, Office(machine.settings)))
        assert len([line for line in said.splitlines() if line.startswith("| F-")]) == 200
        assert len(said.encode()) < 100_000
        assert "只列最急的 200 个" in said
        assert len(choices(machine.at().findings())) == 200

    def test_page_and_choices_follow_the_register(self, machine: Machine, prefect: None) -> None:
        """Given a form that is deployed, when a finding is entered, then the page has it, and the form too."""

        @flow(name="finding-board-of-a-test")
        async def rounds() -> tuple[list[str], Any]:
            async with get_client() as client:
                about = await client.create_flow(finding_plan)
                schema = parameter_schema(finding_plan).model_dump_for_openapi()
                number = await client.create_deployment(
                    about, "finding-plan", parameter_openapi_schema=schema, enforce_parameter_schema=True
                )
                board = FindingBoard(Office(machine.settings))
                await board.show()
                machine.at(datetime.now(UTC)).enter(CELLS, BY)
                await board.show()
                await board.show()
                pages = [str(one.data) for one in await client.read_artifacts() if one.key == FINDINGS]
                return pages, await client.read_deployment(number)

        pages, deployment = asyncio.run(rounds())
        assert sorted("oa-app-01" in plain(one) for one in pages) == [False, True]
        [field] = [one["properties"]["finding"] for one in deployment.parameter_openapi_schema["definitions"].values()]
        assert field["enum"] == choices(machine.at(datetime.now(UTC)).findings())
        assert field["title"] == "漏洞"
        assert deployment.enforce_parameter_schema


class TestReminders:
    """The watch goes its rounds with a clock of the test's own; whoever is told is a real HTTP server."""

    @pytest.fixture
    def sinks(self) -> Iterator[tuple[WebhookSink, WebhookSink]]:
        with WebhookSink() as first, WebhookSink() as second:
            yield first, second

    def test_by_what_the_channel_may_know(
        self, tmp_path: Path, helpers: Any, sinks: tuple[WebhookSink, WebhookSink]
    ) -> None:
        """Given two channels of grade 1 and 2, when a finding comes to be due and late, then each day's reminder goes
        out once, and only grade 2 hears which asset it is."""
        channels = [
            {"id": name, "title": name, "kind": "webhook", "url": f"{sink.url}/notices", "grade": grade}
            for name, sink, grade in zip(("one", "two"), sinks, (1, 2), strict=True)
        ]
        escalation = [
            {"who": "驻场工程师", "channels": ["one"]}, {"who": "项目经理", "channels": ["two"], "at_once": True}
        ]  # fmt: skip
        more = {"channels": channels, "escalation": escalation, "documents": [], "deadlines": {"feedback": "23:59"}}
        machine = Machine(tmp_path, helpers, **more)
        began = datetime(2090, 11, 20, 1, tzinfo=UTC)
        machine.at(began).enter(CELLS, BY)
        for days in (5, 6, 6, 7, 8):
            moment = began + timedelta(days=days, minutes=1)
            Watch(Office(machine.settings), trusting(machine.home), partial(_same, moment)).round()
        least, more_told = ([post.body["text"] for post in sink.received] for sink in sinks)
        lines = [line for text in least for line in text.splitlines() if "【漏洞】" in line]
        assert lines == [
            "【漏洞】2090-11-27 到期：高危 1。F-2090-001（高危）", "【漏洞】今天到期：高危 1。F-2090-001（高危）"
        ]  # fmt: skip
        assert "oa-app-01" not in "".join(least)
        assert "另有 1 行密级高于本渠道" in least[0]
        late = [text for text in more_told if "逾期未闭环" in text]
        assert len(late) == 1
        assert "　F-2090-001 oa-app-01:8080 高危端口开放" in late[0]


def _same(at: datetime) -> datetime:
    return at
