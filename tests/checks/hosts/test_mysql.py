"""MY1–MY4: what real servers cannot show here. See test_mysql_real.py for the rest."""

import pytest
from host_answers import heard, judged, output

from checks.finding import State
from checks.host_check import Section

HEALTHY = output("mysql-8.4-replica.txt")
SYNTAX = "ERROR 1064 (42000) at line 8: You have an error in your SQL syntax\n"
LOCAL = "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/run/mysqld/mysqld.sock' (2)\n"


def state(out: str, check: str, err: str = "", **params: object) -> str:
    finding = heard(Section(out, err, 1 if err else 0), "mysql", **params)[check]
    return finding.reason or finding.state


def test_mysql_8_4_replica() -> None:
    found = heard(Section(HEALTHY, SYNTAX, 1), "mysql", replica=True)
    assert {one.state for one in found.values()} == {State.OK}
    assert found["MY3"].summary == "复制延迟 0 秒，期望小于 60 秒"


def test_mysql_5_7_broken_slave_keeps_no_text_of_the_error() -> None:
    found = judged("mysql", Section(output("mysql-5.7-broken-slave.txt"), SYNTAX, 1))
    said = {one.check: one for one in found.findings}["MY3"]
    assert (said.state, said.summary) == (
        State.CRIT, "复制中断：IO 线程 Connecting、SQL 线程 Yes，错误号 2003，期望都是 Yes"
    )  # fmt: skip
    assert "copy@" not in str(found.facts)


@pytest.mark.parametrize(("used", "expected"), [("120", "OK"), ("121", "WARN"), ("135", "WARN"), ("136", "CRIT")])
def test_connections_of_151(used: str, expected: str) -> None:
    assert state(HEALTHY.replace("connected\t40", f"connected\t{used}"), "MY2") == expected


@pytest.mark.parametrize(("lag", "expected"), [("59", "OK"), ("60", "WARN"), ("300", "CRIT"), ("NULL", "unsupported")])
def test_lag(lag: str, expected: str) -> None:
    assert state(HEALTHY.replace("\t\t0\t0\t\t0", f"\t\t{lag}\t0\t\t0"), "MY3") == expected


@pytest.mark.parametrize(("longest", "expected"), [("59", "OK"), ("60", "WARN"), ("600", "CRIT")])
def test_longest_transaction(longest: str, expected: str) -> None:
    assert state(HEALTHY.replace("\n2\t3\n", f"\n2\t{longest}\n"), "MY4") == expected


@pytest.mark.parametrize(
    ("before", "more", "expected"),
    [
        ({"longest": 0, "slow": 0, "uptime": 1}, 120, "OK"),
        ({"longest": 0, "slow": 100, "uptime": 90000}, 120, "OK"),  # restarted: taken from zero
    ],
)
def test_slow_queries_since_last_time(before: dict[str, int], more: int, expected: str) -> None:
    found = heard(Section(HEALTHY, "", 0), "mysql", {"MY4": before})["MY4"]
    assert (found.state, f"慢查询新增 {more} 条" in found.summary) == (expected, True)
    strict = heard(Section(HEALTHY, "", 0), "mysql", {"MY4": before}, slow_per_day=120)["MY4"]
    assert strict.state is State.WARN


@pytest.mark.parametrize(
    ("out", "err", "expected"),
    [
        ("", LOCAL, "CRIT"),
        ("=== process\n", LOCAL, "configuration"),
        ("=== process\n", LOCAL.replace("(2)", "(111)"), "CRIT"),
        ("", LOCAL.replace("(2)", "(13)"), "permission"),
        ("", "ERROR 1045 (28000): Access denied for user 'x'@'localhost' (using password: YES)\n", "authentication"),
        (
            "",
            "ERROR 2013 (HY000): Lost connection to MySQL server at 'handshake'",
            "timeout",
        ),
        ("", "ERROR 2005 (HY000): Unknown MySQL server host 'db' (-2)\n", "configuration"),
        ("", "Segmentation fault\n", "unsupported"),
        ("", "", "unsupported"),
    ],
)
def test_why_not(out: str, err: str, expected: str) -> None:
    assert state(out, "MY1", err) == expected
    assert state(out, "MY2", err) == ("blocked" if expected == "CRIT" else expected)
