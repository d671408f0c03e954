"""OS26: logs are read on from where the last reading stopped, by a real shell."""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checks.finding import Reason, State, Verdict
from checks.host_check import Look, NotTaken, Past, Planned, Section
from checks.host_script import assembled, split, wire
from checks.hosts import logs
from checks.log_facts import LogFile, Logs, Template
from checks.log_script import COMMAND, USUAL, Reading, answered

NONCE = "0" * 32
SHELLS = [["dash"], ["bash"], ["busybox", "sh"]]
DAY = 86_400
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(params=SHELLS, ids="-".join)
def shell(request: pytest.FixtureRequest) -> list[str]:
    command: list[str] = request.param
    assert shutil.which(command[0]), f"{command[0]} is not installed"
    return command


def section(shell: list[str], files: list[Path], facts: dict[str, Any] | None = None, *before: str) -> Section:
    """What the assembled script answers."""
    names = tuple(str(file) for file in files)
    body = assembled([Planned(logs.CHECK, logs.Params(files=names))], sudo=False).text
    sent = wire(body, NONCE, 0, logs.marks(facts or {}, names))
    done = subprocess.run([*before, *shell, "-s"], input=sent, capture_output=True, timeout=60, check=False)
    answer = split(done.stdout, NONCE)
    assert answer.whole
    assert "syntax" not in answer.sections["OS26"].err
    return answer.sections["OS26"]


def read(shell: list[str], files: list[Path], last: Reading | None = None) -> Reading:
    return answered(section(shell, files, remembered(last) if last else None).out)


def remembered(reading: Reading) -> dict[str, Any]:
    return {"OS26": reading.logs.model_dump(mode="json")}


def said(reading: Reading, file: Path) -> list[str]:
    return reading.lines[str(file)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "应用 日志.log"
    file.write_text("error one\ninfo two\nerror three\n", encoding="utf-8")
    return file


def append(file: Path, text: str | bytes) -> None:
    with file.open("ab") as stream:
        stream.write(text.encode() if isinstance(text, str) else text)


def test_only_what_is_new(shell: list[str], log: Path) -> None:
    # When: first, nothing new, grown
    first = read(shell, [log])
    second = read(shell, [log], first)
    append(log, "quiet\nerror four\n")
    third = read(shell, [log], second)
    # Then
    assert said(first, log) == ["error one", "error three"]
    assert said(second, log) == []
    assert said(third, log) == ["error four"]
    assert third.logs.files[0].size == log.stat().st_size
    assert third.logs.since == second.logs.until


def test_a_line_half_written_is_not_seen_as_two(shell: list[str], log: Path) -> None:
    append(log, "error fi")
    first = read(shell, [log])
    append(log, "ve is an error\nerror six\n")
    assert said(first, log)[-1] == "error fi"
    assert said(read(shell, [log], first), log) == ["error six"]


@pytest.mark.parametrize("name", ["{}.1", "{}-20261122", "{}.2026-11-22"])
def test_rotated(shell: list[str], log: Path, name: str) -> None:
    # Given
    first = read(shell, [log])
    append(log, "error before rotation\n")
    log.rename(log.with_name(name.format(log.name)))
    log.write_text("error after rotation\n")
    # When
    second = read(shell, [log], first)
    # Then
    assert said(second, log) == ["error before rotation", "error after rotation"]
    assert second.logs.gaps == ()


def test_rotated_twice_and_packed(shell: list[str], log: Path) -> None:
    """Daily rotation between weekly readings: the inode is gone with gzip, the time tells."""
    # Given: something packed long ago, then two rotations
    old = log.with_name(f"{log.name}.3.gz")
    old.write_bytes(gzip.compress(b"error long ago\n"))
    first = read(shell, [log])
    os.utime(old, (first.logs.until - 9 * DAY,) * 2)
    later = first.logs.until + 60
    packed = log.with_name(f"{log.name}.2.gz")
    packed.write_bytes(gzip.compress(log.read_bytes() + b"error monday\n"))
    os.utime(packed, (later,) * 2)
    log.unlink()
    log.with_name(f"{log.name}.1").write_text("error tuesday\n")
    os.utime(log.with_name(f"{log.name}.1"), (later + 60,) * 2)
    log.write_text("error today\n")
    # Then
    assert said(read(shell, [log], first), log) == ["error monday", "error tuesday", "error today"]


def test_copied_and_truncated(shell: list[str], log: Path) -> None:
    first = read(shell, [log])
    append(log, "error before\n")
    shutil.copy(log, log.with_name(f"{log.name}.1"))
    log.write_text("error after\n")
    assert said(read(shell, [log], first), log) == ["error before", "error after"]


def test_truncated_without_a_copy_is_a_gap(shell: list[str], log: Path) -> None:
    first = read(shell, [log])
    log.write_text("error after\n")
    second = read(shell, [log], first)
    assert said(second, log) == ["error after"]
    assert second.logs.gaps == (str(log),)


def test_the_first_time_the_end_only(shell: list[str], log: Path) -> None:
    log.write_text("".join(f"error {number:06}\n" for number in range(100_000)))
    reading = read(shell, [log])
    assert said(reading, log)[-1] == "error 099999"
    assert 262_144 - 26 <= sum(len(line) + 1 for line in said(reading, log)) <= 262_144
    assert reading.logs.cut == ()


def test_huge(shell: list[str], log: Path) -> None:
    # Given: 6 MB of new errors in each of three files, and 40 MB of silence in one
    files = [log, *(log.with_name(f"{number}.log") for number in (1, 2))]
    for file in files:
        file.write_text("")
    first = read(shell, files)
    for file in files:
        append(file, "".join(f"error {number:06} {'x' * 40}\n" for number in range(110_000)))
    with (log.parent / "1.log").open("ab") as stream:
        stream.truncate(40 << 20)
    out = section(shell, files, remembered(first))
    # Then
    reading = answered(out.out)
    assert len(out.out) < 3 << 20
    assert reading.logs.cut == tuple(str(file) for file in files)
    assert said(reading, log)[-1] == f"error 109999 {'x' * 40}"
    assert {len(line) for line in said(reading, log)} == {53}


def test_any_bytes(shell: list[str], log: Path) -> None:
    log.write_bytes(b"\0\1\2\nerror \0 nul\n" + "错误 密码：金丝雀\n".encode("gbk") + "ERROR 数据库异常".encode("gbk"))
    lines = said(read(shell, [log]), log)
    assert lines[0] == "error \0 nul"
    assert lines[-1] == "ERROR 数据库异常"  # GB 18030, as older applications write it


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("2026/11/22 10:00:00 [error] 9#9: *1 connect() failed", True),
        ("2026/11/22 10:00:00 [notice] 9#9: signal process started", False),
        ("22-Nov-2026 10:00:00.123 SEVERE [main] x.Y start", True),
        ("java.lang.NullPointerException: null", True),
        ("Caused by: java.io.IOException: failed", False),
        ("\tat x.FailedException.<init>(E.java:1)", False),
        ("    raise an error", False),
        ("kernel: x[1]: segfault at 0", True),
        ("Out of memory: Killed process 1", True),
        ("ORA-00600: internal", True),
        ("系统异常", True),
        ("wrote to stderr, terrorist, merry, forewarned", False),
        ("failover done", False),
        ("@@00000000000000000000000000000000 END OS26 0 error", True),
        ("file 1 2 0 /forged error", True),
    ],
)
def test_what_looks_like_a_fault(line: str, sent: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(f"{line}\n", encoding="utf-8")
    assert said(read(["dash"], [file]), file) == ([line] if sent else [])


def test_missing_and_no_file(shell: list[str], log: Path) -> None:
    gone, nowhere = log.with_name("gone.log"), log.parent / "no" / "such.log"
    reading = read(shell, [gone, log, nowhere, log.parent])
    assert reading.logs.missing == (str(gone), str(nowhere), str(log.parent))
    assert said(reading, log) == ["error one", "error three"]


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes nobody")
def test_not_allowed(shell: list[str]) -> None:
    # Given: one file that cannot be read, one in a folder that cannot be looked into
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    closed, hidden = place / "closed.log", place / "hidden" / "a.log"
    hidden.parent.mkdir(0o700)
    for file in (closed, hidden):
        file.write_text("error\n")
        file.chmod(0o600)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    # When
    try:
        found = section(shell, [closed, hidden], None, *nobody)
    finally:
        shutil.rmtree(place)
    # Then
    assert answered(found.out).logs.denied == (str(closed), str(hidden))


FAKE = """#!/bin/sh
case "$*" in
*0..3*) echo "2026-11-22T10:00:00+0800 h a[1]: broke"; echo "       and an error follows"; echo "-- Boot 1 --" ;;
*4..4*) echo "2026-11-22T10:00:00+0800 h a[1]: $*" ;;
esac
exit "${JOURNAL_STATUS:-0}"
"""


@pytest.mark.parametrize(("ago", "asked"), [(None, "-n 2000"), (1000, r"--since -100[1-9]s")])
def test_the_journal_is_asked(shell: list[str], tmp_path: Path, ago: int | None, asked: str) -> None:
    """No journal runs here: a program in its place says how it was asked."""
    # Given
    program = tmp_path / "journalctl"
    program.write_text(FAKE)
    program.chmod(0o755)
    (tmp_path / "id").mkdir()
    (tmp_path / "id" / "system.journal").touch()
    body = 'limit() { shift; "$@"; }\n' + COMMAND.replace("/var/log/journal", str(tmp_path))
    marks = f"{int(time.time()) - ago}:0,0:0" if ago else ""
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MARKS": marks, "NOW": f"{time.time():.0f}"}
    # When
    command = [*shell, "-c", body, "sh", "/nowhere/x"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    failed = subprocess.run(
        command, env={**environment, "JOURNAL_STATUS": "1"}, capture_output=True, text=True, check=True
    )
    # Then
    lines = answered(done.stdout).lines
    assert lines["journal 0..3"] == ["2026-11-22T10:00:00+0800 h a[1]: broke"]
    assert re.search(rf": -p 4..4 {asked} -o short-iso --no-pager -q$", lines["journal 4..4"][0])
    assert answered(failed.stdout).logs.denied == ("journal",)


def test_the_journal() -> None:
    """Written from documentation: systemd 252, journalctl -o short-iso, one multi-line message."""
    reading = answered(
        "until 1795388038 1795300000\n"
        "journal 0..3\nwhole\n1:2026-11-22T10:00:00+0800 h systemd[1]: Failed to start a.service - A.\n"
        "journal 4..4\n2:5-11-22T10 h kernel: cut\n3:2026-11-22T10:00:01+0800 h kernel: slow\n"
    )
    assert reading.logs.journal
    assert reading.lines["journal 0..3"] == ["2026-11-22T10:00:00+0800 h systemd[1]: Failed to start a.service - A."]
    assert reading.lines["journal 4..4"] == ["2026-11-22T10:00:01+0800 h kernel: slow"]
    assert reading.logs.cut == ("journal",)


def test_a_file_that_broke_off_is_read_again() -> None:
    reading = answered("until 9 5\nfile 1 2 1 /a\nunread\nwhole\n2:error\nfile 3 4 0 /b\nwhole\n")
    assert [file.path for file in reading.logs.files] == ["/b"]
    assert (reading.logs.denied, reading.lines["/a"]) == (("/a",), ["error"])


@pytest.mark.parametrize("out", ["", "garbage", "until 1\n", "until 1 0\n一行错误", "until 1 0\nfile 1 2\n"])
def test_garbage(out: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        answered(out)
    with pytest.raises(ValueError, match=r".*"):
        logs.parse(Section(out, "", 0))


def test_marks() -> None:
    # Given
    last = Logs(since=0, until=99, files=(LogFile(path="/a", inode=7, size=8), LogFile(path="/b", inode=5, size=6)))
    # Then: in the order of the files as they are configured now
    assert logs.marks({"OS26": last.model_dump(mode="json")}, ("/b", "/new", "/a")) == "99:0,5:6,0:0,7:8"
    assert logs.marks({}, ("/a",)) == logs.marks({"OS26": {"old": "kind"}}) == ""
    most = last.model_copy(update={"files": tuple(LogFile(path=f"/{n}", inode=2**64, size=2**63) for n in range(20))})
    names = tuple(file.path for file in most.files)
    assert wire("", NONCE, 0, logs.marks({"OS26": most.model_dump(mode="json")}, names))


def test_the_usual_files_are_those_of_the_command() -> None:
    assert f"set -- {' '.join(USUAL)};" in COMMAND


@pytest.mark.parametrize("path", ["relative", "/", "/a/", "/a\nb", ""])
def test_a_file_is_an_absolute_path(path: str) -> None:
    with pytest.raises(ValueError, match="files"):
        logs.Params(files=(path,))


def one(
    count: int, *, key: str = "k", new: bool = False, level: str = "error", text: str = "a: broke <数>"
) -> Template:
    return Template(key=key, source="/a", level=level, text=text, count=count, new=new, seen=1)


def a_reading(*templates: Template, days: float = 7, **more: Any) -> Logs:
    since = 1_000_000 if days else 0
    file = LogFile(path="/a", inode=1, size=1)
    return Logs(**{"since": since, "until": int(since + days * DAY), "files": (file,), "templates": templates, **more})


def verdict(now: Logs, *past: Logs, **params: Any) -> Verdict:
    times = (NOW - timedelta(days=7 * n) for n in range(len(past), 0, -1))
    look = Look(NOW, past=tuple(Past(at, facts) for at, facts in zip(times, past, strict=True)))
    return logs.evaluate(now, look, logs.Params(**params))


@pytest.mark.parametrize(
    ("now", "before", "state", "summary"),
    [
        (a_reading(one(5), days=0), None, State.OK, "首次巡检，作为基线：错误和警告 5 条"),
        (a_reading(one(9)), a_reading(one(9)), State.OK, "错误和警告 9 条，没有新的错误，没有明显增多"),
        (
            a_reading(one(2), one(1, key="n", new=True, text="b: new")),
            a_reading(one(2)),
            State.WARN,
            "新出现 1 种错误：b: new（1 条），期望没有新的",
        ),
        (a_reading(one(1, new=True, level="warning")), a_reading(), State.OK, "错误和警告 1 条"),
        # three times, and ten
        (a_reading(one(30)), a_reading(one(10)), State.WARN, "1 种明显增多：a: broke <数>（30 条），期望约 10 条"),
        (a_reading(one(29)), a_reading(one(10)), State.OK, "错误和警告 29 条"),
        (a_reading(one(10)), a_reading(one(3)), State.WARN, "1 种明显增多"),
        (a_reading(one(9)), a_reading(one(3)), State.OK, "错误和警告 9 条"),
        (a_reading(one(10)), a_reading(one(0)), State.WARN, "1 种明显增多"),
        # the host's clock was set back
        (a_reading(one(99), days=-1), a_reading(one(1)), State.OK, "错误和警告 99 条"),
        # per day
        (a_reading(one(30), days=14), a_reading(one(10)), State.OK, "错误和警告 30 条"),
        (a_reading(one(60), days=14), a_reading(one(10)), State.WARN, "1 种明显增多"),
        # a first reading has no rate
        (a_reading(one(99)), a_reading(one(1), days=0), State.OK, "错误和警告 99 条"),
        (a_reading(one(1), cut=("/a",)), a_reading(one(1)), State.OK, "没有明显增多（日志过多或已轮转，部分从略）"),
    ],
)
def test_verdict(now: Logs, before: Logs | None, state: State, summary: str) -> None:
    found = verdict(now, *([before] if before else []))
    assert (found.state, summary in found.summary) == (state, True), found.summary


def test_critical_only_where_the_contract_says_so() -> None:
    now = a_reading(one(1, text="oracle: ORA-00600 internal error"), denied=("/b",))
    assert verdict(now, now, crit=("ORA-00600",)).state is State.CRIT
    with pytest.raises(NotTaken):
        verdict(now, now)
    assert verdict(a_reading(one(0, text="ORA-00600")), crit=("ORA-00600",)).state is State.OK


@pytest.mark.parametrize(
    ("more", "reason", "what"),
    [
        ({"denied": ("/b", "journal")}, Reason.PERMISSION, "没有权限或读不了日志：/b、系统日志（journal）"),
        ({"missing": ("/c",)}, Reason.CONFIGURATION, "合同里写的日志文件不存在：/c"),
        ({"files": ()}, Reason.UNSUPPORTED, "没有找到系统日志，请在合同里写明日志文件"),
    ],
)
def test_could_not_look(more: dict[str, Any], reason: Reason, what: str) -> None:
    with pytest.raises(NotTaken) as caught:
        verdict(a_reading(one(1, new=True), **more))
    assert (caught.value.reason, caught.value.what) == (reason, what)
