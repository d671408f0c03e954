"""The clocks of an incident: exactly on time is in time, and nobody's entry makes a breach undone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.clocks import Clock, clocks, duration
from checks.escalation import Deadlines
from checks.incidents import Incident, Wait

T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
LIMITS = Deadlines()


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def incident(**known: object) -> Incident:
    return Incident("G-2026-0001", "oa", "oa", "probe", T0, T0)._replace(**known)


def clock(name: str, one: Incident, told: datetime | None = None) -> Clock:
    return {each.name: each for each in clocks(one, told, LIMITS)}[name]


@pytest.mark.parametrize(("name", "minutes"), [("report", 15), ("response", 30), ("repair", 480)])
def test_exactly_on_time_is_in_time_and_a_moment_later_is_not(name: str, minutes: int) -> None:
    """R12."""
    for late, breached in ((0.0, False), (0.001, True)):
        done = at(minutes) + timedelta(seconds=late)
        one = incident(received_at=T0 if name != "report" else None)
        told = done if name == "report" else T0
        one = one._replace(**{"response": {"responded_at": done}, "repair": {"restored_at": done}}.get(name, {}))
        assert clock(name, one, told).breached(at(9999)) is breached


def test_it_is_open_while_nothing_has_happened_and_breached_when_the_limit_is_over() -> None:
    one = clock("report", incident())
    assert (one.done, one.breached(at(15)), one.breached(at(15.01))) == (None, False, True)


def test_a_message_that_never_left_stops_no_clock() -> None:
    """Given that nobody could be told, then the time to answer and to mend runs from when they should have been."""
    one = incident()
    assert clock("response", one).started == clock("repair", one).started == at(15)
    assert clock("repair", one, at(4)).started == at(4)
    assert clock("repair", one._replace(received_at=at(2)), at(4)).started == at(2)


def test_time_with_a_third_party_does_not_count() -> None:
    waits = (Wait(at(100), at(400), "厂商处理"),)
    one = incident(received_at=T0, restored_at=at(780), waits=waits)
    assert clock("repair", one).spent(at(999)) == timedelta(minutes=480)
    assert not clock("repair", one).breached(at(999))
    assert clock("repair", one._replace(waits=())).breached(at(999))


def test_waits_before_the_start_and_after_the_end_change_nothing() -> None:
    waits = (Wait(at(-50), at(-10), "以前"), Wait(at(600), at(700), "以后"))
    one = incident(received_at=T0, restored_at=at(500), waits=waits)
    assert clock("repair", one).spent(at(999)) == timedelta(minutes=500)


def test_the_second_line_is_asked_in_time_or_an_answer_was_given() -> None:
    late = incident(received_at=T0, dispatched_at=at(45))
    assert clock("dispatch", late).breached(at(99))
    assert not clock("dispatch", late._replace(responded_at=at(20))).breached(at(99))
    assert "dispatch" not in {each.name for each in clocks(incident(received_at=T0), None, LIMITS)}


def test_a_repair_is_an_answer_and_a_later_entry_takes_nothing_back() -> None:
    one = incident(received_at=T0, restored_at=at(10), responded_at=at(45))
    assert not clock("response", one).breached(at(99))


def test_warnings_come_at_half_at_four_fifths_and_after_the_limit() -> None:
    one = clock("response", incident(received_at=T0))
    assert [one.reaches(share, at(29)) for share in (0.5, 0.8, 1.0)] == [at(15), at(24), None]
    assert (one.reaches(1.0, at(30)), one.reaches(1.0, at(30.01))) == (None, at(30))


def test_what_was_done_before_is_not_warned_of() -> None:
    one = clock("response", incident(received_at=T0, responded_at=at(20)))
    assert [one.reaches(share, at(99)) for share in (0.5, 0.8, 1.0)] == [at(15), None, None]


def test_no_warning_while_a_third_party_has_it() -> None:
    one = clock("repair", incident(received_at=T0, waits=(Wait(at(100), None, "厂商处理"),)))
    assert one.reaches(0.5, at(5000)) is None
    back = clock("repair", incident(received_at=T0, waits=(Wait(at(100), at(1000), "厂商处理"),)))
    assert back.reaches(0.5, at(5000)) == at(1140)


SPANS = st.lists(st.tuples(st.integers(0, 120), st.integers(1, 40)), max_size=4)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(SPANS, st.sampled_from([0.5, 0.8, 1.0]), st.integers(1, 300))
def test_warnings_agree_with_the_time_that_is_spent(spans: list[tuple[int, int]], share: float, now: int) -> None:
    """Minute by minute: the first at which so much of the limit is gone."""
    waits, free = [], 0
    for start, length in sorted(spans):
        begins = max(start, free)
        waits.append(Wait(at(begins), at(begins + length), "厂商处理"))
        free = begins + length
    one = Clock("repair", "修复", timedelta(minutes=60), T0, None, tuple(waits))
    gone = next((m for m in range(now + 1) if one.spent(at(m)) >= one.limit * share), None)
    reached = one.reaches(share, at(now))
    if share == 1.0 and gone == now:  # exactly on time
        assert reached is None
    else:
        assert reached == (None if gone is None else at(gone))


@pytest.mark.parametrize(("known", "minutes", "said"), [
    ({}, 3, "还剩 12 分"),
    ({}, 14.25, "还剩 45 秒"),
    ({}, 15, "还剩 不到 1 秒"),
    ({}, 20, "已超时 5 分，未完成"),
    ({"received_at": at(4)}, 20, "按时，用了 4 分"),
    ({"received_at": T0}, 20, "按时"),
    ({"received_at": at(15.5)}, 20, "超时 30 秒"),
])  # fmt: skip
def test_what_operators_read_of_it(known: dict[str, datetime], minutes: float, said: str) -> None:
    assert clock("report", incident(**known)).stands(at(minutes)) == said


def test_while_a_third_party_has_it_what_is_left_stays() -> None:
    one = incident(received_at=T0, waits=(Wait(at(60), None, "厂商处理"),))
    assert {clock("repair", one).stands(at(when)) for when in (60, 300, 3000)} == {"还剩 7 小时，第三方处理中不计时"}
    back = one._replace(waits=(Wait(at(60), at(90), "厂商处理"),))
    assert clock("repair", back).stands(at(95)) == "还剩 6 小时 55 分"


def test_what_has_not_begun_says_so() -> None:
    """Given that nobody has been told, then the time to answer begins when they should have been."""
    assert clock("response", incident()).stands(at(10)) == "还没有开始计时"


@pytest.mark.parametrize(("seconds", "said"), [
    (0, "不到 1 秒"), (59.9, "59 秒"), (60, "1 分"), (3599, "59 分"), (3600, "1 小时"), (11100, "3 小时 05 分"),
    (90061, "25 小时 01 分"),
])  # fmt: skip
def test_a_time_is_cut_off(seconds: float, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said


def test_handed_over_taken_back_and_handed_over_within_one_minute() -> None:
    """Given entries by the minute, then warnings can be computed all the same."""
    waits = (Wait(at(10), at(10), "厂商处理"), Wait(at(10), None, "又交给厂商"))
    one = clock("repair", incident(received_at=T0, waits=waits))
    assert one.reaches(0.5, at(999)) is None
    assert one.spent(at(999)) == timedelta(minutes=10)


def test_mended_while_a_third_party_has_it_is_not_late_where_all_the_time_was_spent() -> None:
    """Given a wait that begins exactly on the limit, then nobody is told of a breach that is none."""
    one = incident(received_at=T0, restored_at=at(600), waits=(Wait(at(480), at(600), "厂商处理"),))
    repair = clock("repair", one)
    assert (repair.breached(at(999)), repair.reaches(1.0, at(999))) == (False, None)


def test_what_a_third_party_has_after_the_limit_puts_it_off_no_more() -> None:
    waits = (Wait(at(100), at(160), "厂商处理"), Wait(at(600), at(700), "又交给厂商"))
    one = clock("repair", incident(received_at=T0, waits=waits))
    assert (one.due(at(170)), one.due(at(999)), one.reaches(1.0, at(999))) == (at(540), at(540), at(540))
