"""A day's results: told on the same day, also when all is well; what is missing is named."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from checks.contract import Contract
from checks.daily_result import Result, daily_result, to_be_told
from checks.finding import Finding, Reason, State
from checks.incidents import Incident
from checks.notices import NOTICE, of_events
from checks.records import EventRecord, FindingRecord
from checks.secrecy import Grade

DAY = date(2026, 11, 23)
MORNING = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
LATEST = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
_JOURNEYS = [{"id": name, "title": name, "steps": [{"expect": {"text": "x"}}]} for name in ("todo", "mail")]
CONTRACT = Contract.model_validate(
    {
        "name": "合同", "client": {"name": "示例单位"}, "contractor": {"name": "示例公司"},
        "term": {"start": "2026-01-01", "end": "2026-12-31"},
        "systems": [{"id": "oa", "name": "OA 系统", "url": "https://127.0.0.1:1", "journeys": _JOURNEYS}],
        "hosts": [{"system": "oa", "hosts": [{"name": "oa-db-01", "role": "数据库"}]}],
    }
)  # fmt: skip


def verdicts(*those: tuple[str, str, State], at: datetime = MORNING) -> dict[tuple[str, str], FindingRecord]:
    found = {}
    for target, check, state in those:
        reason = Reason.TIMEOUT if state is State.UNKNOWN else None
        finding = Finding(check=check, state=state, summary=f"{target} 的情况", reason=reason)
        found[target, check] = FindingRecord(target=target, attempt=1, at=at, finding=finding)
    return found


def result(seen: Mapping[tuple[str, str], FindingRecord], *known: Incident) -> Result:
    return daily_result(CONTRACT, DAY, seen, known)


def words(found: Result, grade: Grade = Grade.MEDIUM) -> list[str]:
    return [text for its, text in found.lines if its <= grade]


ALL = verdicts(("oa/todo", "PG01", State.OK), ("oa/mail", "PG01", State.OK), ("oa-db-01", "OS08", State.OK))


def test_when_all_is_well_it_says_so_with_numbers() -> None:
    found = result(ALL)
    assert found.complete
    assert words(found) == [
        "【巡检结果】11-23：全部正常",
        "　OA 系统 页面 2 个：正常 2、告警 0、严重 0、未取得 0",
        "　OA 系统 主机 1 个：正常 1、告警 0、严重 0、未取得 0",
        "　未解除的故障：没有",
    ]


@pytest.mark.parametrize("state", [State.WARN, State.CRIT, State.UNKNOWN])
def test_what_is_not_well_is_said_and_its_details_are_of_the_second_grade(state: State) -> None:
    found = result({**ALL, **verdicts(("oa/mail", "PG02", state))})
    assert words(found)[0] == "【巡检结果】11-23：发现问题"
    assert f"　oa/mail PG02 {state.label}：oa/mail 的情况" in words(found)
    assert not any("oa/mail" in line for line in words(found, Grade.LEAST))


def test_an_open_incident_keeps_a_day_from_being_well() -> None:
    found = result(ALL, Incident("G-2026-0007", "oa", "oa", "probe", MORNING, MORNING))
    assert words(found)[0] == "【巡检结果】11-23：发现问题"
    assert words(found)[-1] == "　未解除的故障：G-2026-0007"


def test_what_was_not_looked_at_today_is_missing_whatever_was_seen_yesterday() -> None:
    yesterday = verdicts(("oa/mail", "PG01", State.OK), at=MORNING - timedelta(hours=9))
    found = result({**ALL, **yesterday})
    assert not found.complete
    assert words(found)[0] == "【巡检结果】11-23：还没有做完"
    assert "　未做：OA 系统 1 个页面" in words(found)


_BACKUP = {"id": "db", "title": "数据库", "kind": "vendor", "at": {"folder": "/b"}}
WITH_BACKUP = Contract.model_validate(
    {**CONTRACT.model_dump(mode="json"), "backups": [{"system": "oa", "backups": [_BACKUP]}]}
)


class TestBackups:
    def test_belong_to_the_day(self) -> None:
        checked = verdicts(("oa.db", "BK01", State.OK), ("oa.db", "BK03", State.WARN))
        found = daily_result(WITH_BACKUP, DAY, {**ALL, **checked}, [])
        assert found.complete
        assert "　OA 系统 备份 1 个：正常 0、告警 1、严重 0、未取得 0" in words(found)
        assert "　oa.db BK03 告警：oa.db 的情况" in words(found)

    def test_are_missing_until_they_are_checked_whatever_a_drill_has_found(self) -> None:
        found = daily_result(WITH_BACKUP, DAY, {**ALL, **verdicts(("oa.db", "RS01", State.CRIT))}, [])
        assert (found.complete, words(found)[0]) == (False, "【巡检结果】11-23：还没有做完")
        assert "　未做：OA 系统 1 个备份" in words(found)
        assert "　oa.db RS01 严重：oa.db 的情况" in words(found)


def test_what_the_contract_no_longer_has_says_nothing() -> None:
    assert words(result({**ALL, **verdicts(("old/page", "PG01", State.CRIT))}))[0] == "【巡检结果】11-23：全部正常"


@pytest.mark.parametrize(
    ("complete", "told", "at", "subject"),
    [
        (True, {}, MORNING, "daily/2026-11-23"),
        (False, {}, MORNING, None),
        (False, {}, LATEST, "daily/2026-11-23"),
        (True, {"daily/2026-11-23": True}, LATEST, None),
        (False, {"daily/2026-11-23": False}, LATEST, None),
        (True, {"daily/2026-11-23": False}, LATEST, "daily/2026-11-23/complete"),
        (True, {"daily/2026-11-23": False, "daily/2026-11-23/complete": True}, LATEST, None),
    ],
)
def test_it_is_told_when_all_is_done_or_at_the_latest_moment(
    complete: bool, told: dict[str, bool], at: datetime, subject: str | None
) -> None:
    found = to_be_told(result(ALL)._replace(complete=complete), told, at, LATEST)
    assert (found.subject if found else None) == subject


def test_it_is_told_from_the_record_with_its_grades() -> None:
    found = result({**ALL, **verdicts(("oa/mail", "PG02", State.WARN))})
    event = found.event(NOTICE, MORNING)
    record = EventRecord.model_validate({**event.model_dump(mode="json"), "id": 1, "entered_at": MORNING})
    [notice] = of_events([record])
    assert (notice.id, notice.due, notice.lines) == ("daily/2026-11-23", MORNING, found.lines)
