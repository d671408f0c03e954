"""What people enter: every refusal says what is wrong and what to do, and every correction says what it corrects."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from incident_book import BY, CONTRACT, T0, Record, at

from checks.downtime import DOWNTIME, SUPPORT, Move, support_periods, windows
from checks.entries import Who, call, decision, downtime, moment, progress, support
from checks.incident_news import WATCH
from checks.incidents import INCIDENT, Step
from checks.records import Event
from checks.sightings import Outage, World
from checks.slots import RequestError

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 2, 30, 40, tzinfo=UTC)  # 10:30:40 there
OPEN, RESTORED, CLEARED = "G-2026-0001", "G-2026-0002", "G-2026-0003"


def refused(what: Callable[[], object]) -> str:
    with pytest.raises(RequestError) as caught:
        what()
    return str(caught.value)


class TestMoment:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("2026-11-22 09:05", "2026-11-22T09:05:00+08:00"),
            ("2026-11-22T09:05:30", "2026-11-22T09:05:30+08:00"),
            (" 2026-11-22 09：05 ", "2026-11-22T09:05:00+08:00"),
            ("09:05", "2026-11-23T09:05:00+08:00"),
            ("9:05", "2026-11-23T09:05:00+08:00"),
            ("9：05", "2026-11-23T09:05:00+08:00"),
            ("00:00", "2026-11-23T00:00:00+08:00"),
            ("2026-11-22 09:05+00:00", "2026-11-22T17:05:00+08:00"),
            ("2026-11-22T09:05Z", "2026-11-22T17:05:00+08:00"),
            ("", "2026-11-23T10:30:40+08:00"),
            ("  ", "2026-11-23T10:30:40+08:00"),
        ],
    )
    def test_as_people_write_it(self, text: str, meant: str) -> None:
        assert moment(text, SHANGHAI, NOW).isoformat() == meant

    def test_today_is_the_day_in_the_contracts_zone(self) -> None:
        """At 22:00 UTC it is tomorrow in Shanghai already."""
        late = datetime(2026, 11, 22, 22, tzinfo=UTC)
        assert moment("05:59", SHANGHAI, late).isoformat() == "2026-11-23T05:59:00+08:00"

    @pytest.mark.parametrize(
        "text",
        ["昨天", "2026-11-23", "25:00", "24:00", "9", "905", "09:05:30", "11-23 09:05", "2026/11/23 09:05",
         "2026-11-31 09:05", "0001-01-01 00:00+14:00"],
    )  # fmt: skip
    def test_what_it_cannot_read_is_said_with_what_it_can(self, text: str) -> None:
        assert refused(lambda: moment(text, SHANGHAI, NOW)) == (
            f"看不懂时间“{text}”；写 2026-11-23 09:05 或 09:05（今天），空着就是现在"
        )


class TestCall:
    def test_the_first_is_a_discovery(self) -> None:
        entry = call(CONTRACT, [], "oa", at(0), BY, at(3), down=True)
        assert (entry.numbered, entry.event.subject, entry.event.at) == (True, "G-2026-", at(0))
        assert entry.event.body == {
            "step": "discovered", "key": "oa", "system": "oa", "found_by": "call", "started_at": at(0).isoformat(),
            "symptoms": [], "down": True,
        }  # fmt: skip

    def test_its_number_is_of_the_year_in_the_contracts_zone(self) -> None:
        new_year = datetime(2026, 12, 31, 16, 5, tzinfo=UTC)
        assert call(CONTRACT, [], "oa", new_year, BY, new_year, down=False).event.subject == "G-2027-"

    @pytest.mark.parametrize(
        ("when", "step", "subject"),
        [
            (-5, "received", "G-2026-0001"),  # before our own discovery, which it joins
            (0, "received", "G-2026-0001"),
            (20, "received", "G-2026-0001"),  # the moment of recovery
            (20.5, "reopened", "G-2026-0001"),  # whoever calls after it has seen it come back
        ],
    )
    def test_it_joins_the_incident_that_is_going_on(self, when: float, step: str, subject: str) -> None:
        record = Record()
        record.put(call(CONTRACT, [], "oa", at(0), BY, at(0), down=False), at(0))
        record.person(Step.RESTORED, at(20), at(20))
        entry = call(CONTRACT, record.known, "oa", at(when), BY, at(25), down=True)
        assert (entry.numbered, entry.event.subject, entry.event.body) == (False, subject, {"step": step, "down": True})

    @pytest.mark.parametrize(
        ("when", "step"), [(10, "received"), (40, "reopened"), (50, "reopened"), (51, "discovered")]
    )
    def test_of_one_that_is_cleared_it_counts_until_then(self, when: float, step: str) -> None:
        record = Record()
        record.put(call(CONTRACT, [], "oa", at(0), BY, at(0), down=False), at(0))
        record.person(Step.RESTORED, at(20), at(20))
        record.person(Step.CLEARED, at(50), at(50))
        record.put(call(CONTRACT, record.known, "oa", at(when), BY, at(55), down=True), at(55))
        assert record.events[-1].body["step"] == step
        opened = {"received": [False], "reopened": [step == "reopened" and when == 50], "discovered": [False, True]}
        # By what was said at minute 50 it was over: only a call of that moment or later says otherwise.
        assert [one.is_open for one in record.known] == opened[step]
        assert record.known[-1].down

    def test_another_systems_incident_and_a_void_one_take_no_call(self) -> None:
        record = Record()
        record.put(call(CONTRACT, [], "mo", at(0), BY, at(0), down=False), at(0))
        record.put(call(CONTRACT, record.known, "oa", at(1), BY, at(1), down=False), at(1))
        record.person(Step.VOID, at(2), at(2), "G-2026-0002")
        assert call(CONTRACT, record.known, "oa", at(3), BY, at(3), down=False).numbered

    @pytest.mark.parametrize(
        ("system", "when", "by", "said"),
        [
            ("oaa", at(0), BY, "合同里没有系统 oaa；可选：oa、mo"),
            ("oa", at(0), Who(" ", "打不开", "ui"), "没有写登记人"),
            ("oa", at(0), Who("甲", "", "ui"), "没有写说明"),
            ("oa", at(11.1), BY, "时间 2026-11-23 01:11 还没有到；不是今天的写上日期"),
            ("oa", at(10) - timedelta(days=31, seconds=1), BY,
             "时间 2026-10-23 01:09 太早：31 天之内的事才在这里登记"),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused(self, system: str, when: datetime, by: Who, said: str) -> None:
        assert refused(lambda: call(CONTRACT, [], system, when, by, at(10), down=False)) == said

    def test_a_minute_ahead_and_a_month_back_are_taken(self) -> None:
        for when in (at(11), at(10) - timedelta(days=31)):
            assert call(CONTRACT, [], "oa", when, BY, at(10), down=False).event.at == when


@pytest.fixture
def record() -> Record:
    """Three incidents: one of OA that goes on since minute 0; of mobile, one that is restored, and one that is cleared
    before. The watch has found them."""
    made = Record()
    made.enter(found("oa", 0), numbered=True)
    made.enter(found("mo", 30), numbered=True)
    made.enter(found("mo", -60), numbered=True)
    for number, minute, step in (
        (CLEARED, -30, Step.RESTORED),
        (CLEARED, 0, Step.CLEARED),
        (RESTORED, 40, Step.RESTORED),
    ):
        made.enter(watched(number, minute, step))
    return made


def watched(number: str, minute: float, step: Step, **more: Any) -> Event:
    return Event(
        kind=INCIDENT, subject=number, at=at(minute), who="巡检程序", why="看到", via=WATCH,
        body={"step": step.value, **more},
    )  # fmt: skip


def found(system: str, minute: float) -> Event:
    body = {"key": system, "system": system, "found_by": "probe", "started_at": at(minute).isoformat(), "symptoms": []}
    return watched("G-2026-", minute + 1, Step.DISCOVERED, **body)


class TestProgress:
    @pytest.mark.parametrize(
        ("number", "step", "when", "said"),
        [
            ("G-2026-0009", Step.RESPONDED, 50, "没有故障 G-2026-0009；编号见故障清单，例如 G-2026-0007"),
            ("", Step.RESPONDED, 50, "未解除的故障有 2 个，写明编号：G-2026-0001、G-2026-0002"),
            (OPEN, Step.RESPONDED, 61.1, "时间 2026-11-23 02:01 还没有到；不是今天的写上日期"),
            (OPEN, Step.RESPONDED, -60 * 24 * 31, "时间 2026-10-23 01:00 太早：31 天之内的事才在这里登记"),
            (OPEN, Step.RESPONDED, -1, "响应的时间 11-23 00:59:00 早于故障开始（11-23 01:00:00），请核对"),
            (OPEN, Step.RESTORED, 0.5, "恢复的时间 11-23 01:00:30 早于发现（11-23 01:01:00），请核对"),
            (OPEN, Step.TAKEN_BACK, 50, "G-2026-0001 在 11-23 01:50:00 不在第三方处理中"),
            (RESTORED, Step.RESTORED, 50,
             "G-2026-0002 已在 11-23 01:40:00 恢复；时间不对就用“更正”写明事件号"),
            (RESTORED, Step.HANDED_OVER, 35,
             "G-2026-0002 已在 11-23 01:40:00 恢复；时间不对就用“更正”写明事件号"),
            (RESTORED, Step.CLEARED, 39, "解除的时间 11-23 01:39:00 早于恢复（11-23 01:40:00），请核对"),
            (CLEARED, Step.CLEARED, 50, "G-2026-0003 已经解除；登记错了就用“更正”写明事件号"),
            (CLEARED, Step.TAKEN_BACK, -40, "G-2026-0003 已经解除；登记错了就用“更正”写明事件号"),
            (CLEARED, Step.RECEIVED, 1, "G-2026-0003 已在 11-23 01:00:00 解除；之后又有人报告的，登记来电"),
        ],
    )  # fmt: skip
    def test_what_could_not_have_been_is_refused(
        self, record: Record, number: str, step: Step, when: float, said: str
    ) -> None:
        assert refused(lambda: record.person(step, at(when), at(60), number)) == said

    def test_nobody_enters_without_a_name_and_words(self, record: Record) -> None:
        for by, said in ((Who("", "查", "ui"), "没有写登记人"), (Who("甲", " ", "ui"), "没有写说明")):
            assert refused(lambda: progress(record.events, OPEN, Step.RESPONDED, at(9), by, at(9))) == said  # noqa: B023

    def test_without_a_number_it_is_the_only_one_that_goes_on(self, record: Record) -> None:
        record.person(Step.CLEARED, at(50), at(60), RESTORED)
        record.person(Step.RESPONDED, at(50), at(60))
        assert record.events[-1].subject == OPEN
        record.person(Step.CLEARED, at(51), at(60), f" {OPEN.lower()} ")
        assert refused(lambda: record.person(Step.RESPONDED, at(50), at(60))) == "没有未解除的故障"

    def test_a_third_party_has_it_once_at_a_time(self, record: Record) -> None:
        record.person(Step.HANDED_OVER, at(10), at(60), OPEN)
        said = refused(lambda: record.person(Step.HANDED_OVER, at(12), at(60), OPEN))
        assert said == "G-2026-0001 在 11-23 01:12:00 已经在第三方处理中"
        record.person(Step.TAKEN_BACK, at(20), at(60), OPEN)
        record.person(Step.HANDED_OVER, at(20), at(60), OPEN)
        assert [(wait.start, wait.end) for wait in record.known[1].waits] == [(at(10), at(20)), (at(20), None)]

    def test_after_it_came_back_only_a_later_recovery_counts(self, record: Record) -> None:
        record.enter(watched(RESTORED, 45, Step.REOPENED, symptoms=[]))
        for step in (Step.RESTORED, Step.CLEARED):
            said = refused(lambda: record.person(step, at(45), at(60), RESTORED))  # noqa: B023
            assert said == f"G-2026-0002 在 11-23 01:45:00 再次发生，{step.label}要晚于它"
        record.person(Step.RESTORED, at(46), at(60), RESTORED)

    def test_what_is_still_reported_is_not_over(self, record: Record) -> None:
        record.person(Step.RECEIVED, at(20), at(60), OPEN)
        for step in (Step.RESTORED, Step.CLEARED):
            said = refused(lambda: record.person(step, at(19), at(60), OPEN))  # noqa: B023
            assert said == f"11-23 01:20:00 还有人报告 G-2026-0001，{step.label}不能早于它"
        record.person(Step.RESTORED, at(20), at(60), OPEN)

    def test_reported_after_a_recovery_it_is_open_again(self, record: Record) -> None:
        record.person(Step.RECEIVED, at(41), at(60), RESTORED)
        assert record.events[-1].body == {"step": "reopened", "down": False}
        assert [one.restored_at for one in record.known if one.id == RESTORED] == [None]

    def test_of_a_void_one_nothing_more_is_taken(self, record: Record) -> None:
        record.person(Step.VOID, at(-999), at(60), OPEN)  # whatever time was written
        assert refused(lambda: record.person(Step.RESPONDED, at(50), at(60), OPEN)) == "G-2026-0001 已作废"


class TestCorrections:
    def test_what_is_not_there_cannot_be_wrong(self, record: Record) -> None:
        said = refused(lambda: record.person(Step.RESPONDED, at(50), at(60), OPEN, corrects=99))
        assert said == "没有第 99 号故障登记；事件号见 xunjian incident show"

    def test_a_discovery_stays(self, record: Record) -> None:
        said = refused(lambda: record.person(Step.RECEIVED, at(50), at(60), OPEN, corrects=1))
        assert said == "故障的发现不能更正；整个登记错了用“作废”"

    @pytest.mark.parametrize("step", [Step.SYMPTOM, Step.REOPENED, Step.REPORT_DUE])
    def test_what_the_program_has_seen_stays(self, record: Record, step: Step) -> None:
        symptom = {"target": "mo", "check": "AV01", "summary": "拒绝连接",
                   **{name: at(45).isoformat() for name in ("at", "found_at", "seen_at")}}  # fmt: skip
        number = record.enter(watched(RESTORED, 45, step, symptom=symptom, symptoms=[symptom], due="2026-11-26"))
        said = refused(lambda: record.person(Step.RESPONDED, at(50), at(60), corrects=number))
        assert said == f"第 {number} 号“{step.label}”是程序记下的，不能更正"

    def test_what_the_program_took_for_an_end_is_corrected(self, record: Record) -> None:
        """Its own conclusion from the recovery falls with it."""
        cleared = record.enter(watched(RESTORED, 70, Step.CLEARED, since=at(40).isoformat()))
        record.person(Step.RESTORED, at(45), at(80), corrects=6)
        [one] = [one for one in record.known if one.id == RESTORED]
        assert (one.restored_at, one.cleared_at) == (at(45), None)
        record.enter(watched(RESTORED, 75, Step.CLEARED, since=at(45).isoformat()))
        record.person(Step.CLEARED, at(78), at(80), corrects=cleared + 2)
        [one] = [one for one in record.known if one.id == RESTORED]
        assert (one.restored_at, one.cleared_at) == (at(45), at(78))

    def test_each_is_corrected_once_and_the_chain_goes_on_from_its_end(self, record: Record) -> None:
        first = record.person(Step.RESPONDED, at(5), at(60), OPEN)
        second = record.person(Step.RESPONDED, at(15), at(60), corrects=first)
        said = refused(lambda: record.person(Step.RESPONDED, at(10), at(60), corrects=first))
        assert said == f"第 {first} 号已由第 {second} 号更正；还不对就更正第 {second} 号"
        record.person(Step.DISPATCHED, at(10), at(60), corrects=second)
        [one] = [one for one in record.known if one.id == OPEN]
        assert (one.responded_at, one.dispatched_at) == (None, at(10))

    def test_a_recovery_can_be_corrected_whatever_followed_it(self, record: Record) -> None:
        """Given that it came back, and that somebody cleared it, then an earlier wrong time can still be put right."""
        first = record.person(Step.RESTORED, at(10), at(60), OPEN)
        record.put(call(CONTRACT, record.known, "oa", at(20), BY, at(60), down=True), at(60))
        record.person(Step.RESTORED, at(30), at(60), OPEN)
        record.person(Step.CLEARED, at(50), at(60), OPEN)
        record.person(Step.RESTORED, at(8), at(60), corrects=first)
        [one] = [one for one in record.known if one.id == OPEN]
        assert (one.reopened, one.restored_at, one.cleared_at) == ((at(20),), at(30), at(50))

    def test_another_time_for_a_handover_after_the_recovery(self, record: Record) -> None:
        first = record.person(Step.HANDED_OVER, at(10), at(60), OPEN)
        record.person(Step.RESTORED, at(30), at(60), OPEN)
        record.person(Step.HANDED_OVER, at(12), at(60), corrects=first)
        [one] = [one for one in record.known if one.id == OPEN]
        assert [(wait.start, wait.end) for wait in one.waits] == [(at(12), at(30))]

    @pytest.mark.parametrize(("when", "step"), [(18, "received"), (25, "reopened")])
    def test_another_time_of_a_call_takes_back_nothing_of_what_was_said(
        self, record: Record, when: float, step: str
    ) -> None:
        record.person(Step.RESTORED, at(20), at(60), OPEN)
        record.put(call(CONTRACT, record.known, "oa", at(22), BY, at(60), down=True), at(60))
        number = record.events[-1].id
        record.person(Step.RECEIVED, at(when), at(60), corrects=number)
        assert record.events[-1].body == {"step": step, "down": True}
        [one] = [one for one in record.known if one.id == OPEN]
        assert one.down == ((at(when), at(20) if step == "received" else None),)

    def test_a_void_that_was_a_mistake_brings_it_back(self, record: Record) -> None:
        number = record.person(Step.VOID, at(50), at(60), OPEN)
        record.person(Step.RESPONDED, at(51), at(60), corrects=number)
        assert record.known[1].state == "处理中"

    def test_but_not_beside_another_of_the_same_cause(self, record: Record) -> None:
        void = record.person(Step.VOID, at(50), at(60), RESTORED)
        record.enter(found("mo", 55), numbered=True)
        said = refused(lambda: record.person(Step.RESPONDED, at(51), at(60), corrects=void))
        assert said == "G-2026-0004 是同一个故障，还没有解除；先把 G-2026-0004 解除或作废，再登记 G-2026-0002"

    def test_nor_beside_an_older_one(self, record: Record) -> None:
        void = record.person(Step.VOID, at(50), at(60), RESTORED)
        record.person(Step.RESPONDED, at(-40), at(60), corrects=5)  # it was not cleared after all
        said = refused(lambda: record.person(Step.RESPONDED, at(51), at(60), corrects=void))
        assert said == "G-2026-0003 是同一个故障，还没有解除；先把 G-2026-0003 解除或作废，再登记 G-2026-0002"


class TestDowntime:
    def test_it_is_asked_for(self) -> None:
        entry = downtime(CONTRACT, ["oa", "mo"], at(60), at(120), BY, at(0))
        assert (entry.numbered, entry.event.kind, entry.event.subject) == (True, DOWNTIME, "T-2026-")
        assert entry.event.body["systems"] == ["oa", "mo"]

    @pytest.mark.parametrize(
        ("systems", "end", "said"),
        [
            ([], at(120), "写明是哪些系统"),
            (["oa", "x", "y"], at(120), "合同里没有系统 x、y；可选：oa、mo"),
            (["oa"], at(60), "止要晚于起；起止写成 2026-11-22 20:00 的样子"),
            (["oa"], at(60) + timedelta(days=31, seconds=1), "一次至多 31 天；更长的分几次登记"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, systems: list[str], end: datetime, said: str) -> None:
        assert refused(lambda: downtime(CONTRACT, systems, at(60), end, BY, at(0))) == said
        assert refused(lambda: support(CONTRACT, "国庆", systems, at(60), end, BY, at(0), important=True)) == said

    def test_a_month_is_taken(self) -> None:
        assert downtime(CONTRACT, ["oa"], at(60), at(60) + timedelta(days=31), BY, at(0)).numbered

    def test_a_support_period_has_a_name(self) -> None:
        said = refused(lambda: support(CONTRACT, " ", ["oa"], at(60), at(120), BY, at(0), important=True))
        assert said == "写上保障的名称，例如 国庆保障"
        assert support(CONTRACT, "国庆", ["oa"], at(60), at(120), BY, at(0), important=True).event.subject == "B-2026-"

    def test_nobody_asks_without_a_name_and_words(self) -> None:
        nobody, wordless = Who(" ", "升级", "ui"), Who("甲", " ", "ui")
        assert refused(lambda: downtime(CONTRACT, ["oa"], at(60), at(90), nobody, at(0))) == "没有写登记人"
        assert refused(lambda: downtime(CONTRACT, ["oa"], at(60), at(90), wordless, at(0))) == "没有写说明"
        said = refused(lambda: support(CONTRACT, "国庆", ["oa"], at(60), at(90), wordless, at(0), important=False))
        assert said == "没有写说明"


class TestDecisions:
    @pytest.fixture
    def planned(self) -> Record:
        made = Record()
        made.put(downtime(CONTRACT, ["oa"], at(60), at(120), BY, at(0)), at(0))
        return made

    def decide(
        self, planned: Record, move: Move, now: float, document: str = "文号", number: str = "T-2026-0001"
    ) -> None:
        planned.put(decision(DOWNTIME, windows(planned.events), number, move, document, BY, at(now)), at(now))

    def test_approved_before_the_start_it_excludes(self, planned: Record) -> None:
        self.decide(planned, Move.APPROVED, 59, " 甲方〔2026〕7 号 ", number=" t-2026-0001 ")
        assert planned.events[-1].body == {"move": "approved", "document": "甲方〔2026〕7 号"}
        assert windows(planned.events)[0].excluded == (at(60), at(120))

    @pytest.mark.parametrize("move", [Move.APPROVED, Move.SIGNED])
    def test_no_decision_without_a_paper(self, planned: Record, move: Move) -> None:
        assert refused(lambda: self.decide(planned, move, 10, " ")) == "写上依据文件的名称和文号"

    def test_what_is_not_there_is_said_with_what_is(self, planned: Record) -> None:
        said = refused(lambda: self.decide(planned, Move.APPROVED, 10, number="T-2026-0007"))
        assert said == "没有 T-2026-0007；已有：T-2026-0001"
        said = refused(lambda: decision(DOWNTIME, [], "T-1", Move.APPROVED, "文号", BY, at(0)))
        assert said == "没有 T-1；已有：还没有任何登记"

    def test_cancelled_once_and_then_for_good(self, planned: Record) -> None:
        self.decide(planned, Move.APPROVED, 10)
        self.decide(planned, Move.CANCELLED, 90, "")
        assert windows(planned.events)[0].excluded == (at(60), at(90))
        for move in (Move.CANCELLED, Move.APPROVED, Move.SIGNED):
            assert refused(lambda: self.decide(planned, move, 100)) == "T-2026-0001 已经取消"  # noqa: B023

    def test_what_is_over_is_not_cancelled(self, planned: Record) -> None:
        assert refused(lambda: self.decide(planned, Move.CANCELLED, 120)) == "T-2026-0001 已经结束，不能再取消"
        self.decide(planned, Move.CANCELLED, 119.9)

    def test_nobody_decides_without_a_name_and_words(self, planned: Record) -> None:
        known = windows(planned.events)
        for by, said in ((Who("", "可", "ui"), "没有写登记人"), (Who("甲", "", "ui"), "没有写说明")):
            told = refused(lambda: decision(DOWNTIME, known, "T-2026-0001", Move.SIGNED, "文号", by, at(0)))  # noqa: B023
            assert told == said

    def test_a_support_periods_plan_is_on_record_before_it_starts(self) -> None:
        record = Record()
        record.put(support(CONTRACT, "国庆", ["oa"], at(60), at(120), BY, at(0), important=True), at(0))

        def decide(move: Move, document: str, now: float) -> None:
            known = support_periods(record.events)
            record.put(decision(SUPPORT, known, "B-2026-0001", move, document, BY, at(now)), at(now))

        assert refused(lambda: decide(Move.PLANNED, "", 10)) == "写上依据文件的名称和文号"
        decide(Move.PLANNED, "保障计划", 59)
        [one] = support_periods(record.events)
        assert (one.has_plan, one.name, one.important) == (True, "国庆", True)
        decide(Move.CANCELLED, "", 80)
        assert refused(lambda: decide(Move.PLANNED, "保障计划", 81)) == "B-2026-0001 已经取消"


def test_what_a_person_says_is_held_against_what_is_seen_next() -> None:
    """Given a probe that still fails, then the word does not end it, and the entry stays on record."""
    record = Record()
    bad = [Outage((at(0), at(1)), "拒绝连接"), Outage((at(0), at(1), at(6)), "拒绝连接")]
    record.see(World({"oa": bad[:1]}, {}, {}), at(2))
    record.person(Step.RESTORED, at(5), at(5))
    record.see(World({"oa": bad[1:]}, {}, {}), at(6))
    assert (record.only.reopened, [one.body["step"] for one in record.events][1:]) == (
        (at(6),),
        ["restored", "reopened"],
    )
    assert record.only.started_at == T0
