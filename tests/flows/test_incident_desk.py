"""The incident desk on a real ledger: writers at the same time, what was seen against what is said, corrections."""

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest
from incident_book import BY, CONTRACT, T0, at

from checks import entries
from checks.availability import Sight
from checks.downtime import DOWNTIME, SUPPORT, Move, support_periods, windows
from checks.entries import Who
from checks.finding import Finding, Reason, State
from checks.incident_news import news
from checks.incidents import INCIDENT, Incident, Step, incidents, open_twice
from checks.notices import DELIVERY
from checks.probe import Reading
from checks.records import Event
from checks.sightings import World, outages_in
from checks.slots import AVAILABILITY_PROBE, PAGE_INSPECTION, RequestError, Slot
from flows import incident_desk
from tasks.ledger import Ledger

NUMBER = "G-2026-0001"
DAY = date(2026, 11, 23)


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


def begun(ledger: Ledger, duty: str) -> str:
    slot = Slot(f"{duty}/oa/{DAY}", duty, "oa", DAY, T0, T0 + timedelta(days=1))
    ledger.expect([slot], T0)
    return ledger.begin(
        slot, flow_run_id="", trigger="schedule", who="计划任务", why="按计划执行", parameters={}, code_version="1",
        contract_hash="c", calendar_version="1", now=T0,
    )  # fmt: skip


def probed(ledger: Ledger, letters: str, system: str = "oa") -> list[Reading]:
    """A probe a minute, from minute 0 on: U, D."""
    sights = {"U": Sight.UP, "D": Sight.DOWN}
    readings = [Reading(at(n), sights[one], 9, "" if one == "U" else "拒绝连接") for n, one in enumerate(letters)]
    run = begun(ledger, AVAILABILITY_PROBE)
    for reading in readings:
        ledger.probed(run, system, 60, reading)
    return readings


def watch(ledger: Ledger, world: World, minute: float) -> None:
    """Rounds of the watch until nothing is new."""
    while True:
        events = ledger.events(INCIDENT)
        added = news(CONTRACT, incidents(events), world, at(minute), timedelta(minutes=30))
        last: int | None = events[-1].id if events else 0
        for event in added:
            last = ledger.enter(event, at(minute), numbered=event.body["step"] == Step.DISCOVERED, last=last)
            if last is None:
                break
        if not added:
            return


def found(ledger: Ledger, letters: str) -> None:
    """An outage that was seen and is on record."""
    outages, up = outages_in(probed(ledger, letters))
    watch(ledger, World({"oa": outages}, {"oa": up} if up else {}, {}), len(letters) - 1)


def looked(ledger: Ledger, minute: float, target: str, check: str, state: State) -> None:
    """An inspection that has ended."""
    reason = Reason.UNREACHABLE if state is State.UNKNOWN else None
    finding = Finding(check=check, state=state, summary="实际与期望", reason=reason)
    run = begun(ledger, PAGE_INSPECTION)
    ledger.add(run, target, 1, [finding], visit=None, evidence=[], now=at(minute))
    ledger.end(run, state, at(minute + 1))


def step(ledger: Ledger, what: Step, minute: float, now: float = 60, number: str = NUMBER, corrects: int = 0) -> str:
    return incident_desk.step(ledger, number, what, at(minute), BY, at(now), corrects)


def call(ledger: Ledger, minute: float, now: float = 60, system: str = "oa", *, down: bool = True) -> str:
    return incident_desk.call(ledger, CONTRACT, system, at(minute), BY, at(now), down=down)


def known(ledger: Ledger) -> list[Incident]:
    return incidents(ledger.events(INCIDENT))


def together(*work: Callable[[], object]) -> list[BaseException]:
    """All at the same moment; what went wrong."""
    troubles: list[BaseException] = []
    ready = threading.Barrier(len(work))

    def do(one: Callable[[], object]) -> None:
        try:
            ready.wait(30)
            one()
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=do, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return troubles


class TestWritersAtTheSameTime:
    def test_callers_open_one_incident_for_a_system_and_none_is_lost(self, ledger: Ledger) -> None:
        calls = [(number, system) for number in range(5) for system in ("oa", "mo")]
        # When
        troubles = together(*(lambda n=n, s=s: call(ledger, n, system=s) for n, s in calls))  # type: ignore[misc]
        # Then
        assert troubles == []
        assert sorted(one.key for one in known(ledger)) == ["mo", "oa"]
        events = ledger.events(INCIDENT)
        assert sorted((one.at, one.subject) for one in events) == sorted(
            (at(number), next(one.id for one in known(ledger) if one.key == system)) for number, system in calls
        )
        assert sorted(one.body["step"] for one in events) == ["discovered"] * 2 + ["received"] * 8

    def test_the_watch_and_callers_open_one(self, ledger: Ledger) -> None:
        outages, _ = outages_in(probed(ledger, "DDD"))
        world = World({"oa": outages}, {}, {})
        calls = [lambda n=n: call(ledger, n) for n in range(3)]  # type: ignore[misc]
        for _ in range(3):
            assert together(*calls, lambda: watch(ledger, world, 3), lambda: watch(ledger, world, 3)) == []
        [one] = known(ledger)
        assert [symptom.check for symptom in one.symptoms] == ["AV01"]
        steps = [event.body["step"] for event in ledger.events(INCIDENT)]
        assert (steps.count("discovered"), steps.count("received") + steps.count("discovered")) in ((1, 9), (1, 10))

    def test_of_two_recoveries_one_stands_and_the_other_is_told_so(self, ledger: Ledger) -> None:
        found(ledger, "DDD")
        troubles = together(*(lambda n=n: step(ledger, Step.RESTORED, n) for n in (10, 11, 12)))  # type: ignore[misc]
        assert [type(one) for one in troubles] == [RequestError] * 2
        assert all("已在" in str(one) and "更正" in str(one) for one in troubles)
        assert [event.body["step"] for event in ledger.events(INCIDENT)] == ["discovered", "restored"]

    def test_an_entry_is_corrected_by_one_of_two(self, ledger: Ledger) -> None:
        found(ledger, "DDD")
        step(ledger, Step.RESPONDED, 5)
        wrong = ledger.events(INCIDENT)[-1].id
        work = [lambda n=n: step(ledger, Step.RESPONDED, n, corrects=wrong) for n in (6, 7)]  # type: ignore[misc]
        [trouble] = together(*work)
        assert str(trouble).startswith(f"第 {wrong} 号已由第 {wrong + 1} 号更正")
        assert known(ledger)[0].responded_at in (at(6), at(7))

    def test_a_void_taken_back_and_a_call_never_leave_two(self, ledger: Ledger) -> None:
        for n in (0, 10, 20):
            call(ledger, n + 1)
            number = next(one.id for one in known(ledger) if one.is_open)
            step(ledger, Step.VOID, n + 2, number=number)
            void = ledger.events(INCIDENT)[-1].id
            troubles = together(
                lambda: step(ledger, Step.RESPONDED, n + 3, number=number, corrects=void),  # noqa: B023
                lambda: call(ledger, n + 4),  # noqa: B023
            )
            assert all(isinstance(one, RequestError) for one in troubles)
            assert open_twice(known(ledger)) is None
            assert sum(one.is_open for one in known(ledger)) == 1
            step(ledger, Step.CLEARED, n + 5, number="")


class TestWhatWasSeen:
    def test_a_recovery_before_a_bad_probe_is_refused_with_what_was_seen(self, ledger: Ledger) -> None:
        found(ledger, "UDDDDDUU")
        with pytest.raises(RequestError, match=r"^11-23 01:05:00 还看到 G-2026-0001 没有恢复；恢复的时间要晚于它$"):
            step(ledger, Step.RESTORED, 4.5, corrects=ledger.events(INCIDENT)[-1].id)
        assert known(ledger)[0].restored_at == at(6), "as the watch has seen it"
        step(ledger, Step.RESTORED, 5.5, corrects=ledger.events(INCIDENT)[-1].id)
        assert known(ledger)[0].restored_at == at(5.5)

    @pytest.mark.parametrize("what", [Step.RESTORED, Step.CLEARED])
    def test_nor_is_an_end_taken_while_it_goes_on(self, ledger: Ledger, what: Step) -> None:
        """But after the last probe the word stands until the next."""
        found(ledger, "DDDD")
        with pytest.raises(RequestError, match=f"01:03:00 还看到 G-2026-0001 没有恢复；{what.label}的时间要晚于它"):
            step(ledger, what, 2.5)
        assert step(ledger, what, 3).endswith(f"{NUMBER} {what.label}：记录")

    def test_what_is_bad_within_planned_downtime_contradicts_nobody(self, ledger: Ledger) -> None:
        """Given a system that is shut down as planned right after it was mended."""
        entry = entries.downtime(CONTRACT, ["oa"], at(4), at(20), BY, at(-60))
        incident_desk.enter(ledger, entry, at(-60))
        incident_desk.decide(ledger, DOWNTIME, "T-2026-0001", Move.APPROVED, "文号", BY, at(-50))
        found(ledger, "DDDDDDDD")
        step(ledger, Step.RESTORED, 3.5)
        assert known(ledger)[0].restored_at == at(3.5)

    @pytest.mark.parametrize(
        ("target", "check", "state"),
        [("oa/todo", "PG05", State.CRIT), ("oa-db-01", "OS01", State.UNKNOWN)],
    )
    def test_an_inspection_counts_as_well(self, ledger: Ledger, target: str, check: str, state: State) -> None:
        looked(ledger, 1, target, check, state)
        verdicts = {(one.target, one.finding.check): one for _, one in ledger.verdicts(at(0))}
        watch(ledger, World({}, {}, verdicts), 3)
        looked(ledger, 30, target, check, state)
        with pytest.raises(RequestError, match="01:30:00 还看到 G-2026-0001 没有恢复"):
            step(ledger, Step.RESTORED, 20)
        looked(ledger, 40, target, check, State.OK)
        step(ledger, Step.RESTORED, 35)
        assert known(ledger)[0].restored_at == at(35)

    def test_what_came_back_later_is_no_contradiction(self, ledger: Ledger) -> None:
        found(ledger, "DDDUUUUUDDD")
        one, recovery = known(ledger)[0], ledger.events(INCIDENT)[1]
        assert (recovery.body["step"], one.reopened) == ("restored", (at(9),))
        step(ledger, Step.RESTORED, 2.5, corrects=recovery.id)
        assert known(ledger)[0].reopened == (at(9),)


class TestCorrections:
    def test_a_wrong_entry_stays_on_record_and_counts_no_more(self, ledger: Ledger) -> None:
        found(ledger, "DDD")
        step(ledger, Step.RESPONDED, 5)
        wrong = ledger.events(INCIDENT)[-1].id
        told = step(ledger, Step.RESPONDED, 25, number="", corrects=wrong)
        assert told == f"第 {wrong + 1} 号事件：{NUMBER} 响应：记录"
        events = ledger.events(INCIDENT)
        assert [one.corrects for one in events] == [None, None, wrong]
        [case] = incident_desk.cases(ledger, CONTRACT)
        assert case.incident.responded_at == at(25)
        response = next(clock for clock in case.clocks if clock.name == "response")
        assert (response.done, response.breached(at(99))) == (at(25), False)

    def test_what_followed_from_a_recovery_falls_with_it(self, ledger: Ledger) -> None:
        found(ledger, "DDDU")
        outages, up = outages_in(Reading(at(n), Sight.DOWN if n < 3 else Sight.UP, 9) for n in range(60))
        world = World({"oa": outages}, {"oa": up or T0}, {})
        watch(ledger, world, 59)
        assert known(ledger)[0].cleared_at == at(33)
        step(ledger, Step.RESTORED, 10, corrects=ledger.events(INCIDENT)[1].id)
        assert known(ledger)[0].is_open
        watch(ledger, world, 59)
        assert (known(ledger)[0].restored_at, known(ledger)[0].cleared_at) == (at(10), at(40))


def test_a_case_knows_when_it_was_told(ledger: Ledger) -> None:
    found(ledger, "DDD")
    for minute, ok in ((3, False), (4, True), (5, True)):
        body = {"notices": [f"{NUMBER}/open"], "channel": "mail", "level": 0, "ok": ok}
        told = Event(kind=DELIVERY, subject="m", at=at(minute), who="驻场工程师", why="", via="watch", body=body)
        ledger.enter(told, at(minute))
    [case] = incident_desk.cases(ledger, CONTRACT)
    assert case.notified_at == at(4)
    clocks = {clock.name: clock for clock in case.clocks}
    assert (clocks["report"].started, clocks["report"].done, clocks["repair"].started) == (at(1), at(4), at(4))


def test_decisions_rest_on_what_is_on_record(ledger: Ledger) -> None:
    by = Who("甲方", "升级", "ui")
    told = incident_desk.enter(ledger, entries.downtime(CONTRACT, ["oa"], at(60), at(90), by, at(0)), at(0))
    assert told.endswith("T-2026-0001 申请：升级")
    period = entries.support(CONTRACT, "国庆", ["oa"], at(60), at(90), by, at(0), important=True)
    assert incident_desk.enter(ledger, period, at(0)).endswith("B-2026-0001 申请：升级")

    def approve(kind: str, number: str, moves: Sequence[Move]) -> list[BaseException]:
        work = [lambda m=m: incident_desk.decide(ledger, kind, number, m, "文号", by, at(10)) for m in moves]  # type: ignore[misc]
        return together(*work)

    # When: two cancel, and two plan, at the same time
    [trouble] = approve(DOWNTIME, "T-2026-0001", [Move.CANCELLED, Move.CANCELLED])
    assert str(trouble) == "T-2026-0001 已经取消"
    assert approve(SUPPORT, "B-2026-0001", [Move.PLANNED, Move.PLANNED]) == []
    # Then
    assert windows(ledger.events(DOWNTIME))[0].cancelled_at == at(10)
    assert support_periods(ledger.events(SUPPORT))[0].planned_at == at(10)
    with pytest.raises(RequestError, match="没有 T-2026-0009；已有：T-2026-0001"):
        incident_desk.decide(ledger, DOWNTIME, "T-2026-0009", Move.APPROVED, "文号", by, at(10))
