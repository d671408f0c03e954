"""Which of the expected inspections were done."""

import random
import time
from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks.contract import Contract
from checks.coverage import (
    Coverage,
    Excuse,
    Look,
    Mark,
    SlotMark,
    coverage,
    expected,
    in_force,
    look_of,
    mark,
    planned_targets,
)
from checks.finding import Finding, Reason, State
from checks.records import FindingRecord, RunRecord
from checks.slots import BASELINE_CHECK, HOST_INSPECTION, PAGE_INSPECTION, Slot, host_slots, page_slots

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MUCH_LATER = datetime(2029, 1, 1, tzinfo=UTC)
STEPS = [{"expect": {"text": "x"}}]


def system(id_: str, *pages: str, **more: Any) -> dict[str, Any]:
    journeys = [{"id": page, "title": page, "steps": STEPS} for page in pages or ("todo",)]
    return {"id": id_, "name": f"{id_} 系统", "url": "http://127.0.0.1/", "journeys": journeys, **more}


def contract(*systems: dict[str, Any], hosts: Sequence[str] = (), **more: Any) -> Contract:
    head = {"name": "x", "client": {"name": "x"}, "contractor": {"name": "x"}}
    made = systems or (system("oa"),)
    groups = [{"system": made[0]["id"], "hosts": [{"name": name} for name in hosts]}] if hosts else []
    term = {"start": "2026-03-01", "end": "2029-12-31"}
    return Contract.model_validate({**head, "systems": made, "hosts": groups, "term": term, **more})


def clock(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """In November 2026, as the operator's clock shows it."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def page_slot(day: date, target: str = "oa", made: Contract | None = None) -> Slot:
    return next(slot for slot in page_slots(made or contract(), day) if slot.target == target)


SLOT = page_slot(date(2026, 11, 22))
PLANNED = frozenset({"oa/login", "oa/todo"})


def look(at: datetime, *seen: str, finished: bool = True, slot: str = SLOT.id) -> Look:
    return Look(slot, f"run-{at:%m%dT%H%M}", at, finished, frozenset(seen))


ALL = ("oa/login", "oa/todo")


def marked(*looks: Look, excuse: Excuse | None = None, now: datetime = MUCH_LATER) -> SlotMark:
    return mark(SLOT, PLANNED, looks, excuse, now, SHANGHAI)


EXCUSE = Excuse(SLOT.id, "甲方王工", "机房停电", "停电通知 2026-15", clock(23, 9))


class TestOneSlot:
    def test_whatever_the_hour_it_is_done_on_its_day(self) -> None:
        for at in (clock(22), clock(22, 8, 30), clock(22, 15), clock(22, 23, 59)):
            assert marked(look(at, *ALL)) == (SLOT, Mark.DONE, "", (f"run-{at:%m%dT%H%M}",))

    def test_ten_past_midnight_is_late(self) -> None:
        got = marked(look(clock(23, 0, 10), *ALL))
        assert (got.mark, got.why) == (Mark.LATE, "2026-11-23 00:10 才做")

    def test_the_instant_of_closing_is_late(self) -> None:
        assert marked(look(SLOT.closes_at, *ALL)).mark is Mark.LATE

    def test_a_look_before_the_slot_opens_does_not_count(self) -> None:
        got = marked(look(SLOT.opens_at - timedelta(seconds=1), *ALL))
        assert got == (SLOT, Mark.MISSED, "没有执行", ())

    def test_what_was_cut_off_and_then_redone_is_one_done_slot(self) -> None:
        # Given: given in the wrong order, as a query might
        got = marked(look(clock(22, 9), *ALL), look(clock(22, 8), "oa/login", finished=False))
        # Then
        assert (got.mark, got.run_ids) == (Mark.DONE, ("run-1122T0000", "run-1122T0100"))

    def test_a_run_that_was_cut_off_keeps_what_it_saw(self) -> None:
        got = marked(look(clock(22, 8), "oa/login", finished=False), look(clock(22, 9), "oa/todo"))
        assert got.mark is Mark.DONE

    def test_runs_that_were_only_cut_off_are_no_inspection(self) -> None:
        cut = [look(clock(22, hour), *ALL, finished=False) for hour in (8, 9)]
        assert marked(*cut)[1:3] == (Mark.MISSED, "执行被中断 2 次")

    def test_what_was_seen_late_completes_what_was_seen_in_time(self) -> None:
        # Given: a third look that adds nothing
        got = marked(
            look(clock(22, 8), "oa/login"), look(clock(23, 9), "oa/todo"), look(clock(24, 9), "oa/login", "oa/todo")
        )
        # Then: late since the look that completed it
        assert (got.mark, got.why) == (Mark.LATE, "2026-11-23 09:00 才做")
        assert len(got.run_ids) == 3

    def test_in_time_all_was_seen_but_no_look_was_finished_until_later(self) -> None:
        got = marked(look(clock(22, 8), *ALL, finished=False), look(clock(23, 9)))
        assert (got.mark, got.why) == (Mark.LATE, "2026-11-23 09:00 才做")

    def test_a_late_look_takes_nothing_from_what_is_done(self) -> None:
        assert marked(look(clock(22, 8), *ALL), look(clock(23, 9))).mark is Mark.DONE

    def test_what_was_not_seen_is_named(self) -> None:
        assert marked(look(clock(22, 8), "oa/login"))[1:3] == (Mark.UNKNOWN, "没有看到 oa/todo")

    def test_of_many_the_first_are_named(self) -> None:
        planned = frozenset(f"oa/p{n}" for n in range(5))
        got = mark(SLOT, planned, [look(clock(22, 8))], None, MUCH_LATER, SHANGHAI)
        assert got.why == "没有看到 oa/p0、oa/p1、oa/p2 等 5 项"

    def test_nothing_happened(self) -> None:
        assert marked() == (SLOT, Mark.MISSED, "没有执行", ())

    def test_pending_until_the_last_instant(self) -> None:
        last = SLOT.closes_at - timedelta(microseconds=1)
        assert [marked(now=now).mark for now in (LONG_AGO, last, SLOT.closes_at)] == [
            Mark.PENDING,
            Mark.PENDING,
            Mark.MISSED,
        ]
        assert marked(look(clock(22, 8), "oa/login"), now=last)[1:3] == (Mark.PENDING, "")
        assert marked(look(clock(22, 8), *ALL), now=last).mark is Mark.DONE

    def test_an_excuse_says_who_why_and_where_it_is_written(self) -> None:
        for looks in ([], [look(clock(22, 8), "oa/login")], [look(clock(22, 8), *ALL, finished=False)]):
            got = marked(*looks, excuse=EXCUSE)
            assert (got.mark, got.why) == (Mark.EXCUSED, "甲方王工：机房停电（停电通知 2026-15）")
        assert marked(excuse=EXCUSE, now=LONG_AGO).mark is Mark.EXCUSED

    def test_an_excuse_is_told_in_one_line(self) -> None:
        assert marked(excuse=EXCUSE._replace(why="停电\n检修", document="")).why == "甲方王工：停电 检修"

    def test_what_was_done_needs_no_excuse(self) -> None:
        assert marked(look(clock(22, 8), *ALL), excuse=EXCUSE).mark is Mark.DONE
        assert marked(look(clock(23, 8), *ALL), excuse=EXCUSE).mark is Mark.LATE

    def test_only_done_and_pending_go_without_saying(self) -> None:
        every = [
            marked(look(clock(22, 8), *ALL)),
            marked(look(clock(23, 8), *ALL)),
            marked(),
            marked(excuse=EXCUSE),
            marked(look(clock(22, 8))),
            marked(now=LONG_AGO),
        ]
        assert [one.mark for one in every] == list(Mark)
        assert {one.mark for one in every if not one.why} == {Mark.DONE, Mark.PENDING}


def run(*verdicts: tuple[str, State, Reason | None], ended: bool = True) -> RunRecord:
    at = clock(22, 8)
    findings = [
        (target, Finding(check="PG01", state=state, summary="x", reason=reason)) for target, state, reason in verdicts
    ]
    return RunRecord(
        id="r", slot=SLOT.id, flow_run_id="", trigger="cli", who="x", why="x", started_at=at,
        ended_at=at if ended else None, outcome="", code_version="", contract_hash="",
        findings=tuple(FindingRecord(target=target, attempt=1, at=at, finding=one) for target, one in findings),
    )  # fmt: skip


class TestWhatARunSaw:
    def test_one_verdict_that_says_something_is_enough(self) -> None:
        got = look_of(run(("oa/todo", State.UNKNOWN, Reason.BUG), ("oa/todo", State.CRIT, None)))
        assert got == (SLOT.id, "r", clock(22, 8), True, {"oa/todo"})

    def test_what_waits_behind_a_fault_on_record_was_looked_at(self) -> None:
        got = look_of(run(("oa/login", State.CRIT, None), ("oa/todo", State.UNKNOWN, Reason.BLOCKED)))
        assert got.seen == {"oa/login", "oa/todo"}

    @pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.BLOCKED}))
    def test_what_could_not_be_looked_at_was_not_seen(self, reason: Reason) -> None:
        assert look_of(run(("oa/todo", State.UNKNOWN, reason))).seen == set()

    def test_a_run_without_end_is_not_finished(self) -> None:
        assert not look_of(run(ended=False)).finished


class TestPlanned:
    def test_a_systems_login_and_pages(self) -> None:
        made = contract(system("oa", "todo", "doc", account="oa-inspector", login={"steps": STEPS}), system("archive"))
        assert planned_targets(made, page_slot(date(2026, 11, 22), "oa", made)) == {"oa/login", "oa/todo", "oa/doc"}

    def test_a_host_is_itself(self) -> None:
        made = contract(hosts=["oa-app-01", "oa-db-01"])
        _, second = host_slots(made, date(2026, 11, 22))
        assert planned_targets(made, second) == {"oa-db-01"}

    def test_what_the_contract_does_not_have(self) -> None:
        with pytest.raises(KeyError, match="archive"):
            planned_targets(contract(), SLOT._replace(target="archive"))
        with pytest.raises(KeyError, match="backup"):
            planned_targets(contract(), SLOT._replace(duty="backup"))


def judged(made: Contract, *looks: Look, first: int = 20, last: int = 22, now: datetime = MUCH_LATER) -> Coverage:
    """Of days in November 2026."""
    period = date(2026, 11, first), date(2026, 11, last)
    return coverage([(LONG_AGO, made)], [], looks, [], *period, now)


def marks(got: Coverage, target: str) -> list[Mark]:
    [line] = [line for line in got.lines if line.target == target]
    return [one.mark for one in line.marks]


class TestPeriod:
    def test_three_days_down_are_two_missed_and_the_third_still_open(self) -> None:
        # Given: the machine was down from Friday to Sunday 18:00
        got = judged(contract(), look(clock(22, 18), "oa/todo"), now=clock(22, 20))
        # Then
        assert marks(got, "oa") == [Mark.MISSED, Mark.MISSED, Mark.DONE]
        assert got.total() == (1, 0, 2, 0, 0, 0)
        assert got.total().expected == 3

    def test_a_manual_confirmation_alone_is_not_the_whole_system(self) -> None:
        # Given: a person confirmed the login at 9; the pages were never looked at
        captcha = system("archive", "search", account="x-y", login={"semi_manual": True, "steps": []})
        made = contract(system("oa"), captcha)
        slot = page_slot(date(2026, 11, 22), "archive", made).id
        confirmed = look(clock(22, 9), "archive/login", slot=slot)
        # Then
        assert marks(judged(made, confirmed, first=22), "archive") == [Mark.UNKNOWN]
        assert marks(judged(made, confirmed, first=22, now=clock(22, 10)), "archive") == [Mark.PENDING]
        # When: the page is confirmed too
        both = (confirmed, look(clock(22, 11), "archive/search", slot=slot))
        assert marks(judged(made, *both, first=22), "archive") == [Mark.DONE]

    def test_a_look_counts_for_its_own_slot_alone(self) -> None:
        got = judged(contract(system("oa"), system("archive")), look(clock(22, 8), "oa/todo", "archive/todo"))
        assert marks(got, "oa") == [Mark.MISSED, Mark.MISSED, Mark.DONE]
        assert marks(got, "archive") == [Mark.MISSED] * 3

    def test_lateness_is_told_by_the_contracts_clock(self) -> None:
        made = contract(zone="Europe/Berlin")
        [slot] = page_slots(made, date(2026, 11, 22))
        late = look(datetime(2026, 11, 22, 23, 10, tzinfo=UTC), "oa/todo", slot=slot.id)
        [line] = judged(made, late, first=22).lines
        assert [one.why for one in line.marks] == ["2026-11-23 00:10 才做"]

    def test_the_latest_excuse_counts(self) -> None:
        excuses = [EXCUSE, EXCUSE._replace(why="较早", at=EXCUSE.at - timedelta(days=1))]
        day = date(2026, 11, 22)
        got = coverage([(LONG_AGO, contract())], [], [], excuses, day, day, MUCH_LATER)
        assert [one.why for one in got.lines[0].marks] == ["甲方王工：机房停电（停电通知 2026-15）"]

    def test_lines_are_in_the_contracts_order_and_named_for_people(self) -> None:
        got = judged(contract(system("oa"), system("archive"), hosts=["oa-web-01", "oa-app-01"]), first=16)
        assert [(line.duty, line.target, line.label) for line in got.lines] == [
            (PAGE_INSPECTION, "oa", "oa 系统"),
            (PAGE_INSPECTION, "archive", "archive 系统"),
            (HOST_INSPECTION, "oa-web-01", "oa-web-01"),
            (HOST_INSPECTION, "oa-app-01", "oa-app-01"),
        ]
        assert [len(line.marks) for line in got.lines] == [7, 7, 1, 1]
        assert got.total(PAGE_INSPECTION).expected == 14
        assert got.total(HOST_INSPECTION) == got.lines[2].counts._replace(missed=2)

    def test_a_line_bears_the_targets_last_name(self) -> None:
        renamed = contract(system("oa", name="新名称"))
        period = date(2026, 11, 20), date(2026, 11, 22)
        got = coverage([(LONG_AGO, contract()), (clock(21, 12), renamed)], [], [], [], *period, MUCH_LATER)
        assert [line.label for line in got.lines] == ["新名称"]


def ids(versions: Sequence[tuple[datetime, Contract]], first: date, last: date, *on_record: Slot) -> list[str]:
    return [slot.id for slot in expected(versions, on_record, first, last)]


class TestExpected:
    def test_a_month(self) -> None:
        # Given: November 2026 has 30 days and Mondays on the 2nd, 9th, 16th, 23rd and 30th
        got = ids([(LONG_AGO, contract(hosts=["h"]))], date(2026, 11, 1), date(2026, 11, 30))
        # Then
        assert got == [f"page-inspection/oa/2026-11-{day:02}" for day in range(1, 31)] + [
            *(f"host-inspection/h/2026-W{week}" for week in (45, 46, 47, 48, 49)),
            "baseline-check/h/2026-11",
            "baseline-check/oa.web/2026-11",
        ]

    def test_each_slot_of_the_term_is_in_exactly_one_month(self) -> None:
        # Given
        made = contract(hosts=["h"], term={"start": "2026-03-01", "end": "2027-02-28"})
        months = [date(2026 + n // 12, n % 12 + 1, 1) for n in range(26)]
        # When
        split = [
            one
            for first, after in pairwise(months)
            for one in ids([(LONG_AGO, made)], first, after - timedelta(days=1))
        ]
        # Then: 365 days, and the weeks from that of Sunday 1 March 2026 (W09) to the one that ends on 28 February 2027
        duties = Counter(one.partition("/")[0] for one in split)
        assert duties == {PAGE_INSPECTION: 365, HOST_INSPECTION: 53, BASELINE_CHECK: 24}
        assert len(set(split)) == len(split)

    def test_the_term_begins_and_ends_inside_the_month(self) -> None:
        # Given: from a Wednesday to the Thursday of the week after
        made = contract(hosts=["h"], term={"start": "2026-11-11", "end": "2026-11-19"})
        # When
        slots = expected([(LONG_AGO, made)], [], date(2026, 11, 1), date(2026, 11, 30))
        # Then
        assert [slot.day.day for slot in slots if slot.duty == PAGE_INSPECTION] == list(range(11, 20))
        weeks = [slot for slot in slots if slot.duty == HOST_INSPECTION]
        assert [(slot.id, slot.day.day, slot.closes_at) for slot in weeks] == [
            ("host-inspection/h/2026-W46", 11, clock(16)),
            ("host-inspection/h/2026-W47", 16, clock(20)),
        ]

    def test_a_leap_day_is_a_day(self) -> None:
        february = ids([(LONG_AGO, contract())], date(2028, 2, 1), date(2028, 2, 29))
        assert (len(february), february[-1]) == (29, "page-inspection/oa/2028-02-29")

    def test_week_53_is_one_week_of_december(self) -> None:
        made = [(LONG_AGO, contract(hosts=["h"]))]
        december = ids(made, date(2026, 12, 21), date(2026, 12, 31))
        assert december[-2:] == ["host-inspection/h/2026-W52", "host-inspection/h/2026-W53"]
        january = ids(made, date(2027, 1, 1), date(2027, 1, 4))
        monthly = ["baseline-check/h/2027-01", "baseline-check/oa.web/2027-01"]
        assert january[-3:] == ["host-inspection/h/2027-W01", *monthly]
        assert not any("W53" in one for one in january)

    @pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
    def test_days_and_weeks_are_the_contracts_own_wherever_it_is(self, zone: str) -> None:
        """From UTC+14 to UTC-11; none of these changes its clocks."""
        made = contract(hosts=["h"], zone=zone)
        slots = expected([(LONG_AGO, made)], [], date(2026, 11, 16), date(2026, 11, 22))
        assert [slot.id.rpartition("/")[2] for slot in slots] == [*(f"2026-11-{n}" for n in range(16, 23)), "2026-W47"]
        assert {slot.opens_at.astimezone(made.tz).strftime("%H:%M") for slot in slots} == {"00:00"}
        # and a slot's last instant is still its own
        *_, week = slots
        last = Look(week.id, "r", week.closes_at - timedelta(seconds=1), True, frozenset({"h"}))
        for seconds, verdict in ((0, Mark.DONE), (1, Mark.LATE)):
            shifted = last._replace(started_at=last.started_at + timedelta(seconds=seconds))
            got = coverage([(LONG_AGO, made)], [], [shifted], [], date(2026, 11, 16), date(2026, 11, 22), MUCH_LATER)
            assert marks(got, "h") == [verdict]

    def test_a_new_system_and_host_are_expected_from_the_slot_that_opens_after_the_change(self) -> None:
        # Given: on Wednesday the 18th at noon
        versions = [
            (LONG_AGO, contract(system("oa"), hosts=["h1"])),
            (clock(18, 12), contract(system("oa"), system("archive"), hosts=["h1", "h2"])),
        ]
        # When
        got = ids(versions, date(2026, 11, 16), date(2026, 11, 29))
        # Then
        assert [one for one in got if "archive" in one] == [
            f"page-inspection/archive/2026-11-{day}" for day in range(19, 30)
        ]
        assert [one for one in got if "h2" in one] == ["host-inspection/h2/2026-W48"]
        assert len([one for one in got if "/oa/" in one]) == 14

    def test_a_version_holds_from_its_very_instant(self) -> None:
        versions = [(LONG_AGO, contract(system("oa"))), (clock(18), contract(system("archive")))]
        days = date(2026, 11, 17), date(2026, 11, 18)
        assert ids(versions, *days) == ["page-inspection/archive/2026-11-18", "page-inspection/oa/2026-11-17"]

    def test_what_was_removed_stays_expected_where_it_is_on_record(self) -> None:
        # Given: h2 goes on Wednesday, and its week had been put on record; so had a page that nobody knows any more
        before, after = contract(hosts=["h1", "h2"]), contract(hosts=["h1"])
        [_, recorded] = host_slots(before, date(2026, 11, 23))
        # When
        versions = [(LONG_AGO, before), (clock(18), after)]
        got = ids(versions, date(2026, 11, 16), date(2026, 11, 29), recorded)
        # Then: the week in which it went had opened before; the next is expected because it is on record
        assert [one for one in got if "/h" in one] == [
            "host-inspection/h1/2026-W47",
            "host-inspection/h1/2026-W48",
            "host-inspection/h2/2026-W47",
            "host-inspection/h2/2026-W48",
        ]

    def test_a_slot_on_record_is_expected_once_with_its_recorded_times(self) -> None:
        # Given: recorded when the term was to end on Friday
        made = contract(hosts=["h"], term={"start": "2026-03-01", "end": "2026-11-20"})
        recorded = list(host_slots(made, date(2026, 11, 16)))
        # When
        versions = [(LONG_AGO, contract(hosts=["h"]))]
        slots = expected(versions, recorded * 2, date(2026, 11, 16), date(2026, 11, 16))
        # Then
        assert [slot for slot in slots if slot.duty == HOST_INSPECTION] == recorded

    def test_what_is_on_record_outside_the_period_is_left_out(self) -> None:
        outside = [page_slot(date(2026, 11, day)) for day in (19, 21)]
        assert ids([(LONG_AGO, contract())], date(2026, 11, 20), date(2026, 11, 20), *outside) == [
            "page-inspection/oa/2026-11-20"
        ]

    def test_a_new_contract_whose_term_begins_within_the_week(self) -> None:
        # Given: the old term ended on Sunday; the new one is loaded on Wednesday and begins on Thursday
        old = contract(hosts=["h"], term={"start": "2026-03-01", "end": "2026-11-15"})
        new = contract(hosts=["h"], term={"start": "2026-11-19", "end": "2027-11-18"})
        # When
        slots = expected([(LONG_AGO, old), (clock(18), new)], [], date(2026, 11, 15), date(2026, 11, 20))
        # Then
        assert [(slot.target, slot.day.day) for slot in slots] == [
            *(("oa", 15), ("oa", 19), ("oa", 20)),
            *(("h", 19), ("h", 19), ("oa.web", 19)),  # of the week; of the month
        ]

    def test_before_the_first_version_holds_the_first(self) -> None:
        first, second = contract(system("oa")), contract(system("archive"))
        versions = [(clock(18), first), (clock(20), second)]
        at = (LONG_AGO, clock(18), clock(20) - timedelta(seconds=1), clock(20), MUCH_LATER)
        assert [in_force(versions, one) is first for one in at] == [True, True, True, False, False]
        assert ids(versions, date(2026, 11, 1), date(2026, 11, 1)) == ["page-inspection/oa/2026-11-01"]


class TestWhatHadToBeSeen:
    """A slot is judged by the contract that was in force when it opened."""

    DAY = date(2026, 11, 22)

    def judge(self, versions: Sequence[tuple[datetime, Contract]], slot: Slot, *seen: str) -> SlotMark:
        looks = [look(clock(22, 15), *seen, slot=slot.id)]
        got = coverage(versions, [slot], looks, [], self.DAY, self.DAY, MUCH_LATER)
        [found] = [one for line in got.lines for one in line.marks if one.slot.id == slot.id]
        return found

    def test_a_page_that_comes_at_noon_is_not_due_until_tomorrow(self) -> None:
        versions = [(LONG_AGO, contract(system("oa", "todo"))), (clock(22, 12), contract(system("oa", "todo", "doc")))]
        assert self.judge(versions, SLOT, "oa/todo").mark is Mark.DONE
        assert self.judge(versions[::-1][:1], SLOT, "oa/todo").why == "没有看到 oa/doc"

    def test_a_system_that_comes_at_noon_and_is_on_record_is_judged_by_the_version_that_brought_it(self) -> None:
        new = contract(system("oa"), system("archive", "a", "b"))
        versions = [(LONG_AGO, contract()), (clock(22, 12), new)]
        slot = page_slot(self.DAY, "archive", new)
        assert self.judge(versions, slot, "archive/a").why == "没有看到 archive/b"
        assert self.judge(versions, slot, "archive/a", "archive/b").mark is Mark.DONE

    def test_a_system_on_record_that_only_another_days_version_knows_is_judged_by_that(self) -> None:
        new = contract(system("oa"), system("archive", "a", "b"))
        slot = page_slot(self.DAY, "archive", new)
        got = self.judge([(LONG_AGO, contract()), (clock(25), new)], slot, "archive/a", "archive/b")
        assert got.mark is Mark.DONE

    def test_of_a_system_that_no_version_knows_nobody_can_say_that_it_was_seen(self) -> None:
        slot = SLOT._replace(id="page-inspection/gone/2026-11-22", target="gone")
        assert self.judge([(LONG_AGO, contract())], slot, "gone/todo")[1:3] == (Mark.UNKNOWN, "没有看到 gone")

    def test_a_duty_that_is_only_on_record_is_listed_last(self) -> None:
        slot = SLOT._replace(id="backup/db/2026-11-22", duty="backup", target="db")
        got = coverage([(LONG_AGO, contract(hosts=["h"]))], [slot], [], [], self.DAY, self.DAY, MUCH_LATER)
        assert [line.target for line in got.lines] == ["oa", "db"]


@pytest.mark.parametrize("seed", range(20))
def test_what_was_expected_is_the_sum_of_what_became_of_it(seed: int) -> None:
    """Against numbers counted by hand from the calendar, and fates that were dealt out one by one."""
    # Given: some systems and hosts, a period of whole weeks, and a clock somewhere inside or after it
    chance = random.Random(seed)
    systems = [f"s{n}" for n in range(chance.randint(1, 3))]
    hosts = [f"h{n}" for n in range(chance.randint(0, 4))]
    made = contract(*(system(one) for one in systems), hosts=hosts)
    weeks = chance.randint(1, 6)
    first = date(2026, 6, 1) + timedelta(weeks=chance.randint(0, 20))
    last = first + timedelta(days=7 * weeks - 1)
    opening = datetime.combine(first, datetime.min.time(), SHANGHAI)
    now = opening + timedelta(days=chance.randint(0, 7 * weeks + 3), hours=5)
    days = [first + timedelta(days=n) for n in range(7 * weeks)]
    months = [(n, monthrange(day.year, day.month)[1]) for n, day in enumerate(days) if day.day == 1]
    monthly = [*hosts, f"{systems[0]}.web"] if hosts else []
    # and: for each slot, a fate
    looks, excuses, fates = [], [], Counter[str]()
    spans = [
        *((f"page-inspection/{one}", f"{one}/todo", n, 1) for one in systems for n in range(7 * weeks)),
        *((f"host-inspection/{one}", one, 7 * n, 7) for one in hosts for n in range(weeks)),
        *((f"baseline-check/{one}", one, n, length) for one in monthly for n, length in months),
    ]
    for head, target, start, length in spans:
        day = first + timedelta(days=start)
        slot = f"{head}/{day:{({1: '%Y-%m-%d', 7: '%G-W%V'}).get(length, '%Y-%m')}}"
        opens, closes = (opening + timedelta(days=n) for n in (start, start + length))
        fate = chance.choice(["done", "late", "missed", "excused", "unknown", "cut off"])
        at = closes + timedelta(hours=3) if fate == "late" else opens + timedelta(hours=chance.randrange(24 * length))
        if fate == "excused":
            excuses.append(Excuse(slot, "甲方", "停电", "", at))
        elif fate != "missed":
            seen = frozenset({target}) if fate in ("done", "late") else frozenset[str]()
            looks.append(Look(slot, f"r{len(looks)}", at, fate != "cut off", seen))
        open_still = now < closes and fate in ("missed", "unknown", "cut off")
        fates["pending" if open_still else "missed" if fate == "cut off" else fate] += 1
    chance.shuffle(looks)
    # When
    got = coverage([(LONG_AGO, made)], [], looks, excuses, first, last, now)
    # Then
    total = got.total()
    assert total._asdict() == {one: fates[one] for one in ("done", "late", "missed", "excused", "unknown", "pending")}
    owed = len(systems) * 7 * weeks + len(hosts) * weeks + len(monthly) * len(months)
    assert total.expected == owed - fates["pending"]
    assert sum(line.counts.expected for line in got.lines) == total.expected


def test_the_same_whatever_the_order_in_which_it_is_given() -> None:
    # Given: two looks that began in the same second
    looks = [look(clock(22, 8), "oa/todo")._replace(run_id=one) for one in "abcdef"]
    # When
    there, back = judged(contract(), *looks), judged(contract(), *reversed(looks))
    # Then
    assert there.model_dump_json() == back.model_dump_json()
    assert Coverage.model_validate_json(there.model_dump_json()) == there


def test_a_year_takes_less_than_a_second() -> None:
    # Given: three systems with ten pages, twelve hosts, twenty versions of the contract
    pages = [f"p{n}" for n in range(10)]
    made = contract(*(system(one, *pages) for one in ("a", "b", "c")), hosts=[f"h{n}" for n in range(12)])
    versions = [(LONG_AGO + timedelta(days=400 + 15 * n), made.model_copy()) for n in range(20)]
    year = date(2027, 1, 1), date(2027, 12, 31)
    slots = expected(versions, [], *year)
    looks = [look(one.opens_at, *planned_targets(made, one), slot=one.id) for one in slots]
    # When
    started = time.perf_counter()
    got = coverage(versions, slots, looks, [], *year, MUCH_LATER)
    took = time.perf_counter() - started
    # Then: 365 days of three systems, the 52 Mondays and 12 months of 2027 of twelve hosts, the months of one address
    assert got.total() == (3 * 365 + 12 * 52 + 13 * 12, 0, 0, 0, 0, 0)
    assert took < 1


def test_marks_have_a_word_and_a_sign_each_of_one_character() -> None:
    assert [one.label for one in Mark] == ["完成", "迟做", "漏检", "免除", "不明", "未到期"]
    assert len({one.symbol for one in Mark}) == len(Mark)
    assert all(len(one.symbol) == 1 for one in Mark)
