"""`xunjian up` as an operator meets it: a real server and worker, the form in a real browser, and rude ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from checks.entries import Who
from checks.periods import period_of
from checks.records import INTERRUPTED, RunRecord
from checks.slots import PAGE_INSPECTION, RETEST
from flows.finding_desk import FindingDesk
from flows.standing import standing
from rehearsal.estate import Estate
from tasks import contract_folder, prefect_server
from tasks.browser.launch import launched
from tasks.ledger import Ledger
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify
from tasks.settings import Settings

PATIENCE = 180.0
MORNING = time_of_day(0, 31)  # after which, in UTC, the day's schedule has come


class Patient(httpx.HTTPTransport):
    """Where Prefect's SQLite is busy it answers 503 at once: its own clients try again, and so do the tests."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for _ in range(10):
            answer = super().handle_request(request)
            if answer.status_code != 503:
                break
            answer.close()
            time.sleep(1)
        return answer


class Service:
    """One `xunjian up` process, started and stopped as systemd would."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.api = httpx.Client(base_url=prefect_server.api_url(settings), transport=Patient(), timeout=30)

    def command(self, log: Path, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of ours with these settings."""
        names = ("home", "contract", "secrets", "ca", "port")
        # Prefect looks for moved schedules once a minute; here it need not take so long.
        quick = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3"}
        ours = {f"XUNJIAN_{name.upper()}": str(getattr(self.settings, name)) for name in names}
        with log.open("wb") as out:
            whole = [sys.executable, "-m", "flows.cli", *words]
            return subprocess.Popen(whole, env={**os.environ, **quick, **ours}, stdout=out, stderr=out)

    def start(self, *words: str) -> None:
        self.settings.root.mkdir(parents=True, exist_ok=True)
        self.log = self.settings.root / "up.log"
        self.process = self.command(self.log, "up", *words)
        self.wait_for(lambda: "界面：" in self.log.read_text(), alive=True)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def wait_for(self, ready: Callable[[], Any], *, alive: bool = False) -> Any:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := ready():
                return found
            assert not alive or self.process.poll() is None, self.log.read_text()
            time.sleep(0.5)
        raise AssertionError(f"not within {PATIENCE} s: {self.log.read_text()}\n{self.behind()}")

    def behind(self) -> str:
        """What Prefect knows and said last."""
        known = [(run["name"], run["state"]["name"]) for run in self.flow_runs(not_any_=["SCHEDULED"])]
        logs = [file.read_text()[-2000:] for file in sorted((self.settings.root / "logs").glob("*.log"))]
        return "\n".join([f"{known}", *logs])

    def deployment(self) -> dict[str, Any]:
        return self.api.get("/deployments/name/page-inspection/page-inspection").raise_for_status().json()

    def flow_runs(self, **state: Any) -> list[dict[str, Any]]:
        query = {"sort": "START_TIME_DESC", "limit": 20, "flow_runs": {"state": {"type": state}}}
        return self.api.post("/flow_runs/filter", json=query).raise_for_status().json()

    def on_record(self) -> list[RunRecord]:
        days = [datetime.now(UTC).date() + timedelta(days=n) for n in (-1, 1)]
        return Ledger(self.settings.ledger).runs(PAGE_INSPECTION, *days)


def in_utc(contract: Path) -> Path:
    """With days of its own: in UTC half past eight in China comes half an hour after midnight."""
    head = contract / "contract.yaml"
    head.write_text(head.read_text(encoding="utf-8").replace("zone: Asia/Shanghai", "zone: UTC"), encoding="utf-8")
    return contract


@pytest.fixture(scope="module")
def service(running_estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    from rehearsal.sample import copy_contract

    folder = tmp_path_factory.mktemp("up")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Service(
        Settings(
            home=folder / "home",
            contract=in_utc(copy_contract(folder / "contract", running_estate.settings.base_port, hosts=False)),
            secrets=running_estate.secrets_dir,
            ca=running_estate.ca_dir,
            port=port,
        )
    )
    service.start("--no-catch-up")
    try:
        yield service
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            service.stop()


def test_killed_in_the_middle_it_says_so_and_does_it_again_by_itself(service: Service, estate: Estate) -> None:
    """Given a run in the middle, when everything is killed and started again, then nothing recorded is lost, the dead
    run says 中断 in the UI and in the ledger, and the day is still done, once."""
    estate.fault("oa-hang")
    identity = service.deployment()["id"]
    service.api.post(f"/deployments/{identity}/create_flow_run", json={"name": "x"}).raise_for_status()
    service.wait_for(lambda: len(service.on_record()) == 3)
    service.wait_for(lambda: any(run.findings for run in service.on_record()))
    family = psutil.Process(service.process.pid).children(recursive=True)
    for process in [psutil.Process(service.process.pid), *family]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    service.process.wait(30)
    cut_off = service.on_record()
    assert any(run.outcome == "" for run in cut_off)

    # When
    estate.clear()
    due = datetime.now(UTC).time() > MORNING
    service.start()
    # Then
    said = service.log.read_text()
    assert "执行被中断，已在界面标明" in said
    assert "巡检做到一半中断，已在台账注明" in said
    assert {run["state"]["name"] for run in service.flow_runs(any_=["CRASHED"])} == {"中断"}  # the prober is, too
    assert service.deployment()["id"] == identity
    assert [one["schedule"]["cron"] for one in service.deployment()["schedules"]] == ["30 8 * * *"]
    kept = {run.id: run for run in service.on_record()}
    assert all(kept[run.id].findings == run.findings for run in cut_off)
    assert {kept[run.id].outcome for run in cut_off if run.outcome == ""} == {INTERRUPTED}
    assert ("补做：page-inspection" in said) == due
    if due:
        service.wait_for(lambda: service.flow_runs(any_=["COMPLETED"]))
        again = [run for run in service.on_record() if run.trigger == "catch-up"]
        assert {run.outcome for run in again} == {"OK"}
        assert "oa" in {run.slot.split("/")[1] for run in again}
        today = period_of(f"{datetime.now(UTC).date()}")
        assert standing(Ledger(service.settings.ledger), today, datetime.now(UTC)).total(PAGE_INSPECTION).done == 3
    with stored(service.settings.ledger, service.settings.evidence_dir) as book:
        assert verify(book).problems == []


def test_the_form_offers_the_contracts_systems_in_chinese(service: Service) -> None:
    form = service.deployment()["parameter_openapi_schema"]["definitions"]["PageInspection"]["properties"]
    assert form["systems"]["items"]["enum"] == ["oa", "mobile", "archive"]
    assert {field["title"] for field in form.values()} == {"系统", "巡检日期", "试运行", "操作人", "原因"}


def test_the_schedule_is_half_past_eight_in_china(service: Service) -> None:
    schedules = [one["schedule"] for one in service.deployment()["schedules"] if one["active"]]
    assert [(one["cron"], one["timezone"]) for one in schedules] == [("30 8 * * *", "Asia/Shanghai")]


def test_a_run_started_from_the_form_is_on_record_with_who_and_why(service: Service, estate: Estate) -> None:
    """Given the form in a real browser, when it is filled in and sent, then who and why stand in the ledger."""
    with launched(service.settings) as (_, browser):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        root = prefect_server.api_url(service.settings).removesuffix("/api")
        page.goto(f"{root}/deployments/deployment/{service.deployment()['id']}/run")
        page.get_by_text("操作人").wait_for()
        fields = page.locator("textarea")
        fields.nth(1).fill("值班员甲")
        fields.nth(2).fill("整改后复查")
        # Where Prefect's SQLite is busy it answers 503 at once; its own clients try again, and so does who sits here.
        for _ in range(5):
            with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as made:
                page.get_by_role("button", name="Submit").click()
            if made.value.status != 503:
                break
        assert made.value.ok, made.value.text()
        mine = made.value.json()["id"]
        ended = ["COMPLETED", "FAILED", "CRASHED"]
        done = service.wait_for(lambda: [run for run in service.flow_runs(any_=ended) if run["id"] == mine])
    assert done[0]["state"]["name"] == "全部正常", done[0]["state"]
    assert "全部系统" in done[0]["name"]
    runs = [run for run in service.on_record() if run.flow_run_id == done[0]["id"]]
    assert {run.slot.split("/")[1] for run in runs} == {"oa", "mobile", "archive"}
    assert {(run.trigger, run.who, run.why, run.outcome) for run in runs} == {("ui", "值班员甲", "整改后复查", "OK")}


def test_a_finding_is_tested_from_the_form(service: Service, estate: Estate) -> None:
    """Given a new finding, when its choice is picked in a real browser and sent, then it is tested, on record
    and in the register, with its report in the UI."""
    contract = contract_folder.load(service.settings.contract)
    desk = FindingDesk(Ledger(service.settings.ledger), contract, datetime.now(UTC))
    cells = {"title": "响应头带版本号", "severity": "低危", "asset": str(contract.systems[0].url), "vantage": "here",
             "probe": "version-disclosure"}  # fmt: skip
    desk.enter(cells, Who("登记员丙", "测试", "cli:test"))
    [number] = [one.id for one in desk.findings()]
    path = "/deployments/name/verify-remediation/verify-remediation"
    deployed = service.wait_for(lambda: _offering(service.api.get(path).raise_for_status().json(), number))
    with launched(service.settings) as (_, browser):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        root = prefect_server.api_url(service.settings).removesuffix("/api")
        page.goto(f"{root}/deployments/deployment/{deployed['id']}/run")
        page.get_by_text("复测人").wait_for()
        page.locator("button.p-select-button__control").first.focus()
        page.keyboard.press("ArrowDown")
        page.get_by_text(f"{number} 低危").click()
        page.keyboard.press("Escape")
        for place, text in enumerate(("整改员甲", "复测员乙", "整改完成")):
            page.locator("textarea").nth(place).fill(text)
        for _ in range(5):
            with page.expect_response(lambda answer: answer.url.endswith("/create_flow_run")) as made:
                page.get_by_role("button", name="Submit").click()
            if made.value.status != 503:
                break
        assert made.value.ok, made.value.text()
        mine = made.value.json()["id"]
        ended = ["COMPLETED", "FAILED", "CRASHED"]
        done = service.wait_for(lambda: [run for run in service.flow_runs(any_=ended) if run["id"] == mine])
    assert done[0]["state"]["name"] in ("未全部修复", "无法复测"), done[0]["state"]
    [record] = Ledger(service.settings.ledger).runs(RETEST, date.min, date.max, number)
    assert (record.trigger, record.who, record.why, record.flow_run_id) == ("ui", "复测员乙", "整改完成", mine)
    query = {"artifacts": {"flow_run_id": {"any_": [mine]}}}
    [report] = service.api.post("/artifacts/filter", json=query).raise_for_status().json()
    assert report["key"] == f"retest-{number.lower()}"
    assert "复测员乙 | 整改员甲" in report["data"]


def _offering(deployment: dict[str, Any], number: str) -> dict[str, Any]:
    return deployment if number in str(deployment["parameter_openapi_schema"]) else {}


def test_a_due_schedule_runs_by_itself(service: Service, estate: Estate) -> None:
    """Given the schedule moved to the next half minute, when it comes, then it runs and is on record as scheduled."""
    deployment = service.deployment()
    soon = datetime.now(UTC) + timedelta(seconds=30)
    moved = {"interval": 86400, "anchor_date": soon.isoformat(), "timezone": "Asia/Shanghai"}
    path = f"/deployments/{deployment['id']}/schedules/{deployment['schedules'][0]['id']}"
    service.api.patch(path, json={"schedule": moved}).raise_for_status()
    service.wait_for(lambda: [r for r in service.flow_runs(any_=["COMPLETED", "FAILED"]) if r["auto_scheduled"]])
    # Then: what catching up had done before was not done again
    unasked = [run for run in service.on_record() if run.trigger in ("schedule", "catch-up")]
    assert {run.outcome for run in unasked} == {"OK"}
    assert sorted(run.slot.split("/")[1] for run in unasked) == ["archive", "mobile", "oa"]
    assert "schedule" in {run.trigger for run in unasked}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_in_the_shell_that_is_stopped_says_so(
    service: Service, estate: Estate, tmp_path: Path, number: int
) -> None:
    """Given a run that waits for a page, when it is stopped, then it ends with 130 and one sentence, leaves no browser,
    and stands in the ledger."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, a shell has it ignored
    before = len(service.on_record())
    estate.fault("oa-hang")
    process = service.command(tmp_path / "run.log", "run", "page-inspection", "--system", "oa")
    service.wait_for(lambda: len(service.on_record()) == before + 1)
    service.wait_for(lambda: psutil.Process(process.pid).children())
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(60) == 130
    said = (tmp_path / "run.log").read_text()
    assert "已中断" in said
    assert "Traceback" not in said
    gone, left = psutil.wait_procs(family, timeout=10)
    assert (len(gone) > 0, left) == (True, [])


def test_it_stops_cleanly(service: Service) -> None:
    family = psutil.Process(service.process.pid).children(recursive=True)
    assert service.stop() == 0
    assert "已停止" in service.log.read_text()
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_a_taken_port_is_one_sentence(service: Service, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        variables = {
            "XUNJIAN_HOME": str(tmp_path),
            "XUNJIAN_PORT": str(taken.getsockname()[1]),
            "XUNJIAN_CONTRACT": str(service.settings.contract),
            "XUNJIAN_SECRETS": str(service.settings.secrets),
        }
        command = [sys.executable, "-m", "flows.cli", "up"]
        done = subprocess.run(
            command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 3
    assert "端口" in done.stderr
    assert "Traceback" not in done.stderr
