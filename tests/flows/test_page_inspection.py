"""The daily page inspection from start to end: the flow, a real Prefect server, a real browser, the practice estate."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State as FlowState
from pydantic import ValidationError

from checks.finding import State
from checks.records import RunRecord
from checks.slots import PAGE_INSPECTION, RequestError
from flows.forms import CHINA
from flows.page_inspection import PageInspection, page_inspection
from rehearsal.estate import Estate
from tasks import contract_folder
from tasks.ledger import Ledger
from tasks.settings import Settings

# What the sample contract expects of a day.
SYSTEMS, FINDINGS = {"oa", "mobile", "archive"}, 189


def run(**form: Any) -> FlowState:
    return asyncio.run(page_inspection(PageInspection(**form), return_state=True))  # type: ignore[arg-type]


def recorded(settings: Settings) -> list[RunRecord]:
    today = datetime.now(CHINA).date()
    return Ledger(settings.ledger).runs(PAGE_INSPECTION, today - timedelta(days=1), today)


def artifacts(state: FlowState) -> dict[str, str]:
    async def read() -> dict[str, str]:
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        async with get_client() as client:
            return {one.key or "": _plain(str(one.data)) for one in await client.read_artifacts(artifact_filter=mine)}

    return asyncio.run(read())


def _plain(data: str) -> str:
    """A table is kept as JSON."""
    return str(json.loads(data)) if data.startswith("[") else data


def reports(settings: Settings) -> set[str]:
    folder: Path = settings.reports_dir
    return {path.suffix for path in folder.iterdir() if path.stat().st_size} if folder.exists() else set()


def test_a_day_when_all_is_well(settings: Settings) -> None:
    # When
    began = datetime.now(UTC)
    state = run(who="值班员", why="交接前复查")
    # Then
    assert (state.is_completed(), state.name) == (True, "全部正常"), state.message
    runs = recorded(settings)
    assert {one.slot.split("/")[1] for one in runs} == SYSTEMS
    assert {r.finding.state for one in runs for r in one.findings} == {State.OK}
    assert sum(len(one.latest()) for one in runs) == FINDINGS
    # who, why, what, with which code and contract
    for one in runs:
        assert one.flow_run_id == str(state.state_details.flow_run_id)
        assert (one.trigger, one.who, one.why) == ("cli", "值班员", "交接前复查")
        assert one.code_version.startswith("0.1.0")
        assert one.contract_hash == contract_folder.hash_of(settings.contract)
        assert one.outcome == "OK"
        # on record as started before its first page
        assert began < one.started_at <= min(visit.started_at for visit in one.visits)
        assert one.ended_at is not None
        assert one.ended_at >= max(visit.started_at for visit in one.visits)
        assert all((settings.evidence_dir / file.path).stat().st_size == file.size for file in one.evidence)
    # and the report
    assert reports(settings) >= {".html", ".pdf", ".docx"}
    left = artifacts(state)
    assert set(left) == {"daily-report", "page-results", "evidence"}
    assert "巡检概况" in left["daily-report"]
    assert "协同办公系统" in left["page-results"]


def test_a_fault(settings: Settings, estate: Estate) -> None:
    # Given
    estate.fault("archive-search-empty")
    # When
    state = run(systems=["archive"])
    # Then: looked and found is completed
    assert (state.is_completed(), state.name) == (True, "发现问题"), state.message
    [one] = recorded(settings)
    bad = {(r.target, r.finding.check, r.attempt) for r in one.findings if r.finding.state is not State.OK}
    assert bad == {("archive/search", "PG05", 1), ("archive/search", "PG05", 2)}
    assert one.outcome == "CRIT"
    assert "检索" in artifacts(state)["daily-report"]


def test_a_system_that_refuses_the_login(settings: Settings, estate: Estate) -> None:
    # Given
    estate.fault("archive-captcha-login")
    # When
    state = run(systems=["archive"])
    # Then: could not look is failed, every planned item is on record, and there is a report
    assert (state.is_failed(), state.name) == (True, "未能全部检查")
    [one] = recorded(settings)
    assert {r.target for r in one.latest()} == {
        f"archive/{page}" for page in ("login", "home", "search", "preview", "borrow", "stats")
    }
    assert len(one.latest()) == 43
    assert (one.outcome, one.ended_at is not None) == ("UNKNOWN", True)
    assert reports(settings) >= {".html", ".pdf", ".docx"}


def test_a_machine_without_a_browser(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no browser, when the day comes, then every planned item is on record as not looked at, and reported."""
    monkeypatch.setenv("XUNJIAN_BROWSER", "/nonexistent")
    state = run()
    assert (state.is_failed(), state.name) == (True, "未能全部检查")
    found = [record.finding for one in recorded(settings) for record in one.latest()]
    assert len(found) == FINDINGS
    assert {finding.state for finding in found} == {State.UNKNOWN}
    assert reports(settings) == {".md", ".html", ".docx", ".json"}


def test_a_dry_run_opens_and_records_nothing(settings: Settings) -> None:
    # When
    state = run(dry_run=True)
    # Then
    assert (state.is_completed(), state.name) == (True, "试运行")
    assert recorded(settings) == []
    assert list(settings.evidence_dir.rglob("*.jpg")) == []
    assert "督办事项" in artifacts(state)["inspection-plan"]


TOMORROW = (datetime.now(CHINA) + timedelta(days=2)).date().isoformat()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"systems": ["none"]}, "合同里没有系统 none；可选："),
        ({"day": "2020-01-01"}, "不在服务期限内"),
        ({"day": TOMORROW}, "还没有到"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: Settings, form: dict[str, Any], said: str) -> None:
    # When
    with pytest.raises(RequestError, match=said):
        asyncio.run(page_inspection(PageInspection(**form)))  # type: ignore[arg-type]
    # Then
    assert recorded(settings) == []


def test_a_date_has_its_form() -> None:
    with pytest.raises(ValidationError):
        PageInspection(day="22.11.2026")
