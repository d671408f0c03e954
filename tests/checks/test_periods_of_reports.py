"""The pure parts of 月报 and its like: faults, incidents, the register, resources, drills, indicators."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from finding_book import ONE, T0, Told

from checks import indicators as say
from checks.backup import Backup, PlacedBackup
from checks.baseline_check import Conformity
from checks.clocks import Case, Clock
from checks.finding import Finding, State
from checks.hosts import disk
from checks.incidents import Incident
from checks.number import Number
from checks.period_baseline import baseline_line
from checks.period_cases import breached, during, longest_repair, running
from checks.period_drills import drill_line
from checks.period_faults import Fault, most_often, slots_of
from checks.period_findings import by_severity, over
from checks.period_lines import AvailabilityLine, DutyLine
from checks.records import FindingRecord, RunRecord
from checks.resources import Look, Trend, line, trends
from checks.slots import RESTORE_DRILL
from checks.visit import RestoreVisit

CHINA = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 12, 6)


def at(day: int, hour: float = 12) -> datetime:
    return datetime(2026, 9, 1, tzinfo=CHINA) + timedelta(days=day - 1, hours=hour)


def fault(number: int, state: State, target: str = "oa/a", check: str = "PG01", *, newest: bool = False) -> Fault:
    return Fault(number, f"page-inspection/oa/{number}", target, check, at(number), state, f"看到 {number}", newest)


class TestFaults:
    def test_the_most_frequent_first_with_what_was_seen_last(self) -> None:
        faults = [
            fault(1, State.WARN, "oa/b"), fault(2, State.WARN), fault(3, State.CRIT), fault(4, State.WARN, newest=True),
            fault(5, State.UNKNOWN),
        ]  # fmt: skip
        first, second = most_often(faults, {"PG01": "可达"})
        assert (first.target, first.item, first.times, first.state) == ("oa/a", "PG01 可达", 3, State.CRIT)
        assert (first.summary, first.still, first.last_at) == ("看到 4", True, at(4))
        assert first.times.rows == ("finding 2", "finding 3", "finding 4")
        assert (second.target, second.times, second.still) == ("oa/b", 1, False)

    def test_what_could_not_be_looked_at_is_no_fault_and_a_slot_counts_once(self) -> None:
        faults = [fault(1, State.WARN), fault(1, State.CRIT, check="PG02"), fault(2, State.UNKNOWN)]
        assert slots_of(faults) == ["page-inspection/oa/1"]
        assert most_often([fault(2, State.UNKNOWN)], {}) == []


def case(
    number: int, found: datetime, restored: datetime | None = None, cleared: datetime | None = None, **more: Any
) -> Case:
    one = Incident(f"G-{number}", "k", "oa", "call", found, found, restored_at=restored, cleared_at=cleared, **more)
    repair = Clock("repair", "修复", timedelta(hours=8), found, restored)
    return Case(one, None, (repair,))


class TestCases:
    START, END = at(1, 0), at(31, 0)

    def test_each_stands_where_it_belongs(self) -> None:
        before = case(1, at(-5), at(1, 0), at(1, 0))  # cleared at the very start
        within = case(2, at(1, 0), at(2), at(3))
        left = case(3, at(30, 23))
        after = case(4, at(31, 0))
        void = case(5, at(5), void_at=at(6))
        found = during([before, within, left, after, void], self.START, self.END)
        assert found == ([within, left], [before, within], [left])
        later = case(6, at(2), at(31, 0), at(31, 0))  # cleared as the period ends: in the next
        assert during([later], self.START, self.END) == ([later], [], [later])

    def test_exactly_on_time_is_in_time(self) -> None:
        on_time, late, open_ = case(1, at(1), at(1, 20)), case(2, at(1), at(1, 20.001)), case(3, at(1))
        assert [breached(one, "repair", at(2)) for one in (on_time, late, open_)] == [False, True, True]
        assert [running(one, "repair", at(1, 13)) for one in (on_time, late, open_)] == [True, True, True]
        assert [running(one, "repair", at(2)) for one in (on_time, late, open_)] == [False, False, False]

    def test_the_longest_repair_is_of_what_is_repaired(self) -> None:
        assert longest_repair(
            [case(1, at(1), at(1, 15)), case(2, at(1), at(1, 14)), case(3, at(1))], at(9)
        ) == timedelta(hours=3)
        assert longest_repair([case(3, at(1))], at(9)) is None


class TestRegister:
    def test_what_happened_to_it_in_a_period(self) -> None:
        """Given one found before, mended within, verified; one found within, overdue at its end; one found after."""
        told = Told(T0)
        told.found(severity="高危", due="2026-11-30")
        start = (told.later(10)).now - timedelta(days=1)
        told.fixed()
        told.later(1).tested("OK")
        told.found("F-2026-002", severity="低危", due="2026-12-05")
        end = told.later(3).now
        told.found("F-2026-003")
        found = over(told.events, start, end, DAY)
        those = (found.new, found.mended, found.verified, found.open, found.overdue)
        other = "F-2026-002"
        assert [[one.id for one in some] for some in those] == [[other], [ONE], [ONE], [other], [other]]
        high, low = by_severity(found)
        assert [one.value for one in (high.new, high.mended, high.verified, high.open)] == [0, 1, 1, 0]
        assert (low.severity, low.overdue.value, low.overdue.rows) == ("低危", 1, ("event 4",))

    def test_its_last_day_itself_is_not_overdue(self) -> None:
        told = Told(T0)
        told.found(due="2026-11-30")
        midnight = datetime(2026, 12, 1, tzinfo=CHINA)
        assert over(told.events, T0, midnight, date(2026, 11, 30)).overdue == []
        assert len(over(told.events, T0, midnight, date(2026, 12, 1)).overdue) == 1

    def test_what_is_entered_later_than_it_happened_is_of_the_period_in_which_it_was_entered(self) -> None:
        """Given a repair and its test, entered two days after the time that was written."""
        told = Told(T0)
        told.found()
        told.later(10).fixed()
        told.later(1).tested("OK")
        late = [one.model_copy(update={"at": one.at - timedelta(days=2)}) for one in told.events]
        border = told.now - timedelta(days=1, hours=1)
        earlier, later = (over(late, *span, DAY) for span in ((T0, border), (border, told.now + timedelta(days=1))))
        assert (earlier.mended, earlier.verified) == ([], [])
        assert [[one.id for one in some] for some in (later.mended, later.verified)] == [[ONE], [ONE]]

    def test_an_empty_register(self) -> None:
        found = over([], at(1), at(30), DAY)
        assert (found.known, by_severity(found)) == ([], [])


def looks(*used: int, first: int = 1, every: int = 7) -> list[Look]:
    disk = [{"filesystems": [{"mount": "/data", "size": 100, "used": one, "available": 100 - one}]} for one in used]
    return [Look(f"run{n}", at(first + every * n), {"OS08": facts}) for n, facts in enumerate(disk)]


class TestResources:
    def test_what_the_contract_says_of_a_mount_point_holds(self) -> None:
        """As for the inspection, the report of a week and the picture."""
        skipped = disk.Params.model_validate({"mounts": {"/data": {"not_applicable": "只读的快照"}}})
        assert trends(looks(50, 60), at(1, 0), skipped) == []
        tight = disk.Params.model_validate({"mounts": {"/data": {"warn": 40, "crit": 60}}})
        [trend] = trends(looks(50, 50), at(1, 0), tight)
        assert (line("oa-db-01", trend, tight).moving, line("oa-db-01", trend).moving) == (True, False)

    def test_what_is_printed_is_below_the_threshold_where_it_is_and_adds_up(self) -> None:
        of = [("run1", 55.39), ("run2", 79.96)]
        found = line("oa-db-01", Trend("/data", of))
        assert [one.shown for one in (found.first, found.last, found.most, found.growth)] == [
            "55.3%", "79.9%", "79.9%", "+24.6",
        ]  # fmt: skip

    def test_from_the_first_look_to_the_last_and_what_will_be_full(self) -> None:
        [trend] = trends(looks(50, 60, 70, 80), at(1, 0))
        found = line("oa-db-01", trend)
        assert (found.what, found.first.shown, found.last.shown, found.growth.shown) == (
            "/data",
            "50.0%",
            "80.0%",
            "+30.0",
        )
        assert found.forecast.startswith("约 14 天后写满")
        assert found.looks.rows == ("run run0", "run run1", "run run2", "run run3")

    def test_a_forecast_rests_on_what_was_seen_before_the_period_and_the_rest_does_not(self) -> None:
        [trend] = trends(looks(50, 60, 70, 80), at(20))
        found = line("oa-db-01", trend)
        assert (found.first.shown, found.looks.value) == ("80.0%", 1)
        assert found.forecast
        assert not line("oa-db-01", trends(looks(80), at(1))[0]).forecast

    def test_what_stays_and_is_not_full_is_not_moving(self) -> None:
        moving = {used: line("h", trends(looks(*used), at(1))[0]).moving for used in ((50, 50), (50, 51), (85, 85))}
        assert moving == {(50, 50): False, (50, 51): True, (85, 85): True}

    def test_facts_of_another_version_are_passed_over(self) -> None:
        strange = Look("run", at(2), {"OS04": {"load": "?"}, "OS06": None, "OS08": {"filesystems": [{"mount": "/"}]}})
        assert trends([strange], at(1)) == []
        assert trends([], at(1)) == []


class TestDrills:
    BACKUP = PlacedBackup(
        "oa",
        Backup.model_validate(
            {"id": "db", "title": "业务库", "kind": "pg-custom", "at": {"folder": "/b"}, "restore": {"rto_minutes": 60}}
        ),
    )

    @staticmethod
    def run(day: int, *states: State, visit: RestoreVisit | None = None) -> RunRecord:
        findings = [Finding(check=f"RS0{n}", state=state, summary="看到") for n, state in enumerate(states)]
        return RunRecord(
            id=f"run{day}", slot=f"{RESTORE_DRILL}/oa.db/2026-{day:02}", flow_run_id="", trigger="", who="", why="",
            started_at=at(day), ended_at=at(day), outcome="OK", code_version="", contract_hash="",
            findings=tuple(FindingRecord(target="oa.db", attempt=1, at=at(day), finding=one) for one in findings),
            restore_visits=(visit,) if visit else (),
        )  # fmt: skip

    def test_the_last_one_with_a_verdict_counts(self) -> None:
        visit = RestoreVisit(
            target="oa.db",
            attempt=1,
            started_at=at(9),
            seconds=9,
            restored_seconds=300,
            copy_at=at(9, 2),
            newest=at(9, 1),
        )
        line = drill_line(
            "OA",
            self.BACKUP,
            [self.run(2, State.OK), self.run(9, State.OK, State.WARN, visit=visit), self.run(11)],
            at(5),
        )
        assert (line.at, line.within, line.state) == (at(9), True, State.WARN)
        assert (line.took.shown, line.limit, line.behind.shown, line.point) == (
            "5 分钟",
            "60 分钟",
            "60 分钟",
            at(9, 1),
        )
        assert line.rows == ("run run9",)

    def test_none(self) -> None:
        line = drill_line("OA", self.BACKUP, [], at(5))
        assert (line.at, line.within, line.state, line.took.value, line.behind.shown) == (
            None,
            False,
            None,
            None,
            "不明",
        )

    def test_one_before_the_period_is_not_of_it(self) -> None:
        assert not drill_line("OA", self.BACKUP, [self.run(2, State.CRIT)], at(5)).within


def test_the_baseline_in_a_line() -> None:
    """Given 999 of 1000 that conform, then the rate is cut off and not 100 %; 不适用 is in no denominator."""
    tally = Counter({Conformity.MET: 1999, Conformity.NOT_MET: 1, Conformity.EXEMPT: 1, Conformity.NOT_APPLICABLE: 50})
    line = baseline_line("2026-09", tally, ("run a",))
    assert (line.applicable, line.met, line.rate.shown, line.rate_of_verified.shown) == (2001, 1999, "99.9%", "99.9%")
    assert baseline_line("2026-09", {}, ()).rate.shown == "不明"


def duty(**counted: int) -> DutyLine:
    names = ("expected", "done", "late", "missed", "excused", "unknown", "pending")
    return DutyLine(
        duty="d",
        title="页面巡检",
        absent="" if counted else "合同没有要求",
        **{one: Number(counted.get(one, 0)) for one in names},
    )


def n(*values: int) -> list[Number]:
    return [Number(one) for one in values]


class TestIndicators:
    @pytest.mark.parametrize(
        ("line", "verdict"),
        [
            (duty(expected=30, done=30), "达到"),
            (duty(expected=30, done=29, missed=1), "未达到"),
            (duty(expected=30, done=28, missed=1, unknown=1), "未达到"),
            (duty(expected=30, done=29, unknown=1), "不能确定"),
            (duty(expected=20, done=20, pending=2), "不能确定"),
            (duty(pending=2), "不能确定"),
            (duty(), "不适用"),
        ],
    )
    def test_how_often(self, line: DutyLine, verdict: str) -> None:
        assert say.inspected("七2(1)", "每日", line).verdict == verdict

    @pytest.mark.parametrize(
        ("due", "there", "late", "coming", "verdict"),
        [
            (4, 4, 0, 0, "达到"),
            (4, 4, 1, 0, "达到"),
            (4, 3, 1, 0, "未达到"),
            (4, 4, 0, 1, "不能确定"),
            (0, 0, 0, 0, "不能确定"),
        ],
    )
    def test_reports(self, due: int, there: int, late: int, coming: int, verdict: str) -> None:
        assert say.reported("七2(1)", "报告", *n(due, there, late, coming)).verdict == verdict

    @pytest.mark.parametrize(("met", "verdict"), [(True, "达到"), (False, "未达到"), (None, "不能确定")])
    def test_availability(self, met: bool | None, verdict: str) -> None:
        share = Number(Fraction(99, 100), text="99.00%")
        zero = Number(0)
        line = AvailabilityLine(
            name="OA", share=share, up=zero, down=zero, planned=zero, unknown=zero, judged="", points=None
        )
        found = say.available("七2(2)", "99%", line, met)
        assert (found.verdict, found.actual) == (verdict, ("OA可用率 ", share))

    @pytest.mark.parametrize(
        ("numbers", "pages", "verdict"),
        [
            ((0, 0, 0), duty(expected=30, done=30), "达到"),
            ((0, 0, 1), duty(expected=30, done=30), "不能确定"),
            ((0, 0, 0), duty(expected=30, done=29, missed=1), "不能确定"),
            ((0, 0, 0), duty(), "不能确定"),
            ((2, 0, 0), duty(expected=30, done=30), "待甲方认定"),
            ((2, 1, 0), duty(expected=30, done=30), "未达到"),
        ],
    )
    def test_functions(self, numbers: Sequence[int], pages: DutyLine, verdict: str) -> None:
        assert say.working("七2(3)", "功能", *n(*numbers), pages).verdict == verdict

    def test_what_the_client_must_rule(self) -> None:
        assert say.safe_data("七2(4)", "数据", *n(0, 1, 0)).verdict == "待甲方认定"
        assert say.secure("七2(5)", "安全", *n(3, 0)).verdict == "待甲方认定"
        assert say.secure("七2(5)", "安全", *n(3, 1)).verdict == "未达到"

    @pytest.mark.parametrize(
        ("numbers", "ended", "verdict"),
        [
            ((0, 0, 0), True, "达到"),
            ((2, 1, 0), True, "未达到"),
            ((2, 0, 1), True, "不能确定"),
            ((0, 0, 0), False, "不能确定"),
        ],
    )
    def test_clocks(self, numbers: Sequence[int], ended: bool, verdict: str) -> None:
        assert say.answered("七2(6)", "响应", "响应", *n(*numbers), ended=ended).verdict == verdict
