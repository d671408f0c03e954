"""The daily backup check from start to end: the flow, a real Prefect server, real sshds with real backups; and, for
what need not be far away, a folder of this machine."""

import asyncio
import gzip
import hashlib
import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import xunjian
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State as FlowState

from checks.coverage import Mark
from checks.finding import Finding, Reason, State
from checks.incidents import INCIDENT, incidents
from checks.periods import Period
from checks.records import RunRecord
from checks.slots import BACKUP_CHECK, RequestError, backup_slots
from checks.visit import BackupVisit
from flows import backup_visits
from flows.backup_check import BackupCheckForm, backup_check
from flows.backup_visits import BackupRounds
from flows.caller import Caller
from flows.forms import CHINA
from flows.office import Office, now
from flows.run import carried_out
from flows.standing import standing
from flows.watch import Watch
from rehearsal.hosts.estate import HostEstate
from tasks.crypto.tls import trusting
from tasks.ledger import Ledger
from tasks.settings import Settings

TARGETS = ["oa.db", "oa.files", "oa.cache", "mobile.db", "mobile.gateway", "archive.db", "archive.originals"]
CANARY = "张三的公文 10000009731"
"""Stands in the backups, and nowhere else."""

SYSTEM = {
    "id": "oa", "name": "OA", "url": "https://127.0.0.1:1",
    "journeys": [{"id": "todo", "title": "待办", "steps": [{"expect": {"text": "待办"}}]}],
}  # fmt: skip


def check(settings: Settings, *targets: str) -> dict[str, dict[str, Finding]]:
    """Without Prefect: what a task of the flow does, one backup after the other."""
    office = Office(settings)
    found = {}
    with office.network() as network:
        for slot in backup_slots(office.contract, office.today()):
            if not targets or slot.target in targets:
                office.expect([slot])
                by = Caller("", "cli", "测试", "测试")
                outcome = carried_out(office, slot, by, {}, lambda run: BackupRounds(run, network).go())
                found[slot.target] = {finding.check: finding for _, finding in outcome.findings}
    return found


def bad(findings: dict[str, Finding]) -> dict[str, State]:
    return {item: one.state for item, one in findings.items() if one.state is not State.OK}


def recorded(settings: Settings) -> list[RunRecord]:
    today = datetime.now(CHINA).date()
    return Ledger(settings.ledger).runs(BACKUP_CHECK, today, today)


class Here:
    """A folder of this machine with a week of dumps, and the contract that names it."""

    def __init__(self, folder: Path, contract: Path, settings: Settings) -> None:
        self.folder, self.contract, self.settings = folder, contract, settings
        folder.mkdir()
        for nights_ago in range(5):
            self.dump(nights_ago)

    def dump(self, nights_ago: int, text: str = "") -> Path:
        rows = f"INSERT INTO `notice` VALUES (1,'{CANARY} {nights_ago}{text}');\n"
        whole = f"""-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: app
-- ------------------------------------------------------
CREATE TABLE `notice` (
  `id` int(11) NOT NULL
);
{rows}
-- Dump completed on 2026-11-23  2:00:00
"""
        return self.put(f"app-{nights_ago}.sql.gz", gzip.compress(whole.encode(), mtime=0), nights_ago)

    def put(self, name: str, content: bytes, nights_ago: int) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o640)
        at = time.time() - 3600 - nights_ago * 86400
        os.utime(path, (at, at))
        return path

    def say(self, **more: Any) -> None:
        """What the contract says of it."""
        one = {"id": "db", "title": "数据库", "kind": "mysqldump", "at": {"folder": str(self.folder)},
               "pattern": "app-*.sql.gz", "database": "app", **more}  # fmt: skip
        (self.contract / "backups").mkdir(exist_ok=True)
        text = yaml.safe_dump({"system": "oa", "backups": [one]}, allow_unicode=True)
        (self.contract / "backups" / "oa.yaml").write_text(text, encoding="utf-8")

    def check(self) -> dict[str, Finding]:
        return check(self.settings)["oa.db"]


@pytest.fixture
def here(tmp_path: Path, helpers: Any) -> Here:
    contract = helpers.write_contract(tmp_path / "contract", SYSTEM)
    made = Here(tmp_path / "copies", contract, Settings(home=tmp_path / "var", contract=contract))
    made.say()
    return made


class TestAFolderOfThisMachine:
    def test_when_all_is_well(self, here: Here) -> None:
        # Given
        newest = here.folder / "app-0.sql.gz"
        digest = hashlib.sha512(newest.read_bytes()).hexdigest()
        (here.folder / "app-0.sql.gz.sha512").write_text(f"{digest}  app-0.sql.gz\n")
        offsite = here.folder.parent / "offsite"
        offsite.mkdir()
        (offsite / newest.name).write_bytes(newest.read_bytes())
        here.say(checksum=True, offsite={"at": {"folder": str(offsite)}})
        # When
        found = here.check()
        # Then
        assert bad(found) == {}
        assert set(found) == {f"BK{number:02}" for number in range(1, 11)}
        [run] = recorded(here.settings)
        [visit] = run.backup_visits
        assert (run.outcome, visit.count, [copy.name for copy in visit.copies]) == (
            "OK", 5, [f"app-{number}.sql.gz" for number in range(5)],
        )  # fmt: skip
        assert visit.contents
        assert visit.contents.sha256 == hashlib.sha256(newest.read_bytes()).hexdigest()
        assert visit.offsite
        # and the listing is evidence
        [piece] = run.evidence
        assert (piece.kind, piece.grade) == ("raw-output", 2)
        kept = (here.settings.evidence_dir / piece.path).read_text(encoding="utf-8")
        assert f"本机:{here.folder} 共 5 份" in kept
        assert "640 app-0.sql.gz" in kept

    def test_nothing_of_a_backup_is_kept(self, here: Here) -> None:
        """Given copies that are well, cut and none at all, then nothing that is in them is anywhere of ours."""
        here.check()
        here.dump(0, "…" * 9000).write_bytes(here.dump(0).read_bytes()[:-20])
        here.check()
        (here.folder / "app-0.sql.gz").write_text(f"mysqldump: error {CANARY}")
        here.check()
        for path in here.settings.root.rglob("*"):
            if path.is_file():
                assert CANARY.encode() not in path.read_bytes(), path
                assert "10000009731" not in path.read_text(encoding="utf-8", errors="replace"), path

    def test_yesterdays_bytes_are_known_without_an_earlier_look(self, here: Here) -> None:
        (here.folder / "app-0.sql.gz").unlink()
        here.put("app-0.sql.gz", (here.folder / "app-1.sql.gz").read_bytes(), 0)
        found = here.check()
        assert bad(found) == {"BK04": State.WARN}
        assert "与更早的 app-1.sql.gz 一字不差" in found["BK04"].summary

    def test_and_from_an_earlier_look_when_the_copy_is_gone(self, here: Here) -> None:
        # Given: one name for all nights
        for path in here.folder.glob("app-*"):
            path.unlink()
        here.say(keep=1)
        one = here.dump(1)
        assert bad(here.check()) == {}
        # When: the next night brings the same
        os.utime(one, (time.time() - 60,) * 2)
        # Then
        assert bad(here.check()) == {"BK04": State.WARN}

    def test_looking_twice_changes_nothing(self, here: Here) -> None:
        assert [bad(here.check()) for _ in range(3)] == [{}, {}, {}]

    def test_what_is_wrong_is_named(self, here: Here) -> None:
        # Given: cut in the middle, for all to read
        cut = here.folder / "app-0.sql.gz"
        here.put(cut.name, cut.read_bytes()[:60], 0).chmod(0o644)
        # Then
        found = here.check()
        assert {"BK03": State.CRIT, "BK05": State.CRIT, "BK08": State.CRIT}.items() <= bad(found).items()
        assert here.check() == found

    def test_no_copy_at_all(self, here: Here) -> None:
        for path in here.folder.iterdir():
            path.unlink()
        found = here.check()
        assert found["BK01"].state is State.CRIT
        assert {one.reason for item, one in found.items() if item != "BK01"} == {Reason.BLOCKED}

    def test_a_folder_that_is_not_there_is_no_missing_backup(self, here: Here) -> None:
        here.say(at={"folder": "/not/there"})
        found = here.check()
        assert {(one.state, one.reason) for one in found.values()} == {(State.UNKNOWN, Reason.CONFIGURATION)}
        assert "目录 /not/there 不存在" in found["BK01"].summary
        [visit] = recorded(here.settings)[-1].backup_visits
        assert visit.obstacle

    def test_an_off_site_place_that_is_not_there_costs_its_item_alone(self, here: Here) -> None:
        here.say(offsite={"at": {"folder": "/not/there"}})
        found = here.check()
        assert bad(found) == {"BK10": State.UNKNOWN}

    def test_a_secret_that_is_not_there(self, here: Here) -> None:
        at = {"folder": "db", "bucket": "b", "endpoint": "https://127.0.0.1:1", "key": "s3.key", "secret": "s3.secret"}
        here.say(at=at)
        found = here.check()
        assert {one.reason for one in found.values()} == {Reason.CONFIGURATION}
        assert "缺少口令 s3.key" in found["BK01"].summary

    def test_a_bug_in_reading_leaves_what_was_listed(self, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backup_visits.copies, "read", lambda *_: {}[CANARY])
        found = here.check()
        assert {item: one.reason for item, one in found.items() if one.state is State.UNKNOWN} == dict.fromkeys(
            ("BK04", "BK05", "BK06", "BK07"), Reason.BUG
        )
        assert not any(CANARY in one.summary for one in found.values())

    def test_a_broken_one_is_an_incident_until_the_next_night(self, here: Here) -> None:
        """Given a dump that is cut short, when the watch goes round, then its system has one incident, which ends."""
        # Given
        whole = (here.folder / "app-0.sql.gz").read_bytes()
        here.put("app-0.sql.gz", whole[:40], 0)
        here.check()
        office = Office(here.settings)
        # When
        Watch(office, trusting(here.folder)).round()
        # Then
        [one] = incidents(office.ledger.events(INCIDENT))
        assert (one.key, one.system, one.is_open) == ("oa.db/BK", "oa", True)
        assert {symptom.check for symptom in one.symptoms} >= {"BK03", "BK05"}
        # When
        here.put("app-0.sql.gz", whole, 0)
        here.check()
        Watch(office, trusting(here.folder)).round()
        # Then
        [one] = incidents(office.ledger.events(INCIDENT))
        assert one.restored_at

    def test_it_is_what_the_contract_wants_done_that_day(self, here: Here) -> None:
        here.check()
        office = Office(here.settings)
        today = office.today()
        [line] = [one for one in standing(office.ledger, Period(today, today), now()).lines if one.duty == BACKUP_CHECK]
        assert (line.label, [one.mark for one in line.marks]) == ("数据库", [Mark.DONE])

    def test_a_mirror(self, here: Here) -> None:
        # Given
        (here.folder / "deep" / "er").mkdir(parents=True)
        file = here.folder / "deep" / "er" / "file"
        file.write_bytes(b"x" * 1000)
        os.utime(file, (time.time() - 1800,) * 2)
        here.say(kind="files", database="")
        # Then
        found = here.check()
        assert bad(found) == {}
        assert "列出了 6 个文件" in found["BK05"].summary
        # When: what was mirrored is gone, for the most part
        for path in here.folder.glob("app-*"):
            path.unlink()
        file.write_bytes(b"x" * 10)
        assert here.check()["BK03"].state is State.CRIT


@pytest.fixture
def settings(host_settings: Settings, prefect: None, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A machine of the test's own: flows read its settings from the environment."""
    for name in ("home", "contract", "secrets", "known_hosts"):
        monkeypatch.setenv(f"XUNJIAN_{name.upper()}", str(getattr(host_settings, name)))
    return host_settings


def run(**form: Any) -> FlowState:
    return asyncio.run(backup_check(BackupCheckForm(**form), return_state=True))  # type: ignore[arg-type]


def artifacts(state: FlowState) -> dict[str, str]:
    async def read() -> dict[str, str]:
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]))
        async with get_client() as client:
            return {one.key or "": str(one.data) for one in await client.read_artifacts(artifact_filter=mine)}

    return asyncio.run(read())


class TestThePracticeHosts:
    def test_a_day_when_all_is_well(self, settings: Settings, hosts: HostEstate) -> None:
        state = run(who="值班员", why="交接前复查")
        assert (state.type.name, state.name) == ("COMPLETED", "全部正常"), state.message
        runs = {one.slot.split("/")[1]: one for one in recorded(settings)}
        assert set(runs) == set(TARGETS)
        for record in runs.values():
            assert (record.who, record.why, record.outcome) == ("值班员", "交接前复查", "OK")
            [visit] = record.backup_visits
            assert visit.contents
            assert visit.count >= 3
        assert "archive.originals" in artifacts(state)["backup-results"]

    def test_a_host_that_is_silent_costs_its_backups_alone(self, settings: Settings, hosts: HostEstate) -> None:
        """And no longer than the backup's deadline."""
        # Given
        file = settings.contract / "backups" / "mobile.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("  - id: db\n", "  - id: db\n    deadline: 5\n"), encoding="utf-8")
        hosts.fault("mobile-db-01:sshd-silent")
        # When
        state = run(backups=["mobile.db", "oa.db"])
        # Then
        assert (state.type.name, state.name) == ("FAILED", "未能全部检查")
        runs = {one.slot.split("/")[1]: one for one in recorded(settings)}
        assert {one.finding.reason for one in runs["mobile.db"].findings} == {Reason.TIMEOUT}
        assert "5 秒内没有完成" in runs["mobile.db"].findings[0].finding.summary
        assert {one.finding.state for one in runs["oa.db"].findings} == {State.OK}

    def test_a_copy_that_nobody_may_read(self, host_settings: Settings, hosts: HostEstate) -> None:
        hosts.fault("oa-db-01:backup-unreadable")
        found = check(host_settings, "oa.db")["oa.db"]
        assert {item: one.reason for item, one in found.items() if one.state is State.UNKNOWN} == dict.fromkeys(
            ("BK04", "BK05", "BK06", "BK07"), Reason.PERMISSION
        )
        assert found["BK01"].state is State.OK

    def test_a_dry_run_reads_nothing(self, settings: Settings, hosts: HostEstate) -> None:
        before = hosts.counts()
        state = run(dry_run=True)
        assert state.name == "试运行"
        assert "oa-db-01:/var/backups/db" in artifacts(state)["backup-plan"]
        assert hosts.counts() == before
        assert recorded(settings) == []

    def test_a_backup_that_is_not_in_the_contract_is_refused(self, settings: Settings) -> None:
        with pytest.raises(RequestError, match=r"没有备份 oa\.nope；可选：oa\.db"):
            run_raising(backups=["oa.nope"])


def run_raising(**form: Any) -> None:
    asyncio.run(backup_check(BackupCheckForm(**form)))


def test_a_contract_without_backups_has_nothing_to_do(
    tmp_path: Path, helpers: Any, prefect: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XUNJIAN_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("XUNJIAN_CONTRACT", str(helpers.write_contract(tmp_path / "contract", SYSTEM)))
    state = run()
    assert (state.name, state.message) == ("无需执行", "合同里没有备份")


class TestTheShell:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--backup", "oa.nope"), "合同里没有备份 oa.nope；可选：oa.db"),
            (("--date", "11-23"), "日期要写成 年-月-日"),
            (("--date", "2019-01-01"), "不在服务期限内"),
            (("--date", "2098-01-01"), "还没有到"),
            (("--backups", "oa.db"), "没有选项 --backups；是不是想写 --backup"),
        ],
    )
    def test_what_makes_no_sense_is_refused_with_the_remedy(
        self, here: Here, words: tuple[str, ...], said: str
    ) -> None:
        done = xunjian(here.contract.parent, "run", "backup-check", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr

    def test_a_contract_without_backups(self, here: Here) -> None:
        (here.contract / "backups" / "oa.yaml").unlink()
        done = xunjian(here.contract.parent, "run", "backup-check")
        assert (done.returncode, "合同里没有备份；每个系统写一个文件" in done.stderr) == (2, True), done.stderr

    def test_a_dry_run(self, here: Here) -> None:
        done = xunjian(here.contract.parent, "run", "backup-check", "--dry-run")
        assert (done.returncode, "共 1 份备份；没有读取备份" in done.stdout) == (0, True), done.stderr
        assert recorded(here.settings) == []

    def test_the_closing_table(self, here: Here) -> None:
        """Given a copy that is too open, and a backup whose folder is not there."""
        # Given
        here.dump(0).chmod(0o660)
        file = here.contract / "backups" / "oa.yaml"
        group = yaml.safe_load(file.read_text(encoding="utf-8"))
        group["backups"].append({**group["backups"][0], "id": "gone", "at": {"folder": "/not/there"}})
        file.write_text(yaml.safe_dump(group, allow_unicode=True), encoding="utf-8")
        # When
        words = ("run", "backup-check", "--backup", "oa.db", "--backup", "oa.gone", "--why", "复查")
        done = xunjian(here.contract.parent, *words, COLUMNS="160", XUNJIAN_PORT="1")
        # Then
        assert done.returncode == 3, done.stderr
        for word in (
            "备份检查", "app-0.sql.gz", "1 小时前", "8/9", "BK08 权限 告警：", "期望不超过 640",
            "oa.gone", "0/9", "全部未取得：目录 /not/there 不存在", "未能全部检查",
        ):  # fmt: skip
            assert word in done.stdout, (word, done.stdout)
        assert [one.why for one in recorded(here.settings)] == ["复查", "复查"]


def test_what_earlier_looks_found_out_comes_back(here: Here) -> None:
    for _ in range(3):
        here.check()
    past = Ledger(here.settings.ledger).past(BACKUP_CHECK, "oa.db", BackupVisit, limit=2)
    assert len(past) == 2
    assert past[0].started_at < past[1].started_at
    assert past[1].copies[0].at - past[1].copies[1].at > timedelta(hours=23)
