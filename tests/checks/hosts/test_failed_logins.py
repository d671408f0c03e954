import pytest
from host_answers import see

from checks.finding import Reason, State
from checks.hosts.failed_logins import CHECK, FailedLogins


def answer(records: int, file: int = 7, machine: str = "x86_64", record: int = 384) -> str:
    return f"{machine}\n{records * record} {file}\n"


def usual(*records: int) -> list[tuple[float, FailedLogins]]:
    """Once a day until yesterday."""
    return [(len(records) - n, FailedLogins(file=7, records=count)) for n, count in enumerate(records)]


def test_first_time_and_the_first_rate_are_the_baseline():
    assert "首次巡检" in see(CHECK, answer(500)).summary
    finding = see(CHECK, answer(1500), past=usual(500))
    assert (finding.state, finding.summary) == (State.OK, "1000 次/天，作为基线")


@pytest.mark.parametrize(
    ("new", "state"),
    [(0, State.OK), (14, State.OK), (15, State.WARN), (900, State.WARN)],  # usually 5 a day, three times as many warn
)
def test_against_the_usual(new, state):
    assert see(CHECK, answer(115 + new), past=usual(100, 105, 110, 115)).state is state


@pytest.mark.parametrize(("new", "state"), [(9, State.OK), (10, State.WARN)])
def test_a_few_are_not_worth_a_word(new, state):
    assert see(CHECK, answer(new), past=usual(0, 0, 0)).state is state


def test_one_attack_does_not_become_the_usual():
    finding = see(CHECK, answer(2220), past=usual(100, 105, 110, 2110, 2115))
    assert finding.summary == "105 次/天，平时 5 次/天，期望小于 15 次/天"
    assert finding.state is State.WARN


def test_a_rotated_log_counts_from_zero():
    past = usual(100, 105, 110)
    assert see(CHECK, answer(3), past=past).summary.startswith("3 次/天")
    assert see(CHECK, answer(120, file=8), past=past).summary.startswith("120 次/天")


def test_records_are_larger_on_aarch64():
    finding = see(CHECK, answer(111, machine="aarch64", record=400), past=usual(100, 105, 110))
    assert finding.summary.startswith("1 次/天")


def test_without_the_log_there_is_nothing_to_count():
    err = "stat: cannot statx '/var/log/btmp': No such file or directory"
    finding = see(CHECK, "x86_64\n", err, 1)
    assert finding.reason is Reason.UNSUPPORTED
    assert "btmp" in finding.summary


@pytest.mark.parametrize("out", ["", "x86_64\n", "x86_64\nsize 7\n", "x86_64\n1 2 3\n"])
def test_what_is_not_understood_is_unknown(out):
    assert see(CHECK, out, status=1).reason is Reason.UNSUPPORTED
