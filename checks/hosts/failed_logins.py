"""OS19 登录失败: how many more logins failed since the last inspection than usual."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Past, Section
from checks.visit import Facts

COMMAND = """\
uname -m
stat -c '%s %i' /var/log/btmp"""
"""Not lastb: it needs root, its options differ (no --since before util-linux 2.24), and it shows the names that
people typed, which are now and then passwords. btmp holds one record of fixed size for each failed login, so its size
says how many there were, and asking for the size needs no right to read it."""

MISSING = "No such file or directory"


class LoginParams(Params):
    """Both must be reached. Source: field practice."""

    warn: float = Field(10, gt=0, title="告警（次/天）")
    times: float = Field(3, ge=1, title="告警（平时的倍数）")


class FailedLogins(Facts):
    """How many are on file; `file` (the inode) changes when the log is rotated."""

    file: int
    records: int


def parse(section: Section) -> FailedLogins:
    """The machine, then size and inode. struct utmp of glibc keeps 64-bit times on AArch64 and 32-bit times on x86."""
    if MISSING in section.err:
        raise NotTaken(Reason.UNSUPPORTED, "主机上没有 /var/log/btmp，登录失败没有记录")
    machine, size, file = section.out.split()
    return FailedLogins(file=int(file), records=int(size) // (400 if machine == "aarch64" else 384))


def _rates(past: tuple[Past[FailedLogins], ...]) -> Iterator[float]:
    """Failed logins per day between two inspections; less than a day counts as one."""
    for before, after in pairwise(past):
        rotated = after.facts.file != before.facts.file or after.facts.records < before.facts.records
        new = after.facts.records - (0 if rotated else before.facts.records)
        yield new / max(1.0, (after.at - before.at).total_seconds() / 86400)


def evaluate(now: FailedLogins, look: Look[FailedLogins], params: LoginParams) -> Verdict:
    """Against the median of the past, which one attack does not move."""
    if look.last is None:
        return Verdict(State.OK, f"首次巡检，作为基线：现有记录 {now.records} 次")
    *usual, rate = _rates((*look.past, Past(look.now, now)))
    if not usual:
        return Verdict(State.OK, f"{rate:.0f} 次/天，作为基线")
    bound = max(params.warn, params.times * median(usual))
    state = State.WARN if rate >= bound else State.OK
    return Verdict(state, f"{rate:.0f} 次/天，平时 {median(usual):.0f} 次/天，期望小于 {bound:.0f} 次/天")


CHECK = HostCheck("OS19", "登录失败", COMMAND, parse, evaluate, FailedLogins, LoginParams, at_once=True)
