"""The forms by which people enter faults, planned downtime and support periods in the UI."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from checks.downtime import DOWNTIME, SUPPORT, support_periods, windows
from checks.incidents import INCIDENT, incidents
from checks.slots import RequestError
from flows.deployments import _with_choices
from flows.incident_entry import FaultCall, IncidentProgress, Progress, fault_call, incident_progress
from flows.planned_downtime import (
    Decision,
    DowntimeDecision,
    PlannedDowntime,
    Preparation,
    SupportPeriodForm,
    SupportPreparation,
    downtime_decision,
    planned_downtime,
    support_period,
    support_preparation,
)
from tasks import contract_folder
from tasks.ledger import Ledger

WHO = {"who": "值班员甲", "why": "按流程登记"}
SPAN = {"systems": ["oa"], "start": "2090-11-28 20:00", "end": "2090-11-28 22:00"}


@pytest.fixture
def ledger(tmp_path: Path, helpers: Any, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """That of a machine whose settings are in the environment, as flows have them."""
    journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
    helpers.write_contract(tmp_path / "contract", {"id": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]})
    monkeypatch.setenv("XUNJIAN_HOME", f"{tmp_path}/var")
    monkeypatch.setenv("XUNJIAN_CONTRACT", f"{tmp_path}/contract")
    return Ledger(f"sqlite:///{tmp_path}/var/ledger.db")


@pytest.mark.parametrize(("form", "titles"), [
    (FaultCall, ["系统", "整个系统不可用", "来电时间", "登记人", "用户说了什么"]),
    (IncidentProgress, ["故障编号", "进展", "时间", "登记人", "说明", "更正"]),
    (PlannedDowntime, ["系统", "起", "止", "申请人", "原因"]),
    (DowntimeDecision, ["停机编号", "决定", "依据文件", "批准人", "说明"]),
    (SupportPeriodForm, ["名称", "重要保障", "系统", "起", "止", "登记人", "说明"]),
    (SupportPreparation, ["保障编号", "登记什么", "计划文件", "登记人", "说明"]),
])  # fmt: skip
def test_the_fields_in_the_order_in_which_they_are_filled_in(form: type[BaseModel], titles: list[str]) -> None:
    assert [field["title"] for field in form.model_json_schema()["properties"].values()] == titles


@pytest.mark.parametrize(("form", "field"), [(FaultCall, "system"), (PlannedDowntime, "systems")])
def test_systems_are_chosen_not_typed(ledger: Ledger, tmp_path: Path, form: type[BaseModel], field: str) -> None:
    schema = {"definitions": {"Form": form.model_json_schema()}}
    contract = contract_folder.load(tmp_path / "contract")
    made = _with_choices(schema, contract, "")["definitions"]["Form"]["properties"][field]
    assert made.get("enum", made.get("items", {}).get("enum")) == ["oa"]
    assert "oa＝oa" in made["description"]


def test_a_call_and_its_end(ledger: Ledger) -> None:
    state = fault_call.fn(FaultCall(system="oa", **WHO))
    assert state.name == "已登记"
    assert incident_progress.fn(IncidentProgress(step=Progress.RESPONDED, **WHO)).name == "已登记"
    incident_progress.fn(IncidentProgress(step=Progress.VOID, **WHO))
    [one] = incidents(ledger.events(INCIDENT))
    assert (one.void, one.responded_at is not None) == (True, True)
    assert {event.via for event in ledger.events(INCIDENT)} == {"ui"}
    with pytest.raises(RequestError, match="没有未解除的故障"):
        incident_progress.fn(IncidentProgress(step=Progress.CLEARED, **WHO))


def test_downtime_is_asked_for_and_approved(ledger: Ledger) -> None:
    planned_downtime.fn(PlannedDowntime(**SPAN, **WHO))
    approved = {"number": " t-2090-0001", "decision": Decision.APPROVED}
    with pytest.raises(RequestError, match="写上依据文件的名称和文号"):
        downtime_decision.fn(DowntimeDecision(**approved, **WHO))
    said = downtime_decision.fn(DowntimeDecision(**approved, document="停机申请单〔2090〕3号", **WHO)).message
    assert said == "第 3 号事件：T-2090-0001 批准：按流程登记"
    [window] = windows(ledger.events(DOWNTIME))
    assert window.excluded == (window.start, window.end)
    downtime_decision.fn(DowntimeDecision(number="T-2090-0001", decision=Decision.CANCELLED, **WHO))
    assert windows(ledger.events(DOWNTIME))[0].excluded is None


def test_a_support_period_is_announced_and_prepared(ledger: Ledger) -> None:
    support_period.fn(SupportPeriodForm(name="国庆保障", important=True, **SPAN, **WHO))
    plan = {"what": Preparation.PLANNED, "document": "保障计划"}
    support_preparation.fn(SupportPreparation(number="B-2090-0001", **plan, **WHO))
    [period] = support_periods(ledger.events(SUPPORT))
    assert (period.name, period.important, period.plan) == ("国庆保障", True, "有")
    support_preparation.fn(SupportPreparation(number="b-2090-0001", what=Preparation.CANCELLED, **WHO))
    assert support_periods(ledger.events(SUPPORT))[0].plan == "已取消"


@pytest.mark.parametrize(("span", "said"), [
    ({"end": "2090-11-28 20:00"}, "止要晚于起"),
    ({"start": "明晚八点"}, "看不懂时间“明晚八点”"),
    ({"systems": ["crm"]}, "合同里没有系统 crm；可选：oa"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(ledger: Ledger, span: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        planned_downtime.fn(PlannedDowntime(**{**SPAN, **span}, **WHO))
    with pytest.raises(RequestError, match=said):
        support_period.fn(SupportPeriodForm(name="国庆保障", **{**SPAN, **span}, **WHO))
    assert (ledger.events(DOWNTIME), ledger.events(SUPPORT)) == ([], [])
