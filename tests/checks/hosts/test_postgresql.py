"""PG1–PG3, and KB1–KB3 which judge the same words. See test_postgresql_real.py for the rest."""

import pytest
from host_answers import heard

from checks.finding import Finding
from checks.host_check import Section

# captured here: PostgreSQL 15.18, Debian 12
ANSWER = """\
=== process
=== status
version 15.18 (Debian 15.18-0+deb12u1)
limit 100
used 7
standby false
=== age
8 postgres
=== archive
mode on
failed 3
failing false
waiting 0
=== standbys
streaming 0
=== replay
receiving 0
=== end
"""


def found(old: str = "", new: str = "", *, before: int | None = None, **params: object) -> dict[str, Finding]:
    assert old in ANSWER
    past = {"PG3": {"archive": "on", "failed": before, "failing": False, "waiting": 0, "standby": False,
                    "standbys": [], "receiving": False, "lag": None}}  # fmt: skip
    return heard(Section(ANSWER.replace(old, new), "", 0), "postgresql", None if before is None else past, **params)


def said(finding: Finding) -> str:
    return finding.reason or finding.state


@pytest.mark.parametrize(("used", "expected"), [("79", "OK"), ("80", "WARN"), ("90", "CRIT"), ("x", "unsupported")])
def test_connections(used: str, expected: str) -> None:
    assert said(found("used 7", f"used {used}")["PG1"]) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [("999999999", "OK"), ("1000000000", "WARN"), ("1500000000", "CRIT"), ("", "unsupported")]
)
def test_age(age: str, expected: str) -> None:
    assert said(found("8 postgres", f"{age} 库 名")["PG2"]) == expected


@pytest.mark.parametrize(
    ("old", "new", "before", "params", "expected"),
    [
        ("", "", None, {}, "OK"),
        ("", "", 3, {}, "OK"),
        ("", "", 2, {}, "WARN"),
        ("", "", 9, {}, "WARN"),  # the statistics were reset
        ("failing false", "failing true", 3, {}, "WARN"),
        ("waiting 0", "waiting 9", 3, {}, "OK"),
        ("waiting 0", "waiting 10", 3, {}, "WARN"),
        ("waiting 0\n", "", 3, {}, "OK"),  # PostgreSQL 10 and 11 do not tell
        ("mode on", "mode off", 3, {}, "OK"),
        ("mode on", "mode off", 3, {"archive": True}, "CRIT"),
        ("", "", 3, {"standbys": 1}, "OK"),
        ("streaming 0", "catchup 0", 3, {"standbys": 1}, "CRIT"),
        ("streaming 0", "streaming 60", 3, {"standbys": 1}, "WARN"),
        ("streaming 0", "hidden 0", 3, {}, "permission"),
        ("", "", 3, {"standby": True}, "CRIT"),
        ("standby false", "standby true", 3, {}, "CRIT"),  # neither receives nor has replayed anything
        ("standby false", "standby true", 3, {"archive": True}, "CRIT"),
        ("mode on\n", "", 3, {}, "unsupported"),
    ],
)
def test_archive_and_replication(
    old: str, new: str, before: int | None, params: dict[str, object], expected: str
) -> None:
    assert said(found(old, new, before=before, **params)["PG3"]) == expected


@pytest.mark.parametrize(("lag", "expected"), [("59", "OK"), ("60", "WARN"), ("300", "CRIT")])
def test_lag_of_a_standby(lag: str, expected: str) -> None:
    out = ANSWER.replace("standby false", "standby true").replace("receiving 0", f"receiving 1\nlag {lag}")
    assert said(heard(Section(out, "", 0), "postgresql")["PG3"]) == expected


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        ('ksql: 错误: 致命错误:  用户 "x" Password 认证失败', "authentication"),
        ("ksql: 致命错误:  对不起, 已经有太多的客户", "CRIT"),
        ('ksql: error: connection to server at "127.0.0.1", port 54321 failed: Connection refused', "CRIT"),
        ("ksql: error: FATAL:  the database system is starting up", "CRIT"),
        ("ksql: error: timeout expired", "timeout"),
        ("what?", "unsupported"),
        ("", "unsupported"),
    ],
)
def test_kingbase_cannot_be_asked(err: str, expected: str) -> None:
    """Written from documentation: KingbaseES speaks with PostgreSQL's words, in Chinese where it was set up so."""
    assert said(heard(Section("", err, 2), "kingbase")["KB1"]) == expected
    assert said(heard(Section("", err, 2), "kingbase")["KB2"]) == ("blocked" if expected == "CRIT" else expected)
