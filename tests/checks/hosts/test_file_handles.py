"""OS11 文件句柄."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.finding import State
from checks.host_check import Look, Section
from checks.hosts.file_handles import Params, evaluate, parse

LOOK: Look[Any] = Look(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("out", "state", "said"),
    [
        ("521\t0\t2466170\n", State.OK, "已用 0%（521 个，上限 2466170），期望小于 70%"),
        ("700\t0\t1000\n", State.WARN, "已用 70%（700 个，上限 1000），期望小于 70%"),
        ("900\t0\t1000\n", State.CRIT, "已用 90%（900 个，上限 1000），期望小于 70%"),
        ("1824\t0\t9223372036854775807\n", State.OK, "已用 0%（1824 个，不限个数），期望小于 70%"),
    ],
)
def test_judged(out: str, state: State, said: str) -> None:
    assert evaluate(parse(Section(out, "", 0)), LOOK, Params()) == (state, said, None)


@pytest.mark.parametrize("out", ["", "rubbish", "1 2", "1 0 0", "a b c"])
def test_not_understood(out: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(Section(out, "", 1))
