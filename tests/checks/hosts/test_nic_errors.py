from pathlib import Path

import pytest
from host_answers import captured, see

from checks.finding import Reason, State
from checks.hosts.nic_errors import CHECK, Nic, Nics

BOOT, EARLIER = "3a18f3e6-5d91-4be6-9b10-994082fd0f9b", "00000000-5d91-4be6-9b10-994082fd0f9b"
TABLE = captured(Path(__file__).parent / "outputs/nic_errors-debian12.txt")


def answer(packets: int, errors: int) -> str:
    return TABLE.replace("PACKETS", str(packets)).replace("ERRORS", str(errors))


def last(boot: str = BOOT, packets: int = 11000, errors: int = 5, name: str = "eth0") -> list[tuple[float, Nics]]:
    return [(1, Nics(boot=boot, nics=(Nic(name=name, packets=packets, errors=errors),)))]


def test_first_time_is_the_baseline():
    finding = see(CHECK, answer(10000, 0))
    assert finding.state is State.OK
    assert finding.summary == "首次巡检，作为基线：开机以来错误 5 个"


@pytest.mark.parametrize(
    ("packets", "errors", "state", "said"),
    [
        (10000, 0, State.OK, "新增错误 0 个"),
        (10000 + 990, 10, State.OK, "新增错误 10 个，占 1%"),  # exactly 1 % is not more than 1 %
        (10000 + 980, 10, State.WARN, "新增错误 10 个，占 1.01%"),
        (10000, 1, State.WARN, "新增错误 1 个，占 100%"),
    ],
)
def test_errors_among_what_came_and_went(packets, errors, state, said):
    finding = see(CHECK, answer(packets, errors), past=last())
    assert finding.state is state
    assert said in finding.summary


@pytest.mark.parametrize("past", [last(boot=EARLIER), last(packets=99999), last(errors=99)])
def test_a_counter_that_went_back_counts_from_zero(past):
    assert "新增错误 10 个" in see(CHECK, answer(10000, 5), past=past).summary


def test_a_new_card_is_judged_from_the_next_time_on():
    assert see(CHECK, answer(10, 90), past=last(name="eth1")).state is State.OK


def test_no_card_at_all_is_unknown():
    out = "".join(line for line in answer(1, 1).splitlines(True) if "eth0" not in line)
    assert see(CHECK, out).reason is Reason.UNSUPPORTED


@pytest.mark.parametrize("out", ["", "nonsense", "a\nb\nc\n", answer(1, 1) + "eth1: 1 2 3\n", answer(1, 1) + "x\n"])
def test_what_is_not_understood_is_unknown(out):
    assert see(CHECK, out).reason is Reason.UNSUPPORTED
