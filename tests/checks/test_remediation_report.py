"""The register over a month: what was there before, what came, what was mended, what is left."""

from datetime import UTC, date, datetime
from typing import Any

from finding_book import CHINA, KEY, Told

from checks.periods import Period
from checks.records import RunRecord
from checks.remediation_report import RemediationReport, remediation_report
from checks.security_finding import Step

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
OCTOBER_9 = datetime(2026, 10, 9, 1, tzinfo=UTC)
AFTER = datetime(2026, 12, 3, 1, tzinfo=UTC)


def report(told: Told, *runs: RunRecord, as_of: datetime = AFTER) -> RemediationReport:
    return remediation_report(told.events, runs, NOVEMBER, as_of, CHINA)


def seen(told: Told, subject: str) -> None:
    body = {"verdict": "OK", "run": f"run-{len(told.events)}", "before": "", "tester": "王五", "version": 1}
    told.enter(Step.TESTED, {**body, "probe": "port-closed", "identity": KEY}, subject)


def mended(told: Told, subject: str) -> None:
    told.enter(Step.FIXED, {"fixer": "李四"}, subject)
    seen(told, subject)


def year() -> Told:
    """Six findings: closed before; open and overdue; accepted; mended in November; new; no finding at all; one that
    came in December."""
    told = Told(OCTOBER_9)
    for number in range(1, 6):
        told.found(
            f"F-2026-00{number}", due="2026-11-08", severity="高危" if number == 2 else "低危", source="渗透测试"
        )
    mended(told, "F-2026-001")
    told.enter(Step.ACCEPTED, {"until": "2027-01-31", "document": "批示"}, "F-2026-003", who="赵六")
    told.later(30)  # 8 November
    told.enter(Step.PLANNED, {"plan": "停用端口", "owner": "运维岗"}, "F-2026-002")
    mended(told, "F-2026-004")
    told.enter(Step.FALSE_POSITIVE, {"document": "确认单"}, "F-2026-005")
    told.found("F-2026-006", due="2026-12-08", source="")
    told.later(24)  # 2 December
    mended(told, "F-2026-002")
    told.found("F-2026-007")
    return told


def numbers(lines: Any) -> list[str]:
    return [line.number for line in lines]


def test_what_was_open_or_changed_is_listed_worst_first() -> None:
    found = report(year())
    assert numbers(found.problems) == ["F-2026-002", "F-2026-006", "F-2026-003", "F-2026-004", "F-2026-005"]
    shown = {
        name: getattr(found, name).shown
        for name in ("known", "listed", "before", "new", "verified", "none", "open", "accepted", "overdue")
    }
    assert shown == {"known": "6", "listed": "5", "before": "4", "new": "1", "verified": "1", "none": "1", "open": "2",
                     "accepted": "1", "overdue": "1"}  # fmt: skip
    assert found.overdue.rows == ("event 2",)
    assert [(line.source, line.findings.shown) for line in found.sources] == [("渗透测试", "4"), ("没有登记来源", "1")]


def test_each_as_it_stood_at_the_end_of_the_month() -> None:
    lines = {line.number: line for line in report(year()).problems}
    late = lines["F-2026-002"]  # which was mended in December
    assert (late.life, late.plan, late.owner, late.over) == ("整改中", "停用端口", "运维岗", False)
    assert late.late is not None
    assert (late.late, late.late.rows) == (22, ("event 2",))
    held = lines["F-2026-003"]
    assert (held.life, held.accepted_by, held.until, held.document) == ("风险接受", "赵六", date(2027, 1, 31), "批示")
    assert lines["F-2026-004"].over
    assert lines["F-2026-006"].late is None


def test_a_month_that_is_not_over_is_read_so_far() -> None:
    found = report(year(), as_of=datetime(2026, 11, 9, 1, tzinfo=UTC))
    assert found.on == date(2026, 11, 9)
    assert [line.late for line in found.problems if line.late is not None] == [1]


def test_who_mended_what_and_what_the_retest_said() -> None:
    told = year()
    found = report(told)
    assert [(line.number, line.what, line.who) for line in found.done] == [
        ("F-2026-004", "整改完成", "李四"),
        ("F-2026-005", "误报", "张三"),
    ]
    [line] = found.retests
    assert (line.number, line.result, line.tester, line.summary) == ("F-2026-004", "没有结论", "王五", "")
    assert line.rows[0] == f"event {next(one.id for one in told.events if one.body.get('run') == line.run)}"


def test_a_follow_up_of_what_was_verified_before_is_no_repair_of_this_month() -> None:
    told = Told(OCTOBER_9)
    told.found("F-2026-001")
    mended(told, "F-2026-001")
    seen(told.later(30), "F-2026-001")
    found = report(told)
    assert (numbers(found.problems), found.verified, found.before) == (["F-2026-001"], 0, 0)


def test_a_verdict_that_is_entered_later_belongs_to_the_month_in_which_it_was_entered() -> None:
    """Given a retest of 31 October that was put on record in November: no other month could count it."""
    told = Told(OCTOBER_9)
    told.found("F-2026-001")
    told.enter(Step.FIXED, {"fixer": "李四"}, "F-2026-001")
    told.later(30)
    seen(told, "F-2026-001")
    told.events[-1] = told.events[-1].model_copy(update={"at": datetime(2026, 10, 31, 9, tzinfo=UTC)})
    found = report(told)
    assert (found.verified, len(found.retests)) == (1, 1)


def test_a_corrected_entry_is_as_if_it_had_never_been() -> None:
    told = Told(datetime(2026, 11, 9, 1, tzinfo=UTC))
    told.found()
    told.fixed("李四", corrects=told.fixed("张三"))
    assert [line.who for line in report(told).done] == ["李四"]


def test_an_empty_register_has_nothing_to_show() -> None:
    found = report(Told())
    assert (found.known, found.problems, found.done, found.retests, found.sources) == (0, (), (), (), ())
