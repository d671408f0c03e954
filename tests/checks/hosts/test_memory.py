"""OS06 内存 and OS07 交换, which read the same."""

from datetime import UTC, datetime
from typing import Any

import pytest

from checks.finding import State
from checks.host_check import Look, Section
from checks.hosts import memory, swap

LOOK: Look[Any] = Look(datetime(2026, 11, 22, tzinfo=UTC))
NONE = "HugePages_Total:       0\n"


def meminfo(**kib: int) -> Section:
    return Section("".join(f"{name}:  {n} kB\n" for name, n in kib.items()) + NONE, "", 0)


@pytest.mark.parametrize(
    ("available", "state", "said"),
    [
        (838861, State.OK, "已用 19%，期望小于 80%，共 1.0 GiB"),
        (209715, State.WARN, "已用 80%，期望小于 80%，共 1.0 GiB"),
        (104857, State.CRIT, "已用 90%，期望小于 80%，共 1.0 GiB"),
    ],
)
def test_memory(available: int, state: State, said: str) -> None:
    section = meminfo(MemTotal=2**20, MemFree=1, MemAvailable=available, Buffers=0, Cached=0)
    assert memory.evaluate(memory.parse(section), LOOK, memory.Params()) == (state, said, None)


def test_an_old_kernel_does_not_say_and_shared_memory_cannot_be_taken_back() -> None:
    # Given CentOS 6, where a database has half of the memory shared
    section = meminfo(MemTotal=1000, MemFree=100, Buffers=50, Cached=750, Shmem=500)
    # When it is judged, Then that half is used
    said = memory.evaluate(memory.parse(section), LOOK, memory.Params()).summary
    assert said == "已用 60%（估算），期望小于 80%，共 0.0 GiB"


@pytest.mark.parametrize(
    ("total", "free", "state", "said"),
    [
        (0, 0, State.OK, "没有配置交换分区"),
        (2**20, 786433, State.OK, "已用 24%，期望小于 25%，共 1.0 GiB"),
        (2**20, 786432, State.WARN, "已用 25%，期望小于 25%，共 1.0 GiB"),
        (2**20, 524288, State.CRIT, "已用 50%，期望小于 25%，共 1.0 GiB"),
    ],
)
def test_swap(total: int, free: int, state: State, said: str) -> None:
    section = meminfo(SwapTotal=total, SwapFree=free)
    assert swap.evaluate(swap.parse(section), LOOK, swap.Params()) == (state, said, None)


@pytest.mark.parametrize("out", ["", "rubbish", "MemTotal: 0 kB\nSwapTotal:\n", "MemTotal: x kB\n"])
def test_not_understood(out: str) -> None:
    for check in (memory, swap):
        with pytest.raises(ValueError, match=r"."):
            check.parse(Section(out, "", 1))
