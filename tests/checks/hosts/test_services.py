"""What databases and middleware share."""

import pytest

from checks.finding import Reason, State, Verdict
from checks.host_check import Band
from checks.services import LogFile, both, new_lines, parts


def file(inode: int, size: int, count: int) -> LogFile:
    return LogFile(inode=inode, size=size, counts=(count,))


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ([file(1, 10, 2)], [file(1, 10, 2)], 0),
        ([file(1, 10, 2)], [file(1, 20, 5)], 3),
        ([file(1, 10, 2)], [file(1, 5, 2)], 2),  # emptied and written again
        ([file(1, 10, 2)], [file(2, 20, 2)], 2),  # another file under the same name
        ([file(1, 10, 2)], [file(2, 5, 1), file(1, 20, 4)], 3),  # renamed: its inode goes on
    ],
)
def test_lines_that_are_new(before: list[LogFile], now: list[LogFile], new: int) -> None:
    assert new_lines(now, before, 0) == new


def test_a_band_in_order() -> None:
    with pytest.raises(ValueError, match="warn < crit"):
        Band(warn=2, crit=2)
    assert [Band(warn=1, crit=2).state(value) for value in (0.9, 1, 2)] == [State.OK, State.WARN, State.CRIT]


def test_the_worst_is_said() -> None:
    ok, unknown = Verdict(State.OK, "好"), Verdict(State.UNKNOWN, "没看", Reason.TIMEOUT)
    assert both(ok, unknown, Verdict(State.WARN, "慢")) == unknown
    assert both(ok, ok) == Verdict(State.OK, "好；好")


def test_a_part_that_is_missing_is_an_unknown_answer() -> None:
    assert parts("noise\n=== a\n1\n\n=== b") == {"a": "1", "b": ""}
    with pytest.raises(ValueError, match="c"):
        parts("=== a\n")["c"]
