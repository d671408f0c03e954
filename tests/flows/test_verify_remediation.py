"""The retest as people start it: the flow in a real Prefect, the command line, the form that is deployed."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State as FlowState
from retest_desk import FIXER, TESTER, Desk, opened
from typer.testing import CliRunner

from checks.slots import RETEST
from flows.cli import app
from flows.deployments import FILE
from flows.report_desk import REPORT
from flows.verify_remediation import RetestForm, verify_remediation
from tasks.prefect_server import deployments_in


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helpers: Any) -> Iterator[Desk]:
    with opened(tmp_path, monkeypatch, helpers) as made:
        yield made


def run(**form: Any) -> FlowState:
    return asyncio.run(verify_remediation(RetestForm(**form), return_state=True))  # type: ignore[arg-type]


async def artifacts(state: FlowState) -> dict[str, str]:
    async with get_client() as client:
        ours = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        return {one.key or "": str(one.data) for one in await client.read_artifacts(artifact_filter=ours)}


def shell(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_from_the_form_to_the_report(desk: Desk, prefect: None) -> None:
    """Given what the form offers, when a dry run and then a run is asked for, then the first records nothing, and the
    second ends by name, with its report beside it."""
    number = desk.enter()
    choice = f"{number} 高危 app-01:{desk.port} 缓存端口对办公网开放"
    asked = {"findings": [choice], "fixed_by": FIXER, "who": TESTER, "why": "整改完成"}
    # When
    dry = run(dry_run=True, **asked)
    # Then
    assert (dry.name, desk.runs(), desk.findings()[0].fixers) == ("试运行", [], ())
    # When
    state = run(**asked)
    # Then
    assert (state.name, state.message) == ("未全部修复", "未修复 1 个")
    text = asyncio.run(artifacts(state))[f"retest-{number.lower()}"].replace("\\", "")
    assert "现在（严重）：端口开放；应关闭（整改前没有可对比的证据）" in text
    assert f"| {TESTER} | {FIXER} |" in text
    [record] = desk.runs(number)
    assert (record.who, record.why, record.outcome) == (TESTER, "整改完成", "CRIT")
    [made] = desk.office().ledger.events(REPORT)
    assert (made.subject, made.who) == (f"retest/{number}", TESTER)
    # When it is mended
    desk.mended()
    assert run(**asked).name == "全部已修复"
    # When the host is gone
    desk.server.end_connections(itself=True)
    state = run(findings=[number], who=TESTER, why="复查")
    assert (state.is_failed(), state.name) == (True, "无法复测")
    assert desk.findings()[0].life.value == "verified"


def test_nobody_is_tested_by_himself_in_the_form(desk: Desk, prefect: None) -> None:
    number = desk.enter()
    state = run(findings=[number], fixed_by=FIXER, who=FIXER, why="自己测")
    assert state.is_failed()
    assert "不能自己复测" in str(state.message)
    assert (desk.runs(), desk.findings()[0].fixers) == ([], ())


def test_a_day_on_which_nothing_is_due(desk: Desk, prefect: None) -> None:
    assert run(who=TESTER, why="复查").name == "无需执行"


def test_the_shell_takes_a_before_and_says_what_is_wrong(desk: Desk) -> None:
    number, asset = desk.enter(), f"app-01:{desk.port}"
    taken = shell("probe", "port-closed", asset, "--finding", number, "--before", "--who", TESTER, "--why", "取证")
    assert (taken.exit_code, taken.stderr) == (1, "")
    assert "严重：端口开放；应关闭" in taken.stdout
    assert "已登记" in taken.stdout
    outside = shell("probe", "port-closed", "192.0.2.1:80")
    assert outside.exit_code == 2
    assert "hosts/ 里的主机、systems/ 里的网址、contract.yaml 的 assets" in outside.stderr
    nobody = shell("probe", "port-closed", asset, "--finding", number, "--before")
    assert (nobody.exit_code, "取证人" in nobody.stderr) == (2, True)
    unclaimed = shell("retest", number, "--who", TESTER, "--why", "x")
    assert (unclaimed.exit_code, "--fixed-by" in unclaimed.stderr) == (2, True)
    plan = shell("retest", number, "--who", TESTER, "--why", "x", "--fixed-by", FIXER, "--dry-run")
    assert (plan.exit_code, "没有探测，没有记台账" in plan.stdout) == (0, True)
    assert len(desk.runs()) == 1


def test_a_probe_alone_is_on_record(desk: Desk) -> None:
    done = shell("probe", "port-closed", f"app-01:{desk.port}", "--format", "json")
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    [record] = desk.runs()
    assert said["run"] == record.id
    assert record.slot.startswith(f"{RETEST}/port-closed@app-01:{desk.port}/")
    listed = json.loads(shell("probe", "--list", "--format", "json").stdout)
    assert {"id": "port-closed", "vantages": ["bastion", "here"]}.items() <= {
        key: value for one in listed if one["id"] == "port-closed" for key, value in one.items() if key != "params"
    }.items()


def test_follow_ups_run_every_morning() -> None:
    [one] = [one for one in deployments_in(FILE) if one["name"] == RETEST]
    assert one["schedules"] == [{"cron": "10 7 * * *", "timezone": "Asia/Shanghai", "active": True}]


def test_the_fields_in_the_order_in_which_they_are_filled_in() -> None:
    titles = [field["title"] for field in RetestForm.model_json_schema()["properties"].values()]
    assert titles == ["漏洞", "整改人", "试运行", "复测人", "原因"]
