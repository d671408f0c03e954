"""OS04 CPU."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.finding import State
from checks.host_check import Look, Section
from checks.hosts.cpu import Params, evaluate, parse

LOOK: Look[Any] = Look(datetime(2026, 11, 22, tzinfo=UTC))
# user nice system idle iowait irq softirq steal guest guest_nice; captured: Debian 12, Linux 6.18
BEFORE = "cpu  1573253 129953 566703 2434138 13820 0 5926 2566 700 0"


def sampled(*more: int, own: int = 0, load: str = "2.00") -> Section:
    ticks = [int(n) for n in BEFORE.split()[1:]]
    after = [n + m for n, m in zip(ticks, [*more, *[0] * 10], strict=False)]
    first = f"visible\nown 5\n{BEFORE}\n"
    second = f"cpu  {' '.join(map(str, after))}\ncpu0 1\ncpu1 1\nown {5 + own}\nload {load} 0.50 0.40 1/90 19658\n"
    return Section(first + second, "", 0)


@pytest.mark.parametrize(
    ("more", "state", "said"),
    [
        pytest.param((79, 0, 0, 121), State.OK, "使用率 39%，期望小于 80%", id="ok"),
        pytest.param((100, 30, 30, 40), State.WARN, "使用率 80%，期望小于 80%", id="at the threshold"),
        pytest.param((10, 0, 0, 20, 0, 50, 50, 70), State.CRIT, "使用率 90%，期望小于 80%", id="steal and interrupts"),
        pytest.param((20, 0, 0, 100, 80), State.OK, "使用率 10%，期望小于 80%，另有 40% 在等磁盘", id="disk"),
        pytest.param((50, 0, 0, 50, 0, 0, 0, 0, 50), State.OK, "使用率 50%，期望小于 80%", id="guest is in user"),
        pytest.param((50, 0, 0, 50, -3), State.OK, "使用率 50%，期望小于 80%", id="iowait went backwards"),
    ],
)
def test_judged(more: tuple[int, ...], state: State, said: str) -> None:
    assert evaluate(parse(sampled(*more)), LOOK, Params()) == (state, said, None)


@pytest.mark.parametrize(
    ("more", "load", "state"),
    [
        pytest.param((95, 0, 0, 5), "0.94", State.OK, id="a moment"),
        pytest.param((95, 0, 0, 5), "0.95", State.CRIT, id="for most of a minute"),
        pytest.param((85, 0, 0, 15), "0.10", State.OK, id="a moment, a warning"),
        pytest.param((10, 0, 0, 5, 0, 40, 45), "0.20", State.CRIT, id="interrupts are no load"),
        pytest.param((10, 0, 0, 5, 0, 0, 0, 85), "0.20", State.CRIT, id="nor is steal"),
    ],
)
def test_busy_for_a_moment_only_is_no_finding(more: tuple[int, ...], load: str, state: State) -> None:
    verdict = evaluate(parse(sampled(*more, load=load)), LOOK, Params())
    assert verdict.state is state
    assert ("只是瞬时" in verdict.summary) == (state is State.OK)


def test_what_the_script_itself_used_does_not_count() -> None:
    assert parse(sampled(40, 0, 20, 40, own=10)).busy == 50
    assert parse(sampled(1, 0, 0, 99, own=3)).busy == 0  # ticks are rounded


@pytest.mark.parametrize(
    "out",
    [
        "",
        "rubbish",
        sampled(1, 1, 1, 9).out.partition("load")[0],
        f"{BEFORE}\n",
        f"{BEFORE}\n{BEFORE}\n",
        "cpu  1 2\ncpu  3 4\n",
        "cpu  a b c d e\n" * 2,
    ],
)
def test_not_understood(out: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Section(out, "", 0))
