"""The monthly restore drill from start to end: the flow, a real Prefect, real sshds, real backups and sources."""

import asyncio
import os
from datetime import datetime
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State as FlowState

from checks.finding import State
from checks.records import RunRecord
from checks.slots import RESTORE_DRILL
from flows.forms import CHINA
from flows.report_desk import REPORT
from flows.restore_drill import RestoreDrillForm, restore_drill
from flows.restore_faults import RestoreFaults
from rehearsal.hosts.estate import HostEstate
from rehearsal.hosts.faults import find
from tasks.ledger import Ledger
from tasks.settings import Settings

TARGETS = {"oa.db", "oa.files", "oa.cache", "mobile.db", "archive.db", "archive.originals"}


@pytest.fixture
def settings(host_settings: Settings, prefect: None, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine of the test's own: flows read its settings from the environment."""
    for name in ("home", "contract", "secrets", "known_hosts"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(host_settings, name)))
    return host_settings


def run(**form: Any) -> FlowState:
    return asyncio.run(restore_drill(RestoreDrillForm(**form), return_state=True))  # type: ignore[arg-type]


def recorded(settings: Settings) -> dict[str, RunRecord]:
    today = datetime.now(CHINA).date()
    return {
        one.slot.split("/")[1]: one for one in Ledger(settings.ledger).runs(RESTORE_DRILL, today.replace(day=1), today)
    }


async def artifacts(state: FlowState) -> dict[str, str]:
    async with get_client() as client:
        ours = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        return {one.key or "": str(one.data) for one in await client.read_artifacts(artifact_filter=ours)}


def test_every_backup_is_restored_and_nothing_stays(hosts: HostEstate, settings: Settings) -> None:
    # Given: a strict umask, as the shell command has it
    before = os.umask(0o077)
    # When
    try:
        state = run(who="值班员", why="测试")
    finally:
        os.umask(before)
    # Then
    assert state.name == "全部正常", state.message
    found = recorded(settings)
    assert set(found) == TARGETS
    visits = {target: one.restore_visits[-1] for target, one in found.items()}
    assert all(visit.gone and visit.opened and visit.sha256 for visit in visits.values())
    for target in ("oa.db", "mobile.db", "archive.db"):
        visit = visits[target]
        assert set(visit.tables) == {"attachment", "document", "notice"}
        assert visit.source is not None
        assert all(0 < rows <= visit.source[table] for table, rows in visit.tables.items())
        assert visit.definitions == visit.source_definitions
        assert visit.newest
    # and the report has each table beside the source
    text = asyncio.run(artifacts(state))["restore-report"]
    assert f"| attachment | {visits['oa.db'].tables['attachment']} |" in text
    assert {path.suffix for path in settings.reports_dir.glob("恢复演练报告-*")} >= {".docx", ".html", ".md"}
    [made] = Ledger(settings.ledger).events(REPORT)
    assert (made.subject, made.who) == (f"drill/{datetime.now(CHINA):%Y-%m}", "值班员")


def test_a_dry_run_reaches_for_nothing(settings: Settings) -> None:
    state = run(dry_run=True)
    assert state.name == "试运行"
    assert recorded(settings) == {}


@pytest.mark.parametrize(
    "name",
    ["oa-db-01:data-table-gone", "oa-db-01:data-rows-gone", "mobile-db-01:data-table-gone",
     "mobile-db-01:data-rows-gone"],
)  # fmt: skip
def test_what_only_a_restore_shows_is_found_and_clears(name: str, hosts: HostEstate, host_settings: Settings) -> None:
    # Given
    drill = RestoreFaults(host_settings, hosts)
    fault = find(name)
    target = fault.caught_by[0][0]
    # When
    hosts.fault(name)
    found = drill.look(fault, name, {target})
    hosts.clear(name)
    # Then
    assert set(fault.caught_by) <= {(one, finding.check, finding.state.value) for one, finding in found}
    assert {finding.state for _, finding in drill.look(fault, name, {target})} == {State.OK}


@pytest.mark.parametrize("name", ["archive-db-01:backup-flipped", "oa-cache-01:backup-cut"])
def test_a_broken_copy_is_one_that_cannot_be_restored(name: str, hosts: HostEstate, host_settings: Settings) -> None:
    drill = RestoreFaults(host_settings, hosts)
    fault = find(name)
    hosts.fault(name)
    found = {one.check: one.state for _, one in drill.look(fault, name, {fault.caught_by[0][0]})}
    hosts.clear(name)
    assert found["RS01"] is State.CRIT
    assert found["RS09"] is State.OK
