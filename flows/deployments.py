"""Applies prefect.yaml to a server, gives the forms their choices from the contract, and checks the schedules."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed
from prefect.utilities.asyncutils import run_coro_as_sync

from checks.contract import Contract
from checks.coverage import DUTIES
from checks.page_check import manual_targets
from checks.report_notes import REPORT_NOTE
from checks.slots import RETEST
from flows.report_kinds import label, readable
from tasks.prefect_server import POOL, Prefect, ServerError, deployments_in
from tasks.settings import Settings

BUILD_REPORT = "build-report"
FILE = Path(__file__).parent.parent / "prefect.yaml"


def deploy(prefect: Prefect, contract: Contract) -> list[str]:
    """Make the server's deployments what prefect.yaml says, and return their names.

    Raises:
        ServerError: Prefect refuses, or keeps a schedule that the file does not have (Prefect #23097).
    """
    prefect.run("--no-prompt", "work-pool", "create", POOL, "--type", "process", "--overwrite")
    prefect.run("--no-prompt", "deploy", "--all", "--prefect-file", str(FILE))
    wanted = deployments_in(FILE)
    run_coro_as_sync(_finish(wanted, contract))
    return [one["name"] for one in wanted]


async def _finish(wanted: list[dict[str, Any]], contract: Contract) -> None:
    async with get_client() as client:
        for one in wanted:
            function = one["entrypoint"].rpartition(".")[2]
            name = f"{function.replace('_', '-')}/{one['name']}"
            deployment = await client.read_deployment_by_name(name)
            schema = deployment.parameter_openapi_schema or {}
            await client.update_deployment(
                deployment.id, DeploymentUpdate(parameter_openapi_schema=_with_choices(schema, contract, one["name"]))
            )
            has = {(s.schedule.cron, s.schedule.timezone) for s in deployment.schedules
                   if s.active and isinstance(s.schedule, CronSchedule)}  # fmt: skip
            should = {(s["cron"], s["timezone"]) for s in one["schedules"]}
            if has != should:
                raise ServerError(f"部署 {name} 的计划与 prefect.yaml 不一致：服务器 {has}，文件 {should}")


async def offer_findings(findings: Sequence[str]) -> None:
    """Let the forms that are deployed offer these findings, which come and go while the deployments stay."""
    wanted = DeploymentFilter(name=DeploymentFilterName(any_=_of_findings()))
    async with get_client() as client:
        for one in await client.read_deployments(deployment_filter=wanted):
            schema = _offering(one.parameter_openapi_schema or {}, findings)
            await client.update_deployment(one.id, DeploymentUpdate(parameter_openapi_schema=schema))


def _of_findings() -> list[str]:
    """The deployments whose forms ask for a finding."""
    return [one["name"] for one in deployments_in(FILE) if one["name"].startswith("finding-") or one["name"] == RETEST]


def _offering(schema: dict[str, Any], findings: Sequence[str]) -> dict[str, Any]:
    """The fields `finding` and `findings` of a form as choices; plain fields as long as there is none."""
    for model in schema.get("definitions", {}).values():
        for name, field in model.get("properties", {}).items():
            if name in ("finding", "findings"):
                place = field["items"] if name == "findings" else field
                place.pop("enum", None)
                place.update({"enum": list(findings)} if findings else {})
    return schema


def _with_choices(schema: dict[str, Any], contract: Contract, name: str) -> dict[str, Any]:
    """Turn the fields `systems`, `system`, `hosts`, `backups` and `page` into choices that the contract gives, and
    `report` and `section` into those that the templates give.

    Args:
        name: the deployment's: not every backup is restored.
    """
    targets = {duty.id: list(duty.due(contract)) for duty in DUTIES}.get(name, [])
    legend = "、".join(f"{system.id}＝{system.name}" for system in contract.systems)
    for model in schema.get("definitions", {}).values():
        if "enum" in model:
            model.pop("description", None)  # a docstring for developers
        for field_name, field in model.get("properties", {}).items():
            if field_name == "systems":
                field["items"] = {"type": "string", "enum": [system.id for system in contract.systems]}
                field["description"] = f"{field.get('description', '')}（{legend}）"
            elif field_name == "system":
                field["enum"] = [system.id for system in contract.systems]
                field["description"] = legend
            elif field_name == "hosts" and contract.hosts:
                hosts = targets or [placed.host.name for placed in contract.all_hosts()]
                field["items"] = {"type": "string", "enum": hosts}
            elif field_name == "backups" and targets:
                field["items"] = {"type": "string", "enum": targets}
            elif field_name in ("report", "section") and name in (BUILD_REPORT, REPORT_NOTE):
                field["enum"] = _of_reports(name == REPORT_NOTE)[field_name]
            elif field_name == "page" and (waiting := manual_targets(contract)):
                systems = dict.fromkeys(target.partition("/")[0] for target in waiting)
                field["enum"] = [*systems, *waiting]
    return schema


def _of_reports(noted: bool) -> dict[str, list[str]]:
    """The kinds of reports, or those that ask people for something; and the sections of which they ask it."""
    those = [one for one in readable(Settings().contract.absolute())[0] if one.notes or not noted]
    sections = dict.fromkeys(section for one in those for section in one.notes)
    return {"report": [label(one) for one in those], "section": list(sections)}


def close_what_was_cut_off() -> int:
    """Mark runs that a killed worker left running: nobody works on them, and they would hold up the next.

    Only for the start of the one server that has the one worker.
    """
    return run_coro_as_sync(_close()) or 0


async def _close() -> int:
    left = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
    async with get_client() as client:
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=left)),
            sort=FlowRunSort.START_TIME_DESC,  # the server refuses the client's own defaults, which are null
            limit=200,
        )
        for run in runs:
            await client.set_flow_run_state(run.id, Crashed(name="中断", message="执行它的进程已不在"), force=True)
        return len(runs)
