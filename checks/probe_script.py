"""What a probe asks on a host, as the one script that a host is asked, and the words that such probes share."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field

from checks.finding import Reason, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Planned, Section, heard
from checks.host_script import Assembled, Split, assembled
from checks.safe_probe import AnyProbe, OnHost
from checks.visit import Facts

T = TypeVar("T")

_RESTRICTED = "主机没有回答这个探测；受限账号只能做例行巡检，请换可登录 shell 的账号"
_ABSENT = 66  # EX_NOINPUT of sysexits.h

READ = """\
if [ -r "$1" ]; then text=$(cat "$1")
elif [ ! -e "$1" ] && [ -x "${1%/*}/" ]; then echo "no such file: $1" >&2; exit 66
else text=$(as_root cat "$1"); fi || exit
"""
"""Shell: the file that is named first into $text; read as root where it must be. Only `cat` then needs to stand in
sudoers, with this very path: awk or grep there would be root's own shell. A file that is not there ends with 66."""


def as_host_check(probe: AnyProbe, question: OnHost, number: int = 1) -> Planned:
    """A question as an item of a script; it is never judged as one."""
    check: HostCheck[Any, Any] = HostCheck(
        f"Q{number}", probe.title, question.command, _no_facts, _no_verdict, Facts, Params,
        arguments=lambda _: question.arguments, private=probe.private,
    )  # fmt: skip
    return Planned(check, Params())


def script(probe: AnyProbe, questions: Sequence[OnHost], *, sudo: bool) -> Assembled:
    """The script that asks all of a probe's questions."""
    items = [as_host_check(probe, question, number) for number, question in enumerate(questions, 1)]
    return assembled(items, sudo=sudo)


def replies(asked: Assembled, answer: Split, broken: tuple[Reason, str] | None = None) -> tuple[Section, ...]:
    """What came back, in the order of the questions.

    Args:
        broken: what cut the answer off.

    Raises:
        NotTaken: not every question was answered, or something else was asked (a forced command).
    """
    found = []
    for number in range(1, len(asked.keys) + 1):
        key = asked.keys[f"Q{number}"]
        section = answer.sections.get(key)
        if section is None and broken:
            raise NotTaken(*broken)
        if section is None or section.digest != asked.digests[key]:
            raise NotTaken(Reason.CONFIGURATION, _RESTRICTED)
        found.append(section)
    return tuple(found)


def _no_facts(_: Section) -> Facts:
    raise NotImplementedError("a probe judges its own replies")


def _no_verdict(_: Facts, _look: Look[Facts], _params: Params) -> Verdict:
    raise NotImplementedError("a probe judges its own replies")


# --- what on-host probes share ----------------------------------------------------------------------------------------


def told(section: Section, parse: Callable[[Section], T]) -> T:
    """As `heard`; a file that is not there is its own kind of not taken."""
    if section.status == _ABSENT:
        raise NotTaken(Reason.CONFIGURATION, "主机上没有这个文件，无从判断；请核对路径")
    return heard(section, parse)


def _path(text: str) -> str:
    if re.search(r"[\0\r\n]", text) or "/../" in f"{text}/":
        raise ValueError("路径不能含有换行、空字符和 ..")
    return text


Path = Annotated[str, Field(pattern=r"^/"), AfterValidator(_path)]
"""The absolute path of something on a host."""

EXPECTED = r"^[\w.+@:/-]+(\|[\w.+@:/-]+)*$|^\d+\.\.\d+$"


def meets(actual: str, expected: str) -> bool:
    """Whether a setting is as it should be, in upper or lower case. expected: "no", one of "no|prohibit-password", or a
    number within "1..900"."""
    low, dots, high = expected.partition("..")
    if dots and low.isdigit() and high.isdigit():
        return actual.isascii() and actual.isdigit() and int(low) <= int(actual) <= int(high)
    return actual.lower() in expected.lower().split("|")


def words(expected: str) -> str:
    """What is expected, for operators: "no 或 prohibit-password", "1 到 900"."""
    low, dots, high = expected.partition("..")
    return f"{low} 到 {high}" if dots else expected.replace("|", " 或 ")
