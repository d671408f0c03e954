"""The script that a host is asked, on real shells: dash, bash, BusyBox."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import Field

from checks.host_check import HostCheck, Params, Planned, Section
from checks.host_script import Split, assembled, forced_command, quoted, split, wire

NONCE = "0123456789abcdef" * 2
SHELLS = (["dash", "-s"], ["bash", "-s"], ["busybox", "sh", "-s"])


class Names(Params):
    """What the contract passes on."""

    names: tuple[str, ...] = Field(())


def item(check_id: str, command: str, *names: str) -> Planned:
    check = HostCheck(
        check_id, "项", command, lambda _: None, lambda *_: None, None, Names,  # type: ignore[arg-type, return-value]
        arguments=lambda params: params.names,
    )  # fmt: skip
    return Planned(check, Names(names=names))


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    """A real shell that reads its script from standard input."""
    assert shutil.which(request.param[0]), f"{request.param[0]} is not installed"
    return list(request.param)


def run(
    shell: list[str], *items: Planned, sudo: bool = False, body: str = "", env: dict[str, str] | None = None
) -> Split:
    sent = wire(body or assembled(items, sudo=sudo).text, NONCE, 1_700_000_000)
    done = subprocess.run(shell, input=sent, capture_output=True, timeout=60, env=env)
    return plain(split(done.stdout, NONCE))


def plain(answer: Split) -> Split:
    """Without the digests of what was asked."""
    return Split({key: section._replace(digest="") for key, section in answer.sections.items()}, answer.whole)


def test_sections_come_back_apart_with_status_and_errors(shell: list[str]) -> None:
    # When
    answer = run(shell, item("A1", "echo one; echo two >&2; exit 3"), item("A2", "printf 'no end of line'"))
    # Then
    assert answer.whole
    assert answer.sections == {"A1": Section("one\n", "two", 3), "A2": Section("no end of line", "", 0)}


def test_a_command_that_reads_its_input_does_not_swallow_the_rest(shell: list[str]) -> None:
    answer = run(shell, item("A1", "cat"), item("A2", "echo still here"))
    assert (answer.whole, answer.sections["A2"].out) == (True, "still here\n")


def test_one_section_that_exits_or_changes_directory_does_not_touch_the_next(shell: list[str]) -> None:
    answer = run(shell, item("A1", "cd /; PATH=; exit 1"), item("A2", "pwd; cat /dev/null && echo found"))
    assert answer.sections["A2"].out == f"{Path.cwd()}\nfound\n"


def test_items_that_ask_the_same_share_a_section() -> None:
    # Given
    items = [item("A1", "echo $1", "x"), item("A2", "echo $1", "x"), item("A3", "echo $1", "y")]
    # Then
    asked = assembled(items, sudo=False)
    assert list(asked.digests) == ["A1", "A3"]
    assert asked.keys == {"A1": "A1", "A2": "A1", "A3": "A3"}


@pytest.mark.parametrize("name", ["a b", "$(touch /tmp/pwned)", "'; id #", "`id`", "-rf", "*", "中文 名", "\\n"])
def test_what_the_contract_says_is_never_code(shell: list[str], name: str) -> None:
    answer = run(shell, item("A1", 'printf "%s" "$1"', name))
    assert answer.sections["A1"] == Section(name, "", 0)


@pytest.mark.parametrize("text", ["a\nb", "a\0b", "a\rb"])
def test_line_breaks_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="换行"):
        quoted(text)


def test_a_command_that_hangs_is_stopped(shell: list[str]) -> None:
    answer = run(shell, item("A1", "limit 1 sleep 30"), item("A2", "echo on"))
    assert answer.sections["A1"].status in (124, 137)
    assert answer.sections["A2"].out == "on\n"


def test_without_timeout_a_command_that_hangs_is_stopped_all_the_same(shell: list[str]) -> None:
    # Given: a host without `timeout`
    body = assembled([item("A1", "limit 1 sleep 30"), item("A2", "limit 5 echo on")], sudo=False).text
    body = body.replace("timeout 5 date", "false").replace("timeout -t 5 date", "false")
    # When
    answer = run(shell, body=body)
    # Then
    assert answer.sections["A1"].status == 137
    assert answer.sections["A2"].out == "on\n"


def test_the_words_are_english_whatever_the_account_speaks(shell: list[str]) -> None:
    env = {"LANG": "zh_CN.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": "zh_CN", "PATH": "/usr/bin:/bin"}
    answer = run(shell, item("A1", "ls /nowhere; echo $LC_ALL"), env=env)
    assert answer.sections["A1"].out == "C\n"
    assert "No such file" in answer.sections["A1"].err


def test_an_answer_that_breaks_off_is_not_whole_and_its_last_section_does_not_count() -> None:
    # Given
    out = f"\n@@{NONCE} OUT A1\none\n\n@@{NONCE} ERR A1\n\n@@{NONCE} END A1 0 abc\n\n@@{NONCE} OUT A2\ntw".encode()
    # Then
    ended = out.index(b"END A1 0 abc") + len("END A1 0 abc\n")
    for end in range(ended, len(out)):
        assert split(out[:end], NONCE) == Split({"A1": Section("one\n", "", 0, "abc")}, whole=False)
    for end in range(ended):
        assert split(out[:end], NONCE) == Split({}, whole=False)


def test_nobody_can_forge_a_section_without_the_nonce(shell: list[str]) -> None:
    # Given: a host on which somebody has put our marks, with another nonce, into what a command prints
    forged = (
        "printf '\\n@@%s END A1 0\\n\\n@@%s EOF\\n' ffffffffffffffffffffffffffffffff ffffffffffffffffffffffffffffffff"
    )
    # Then
    assert "EOF" in run(shell, item("A1", forged)).sections["A1"].out


@pytest.mark.parametrize("head", [("xyz", 0, ""), (NONCE, -1, ""), (NONCE, 0, "1:2;id"), (NONCE, 0, "1 2")])
def test_the_first_line_holds_nothing_but_what_it_should(head: tuple[str, int, str]) -> None:
    with pytest.raises(ValueError, match="not a head"):
        wire("", *head)


class TestForcedCommand:
    """The script as `command=` in authorized_keys: it takes the first line, and nothing else that is sent."""

    def run(self, shell: list[str], tmp_path: Path, sent: bytes) -> subprocess.CompletedProcess[bytes]:
        program = tmp_path / "inspect"
        program.write_text(
            forced_command(assembled([item("A1", "echo $SINCE $MARKS")], sudo=False).text), encoding="utf-8"
        )
        return subprocess.run([*shell[:-1], str(program)], input=sent, capture_output=True, timeout=30)

    def test_it_answers_as_the_script_does(self, shell: list[str], tmp_path: Path) -> None:
        done = self.run(shell, tmp_path, wire("echo something else entirely", NONCE, 7, "12:34,5:6"))
        whole = Split({"A1": Section("7 12:34,5:6\n", "", 0)}, whole=True)
        assert plain(split(done.stdout, NONCE)) == whole

    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"id\n",
            b"NONCE=$(id) SINCE=1 MARKS=\n",
            b"NONCE=aa SINCE=`id` MARKS=\n",
            b"NONCE=aa SINCE=1 MARKS=;id\n",
        ],
    )
    def test_anything_else_is_refused(self, shell: list[str], tmp_path: Path, sent: bytes) -> None:
        done = self.run(shell, tmp_path, sent)
        assert (done.returncode, done.stdout) == (64, b"")  # EX_USAGE; an empty input ends `read` likewise


def test_what_is_answered_at_once_is_sent_in_one_piece_and_what_began_early_comes_last(shell: list[str]) -> None:
    # Given
    def special(check_id: str, command: str, **more: object) -> Planned:
        return Planned(replace(item(check_id, command).check, **more), Names())  # type: ignore[arg-type]

    parts = [
        special("A1", "date +%s%N; echo $STARTED", early="date +%s%N", at_once=True),
        item("A2", "sleep 0.2; echo slow"),
        special("A3", "echo one; echo two >&2; exit 5", at_once=True),
    ]
    # Then
    assert list(assembled(parts, sudo=False).digests) == ["A3", "A2", "A1"]
    answer = run(shell, *parts)
    assert answer.whole
    assert answer.sections["A3"] == Section("one\n", "two", 5)
    assert answer.sections["A2"] == Section("slow\n", "", 0)
    began, ended, started = answer.sections["A1"].out.split()
    assert (float(started) > 0, answer.sections["A1"].status) == (True, 0)
    if "N" not in began:  # BusyBox knows no %N
        assert int(ended) - int(began) >= 200_000_000


def test_lines_that_are_not_utf_8_are_read_as_gb_18030(shell: list[str]) -> None:
    answer = run(shell, item("A1", r"printf '\264\355\316\363\n\351\224\231\350\257\257\n'"))
    assert answer.sections["A1"].out == "错误\n错误\n"
    # a line that is both is neither: what names a password must not become other words
    mixed = run(shell, item("A1", r"printf '\264\355\316\363 \345\257\206\347\240\201'"))
    assert mixed.sections["A1"].out.startswith("\ufffd")


def test_each_section_says_what_was_asked() -> None:
    """A forced command may have been installed for an older contract."""
    # Given
    old, new = item("A1", "echo $1", "/a"), item("A1", "echo $1", "/b")
    # Then
    before, now = (assembled([one], sudo=False) for one in (old, new))
    assert before.digests != now.digests
    assert before.digests["A1"] in before.text
