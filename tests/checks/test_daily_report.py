"""The 日报 as data: the same records give the same report."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from checks.contract import Contract
from checks.daily_report import daily_report
from checks.downtime import Window
from checks.feedback import Feedback
from checks.finding import Finding, Reason, State
from checks.incidents import INCIDENT
from checks.notices import DELIVERY
from checks.page_check import planned
from checks.records import EventRecord, EvidenceRecord, FindingRecord, RunRecord, merged
from checks.visit import Step, Visit

DAY = date(2026, 11, 22)
MORNING = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
EXPECT = [{"expect": {"text": "x"}}]


def contract() -> Contract:
    journeys = [{"id": one, "title": f"页面 {one}", "steps": EXPECT} for one in ("a", "b")]
    systems = [
        {"id": one, "name": f"系统 {one}", "url": "https://x/", "journeys": journeys} for one in ("oa", "mobile")
    ]
    head = {"name": "合同", "client": {"name": "甲"}, "contractor": {"name": "乙"}, "systems": systems}
    return Contract.model_validate({**head, "term": {"start": "2026-03-01", "end": "2027-02-28"}})


def finding(
    target: str, check: str, state: State = State.OK, attempt: int = 1, reason: Reason | None = None
) -> FindingRecord:
    found = Finding(check=check, state=state, summary=f"{target} {check} {state}", reason=reason)
    return FindingRecord(target=target, attempt=attempt, at=MORNING + timedelta(minutes=attempt), finding=found)


def run(
    findings: Iterable[FindingRecord],
    system: str = "oa",
    day: date = DAY,
    ended: bool = True,
    number: int = 1,
    **more: Any,
) -> RunRecord:
    started = MORNING + (day - DAY) + timedelta(hours=number - 1)
    targets = dict.fromkeys((one.target, one.attempt) for one in findings)
    visits = [
        Visit(target=target, attempt=attempt, started_at=started, seconds=1, steps=[Step(what="打开", seconds=number)])
        for target, attempt in targets
    ]
    pictures = [
        EvidenceRecord(
            target=target, attempt=attempt, kind="screenshot", path=f"{target}-{number}-{attempt}.jpg", sha256="0" * 64,
            size=1, grade=2, at=started,
        )
        for target, attempt in targets
    ]  # fmt: skip
    return RunRecord(
        id=f"{system}-{day}-{number}", slot=f"page-inspection/{system}/{day}", flow_run_id="f", trigger="schedule",
        who="w", why="y", started_at=started, ended_at=started + timedelta(minutes=5) if ended else None,
        outcome="OK" if ended else "", code_version=f"v{number}", contract_hash="c", findings=tuple(findings),
        visits=tuple(visits), evidence=tuple(pictures), **more,
    )  # fmt: skip


def well(system: str = "oa", *but: FindingRecord) -> list[FindingRecord]:
    """All items of a system, and what was different."""
    of = contract().system(system)
    instead = {(one.target, one.finding.check): one for one in but}
    return [
        instead.get((of.target(part), check.id)) or finding(of.target(part), check.id)
        for part in of.targets()
        for check in planned(of, part)
    ]


def test_nothing_was_done() -> None:
    # When
    report = daily_report(contract(), DAY, [], [])
    # Then: what was expected and not done is shown as such
    assert (report.expected, report.done, report.missed, report.cut) == (2, 0, 2, 0)
    assert report.expected.rows == ("slot page-inspection/oa/2026-11-22", "slot page-inspection/mobile/2026-11-22")
    assert report.systems[0].not_done.rows == tuple(f"slot page-inspection/oa/2026-11-22 oa/{one}" for one in "ab")
    assert [line.state for line in report.systems] == [None, None]
    assert [line.summary for line in report.pages] == ["未执行"] * 4
    assert report.anomalies == ()


def test_all_is_well() -> None:
    # When
    report = daily_report(contract(), DAY, [run(well()), run(well("mobile"), "mobile")], [])
    # Then
    assert (report.expected, report.done) == (2, 2)
    assert [(line.state, line.ok, line.pages) for line in report.systems] == [(State.OK, 2, 2)] * 2
    assert str(report.systems[0].started_at) == "2026-11-22 08:30:00+08:00"
    assert report.pages[0].summary == "8 项正常"
    assert len(set(report.pages[0].items.rows)) == 8
    assert report.pages[0].screenshot is not None
    assert (report.anomalies, report.leftovers) == ((), ())


def test_an_anomaly_says_what_where_and_when() -> None:
    # When
    crit = finding("oa/a", "PG05", State.CRIT)
    report = daily_report(contract(), DAY, [run(well("oa", crit))], [])
    # Then
    [line] = report.anomalies
    assert (line.system, line.page, line.item, line.state) == ("系统 oa", "页面 a", "功能", State.CRIT)
    assert line.found_at.isoformat() == "2026-11-22T08:31:00+08:00"
    assert line.rows == report.found.rows == ("slot page-inspection/oa/2026-11-22 oa/a PG05",)
    assert (report.systems[0].state, report.systems[0].crit, report.systems[0].ok) == (State.CRIT, 1, 1)
    assert report.pages[0].summary == crit.finding.summary
    assert report.done == 1


def test_well_after_the_retry_is_well_and_says_so() -> None:
    # When
    again = [finding("oa/a", "PG05", State.CRIT), finding("oa/a", "PG05", attempt=2)]
    report = daily_report(contract(), DAY, [run([*well("oa", again[0]), again[1]])], [])
    # Then
    assert (report.pages[0].state, report.pages[0].attempts) == (State.OK, 2)
    assert report.pages[0].summary.endswith("，重试后正常")
    assert report.anomalies == ()


def test_what_could_not_be_looked_at_is_neither_done_nor_an_anomaly() -> None:
    """As the reports of longer periods have it."""
    dark = [
        finding("oa/a", check.id, State.UNKNOWN, reason=Reason.TIMEOUT)
        for part in contract().system("oa").targets()
        if part.id == "a"
        for check in planned(contract().system("oa"), part)
    ]
    # When
    report = daily_report(contract(), DAY, [run(well("oa", *dark)), run(well("mobile"), "mobile")], [])
    # Then
    assert (report.done.rows, report.partly.rows) == (
        ("slot page-inspection/mobile/2026-11-22",),
        ("slot page-inspection/oa/2026-11-22",),
    )
    assert (report.found, report.unseen) == (0, len(dark))


def test_a_run_that_was_cut_off_is_not_done() -> None:
    # When
    report = daily_report(contract(), DAY, [run([finding("oa/a", "PG01")], ended=False)], [])
    # Then: what it had found counts, what it had not is unknown
    assert (report.done, report.cut, report.missed) == (0, 1, 1)
    assert [line.state for line in report.pages[:2]] == [State.OK, None]
    assert report.systems[0].state is State.UNKNOWN
    assert (report.systems[0].ok, report.systems[0].not_done) == (1, 1)


class TestSeveralRuns:
    def test_the_later_replaces_what_it_looked_at(self) -> None:
        # Given
        first = run(well("oa", finding("oa/a", "PG05", State.CRIT), finding("oa/b", "PG05", State.CRIT)))
        second = run([finding("oa/a", "PG05")], number=2)
        # When
        report = daily_report(contract(), DAY, [first, second], [])
        # Then
        assert [(line.page, line.state) for line in report.anomalies] == [("页面 b", State.CRIT)]
        assert report.systems[0].run_id == second.id
        assert report.systems[0].started_at == first.started_at
        assert report.systems[0].ended_at == second.ended_at
        assert report.pages[0].seconds == 2

    def test_one_that_is_cut_off_does_not_undo_the_one_before(self) -> None:
        # When
        report = daily_report(contract(), DAY, [run(well()), run([], ended=False, number=2)], [])
        # Then
        assert report.done == 1
        assert report.systems[0].state is State.OK

    def test_none(self) -> None:
        assert merged([]) is None


class TestLeftovers:
    CRIT = finding("oa/a", "PG05", State.CRIT)

    def bad(self, days_ago: int, **more: Any) -> RunRecord:
        return run(well("oa", self.CRIT), day=DAY - timedelta(days=days_ago), **more)

    def good(self, days_ago: int, **more: Any) -> RunRecord:
        return run(well(), day=DAY - timedelta(days=days_ago), **more)

    def since(self, *earlier: RunRecord) -> list[date]:
        return [line.since for line in daily_report(contract(), DAY, [self.bad(0)], earlier).leftovers]

    def test_of_today_alone_is_none(self) -> None:
        assert self.since() == []
        assert self.since(self.good(1)) == []

    def test_is_followed_back_to_its_first_day(self) -> None:
        earlier = [self.bad(3), self.bad(2), self.bad(1)]
        assert self.since(*earlier) == [DAY - timedelta(days=3)]
        [line] = daily_report(contract(), DAY, [self.bad(0)], earlier).leftovers
        assert (line.days, len(line.days.rows)) == (4, 4)

    def test_a_good_day_between_begins_it_anew(self) -> None:
        assert self.since(self.bad(3), self.good(2), self.bad(1)) == [DAY - timedelta(days=1)]

    def test_the_day_s_last_word_counts(self) -> None:
        assert self.since(self.bad(1), self.good(1, number=2)) == []

    def test_what_is_well_today_is_left_over_no_more(self) -> None:
        assert daily_report(contract(), DAY, [self.good(0)], [self.bad(1)]).leftovers == ()

    def test_other_items_and_systems_do_not_count(self) -> None:
        other = run(well("mobile", finding("mobile/a", "PG05", State.CRIT)), "mobile", DAY - timedelta(days=1))
        item = run(well("oa", finding("oa/a", "PG06", State.WARN)), day=DAY - timedelta(days=1))
        assert self.since(other, item) == []


def test_the_same_records_give_the_same_bytes() -> None:
    runs = [run(well("oa", finding("oa/a", "PG05", State.CRIT))), run(well("mobile"), "mobile")]
    reports = [daily_report(contract(), DAY, runs, runs[:1]).model_dump_json() for _ in range(2)]
    assert reports[0] == reports[1]


def test_outside_of_the_term_nothing_is_expected() -> None:
    assert daily_report(contract(), date(2027, 3, 1), [], []).expected == 0


def event(kind: str, number: int, subject: str, at: datetime, **body: object) -> EventRecord:
    return EventRecord(
        id=number, kind=kind, subject=subject, at=at, entered_at=at, who="巡检程序", why="x", via="watch", body=body
    )


def delivered(number: int, notice: str, at: datetime, *, ok: bool = True) -> EventRecord:
    return event(DELIVERY, number, notice, at, notices=[notice], channel="mail", ok=ok)


def seen(target: str, at: datetime) -> EventRecord:
    symptom = {"target": target, "check": "PG05", "summary": "x"} | {
        one: at.isoformat() for one in ("at", "found_at", "seen_at")
    }
    body = {"step": "discovered", "key": "oa", "system": "oa", "found_by": "inspection", "symptoms": [symptom]}
    return event(INCIDENT, 1, "G-2026-0001", at, started_at=at.isoformat(), **body)


def test_what_was_told_has_its_time_and_what_was_not_has_none() -> None:
    """Given a fault told with its incident, one told with the day's results, and one of the next day."""
    found = MORNING + timedelta(minutes=1)
    crit, warn = finding("oa/a", "PG05", State.CRIT), finding("oa/b", "PG06", State.WARN)
    sent = [
        delivered(2, "G-2026-0001/open", found + timedelta(minutes=2)),
        delivered(3, "daily/2026-11-22", found + timedelta(minutes=3), ok=False),
        delivered(4, "daily/2026-11-22", found + timedelta(minutes=9)),
        delivered(5, "daily/2026-11-21", found + timedelta(minutes=1)),
    ]
    feedback = Feedback.of([seen("oa/a", found)], sent)
    report = daily_report(contract(), DAY, [run(well("oa", crit, warn))], [], feedback=feedback)
    told = {line.page: line.reported_at for line in report.anomalies}
    assert told == {"页面 a": found + timedelta(minutes=2), "页面 b": found + timedelta(minutes=9)}
    nobody = daily_report(contract(), DAY, [run(well("oa", crit, warn))], [], feedback=Feedback.of([], sent[:2]))
    assert [line.reported_at for line in nobody.anomalies] == [None, None]


def window(start: datetime, end: datetime, approved_at: datetime | None) -> Window:
    return Window("T-2026-0001", ("oa",), start, end, "升级", start - timedelta(days=2), approved_at)


def test_an_inspection_within_planned_downtime_says_so() -> None:
    hour = timedelta(hours=1)
    planned_ = window(MORNING - hour, MORNING + hour, MORNING - 5 * hour)
    report = daily_report(contract(), DAY, [run(well()), run(well("mobile"), "mobile")], [], windows=[planned_])
    [line] = report.planned
    assert (line.system, line.number, line.why) == ("系统 oa", "T-2026-0001", "升级")
    assert line.start.isoformat() == "2026-11-22T07:30:00+08:00"


def test_a_window_that_does_not_count_or_was_at_another_time_is_not_named() -> None:
    hour = timedelta(hours=1)
    others = [window(MORNING - hour, MORNING + hour, None), window(MORNING - 3 * hour, MORNING, MORNING - 9 * hour)]
    report = daily_report(contract(), DAY, [run(well())], [], windows=[others[0]])
    assert report.planned == ()
    assert daily_report(contract(), DAY, [run(well("mobile"), "mobile")], [], windows=others).planned == ()
