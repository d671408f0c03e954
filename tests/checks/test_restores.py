"""The items of the restore drill: what each says of what a drill found out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks.backup import Backup
from checks.contract import Contract
from checks.finding import Finding, Reason, State
from checks.records import FindingRecord, RunRecord
from checks.restore_check import Drilled, judge, not_looked, planned, restore_checks
from checks.restore_report import restore_report
from checks.slots import RESTORE_DRILL, drill_slots
from checks.visit import RestoreVisit

ZONE = ZoneInfo("Asia/Shanghai")
MADE = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "target": "oa.db", "attempt": 1, "started_at": MADE + timedelta(hours=9), "seconds": 30.0, "copy_name": "app.sql",
    "copy_at": MADE, "sha256": "ab", "restored_seconds": 20.0, "engine": "MariaDB 10.11",
    "tables": {"notice": 100, "document": 50}, "definitions": {"notice": "n", "document": "d"},
    "source": {"notice": 104, "document": 50}, "source_definitions": {"notice": "n", "document": "d"},
    "newest": MADE - timedelta(minutes=5), "assertions": {"有通知": True}, "opened": True, "gone": True,
}  # fmt: skip


def backup(kind: str = "mysqldump", **terms: Any) -> Backup:
    asked = {"newest": "select 1", "assertions": [{"title": "有通知", "sql": "select 1", "expect": "1"}]}
    more = {"at": {"folder": "/x"}, "kind": kind, "restore": {**asked, **terms}}
    if kind == "restic":
        more["password"] = "restic.password"
    return Backup.model_validate({"id": "db", "title": "库", **more})


def judged(last: RestoreVisit | None = None, one: Backup | None = None, **facts: Any) -> dict[str, Finding]:
    visit = RestoreVisit(**{**SOUND, **facts})
    return {found.check: found for found in judge(Drilled(visit, one or backup(), last, ZONE))}


def bad(found: dict[str, Finding]) -> dict[str, State]:
    return {item: one.state for item, one in found.items() if one.state is not State.OK}


def test_a_sound_copy_is_fine_in_every_respect() -> None:
    found = judged()
    assert bad(found) == {}
    assert list(found) == ["RS01", "RS02", "RS03", "RS04", "RS05", "RS06", "RS08", "RS09"]
    assert "源库的是 154" in found["RS03"].summary
    assert found["RS05"].summary == "恢复点 2026-11-23 01:55，在备份前 5 分钟（要求 26 小时以内）"


@pytest.mark.parametrize(
    ("facts", "verdict", "said"),
    [
        ({"tables": {"notice": 100}}, {"RS02": State.CRIT}, "缺 1 个表：document；源库有 2 个"),
        ({"tables": {}}, {"RS02": State.CRIT}, "恢复出来是空的"),
        ({"tables": {"notice": 90, "document": 50}}, {"RS03": State.CRIT}, "notice 90 行（源库 104）"),
        ({"tables": {"notice": 94, "document": 45}}, {}, ""),  # ten in a hundred are within the tolerance
        ({"tables": {"notice": 100, "document": 44}}, {"RS03": State.CRIT}, "document 44 行（源库 50）"),
        ({"definitions": {"notice": "x", "document": "d"}}, {"RS04": State.WARN}, "notice"),
        ({"newest": MADE - timedelta(hours=26)}, {}, ""),  # exactly the limit is within it
        ({"newest": MADE - timedelta(hours=26, seconds=1)}, {"RS05": State.CRIT}, "要求 26 小时以内"),
        ({"newest": None}, {"RS05": State.CRIT}, "没有业务时间"),
        ({"newest": MADE + timedelta(hours=8)}, {"RS05": State.UNKNOWN}, "时区"),
        ({"newest": None, "newest_unseen": "SQLSTATE 42P01"}, {"RS05": State.UNKNOWN}, "SQLSTATE 42P01"),
        ({"assertions": {"有通知": False}}, {"RS06": State.CRIT}, "有通知"),
        ({"assertions": {}, "unasked": {"有通知": "错误号 1146"}}, {"RS06": State.UNKNOWN}, "错误号 1146"),
        ({"restored_seconds": 14400.0}, {}, ""),
        ({"restored_seconds": 14401.0}, {"RS08": State.CRIT}, "上限 240 分钟"),
        ({"gone": False}, {"RS09": State.CRIT}, "还有进程"),
        ({"swap": "/dev/sda2"}, {"RS09": State.WARN}, "/dev/sda2"),
    ],
)
def test_what_is_wrong_is_said_with_the_actual_beside_the_expected(
    facts: dict[str, Any], verdict: dict[str, State], said: str
) -> None:
    found = judged(**facts)
    assert bad(found) == verdict
    assert not verdict or said in found[next(iter(verdict))].summary


def test_without_a_source_it_is_judged_by_the_last_drill() -> None:
    none = {"source": None, "source_definitions": None}
    last = RestoreVisit(**{**SOUND, **none, "tables": {"notice": 200, "gone": 1}})
    assert bad(judged(**none)) == {}
    assert "无可比" in judged(**none)["RS02"].summary
    found = judged(last, **none)
    assert bad(found) == {"RS02": State.CRIT, "RS03": State.CRIT}
    assert "上次（2026-11-23）" in found["RS02"].summary


def test_a_source_that_was_not_seen_is_never_agreed_with() -> None:
    one = backup(source={"host": "db", "defaults_file": "/etc/my.cnf", "database": "app"})
    found = judged(None, one, source=None, source_definitions=None, source_unseen="连不上源库")
    assert bad(found) == {"RS04": State.UNKNOWN}
    assert "连不上源库" in found["RS02"].summary


def test_a_copy_that_cannot_be_restored_is_one_fault() -> None:
    found = judged(failed="转储在中途断了", tables={}, restored_seconds=None)
    assert found["RS01"].state is State.CRIT
    assert found["RS09"].state is State.OK
    assert {one.reason for item, one in found.items() if item not in ("RS01", "RS09")} == {Reason.BLOCKED}


@pytest.mark.parametrize("opened", [True, False])
def test_what_could_not_be_tried_is_unknown(opened: bool) -> None:
    found = judged(obstacle="暂存空间不足", reason=Reason.CONFIGURATION, opened=opened, gone=opened)
    assert {one.state for item, one in found.items() if item != "RS09"} == {State.UNKNOWN}
    assert found["RS09"].state is (State.OK if opened else State.UNKNOWN)
    # and what is left of it is told all the same
    left = judged(obstacle="暂存空间不足", reason=Reason.CONFIGURATION, gone=False)
    assert left["RS09"].state is State.CRIT


def test_files_are_sampled_and_databases_are_not() -> None:
    one = backup("restic")
    found = judged(None, one, sampled=20)
    assert "RS07" in found
    assert "RS04" not in found
    assert found["RS07"].state is State.OK
    assert judged(None, one, sampled=20, sample_wrong=("aa",))["RS07"].state is State.CRIT
    assert judged(None, one, sampled=0)["RS07"].state is State.UNKNOWN


def test_a_bug_in_one_item_costs_that_item_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.restores.rows.named", None)
    found = judged(tables={"notice": 1, "document": 50})
    assert bad(found) == {"RS03": State.UNKNOWN}
    assert found["RS03"].reason is Reason.BUG


def test_items_that_are_due_follow_from_the_contract_alone() -> None:
    few = Backup.model_validate({"id": "d", "title": "d", "kind": "redis-rdb", "at": {"folder": "/x"}, "restore": {}})
    assert [check.id for check in planned(few)] == ["RS01", "RS02", "RS03", "RS08", "RS09"]
    assert [check.id for check in restore_checks()] == [f"RS{number:02}" for number in range(1, 10)]
    assert {one.reason for one in not_looked(few, Reason.BUG, "x")} == {Reason.BUG}


def test_the_report_shows_each_table_beside_the_source() -> None:
    # Given
    contract = Contract.model_validate(
        {"name": "合同", "client": {"name": "甲"}, "contractor": {"name": "乙"},
         "term": {"start": "2026-01-01", "end": "2026-12-31"},
         "systems": [{"id": "oa", "name": "办公", "url": "https://oa", "journeys": [
             {"id": "t", "title": "t", "steps": [{"expect": {"text": "t"}}]}]}],
         "backups": [{"system": "oa", "backups": [backup().model_dump(mode="json")]}]}
    )  # fmt: skip
    day = MADE.date()
    slot = next(drill_slots(contract, day))
    visit = RestoreVisit(**{**SOUND, "tables": {"notice": 100}})
    findings = judge(Drilled(visit, backup(), None, ZONE))
    run = RunRecord(
        id="r", slot=slot.id, flow_run_id="", trigger="cli", who="", why="", started_at=MADE, ended_at=MADE,
        outcome="CRIT", code_version="", contract_hash="", restore_visits=(visit,),
        findings=tuple(FindingRecord(target="oa.db", attempt=1, at=MADE, finding=one) for one in findings),
    )  # fmt: skip
    # When
    report = restore_report(contract, day, [run])
    # Then: what is missing comes first
    assert slot.id == f"{RESTORE_DRILL}/oa.db/2026-11"
    drill = report.drills[0]
    assert drill.state is State.CRIT
    assert next((line.name, line.restored, line.source) for line in drill.tables) == ("document", None, 50)
    assert (drill.held, drill.asked) == (1, 1)
    assert drill.took is not None
    assert drill.behind is not None
    assert (drill.took.shown, drill.behind.shown, drill.took.rows) == ("20 秒", "5 分钟", ("run r",))
    assert (report.due, report.passed, report.failed, report.not_done) == (1, 0, 1, 0)
    assert restore_report(contract, day, []).drills[0].state is None
