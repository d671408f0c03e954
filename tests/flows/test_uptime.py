"""How long a system was up, counted from a real ledger by hand-made probes, windows, calls and support periods."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from checks import entries
from checks.availability import Outage, Sight
from checks.contract import Contract
from checks.downtime import DOWNTIME, SUPPORT, Move
from checks.entries import Who
from checks.finding import State
from checks.incidents import Step
from checks.periods import Period, period_of
from checks.probe import Reading
from checks.slots import RequestError, probe_slot
from flows import incident_desk, uptime, uptime_words
from flows.availability import AvailabilityPeriod, availability, markdown
from tasks.ledger import Ledger

CHINA = ZoneInfo("Asia/Shanghai")
BY = Who("值班员甲", "按流程登记", "cli:duty")
HOUR, DAY = 3600, 86400
EVERY = 300  # seconds: twelve readings an hour are few enough to be written one by one


def at(day: int, hour: float = 0, month: int = 11) -> datetime:
    """A moment of 2026 in China."""
    return datetime(2026, month, 1, tzinfo=CHINA) + timedelta(days=day - 1, hours=hour)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


NOW = at(23, 12)
NOVEMBER = period_of("2026-11")


def contract(*systems: str, start: str = "2026-01-01", end: str = "2026-12-31") -> Contract:
    journey = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
    return Contract.model_validate(
        {
            "name": "合同",
            "client": {"name": "甲"},
            "contractor": {"name": "乙"},
            "term": {"start": start, "end": end},
            "systems": [
                {"id": one, "name": f"{one} 系统", "url": "https://127.0.0.1:1", "journeys": [journey]}
                for one in systems or ("oa",)
            ],
        }
    )


class Book:
    """A ledger, and what is put into it."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(f"sqlite:///{folder}/ledger.db")

    def probed(self, start: datetime, hours: float, down: Sequence[int] = (), system: str = "oa") -> None:
        """A run of the probe. `down`: which of its readings saw the system down."""
        slot = probe_slot(contract(), start.date())
        assert slot is not None
        self.ledger.expect([slot], start)
        run = self.ledger.begin(
            slot, flow_run_id="", trigger="schedule", who="计划任务", why="按计划执行", parameters={},
            code_version="1", contract_hash="c", calendar_version="1", now=start,
        )  # fmt: skip
        for number in range(int(hours * HOUR / EVERY)):
            sight, fault = (Sight.DOWN, "拒绝连接") if number in down else (Sight.UP, "")
            moment = (start + timedelta(seconds=number * EVERY)).astimezone(UTC)
            self.ledger.probed(run, system, EVERY, Reading(moment, sight, 40, fault))
        self.ledger.end(run, State.OK, start + timedelta(hours=hours))

    def window(self, start: datetime, end: datetime, approved: datetime, system: str = "oa") -> None:
        entry = entries.downtime(contract(system), [system], start, end, BY, approved - timedelta(hours=1))
        incident_desk.enter(self.ledger, entry, approved - timedelta(hours=1))
        number = self.ledger.events(DOWNTIME)[-1].subject
        incident_desk.decide(self.ledger, DOWNTIME, number, Move.APPROVED, "停机申请单", BY, approved)

    def called(self, start: datetime, end: datetime | None) -> None:
        """Somebody says that nothing works, until it is mended."""
        incident_desk.call(self.ledger, contract(), "oa", start, BY, start, down=True)
        if end:
            incident_desk.step(self.ledger, "", Step.RESTORED, end, BY, end)

    def support(
        self, start: datetime, end: datetime, *systems: str, important: bool = False, plan: datetime | None = None
    ) -> str:
        """Announced a day before it starts; returns its number."""
        announced, known = start - timedelta(days=1), systems or ("oa",)
        entry = entries.support(
            contract(*known), "国庆保障", known, start, end, BY, announced, important=important
        )  # fmt: skip
        incident_desk.enter(self.ledger, entry, announced)
        number = self.ledger.events(SUPPORT)[-1].subject
        if plan:
            incident_desk.decide(self.ledger, SUPPORT, number, Move.PLANNED, "保障计划", BY, plan)
        return number

    def measured(
        self, period: str | Period = NOVEMBER, now: datetime = NOW, by: Contract | None = None
    ) -> uptime.Measured:
        days = period_of(period) if isinstance(period, str) else period
        return uptime.measured(self.ledger, by or contract(), days, now)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


class TestSystems:
    def test_a_day_counted_by_hand(self, book: Book) -> None:
        # Given: a day of probes, down from 10:00 to 10:15, at 14:00 for one reading alone, none after 20:00
        book.probed(at(20), 20, down=[120, 121, 122, 168])
        # an approved window from 16:00 to 17:00, and a caller who says that nothing worked from 12:00 to 12:20
        book.window(at(20, 16), at(20, 17), approved=at(20, 8))
        book.called(at(20, 12), at(20, 12 + 1 / 3))
        # Then
        [line] = book.measured("2026-11-20").lines
        down, unknown = 15 * 60 + 20 * 60, 5 * 60 + 4 * HOUR
        assert line.seconds._asdict() == {
            "up": DAY - HOUR - down - unknown, "down": down, "planned": HOUR, "unknown": unknown
        }  # fmt: skip
        assert line.seconds.low == Fraction(DAY - HOUR - down - unknown, 23 * HOUR)
        assert line.outages == [
            Outage(seconds(at(20, 10)), seconds(at(20, 10.25))),
            Outage(seconds(at(20, 12)), seconds(at(20, 12 + 1 / 3))),
        ]
        assert line.verdict is not None
        assert not line.verdict.determined

    def test_what_was_approved_too_late_counts(self, book: Book) -> None:
        book.probed(at(20, 15), 3, down=range(12, 24))
        book.window(at(20, 16), at(20, 17), approved=at(20, 16))
        assert book.measured("2026-11-20").lines[0].seconds[1:3] == (HOUR, 0)

    def test_a_day_without_a_fault_is_fine(self, book: Book) -> None:
        book.probed(at(20), 24)
        found = book.measured("2026-11-20")
        assert uptime_words.cells(found.lines[0])[1:3] == ["100.00%", "1 天 00:00:00"]
        assert uptime_words.cells(found.lines[0])[6:] == ["达到 99%", "+1 分"]
        assert (uptime_words.fine(found), uptime_words.notes(found)) == (True, [])

    def test_each_system_on_its_own(self, book: Book) -> None:
        book.probed(at(20), 24)
        found = book.measured("2026-11-20", by=contract("oa", "mobile"))
        assert [line.seconds.up for line in found.lines] == [DAY, 0]
        assert uptime_words.notes(found) == ["mobile 系统：没有探测结果，时间都是不明；探测在 xunjian up 运行时进行"]
        assert not uptime_words.fine(found)

    def test_an_outage_that_goes_on(self, book: Book) -> None:
        book.called(at(23, 11), None)
        found = book.measured("2026-11-23")
        assert found.lines[0].seconds == (0, HOUR, 0, 11 * HOUR)
        assert uptime_words.notes(found) == ["oa 系统：11-23 11:00:00 至 11-23 12:00:00 中断，01:00:00"]


class TestPeriod:
    def test_of_a_month_that_goes_on_what_has_passed(self, book: Book) -> None:
        found = book.measured()
        assert found.lines[0].seconds.period == 22 * DAY + 12 * HOUR
        assert (found.span.start, found.span.end) == (seconds(at(1)), seconds(NOW))
        assert uptime_words.title(found) == "2026-11-01 至 2026-11-30（到 11-23 12:00 为止）"
        assert uptime_words.title(book.measured("2026-10")) == "2026-10-01 至 2026-10-31"
        assert uptime_words.title(book.measured("2026-11-22")) == "2026-11-22"

    def test_a_term_that_begins_or_ends_within_it(self, book: Book) -> None:
        begins = book.measured(by=contract(start="2026-11-10"))
        assert (f"{begins.first}", f"{begins.last}") == ("2026-11-10", "2026-11-30")
        assert begins.lines[0].seconds.unknown == seconds(NOW) - seconds(at(10))
        ends = book.measured(by=contract(end="2026-11-20"))
        assert (f"{ends.first}", f"{ends.last}") == ("2026-11-01", "2026-11-20")
        assert ends.lines[0].seconds.unknown == 20 * DAY
        assert uptime_words.title(ends) == "2026-11-01 至 2026-11-20"

    @pytest.mark.parametrize(("period", "now", "said"), [
        ("2026-12", NOW, "2026-12-01 至 2026-12-31 还没有到，没有可用率；到 2026-11-23 为止的才有"),
        ("2026-11-24", NOW, "2026-11-24 还没有到"),
        ("2026-11-24", at(24), "2026-11-24 还没有到"),
        ("2025-12", NOW, "2025-12-01 至 2025-12-31 不在服务期限内；写 2026-01-01 至 2026-12-31 之间的期间"),
        ("2027", NOW, "不在服务期限内"),
        ("2026-01", at(1, month=1) - timedelta(days=9), "还没有到，没有可用率；到 2025-12-23 为止的才有"),
    ])  # fmt: skip
    def test_of_which_nothing_can_be_said(self, book: Book, period: str, now: datetime, said: str) -> None:
        with pytest.raises(RequestError, match=said):
            book.measured(period, now)

    def test_the_first_second_of_a_day_is_enough(self, book: Book) -> None:
        found = book.measured("2026-11-24", at(24) + timedelta(seconds=1))
        assert found.lines[0].seconds == (0, 0, 0, 1)


class TestSupport:
    def test_it_is_judged_over_its_own_time_by_its_own_scale(self, book: Book) -> None:
        """Given a period of eight hours around midnight, down for five minutes in the part that was not asked for."""
        book.probed(at(19, 20), 8, down=[24, 25])
        start, end = at(19, 20), at(20, 4)
        book.support(start, end, important=True, plan=start - timedelta(hours=1))
        [one] = book.measured("2026-11-20").supports
        assert one.line.seconds == (8 * HOUR - 600, 600, 0, 0)
        assert one.line.verdict is not None
        assert (one.line.verdict.label, f"{one.line.verdict.points}") == ("90% 至 99%", "-0.5")
        cells = uptime_words.support_cells(one, CHINA)
        assert cells[:5] == ["国庆保障（重要）", "2026-11-19 20:00", "2026-11-20 04:00", "有", "oa 系统"]
        assert cells[-2:] == ["90% 至 99%", "-0.5 分"]
        # and the day that was asked for has no fault
        assert book.measured("2026-11-20").lines[0].seconds.down == 0

    def test_the_scale_is_that_of_its_grade(self, book: Book) -> None:
        book.probed(at(20), 8, down=[24, 25])
        book.support(at(20), at(20, 8))
        found = book.measured("2026-11-20")
        assert uptime_words.support_cells(found.supports[0], CHINA)[-2:] == ["超过 90%，不到 100%", "0 分"]

    @pytest.mark.parametrize(("plan", "word"), [
        (at(19, 23.9), "有"), (at(20), "事后才有"), (at(20, 5), "事后才有"), (None, "没有"),
    ])  # fmt: skip
    def test_whether_its_plan_was_there_before(self, book: Book, plan: datetime | None, word: str) -> None:
        book.support(at(20), at(20, 8), plan=plan)
        found = book.measured("2026-11-20")
        assert uptime_words.support_cells(found.supports[0], CHINA)[3] == word
        assert uptime_words.as_json(found)["supports"][0]["plan_before_start"] is (word == "有")

    def test_every_system_that_it_covers(self, book: Book) -> None:
        book.probed(at(20), 8, system="mobile")
        book.support(at(20), at(20, 8), "oa", "mobile")
        found = book.measured("2026-11-20", by=contract("mobile"))
        # oa is no longer in the contract, and has no other name
        assert [(one.line.name, one.line.seconds.up) for one in found.supports] == [
            ("oa", 0),
            ("mobile 系统", 8 * HOUR),
        ]

    def test_planned_downtime_is_not_held_against_it(self, book: Book) -> None:
        book.probed(at(20), 8, down=range(12, 24))
        book.window(at(20, 1), at(20, 2), approved=at(19))
        book.support(at(20), at(20, 8), important=True)
        [one] = book.measured("2026-11-20").supports
        assert (one.line.seconds.planned, uptime_words.support_cells(one, CHINA)[-1]) == (HOUR, "+0.5 分")

    def test_before_it_is_over_nothing_is_earned(self, book: Book) -> None:
        book.probed(at(23), 12)
        book.support(at(23), at(24))
        book.support(at(26), at(27))
        going_on, to_come = book.measured().supports
        assert going_on.line.seconds == (12 * HOUR, 0, 0, 0)
        assert uptime_words.support_cells(going_on, CHINA)[-2:] == ["至今：达到 100%", "待定"]
        assert uptime_words.support_cells(to_come, CHINA)[-2:] == ["还没有开始", "待定"]
        said = uptime_words.as_json(book.measured())["supports"]
        assert [(one["over"], one["system"]["points"]) for one in said] == [(False, None), (False, None)]

    def test_one_that_was_cancelled_lasted_until_then(self, book: Book) -> None:
        book.probed(at(20), 8)
        for number, when in ((book.support(at(20), at(20, 8)), at(20, 3)), (book.support(at(21), at(22)), at(20, 23))):
            incident_desk.decide(book.ledger, SUPPORT, number, Move.CANCELLED, "", BY, when)
        [one] = book.measured().supports
        assert (one.line.seconds.up, one.over) == (3 * HOUR, True)

    def test_those_of_other_times_are_not_shown(self, book: Book) -> None:
        book.support(at(19), at(20))
        book.support(at(21), at(22))
        assert book.measured("2026-11-20").supports == []

    def test_one_that_may_cost_points_is_not_fine(self, book: Book) -> None:
        book.probed(at(20), 24)
        book.support(at(20), at(20, 8), important=True)
        assert uptime_words.fine(book.measured("2026-11-20"))
        # When: another, of whose time half is unknown
        book.support(at(20, 20), at(21, 4))
        assert not uptime_words.fine(book.measured("2026-11-20"))


class TestPages:
    def test_json_has_whole_seconds_and_exact_shares(self, book: Book) -> None:
        book.probed(at(20), 8, down=[24, 25])
        book.support(at(20), at(20, 8))
        said = json.loads(json.dumps(uptime_words.as_json(book.measured("2026-11-20"))))
        assert (said["first"], said["last"], said["until"]) == ("2026-11-20", "2026-11-20", "2026-11-21T00:00:00+08:00")
        [one] = said["supports"]
        assert (one["system"]["low"], one["system"]["high"], one["system"]["points"]) == ("47/48", "47/48", "0")
        assert said["systems"][0]["points"] is None

    def test_nothing_that_counts_is_nothing_in_json(self, book: Book) -> None:
        book.window(at(20), at(21), approved=at(19))
        said = uptime_words.as_json(book.measured("2026-11-20"))["systems"][0]
        assert (said["planned"], said["low"], said["points"]) == (DAY, None, None)
        assert uptime_words.cells(book.measured("2026-11-20").lines[0])[-2:] == ["没有计入的时间", "不计分"]

    def test_the_page_of_the_ui_has_both_tables(self, book: Book) -> None:
        book.probed(at(20), 8)
        book.support(at(20), at(20, 8))
        page = markdown(book.measured("2026-11-20"), "", b"").replace("\\", "")
        first, second = page.split("## 重保")
        assert "| oa 系统 | 33.33% 至 100.00% |" in first
        assert "| 国庆保障（一般） | 2026-11-20 00:00 | 2026-11-20 08:00 | 没有 | oa 系统 | 100.00% |" in second
        assert "## 重保" not in markdown(book.measured("2026-11-19"), "", b"")

    def test_the_schedule_outside_the_term_has_nothing_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Given: a contract that is over
        (tmp_path / "contract/systems").mkdir(parents=True)
        over = contract(start="2020-01-01", end="2020-12-31").model_dump(mode="json", exclude_unset=True)
        [system] = over.pop("systems")
        for name, content in (("contract", over), ("systems/oa", system)):
            (tmp_path / f"contract/{name}.yaml").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        monkeypatch.setenv("XUNJIAN_HOME", f"{tmp_path}/var")
        monkeypatch.setenv("XUNJIAN_CONTRACT", f"{tmp_path}/contract")
        # Then
        state = asyncio.run(availability.fn(AvailabilityPeriod()))
        assert (state.name, state.message) == ("无需执行", "今天不在服务期限内")
        # and who asks for a month is told what can be asked for
        with pytest.raises(RequestError, match="写 2020-01-01 至 2020-12-31 之间的期间"):
            asyncio.run(availability.fn(AvailabilityPeriod(period="2021-01")))
