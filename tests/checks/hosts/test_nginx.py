"""NG1: rates and time. See test_middleware_real.py for a real server."""

import pytest
from host_answers import NOW, heard, judged

from checks.finding import State
from checks.host_check import Section

BEFORE = {"NG1": {"up": True, "hours": []}}


def state(out: str, status: int = 0, **params: object) -> str:
    finding = heard(Section(out, "", status), "nginx", BEFORE, **params)["NG1"]
    return finding.reason or finding.state


@pytest.mark.parametrize(
    ("bad", "expected"), [("0", "OK"), ("9", "OK"), ("10", "WARN"), ("49", "WARN"), ("50", "CRIT")]
)
def test_rate(bad: str, expected: str) -> None:
    assert state(f"up\n22/Nov/2026:11 +0800 1000 {bad}\nodd 0\n") == expected


def test_only_what_is_new_counts() -> None:
    # Given: yesterday 11:59 was before the last inspection at 12:00 in Shanghai
    out = "up\n21/Nov/2026:11 +0800 100 100\n21/Nov/2026:12 +0800 100 0\nodd 0\n"
    # When
    found = heard(Section(out, "", 0), "nginx", BEFORE)["NG1"]
    # Then
    assert (found.state, "100 次访问中 5xx 0 次" in found.summary) == (State.OK, True)


@pytest.mark.parametrize(
    ("out", "status", "expected"),
    [
        ("down\n", 0, "CRIT"),
        ("up\n", 0, "OK"),
        ("up\nodd 0\n", 0, "OK"),
        ("up\nodd 3\n", 0, "unsupported"),
        ("up\n22/Nov/2026:11 +0800 2 0\nodd 3\n", 0, "unsupported"),
        ("up\nodd 0\n", 77, "permission"),
        ("up\nodd 0\n", 137, "timeout"),
        ("up\n99/Xxx/2026:11 +0800 2 0\nodd 0\n", 0, "unsupported"),
        ("what?\n", 0, "unsupported"),
        ("", 0, "unsupported"),
    ],
)
def test_other_answers(out: str, status: int, expected: str) -> None:
    assert state(out, status) == expected


def test_two_days_are_kept() -> None:
    rows = "".join(f"{day:02}/Nov/2026:11 +0800 1 0\n" for day in range(1, 23))
    kept = judged("nginx", Section(f"up\n{rows}odd 0\n", "", 0)).facts["NG1"]["hours"]
    assert len(kept) == 2
    assert NOW.strftime("%Y-%m-%d") in kept[-1]["begins"]
