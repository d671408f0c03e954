"""OS03 异常重启."""

from datetime import UTC, date, datetime, timedelta

import pytest

from checks.finding import State
from checks.host_check import Look, Past, Section
from checks.hosts.reboot import Registered, Uptime, evaluate, parse

NOW = datetime(2026, 11, 22, 23, tzinfo=UTC)
YESTERDAY = (Past(NOW - timedelta(days=1), Uptime(seconds=100)),)


def test_proc_uptime() -> None:
    assert parse(Section("23816.25 24341.38\n", "", 0)) == Uptime(seconds=23816.25)


@pytest.mark.parametrize("out", ["", "rubbish", "1 2 3", "a b"])
def test_not_understood(out: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Section(out, "", 1))


def test_the_first_time_is_the_baseline() -> None:
    verdict = evaluate(Uptime(seconds=60), Look(NOW), Registered())
    assert verdict == (State.OK, "首次巡检，作为基线；启动于 2026-11-23 06:59", None)


@pytest.mark.parametrize(
    ("up", "state"),
    [
        pytest.param(timedelta(days=3), State.OK, id="up all the time"),
        pytest.param(timedelta(days=1), State.OK, id="started at that moment"),
        pytest.param(timedelta(hours=23), State.WARN, id="rebooted, and up longer than last time"),
        pytest.param(timedelta(seconds=10), State.WARN, id="rebooted"),
    ],
)
def test_a_start_since_the_last_inspection_is_told(up: timedelta, state: State) -> None:
    assert evaluate(Uptime(seconds=up.total_seconds()), Look(NOW, past=YESTERDAY), Registered()).state is state


def test_the_time_is_told_beside_the_expectation() -> None:
    verdict = evaluate(Uptime(seconds=7200), Look(NOW, past=YESTERDAY), Registered())
    assert verdict.summary == "2026-11-23 05:00 重启，期望上次巡检（2026-11-22 07:00）以来没有未登记的重启"


def test_a_registered_day_is_beijings() -> None:
    # Given a reboot at 21:00 UTC on the 22nd, which is the 23rd in Beijing
    look, up = Look(NOW, past=YESTERDAY), Uptime(seconds=7200)
    # When that day is registered, Then nobody is warned; the day before does not help
    assert evaluate(up, look, Registered(registered=(date(2026, 11, 23),))).state is State.OK
    assert evaluate(up, look, Registered(registered=(date(2026, 11, 22),))).state is State.WARN
