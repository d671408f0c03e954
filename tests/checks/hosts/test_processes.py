"""OS12 僵尸进程 and OS13 D 状态进程, which read the same."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from checks.finding import Reason, State
from checks.host_check import Look, NotTaken, Section
from checks.hosts import blocked, zombies
from checks.visit import Facts

LOOK: Look[Any] = Look(datetime(2026, 11, 22, tzinfo=UTC))
CPU = "cpu  1573253 129953 566703 2434138 13820 0 5926 2566 0 0\n"


def sampled(before: list[str], after: list[str] | None = None, seen: str = "visible\n") -> Section:
    # captured: Debian 12, Linux 6.18; the many numbers after the parent are left out
    first, second = ("".join(f"{line} 14896 17500 0 -1\n" for line in one) for one in (before, after or before))
    return Section(f"{seen}{first}{CPU}{CPU}{second}", "", 0)


def ended(count: int) -> list[str]:
    return [f"{pid} (java) Z 1" for pid in range(2, 2 + count)]


@pytest.mark.parametrize(
    ("before", "state", "said"),
    [
        pytest.param([], State.OK, "0 个，期望少于 5 个", id="none"),
        pytest.param(ended(4), State.OK, "4 个，期望少于 5 个", id="some"),
        pytest.param(ended(5), State.WARN, "5 个，期望少于 5 个，如 java（父进程 1）", id="at the threshold"),
        pytest.param(ended(10), State.CRIT, "10 个，期望少于 5 个，如 java（父进程 1）", id="many"),
        pytest.param(
            [*ended(4), "9 () D (x y) Z 7"],
            State.WARN,
            "5 个，期望少于 5 个，如 java（父进程 1）、) D (x y（父进程 7）",
            id="a name like a state",
        ),
        pytest.param([*ended(4), "9 () Z 1) D 7"], State.OK, "4 个，期望少于 5 个", id="a name like state Z"),
        pytest.param([*ended(4), "b) Z 1) Z 7"], State.OK, "4 个，期望少于 5 个", id="half a name"),
    ],
)
def test_zombies(before: list[str], state: State, said: str) -> None:
    assert zombies.evaluate(zombies.parse(sampled(before)), LOOK, zombies.Params()) == (state, said, None)


@pytest.mark.parametrize(
    ("before", "after", "state", "said"),
    [
        pytest.param([], [], State.OK, "0 个，期望 0 个", id="none"),
        pytest.param(["5 (tar) D 1"], ["5 (tar) D 1"], State.WARN, "1 个，期望 0 个：tar", id="still"),
        pytest.param(["5 (tar) D 1"], ["6 (tar) D 1"], State.OK, "0 个，期望 0 个", id="another one"),
        pytest.param(["5 (tar) D 1"], ["5 (tar) Z 1"], State.OK, "0 个，期望 0 个", id="over meanwhile"),
        pytest.param(["5 (a\x07b c) D 1"], None, State.WARN, "1 个，期望 0 个：a?b c", id="a name that rings"),
        pytest.param(
            [f"{pid} (p{pid}) D 1" for pid in range(5)], None, State.WARN, "5 个，期望 0 个：p0、p1、p2等", id="many"
        ),
        pytest.param(["5 (hv_balloon) D 2"], None, State.OK, "0 个，期望 0 个", id="ignored"),
    ],
)
def test_blocked(before: list[str], after: list[str] | None, state: State, said: str) -> None:
    params = blocked.Ignoring(ignore=("hv_balloon",))
    assert blocked.evaluate(blocked.parse(sampled(before, after)), LOOK, params) == (state, said, None)


@pytest.mark.parametrize("parse", [zombies.parse, blocked.parse])
def test_who_sees_only_his_own_processes_does_not_say_that_there_are_none(parse: Callable[[Section], Facts]) -> None:
    with pytest.raises(NotTaken, match=re.escape("主机不让我们看别人的进程（hidepid）")) as not_taken:
        parse(sampled([], seen=""))
    assert not_taken.value.reason is Reason.PERMISSION


@pytest.mark.parametrize("out", ["", "rubbish", "visible\n", f"visible\n{CPU}"])
def test_not_understood(out: str) -> None:
    for check in (zombies, blocked):
        with pytest.raises(ValueError, match=r"."):
            check.parse(Section(out, "", 0))
