"""DM1–DM4, from documentation; the command with a disql that answers as documented."""

from pathlib import Path

import pytest
from host_answers import ask, heard, output, states

from checks.finding import Finding
from checks.host_check import Section

OPEN, DOWN = output("dameng-8.txt"), output("dameng-down.txt")


def found(out: str, **params: object) -> dict[str, Finding]:
    return heard(Section(out, "", 0), "dameng", **params)


def said(finding: Finding) -> str:
    return finding.reason or finding.state


def test_open() -> None:
    assert [said(one) for one in found(OPEN).values()] == ["OK", "WARN", "WARN", "OK"]
    assert found(OPEN)["DM3"].summary == "表空间 MAIN 已用 85%，期望小于 85%"


def test_down_blocks_the_others() -> None:
    assert [said(one) for one in found(DOWN).values()] == ["CRIT", "blocked", "blocked", "blocked"]


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"),
    [
        ("DM1", "status OPEN", "status SUSPEND", "CRIT"),
        ("DM2", "used 80", "used 79", "OK"),
        ("DM2", "used 80", "used 90", "CRIT"),
        ("DM2", "used 80", "", "unsupported"),
        ("DM3", "85|870", "84.99|870", "OK"),
        ("DM3", "85|870", "97|870", "CRIT"),
        ("DM3", "12.5|128|1024|SYSTEM", "[-5504]:没有[DBA_DATA_FILES]对象的查询权限.", "permission"),
        ("DM4", "longest 0", "longest 60000", "WARN"),
        ("DM4", "longest 0", "longest 600000", "CRIT"),
        ("DM4", "2026-12-22", "2026-12-21", "WARN"),
        ("DM4", "2026-12-22", "2026-11-28", "CRIT"),
        ("DM4", "2026-12-22", "never", "OK"),
        ("DM4", "expires 2026-12-22", "what?", "unsupported"),
    ],
)
def test_faults(check: str, old: str, new: str, expected: str) -> None:
    assert old in OPEN
    assert said(found(OPEN.replace(old, new, 1))[check]) == expected


def test_a_standby_that_has_become_primary() -> None:
    assert said(found(OPEN, mode="STANDBY")["DM1"]) == "CRIT"


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("[-2501]:用户名或密码错误.\n未连接\n", "authentication"),
        ("=== unreadable\n", "configuration"),
        ("what?\n", "unsupported"),
        ("", "unsupported"),
    ],
)
def test_cannot_be_asked(out: str, expected: str) -> None:
    assert {said(one) for one in found(out).values()} == {expected}


def test_the_command_and_where_the_password_goes(tmp_path: Path) -> None:
    # Given
    program = tmp_path / "disql"
    program.write_text(f"#!/bin/sh\necho \"$*\" >{tmp_path}/argv\ncat >{tmp_path}/stdin\ncat <<'END'\n{OPEN}END\n")
    program.chmod(0o755)
    (tmp_path / "dm.conn").write_text('XUNJIAN/"geheim 1"@localhost:5236\n')
    # When
    asked = ask("dameng", client_folder=str(tmp_path), connect_file=f"{tmp_path}/dm.conn")
    # Then
    assert states(asked)["DM1"] == "OK"
    assert (tmp_path / "argv").read_text() == "-L -S /nolog\n"
    assert (tmp_path / "stdin").read_text().startswith('conn XUNJIAN/"geheim 1"@localhost:5236\n')
    assert "from v$trxwait;" in (tmp_path / "stdin").read_text()
