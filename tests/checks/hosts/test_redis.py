"""RD1–RD3: boundaries and refusals. See test_middleware_real.py for real servers."""

import pytest
from host_answers import heard

from checks.host_check import Section

INFO = """\
# Server\r
redis_version:7.0.15\r
# Memory\r
used_memory:50\r
maxmemory:100\r
# Persistence\r
rdb_last_bgsave_status:ok\r
aof_enabled:1\r
aof_last_write_status:ok\r
# Replication\r
role:master\r
connected_slaves:1\r
"""
LOCKED = "=== open\nNOAUTH Authentication required.\n\n=== known\n"


def state(out: str, check: str, **params: object) -> str:
    finding = heard(Section(out, "", 0), "redis", **params)[check]
    return finding.reason or finding.state


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"),
    [
        ("RD1", "used_memory:50", "used_memory:79", "OK"),
        ("RD1", "used_memory:50", "used_memory:80", "WARN"),
        ("RD1", "used_memory:50", "used_memory:90", "CRIT"),
        ("RD1", "maxmemory:100", "maxmemory:0", "WARN"),
        ("RD1", "maxmemory:100\r\n", "", "unsupported"),
        ("RD2", "", "", "OK"),
        ("RD2", "bgsave_status:ok", "bgsave_status:err", "CRIT"),
        ("RD2", "write_status:ok", "write_status:err", "CRIT"),
        ("RD2", "role:master", "role:slave\r\nmaster_link_status:down", "CRIT"),
        ("RD2", "role:master", "role:slave\r\nmaster_link_status:up", "OK"),
        ("RD2", "connected_slaves:1", "connected_slaves:0", "OK"),
        ("RD2", "rdb_last_bgsave_status:ok\r\n", "", "unsupported"),
        ("RD3", "", "", "OK"),
    ],
)
def test_info(check: str, old: str, new: str, expected: str) -> None:
    assert state(LOCKED + INFO.replace(old, new), check) == expected


def test_too_few_replicas() -> None:
    assert state(LOCKED + INFO, "RD2", replicas=2) == "CRIT"


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        (LOCKED + "missing", ["authentication", "authentication", "OK"]),
        (LOCKED + "unreadable", ["authentication", "authentication", "OK"]),
        (LOCKED + "NOPERM this user has no permissions to run the 'info' command", ["permission", "permission", "OK"]),
        (f"=== open\n{INFO}=== known\nmissing", ["OK", "OK", "CRIT"]),
        (
            "=== open\nLOADING Redis is loading the dataset\n=== known\nmissing",
            ["CRIT", "blocked", "blocked"],
        ),
        ("=== open\nDENIED Redis is running in protected mode\n=== known\n", ["configuration"] * 3),
        ("=== open\nError: timed out\n=== known\n", ["timeout"] * 3),
        ("=== open\nwhat?\n=== known\n", ["unsupported"] * 3),
        ("=== open\n=== known\n", ["unsupported"] * 3),
    ],
)
def test_refusals(out: str, expected: list[str]) -> None:
    assert [state(out, check) for check in ("RD1", "RD2", "RD3")] == expected
