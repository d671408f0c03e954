"""OR1–OR3, from documentation; the command with a sqlplus that answers as documented."""

from datetime import timedelta
from pathlib import Path

import pytest
from host_answers import NOW, ask, heard, output, planned, states

from checks.finding import Finding
from checks.host_check import Answer, Section, judge

OPEN, DOWN = output("oracle-19c.txt"), output("oracle-down.txt")


def found(out: str, **params: object) -> dict[str, Finding]:
    return heard(Section(out, "", 0), "oracle", **params)


def said(finding: Finding) -> str:
    return finding.reason or finding.state


def test_open() -> None:
    assert [said(one) for one in found(OPEN).values()] == ["OK", "OK", "OK"]
    assert found(OPEN)["OR2"].summary == "表空间 OA_DATA 已用 84%，期望小于 85%"


def test_down_blocks_the_others() -> None:
    assert [said(one) for one in found(DOWN).values()] == ["CRIT", "blocked", "blocked"]


@pytest.mark.parametrize(
    ("check", "old", "new", "expected"),
    [
        ("OR1", "\nOPEN\n", "\nMOUNTED\n", "CRIT"),
        ("OR1", "READ WRITE", "READ ONLY", "CRIT"),
        ("OR2", "84.99", "85.00", "WARN"),
        ("OR2", "84.99", "97.00", "CRIT"),
        ("OR2", "84.99", "x", "unsupported"),
        ("OR2", "61.00|7808|12800|SYSTEM", "ORA-00942: table or view does not exist", "permission"),
        ("OR3", "9.5|COMPLETED", "26.0|COMPLETED", "OK"),
        ("OR3", "9.5|COMPLETED", "26.1|COMPLETED", "CRIT"),
        ("OR3", "9.5|COMPLETED", "9.5|COMPLETED WITH WARNINGS", "WARN"),
        ("OR3", "9.5|COMPLETED", "9.5|FAILED", "CRIT"),
        ("OR3", "9.5|COMPLETED", "", "CRIT"),
        ("OR3", "1311 20480 7\nstatus 0", "status 77", "permission"),
    ],
)
def test_faults(check: str, old: str, new: str, expected: str) -> None:
    assert old in OPEN
    assert said(found(OPEN.replace(old, new, 1))[check]) == expected


def test_a_standby_is_as_the_contract_says() -> None:
    standby = OPEN.replace("READ WRITE", "READ ONLY WITH APPLY")
    assert said(found(standby, open_mode="READ ONLY WITH APPLY")["OR1"]) == "OK"


@pytest.mark.parametrize(("before", "expected"), [(7, "OK"), (6, "WARN")])
def test_alert_log(before: int, expected: str) -> None:
    past = {"OR3": {"hours": 1, "status": "COMPLETED", "log": [{"inode": 1311, "size": 20000, "counts": [before]}]}}
    assert said(heard(Section(OPEN, "", 0), "oracle", past)["OR3"]) == expected


def test_when_it_will_be_full() -> None:
    # Given: 200 MB a day for a month
    past = [
        (NOW - timedelta(days=day), {"OR2": {"tablespaces": [
            {"name": "OA_DATA", "percent": 84.0, "used": 108790 - 200 * day, "size": 128000}
        ]}})
        for day in range(30, 0, -1)
    ]  # fmt: skip
    # When
    judged = judge(planned("oracle"), lambda one: "all", Answer({"all": Section(OPEN, "", 0)}, NOW, 0.1), past)
    # Then
    assert "OA_DATA 约 96 天后写满" in judged.findings[1].summary


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("ERROR:\nORA-01017: invalid username/password; logon denied\n", "authentication"),
        ("ERROR:\nORA-12154: TNS:could not resolve the connect identifier specified\n", "configuration"),
        ("ERROR:\nORA-12541: TNS:no listener\n", "CRIT"),
        ("=== unreadable\n", "configuration"),
        ("what?\n", "unsupported"),
        ("", "unsupported"),
    ],
)
def test_cannot_be_asked(out: str, expected: str) -> None:
    assert said(found(out)["OR1"]) == expected


def test_the_command_and_where_the_password_goes(tmp_path: Path) -> None:
    # Given
    answer = OPEN.partition("=== log")[0]
    program = tmp_path / "sqlplus"
    program.write_text(f"#!/bin/sh\necho \"$*\" >{tmp_path}/argv\ncat >{tmp_path}/stdin\ncat <<'END'\n{answer}END\n")
    program.chmod(0o755)
    (tmp_path / "oracle.conn").write_text('xunjian/"ge$heim\\ 1"@OA\n')
    (tmp_path / "alert.log").write_text("ORA-00600: internal error\n")
    where = {"client_folder": str(tmp_path), "connect_file": f"{tmp_path}/oracle.conn"}
    # When
    asked = ask("oracle", alert_log=f"{tmp_path}/alert.log", **where)
    # Then
    assert states(asked) == {"OR1": "OK", "OR2": "OK", "OR3": "OK"}
    assert asked.facts["OR3"]["log"][0]["counts"] == [1]
    assert (tmp_path / "argv").read_text() == "-S -L /nolog\n"
    stdin = (tmp_path / "stdin").read_text()
    assert stdin.startswith('connect xunjian/"ge$heim\\ 1"@OA\n')
    assert "from v$instance;" in stdin
