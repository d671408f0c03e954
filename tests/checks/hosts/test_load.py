"""OS05 负载/核."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.finding import State
from checks.host_check import Look, Section
from checks.hosts.load import Params, evaluate, parse

LOOK: Look[Any] = Look(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("fifteen", "state", "said"),
    [
        ("0.93", State.OK, "15 分钟负载每核 0.46（0.93，2 核），期望小于 5"),
        ("9.99", State.OK, "15 分钟负载每核 4.99（9.99，2 核），期望小于 5"),
        ("10.00", State.WARN, "15 分钟负载每核 5（10，2 核），期望小于 5"),
        ("20.00", State.CRIT, "15 分钟负载每核 10（20，2 核），期望小于 5"),
    ],
)
def test_judged(fifteen: str, state: State, said: str) -> None:
    load = parse(Section(f"cpu0 1\ncpu1 1\nload 0.26 0.22 {fifteen} 1/90 19658\n", "", 0))
    assert evaluate(load, LOOK, Params()) == (state, said, None)


@pytest.mark.parametrize(
    "out", ["", "rubbish", "cpu0 1\n", "load 0.26 0.22 0.93 1/90 19658\n", "cpu0 1\nload a b c d e\n"]
)
def test_not_understood(out: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Section(out, "", 1))
