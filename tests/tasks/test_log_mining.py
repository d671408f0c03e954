"""Lines to templates: what must not be kept is nowhere, and what was known last week is known."""

import json
import time
from pathlib import Path

import pytest

from checks.host_check import Section
from checks.log_facts import LogFile, Logs, Template
from checks.log_script import Reading
from checks.log_templates import level, masked, message
from checks.secrecy import MASK, Redactor
from tasks.log_mining import mine, mined, redact_lines

DAY = 86_400
PATH = "/var/log/app.log"


def reading(
    *lines: str, until: int = 1_800_000_000, since: int = 0, journal: dict[str, list[str]] | None = None
) -> Reading:
    logs = Logs(since=since, until=until, files=(LogFile(path=PATH, inode=1, size=1),), journal=bool(journal))
    return Reading(logs, {PATH: list(lines), **(journal or {})})


def mine_(*lines: str, last: Logs | None = None, **more: int) -> Logs:
    return mine(reading(*lines, **more), Redactor(), last)


def texts(logs: Logs, *, new: bool | None = None) -> list[str]:
    return [one.text for one in logs.templates if one.count and new in (None, one.new)]


CANARY = "Canary7Bird"
SECRETS = [
    "password=Canary7Bird",
    "error: PASSWORD : 'Canary7Bird with blanks'",
    '{"level":"error","userPassword":"Canary7Bird","x":1}',
    r'body="{\"passwd\":\"Canary7Bird\"}" error',
    "login?user=a&pwd=Canary7Bird failed",
    "pwd%3DCanary7Bird failed",
    "<password>Canary7Bird</password> error",
    "spring.datasource.password: Canary7Bird,Canary7Bird",
    "access_token=Canary7Bird.Canary7Bird error",
    "X-Api-Key: Canary7Bird error",
    "client_secret=Canary7Bird",
    "Authorization: Basic Canary7Bird== error",
    "Authorization: Digest username=a, response=Canary7Bird",
    "'Authorization': 'Bearer Canary7Bird' error",
    "sent Bearer Canary7Bird and failed",
    "Cookie: JSESSIONID=Canary7Bird failed",
    "mysql --password Canary7Bird failed",
    "create user x identified by 'Canary7Bird' failed",
    "cannot open https://user:Canary7Bird@host/x error",
    "cannot open redis://:Canary7Bird@10.0.0.1:6379 error",
    "sqlplus system/Canary7Bird@orcl error",
    "mail to Canary7Bird@example.com failed",
    "eyJCanary7Bird.eyJCanary7Bird.Canary7Bird error",
    "密码：Canary7Bird 错误",
    "姓名：Canary7Bird 失败",
    "error \ufffd\ufffd\ufffd\ufffdCanary7Bird",
    "learned Canary7Bird error",
]


@pytest.mark.parametrize("line", SECRETS)
def test_no_secret_is_kept(line: str) -> None:
    # Given: once, and often enough to be a template, behind a syslog head and bare
    lines = [line, f"Nov 22 10:00:00 h app[1]: {line}", f"2026-11-22 10:00:00,123 ERROR [t] c - {line}"]
    redactor = Redactor([CANARY] if line.startswith("learned") else [])
    # When
    found = mine(reading(*lines, journal={"journal 0..3": lines}), redactor).model_dump_json()
    # Then
    assert CANARY not in found
    assert CANARY not in redact_lines("\n".join(lines), redactor)
    assert "error" in found


@pytest.mark.parametrize(
    "person",
    ["00000019000101000X", "000000190001010000", "13900000000", "139 0000 0000", "010-00000000", "0000000000000000000"],
)
def test_no_person_is_kept(person: str) -> None:
    kept = mine_(f"error for {person}, failed").model_dump_json() + redact_lines(f"error for {person}, failed")
    assert person not in kept
    assert person not in mine_(f"ERROR 用户{person}登录失败").model_dump_json()


def test_addresses_stay_in_examples() -> None:
    (one,) = mine_("sshd[9]: error: connection from 203.0.113.9 port 1234 failed").templates
    assert one.text == "sshd[<数>]: error: connection from <地址> port <数> failed"
    assert "203.0.113.9 port 1234" in one.first


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "Nov 22 10:00:00 web-1 nginx[77]: open() failed (2: No such file)",
            "nginx[<数>]: open() failed (<数>: No such file)",
        ),
        (
            "2026-11-22T10:00:00.123456+08:00 web-1 kernel: sda1: I/O error, dev sda, sector 81",
            "kernel: sda<数>: I/O error, dev sda, sector <数>",
        ),
        (
            '2026/11/22 10:00:00 [error] 7#7: open() "/srv/x y.html" failed, request: "GET /a/b?c=1 HTTP/1.1"',
            '[error] <数>#<数>: open() "<路径> y.html" failed, request: "GET <路径> HTTP/<数>"',
        ),
        ("22-Nov-2026 10:00:00.123 SEVERE [main] a.B c", "SEVERE [main] a.B c"),
        ("[2026-11-22 10:00:00,123] ERROR id=0af35cb2-7d3a-4f4e-9d1e-000000000001", "ERROR id=<标识>"),
        ("ORA-00600: internal error 600 at 0xDEADBEEF", "ORA-00600: internal error <数> at <号>"),
        ("error at http://h:80/p?q=1 and 12:30:01", "error at <网址> and <时间>"),
    ],
)
def test_masks(line: str, text: str) -> None:
    assert masked(message(line)) == text


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("[warn] 7#7: upstream", "warning"),
        ("[error] 7#7: warn", "error"),
        ("INFO [main] 0 failed", ""),
        ("[main] DEBUG x failed", ""),
        ("mysqld: error: no table INFO", "error"),
        ('{"level":"warning","msg":"failed"}', "warning"),
        ("level=info msg=failed", ""),
        ("<Notice> <x> failed", ""),
        ("a: deprecated, warned", "warning"),
        ("systemd: Failed to start", "error"),
        ("信息 [main] 失败", ""),
        ("警告 [main] x", "warning"),
        ("严重 [main] x", "error"),
        ("系统异常", "error"),
    ],
)
def test_level(text: str, is_: str) -> None:
    assert level(text) == is_


def test_numbers_and_names_are_one_kind() -> None:
    names = ("root", "oracle", "admin")
    lines = [
        f"Nov 22 10:00:0{n} h sshd[{n}]: error: PAM: Authentication failure for {names[n]} from 10.0.0.{n}"
        for n in range(3)
    ]
    (one,) = mine_(*lines).templates
    assert (one.count, one.text) == (3, "sshd[<数>]: error: PAM: Authentication failure for <*> from <地址>")
    assert one.first.endswith("10.0.0.0")
    assert one.last.endswith("10.0.0.2")


def test_levels_and_programs_are_kept_apart() -> None:
    lines = ("a: error: it is bad now", "b: error: it is bad now", "a: warning: it is bad now")
    assert [(one.level, one.count) for one in mine_(*lines).templates] == [("error", 1), ("error", 1), ("warning", 1)]


def test_new_means_new() -> None:
    # Given: three weeks; a known kind becomes more general in the second
    week = 7 * DAY
    first = mine_("a: error: disk sda of host is bad")
    second = mine_(
        "a: error: disk sdb of host is bad", "b: fatal: other thing altogether", last=first, until=1_800_000_000 + week
    )
    third = mine_("a: error: disk sdc of host is bad", last=second, until=1_800_000_000 + 2 * week)
    # Then
    assert texts(first, new=True) == []  # the source had not been read before
    assert texts(second, new=True) == ["b: fatal: other thing altogether"]
    assert texts(third) == ["a: error: disk <*> of host is bad"]
    assert texts(third, new=True) == []
    assert len({logs.templates[-1 if logs is second else 0].key for logs in (first, second, third)}) == 1
    # and what was not found is remembered, without examples, for 90 days
    (idle,) = (one for one in third.templates if not one.count)
    assert (idle.text, idle.new, idle.first) == ("b: fatal: other thing altogether", False, "")
    later = mine_("b: fatal: other thing altogether", last=third, until=idle.seen + 90 * DAY)
    assert texts(later, new=True) == []
    later = mine_("b: fatal: other thing altogether", last=third, until=idle.seen + 90 * DAY + 1)
    assert texts(later, new=True) == ["b: fatal: other thing altogether"]


def test_a_file_read_for_the_first_time_is_its_own_baseline() -> None:
    last = Logs(since=1, until=2, files=(LogFile(path="/other", inode=1, size=1),))
    assert texts(mine_("a: error", last=last), new=True) == []


def test_what_syslog_copied_from_the_journal_counts_once() -> None:
    # Given
    said = "h a[1]: it failed"
    found = mine(
        reading(
            f"Nov 22 10:00:00 {said}",
            f"Nov 22 10:00:01 {said}",
            journal={"journal 0..3": [f"2026-11-22T10:00:00+0800 {said}"]},
        ),
        Redactor(),
    )
    # Then
    assert {one.source: one.count for one in found.templates} == {"journal": 1, PATH: 1}


def test_the_same_input_gives_the_same() -> None:
    lines = [
        f"p{n % 7}: error {'abc'[n % 3]} of {n} in {'xyz'[n % 3]} is {'on' if n % 2 else 'off'}" for n in range(300)
    ]
    last = mine_(*lines[:100])
    assert mine_(*lines, last=last) == mine_(*lines, last=last)


def test_many_kinds_are_bounded() -> None:
    def word(number: int) -> str:
        return "".join("abcdefghij"[int(digit)] for digit in f"{number:05}")

    found = mine_(*(f"error: {word(n)} {word(n + 7)} {word(n + 3)} failed" for n in range(3000)))
    assert len(found.templates) == 200
    assert found.lines == 3000
    assert len(found.model_dump_json()) < 200_000


@pytest.mark.parametrize("out", ["", "garbage Canary7Bird", "until 1 0\nCanary7Bird"])
def test_nothing_raw_is_left_of_an_answer_that_is_not_understood(out: str) -> None:
    assert CANARY not in "".join(map(str, mined(Section(out, "password=Canary7Bird", 0), Redactor())))


def test_a_status_stays() -> None:
    assert mined(Section("Canary7Bird", "sudo: a password is required", 77), Redactor()) == Section(
        "", "sudo: a password is required", 77
    )


def test_a_section_becomes_facts() -> None:
    # Given
    out = f"until 1800000000 0\nfile 5 99 0 {PATH}\nwhole\n3:Nov 22 10:00:00 h a: failed, password=Canary7Bird\n"
    # When
    found = mined(Section(out, "", 0), Redactor())
    facts = {"OS26": json.loads(found.out)}
    again = mined(Section(out.replace(" 0\n", " 1700000000\n", 1), "", 0), Redactor(), facts)
    # Then
    assert Logs.model_validate_json(found.out).templates[0].text == f"a: failed, password={MASK}"
    assert [one.new for one in Logs.model_validate_json(again.out).templates] == [False]


def test_fast_enough() -> None:
    # Given: what a busy week looks like: 10,000 lines, 40 kinds
    kinds = [f"svc{n}: error: part {'abcdefghij'[n % 10] * 4} of {'klmn'[n // 10] * 5} is" for n in range(40)]
    lines = [
        f"2026-11-22T10:00:00+08:00 web-1 {kinds[n % 40]} down, client 10.0.{n % 256}.1, GET /p/{n}?id={n} took {n} ms"
        for n in range(10_000)
    ]
    # When
    begin = time.perf_counter()
    found = mine_(*lines)
    took = time.perf_counter() - begin
    # Then: measured 0.45 s; others may be using the machine
    assert found.lines == 10_000
    assert took < 3


@pytest.mark.parametrize(
    "piece", ["a", "a@", "key", "://a:", "1.", "/a", "\\\\", '"', "password=", "a1", "error", "A-1 "]
)
def test_no_line_takes_long(piece: str) -> None:
    line = f"error @ password=x {piece * 2000}"
    begin = time.perf_counter()
    mine_(*[line] * 20)
    assert time.perf_counter() - begin < 1


def test_drain_is_not_asked_for_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "drain3.ini").write_text("[DRAIN]\nsim_th = nonsense\n")
    monkeypatch.chdir(tmp_path)
    assert isinstance(mine_("a: error").templates[0], Template)
    assert [path.name for path in tmp_path.iterdir()] == ["drain3.ini"]
