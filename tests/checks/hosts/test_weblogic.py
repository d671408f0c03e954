"""WL1, from documentation."""

import pytest
from host_answers import ask, heard, states

from checks.host_check import Section

BEFORE = {"WL1": {"servers": ["AdminServer"], "logs": [{"inode": 7, "size": 100, "counts": [1]}]}}


def state(out: str, status: int = 0, **params: object) -> str:
    finding = heard(Section(out, "", status), "weblogic", BEFORE, **params)["WL1"]
    return finding.reason or finding.state


@pytest.mark.parametrize(
    ("out", "status", "expected"),
    [
        ("=== servers\nAdminServer\n=== log\n7 200 1\n", 0, "OK"),
        ("=== servers\nAdminServer\n=== log\n7 200 2\n", 0, "WARN"),
        ("=== servers\nAdminServer\n=== log\n", 0, "OK"),
        ("=== servers\nAdminServer\n=== log\nmissing\n", 0, "configuration"),
        ("=== servers\nAdminServer\n=== log\n", 77, "permission"),
        ("=== servers\nAdminServer\n=== log\n", 1, "unsupported"),
        ("=== servers\nAdminServer\n=== log\nwhat?\n", 0, "unsupported"),
        ("=== servers\n=== log\n", 0, "CRIT"),
        ("=== servers\n=== log\n", 1, "CRIT"),
        ("", 0, "unsupported"),
    ],
)
def test_answers(out: str, status: int, expected: str) -> None:
    assert state(out, status) == expected


def test_one_server_too_few() -> None:
    assert state("=== servers\nAdminServer\n=== log\n", instances=2) == "CRIT"


def test_the_command_finds_too_few() -> None:
    assert states(ask("weblogic", instances=99)) == {"WL1": "CRIT"}
