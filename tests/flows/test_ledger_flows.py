"""The flows that watch over the ledger, in a real Prefect: how each ends when all is well, and when it is not."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from office_desk import FINE, by, looking, slot_of
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State as FlowState

from flows.audit_verify import audit_verify
from flows.coverage import CoveragePeriod, coverage
from flows.excuse import Excuse, excuse
from flows.ledger_backup import ledger_backup
from flows.office import Office
from flows.retention import retention
from flows.run import carried_out
from tasks.settings import Settings


@pytest.fixture
def office(tmp_path: Path, prefect: None, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A machine whose settings are in the environment; one of three systems was inspected today."""
    shutil.copytree(Path(__file__).parents[2] / "rehearsal" / "contract", tmp_path / "contract")
    settings = Settings(home=tmp_path / "home", contract=tmp_path / "contract")
    for name in ("home", "contract"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(settings, name)))
    office = Office(settings)
    carried_out(office, slot_of(office), by("cli"), {}, looking(office))
    return office


def artifact(state: FlowState, key: str) -> str:
    async def read() -> dict[str, str]:
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        async with get_client() as client:
            return {one.key or "": str(one.data) for one in await client.read_artifacts(artifact_filter=mine)}

    return asyncio.run(read())[key]


def run(flow: Any, *form: Any) -> FlowState:
    found = flow(*form, return_state=True)
    return asyncio.run(found) if asyncio.iscoroutine(found) else found


def test_coverage_shows_table_and_calendar(office: Office) -> None:
    # When
    state = run(coverage, CoveragePeriod(period=f"{office.today():%Y-%m}"))
    # Then
    assert state.is_completed()
    assert re.fullmatch(r"应做 \d+ = 完成 1 \+ .+", state.message or "")
    said = artifact(state, "coverage")
    assert "![日历图](data:image/png;base64,iVBOR" in said
    assert "| 页面巡检 | 协同办公系统 |" in said
    assert f"台账链头：{office.ledger.head()}" in said


def test_the_audit_fails_when_a_file_is_gone(office: Office) -> None:
    # Given: all is well
    fine = run(audit_verify)
    assert (fine.name, fine.is_completed()) == ("台账完好", True)
    # When: a row is changed behind the ledger's back
    import sqlite3

    with sqlite3.connect(office.settings.ledger.removeprefix("sqlite:///")) as connection:
        connection.execute("DROP TRIGGER finding_no_update")
        connection.execute("UPDATE finding SET state = 'WARN' WHERE id = 1")
    # Then
    state = run(audit_verify)
    assert (state.name, state.is_failed()) == ("台账不可信", True)
    assert "结论 1 被改动" in artifact(state, "audit-verify")
    assert run(ledger_backup).name == "备份不可信"


def test_the_backup_is_restored(office: Office) -> None:
    state = run(ledger_backup)
    assert (state.name, state.is_completed()) == ("备份完好", True)
    assert len(list(office.settings.backup_dir.glob("ledger-*.zip"))) == 1


def test_retention_has_nothing_to_do_within_the_term(office: Office) -> None:
    assert run(retention).name == "无需执行"


def test_an_excuse_from_the_form(office: Office) -> None:
    slot = slot_of(office, "mobile").id
    # When
    state = run(excuse, Excuse(slots=[slot], who="张三", why="机房停电", document="停电通知〔2026〕3号"))
    # Then
    assert state.name == "已登记"
    [entered] = office.ledger.events("excuse")
    assert (entered.subject, entered.who, entered.via) == (slot, "张三", "ui")
    said = artifact(run(coverage, CoveragePeriod(period=f"{office.today()}")), "coverage")
    assert "免除" in said
    assert "停电通知" in said
    assert FINE.summary not in said
