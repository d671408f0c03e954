"""What the pictures of reports are drawn from, before anything is drawn."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from incident_book import CONTRACT

from checks.availability import Sight
from checks.contract import Contract
from checks.coverage import Line, Mark, SlotMark
from checks.downtime import Window
from checks.finding import State
from checks.host_report import Blank
from checks.incidents import Incident
from checks.probe import ProbeHour, Reading
from checks.records import Told
from checks.report_disks import Volume, pressing, volumes
from checks.report_heatmap import Column, Grid, grid
from checks.report_incidents import Happened, happened
from checks.report_response import Day, series
from checks.slots import HOST_INSPECTION, Slot
from checks.visit import HostVisit

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


def moment(day: int, hour: float = 0) -> datetime:
    return datetime(2026, 11, day, tzinfo=ZONE) + timedelta(hours=hour)


class TestResponse:
    """Given an hour's probes, one a minute."""

    @staticmethod
    def hour(begins: datetime, times: Iterable[int], down: int = 0) -> ProbeHour:
        readings = [
            Reading(begins.astimezone(UTC) + timedelta(minutes=number), Sight.DOWN if number < down else Sight.UP, ms)
            for number, ms in enumerate(times)
        ]
        return ProbeHour.of("oa", 60, readings)

    def test_the_middle_and_the_tail_are_times_that_were_measured(self) -> None:
        found = series("甲", 3, [self.hour(moment(2, 8), range(1, 61))], FIRST, LAST, ZONE)
        assert found.days == (Day(date(2026, 11, 2), 0.03, 0.057),)

    def test_an_answer_that_did_not_come_has_no_time(self) -> None:
        """Neither a refusal after 3 ms nor ten seconds of waiting says how fast the others were."""
        hours = [
            self.hour(moment(2, 8), [3] * 20 + [100] * 40, down=20),
            self.hour(moment(3, 8), [10_000] * 60, down=60),
        ]
        assert series("甲", 3, hours, FIRST, LAST, ZONE).days == (Day(date(2026, 11, 2), 0.1, 0.1),)

    def test_an_hour_over_midnight_is_of_two_days_by_the_clock_of_the_contract(self) -> None:
        found = series("甲", 3, [self.hour(moment(2, 23.5), [100] * 30 + [200] * 30)], FIRST, LAST, ZONE)
        assert [(one.day.day, one.median) for one in found.days] == [(2, 0.1), (3, 0.2)]

    def test_what_is_around_the_period_does_not_count(self) -> None:
        hours = [self.hour(moment(1, -2), [5] * 60), self.hour(moment(1), [7] * 60)]
        assert series("甲", 3, hours, FIRST, LAST, ZONE).days == (Day(FIRST, 0.007, 0.007),)


class TestHeatMap:
    """Given one host with two slots."""

    @staticmethod
    def line(*marks: Mark, host: str = "oa-db-01") -> Line:
        slots = [
            Slot(f"s{number}", HOST_INSPECTION, host, FIRST + timedelta(weeks=number), moment(1), moment(8))
            for number in range(len(marks))
        ]
        made = (SlotMark(slot, mark, "", ()) for slot, mark in zip(slots, marks, strict=True))
        return Line(duty=HOST_INSPECTION, target=host, label=host, marks=tuple(made))

    @staticmethod
    def cells(line: Line, told: Mapping[str, Mapping[str, State]]) -> dict[str, object]:
        """By item. `told`: by slot and item."""
        hosts = {"oa-db-01": ("甲", CONTRACT.host("oa-db-01"))}
        flat = [Told(slot, "oa-db-01", item, state) for slot, its in told.items() for item, state in its.items()]
        found = grid([line], hosts, flat)
        [column] = found.columns
        return dict(zip((item.partition(" ")[0] for item in found.items), column.cells, strict=True))

    def test_of_several_inspections_the_worst_state(self) -> None:
        told = {"s0": {"OS08": State.CRIT, "OS06": State.WARN}, "s1": {"OS08": State.OK, "OS06": State.UNKNOWN}}
        cells = self.cells(self.line(Mark.DONE, Mark.DONE), told)
        assert (cells["OS08"], cells["OS06"]) == (State.CRIT, State.UNKNOWN)

    def test_of_one_slot_the_last_verdict(self) -> None:
        hosts = {"oa-db-01": ("甲", CONTRACT.host("oa-db-01"))}
        told = [Told("s0", "oa-db-01", "OS08", state) for state in (State.CRIT, State.OK)]
        found = grid([self.line(Mark.DONE)], hosts, told)
        assert found.columns[0].cells[found.items.index("OS08 磁盘")] is State.OK

    def test_what_was_due_and_not_done_is_never_fine(self) -> None:
        """Even where another week of the period was."""
        cells = self.cells(self.line(Mark.DONE, Mark.MISSED), {"s0": {"OS08": State.OK, "OS06": State.CRIT}})
        assert (cells["OS08"], cells["OS06"], cells["OS01"]) == (Blank.NOT_DONE, State.CRIT, Blank.NOT_DONE)

    @pytest.mark.parametrize("mark", [Mark.PENDING, Mark.EXCUSED])
    def test_what_nobody_owes_is_not_missing(self, mark: Mark) -> None:
        cells = self.cells(self.line(Mark.DONE, mark), {"s0": {"OS08": State.OK}})
        assert cells["OS08"] is State.OK
        assert set(self.cells(self.line(mark), {}).values()) == {Blank.NOT_DUE}

    def test_what_does_not_apply_to_one_of_two_hosts_is_said(self) -> None:
        data = CONTRACT.model_dump(mode="json", exclude_unset=True)
        swapless = {"name": "oa-db-02", "role": "数据库", "checks": {"OS07": {"not_applicable": "没有交换分区"}}}
        data["hosts"][0]["hosts"].append(swapless)
        hosts = {name: ("甲", Contract.model_validate(data).host(name)) for name in ("oa-db-01", "oa-db-02")}
        found = grid([self.line(Mark.PENDING, host=name) for name in hosts], hosts, [])
        place = found.items.index("OS07 交换")
        assert [column.cells[place] for column in found.columns] == [Blank.NOT_DUE, Blank.NOT_APPLICABLE]

    def test_the_services_come_after_the_operating_system(self) -> None:
        first, *_, last = self.cells(self.line(Mark.DONE), {})
        assert (first, last) == ("OS01", "PG3")

    def test_where_there_is_no_room_the_worst_hosts_stay_in_their_order(self) -> None:
        states = (State.OK, State.CRIT, State.WARN, Blank.NOT_DONE, State.OK)
        whole = Grid(("x",), tuple(Column("甲", f"h{number}", (one,)) for number, one in enumerate(states)))
        shown = whole.within(3)
        assert [one.host for one in shown.columns] == ["h1", "h2", "h3"]
        assert shown.left == 2
        assert whole.within(9) == whole


class TestDisks:
    """Given what OS08 found of one host, week by week."""

    @staticmethod
    def found(**used: list[int | None]) -> list[Volume]:
        """Per cent used, by mount; None: not there, or not looked at."""
        mounts = {"root": "/", "data": "/data"}
        weeks = zip(*used.values(), strict=True)
        visits = []
        for week, amounts in zip(count(), weeks, strict=False):
            disks = [
                {"mount": mounts[name], "size": 1000, "used": 10 * amount, "available": 1000 - 10 * amount}
                for name, amount in zip(used, amounts, strict=True)
                if amount is not None
            ]
            facts = {"OS08": {"filesystems": disks}} if disks else {"OS08": {"old": 1}}
            at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(weeks=week)
            visits.append(HostVisit(target="oa-db-01", attempt=1, started_at=at, seconds=1, facts=facts))
        return volumes(CONTRACT.host("oa-db-01"), visits)

    def test_the_day_it_is_full_follows_from_the_line(self) -> None:
        """5 % a week, 60 % used on 29 September: eight weeks are left."""
        [one] = self.found(data=[40, 45, 50, 55, 60])
        assert one.full_at == datetime(2026, 11, 24, tzinfo=UTC)
        assert one.matters
        assert one.enough

    def test_three_points_are_no_line(self) -> None:
        [one] = self.found(data=[40, 50, 60])
        assert (one.full_at, one.enough, one.matters) == (None, False, False)

    def test_what_does_not_grow_matters_once_it_is_over_its_threshold(self) -> None:
        [calm], [full] = self.found(root=[30] * 6), self.found(root=[85] * 6)
        assert (calm.matters, full.matters) == (False, True)
        assert (full.state, full.full_at, full.enough) == (State.WARN, None, True)

    def test_what_the_last_inspection_did_not_see_is_gone(self) -> None:
        assert [one.mount for one in self.found(root=[30, 30, 30], data=[50, 50, None])] == ["/"]

    def test_an_inspection_that_did_not_see_the_disks_leaves_a_gap(self) -> None:
        [one] = self.found(data=[40, 45, None, 55, 60])
        assert len(one.points) == 4
        assert one.full_at is not None

    def test_the_most_pressing_come_first(self) -> None:
        slow, fast = self.found(root=[40, 42, 44, 46, 48], data=[40, 50, 60, 70, 78])
        [full] = self.found(root=[95] * 5)
        assert pressing([slow, full, fast], 8) == [fast, slow, full]
        assert pressing([slow, full, fast], 1) == [fast]


class TestIncidents:
    """Given faults and planned downtimes around November."""

    @staticmethod
    def fault(
        number: int, start: datetime, end: datetime | None, system: str = "oa", *, void: bool = False
    ) -> Incident:
        return Incident(
            f"G-2026-{number:04}", "", system, "probe", start, start, restored_at=end, void_at=start if void else None
        )

    @staticmethod
    def happened(*faults: Incident, windows: Sequence[Window] = (), now: datetime | None = None) -> Happened:
        start, end = (datetime.combine(day, time(), ZONE) for day in (FIRST, LAST + timedelta(days=1)))
        return happened({"oa": "甲", "mo": "乙"}, faults, windows, start, end, now or end, ZONE)

    def test_what_touches_the_period_is_shown_and_what_began_in_it_is_counted(self) -> None:
        faults = [
            self.fault(1, moment(1, -48), moment(1, -24)),
            self.fault(2, moment(1, -24), moment(1, 5)),
            self.fault(3, moment(4), moment(4, 1)),
            self.fault(4, moment(29), None),
            self.fault(5, moment(30, 25), None),
        ]
        found = self.happened(*faults)
        assert [one.number[-1] for one in found.lanes[0].faults] == ["2", "3", "4"]
        assert found.months == {FIRST: 2}
        assert found.faults == 3

    def test_a_month_has_what_was_found_in_it(self) -> None:
        """As the text counts it: one that began a minute before the period, and one found after it."""
        before = self.fault(1, moment(1, -1), None)._replace(discovered_at=moment(1))
        after = self.fault(2, moment(30, 23), None)._replace(discovered_at=moment(30, 24))
        assert self.happened(before).months == {FIRST: 1}
        assert self.happened(after, now=moment(30, 36)).months == {}

    def test_what_turned_out_to_be_none_is_left_out(self) -> None:
        assert self.happened(self.fault(1, moment(4), None)._replace(void_at=moment(5))).faults == 0

    def test_each_system_has_a_lane_also_one_that_the_contract_no_longer_has(self) -> None:
        found = self.happened(self.fault(1, moment(4), moment(5), "gone"))
        assert [lane.name for lane in found.lanes] == ["甲", "乙", "gone"]

    def test_a_downtime_that_counts_is_in_the_lane_of_each_of_its_systems(self) -> None:
        asked = moment(2)
        good = Window("T-1", ("oa", "mo"), moment(6), moment(6, 4), "", asked, approved_at=asked)
        late = Window("T-2", ("oa",), moment(7), moment(7, 4), "", asked, approved_at=moment(8))
        found = self.happened(windows=[good, late])
        assert [[one.number for one in lane.planned] for lane in found.lanes] == [["T-1"], ["T-1"]]
        assert found.planned == ("T-1",)

    def test_what_had_not_happened_by_then_is_not_known(self) -> None:
        assert self.happened(self.fault(1, moment(20), None), now=moment(10)).faults == 0
