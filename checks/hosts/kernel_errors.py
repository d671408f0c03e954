"""OS18 内核错误: what the kernel logged as an error since the last inspection (first time: in 7 days)."""

import re
from collections import Counter

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.visit import Facts

COMMAND = """\
if [ -d /run/systemd/system ] && command -v journalctl >/dev/null; then
    echo journal
    wanted=
    set -- journalctl -q --no-pager -o short-unix -p 3 --since "@$SINCE" _TRANSPORT=kernel
    readable=no
    for file in /run/log/journal/*/system.journal /var/log/journal/*/system.journal; do
        [ -r "$file" ] && readable=yes
    done
else
    read -r up rest </proc/uptime
    echo "dmesg $SINCE $((NOW - ${up%.*}))"
    wanted='^<[0-3]>'
    set -- dmesg -r
    readable=yes
    read -r restricted 2>/dev/null </proc/sys/kernel/dmesg_restrict
    [ "$restricted" != 1 ] || readable=no
fi
how='limit 20'; [ "$readable" = yes ] || how=as_root
{ status=$({ { $how "$@"; echo $? >&4; } | grep "$wanted" | tail -n 1000 >&3; } 4>&1); } 3>&1
exit "$status\""""
"""At most the last 1000 lines. Without the right to read its files journalctl says nothing and exits 0: so they are
looked at first. Not -k, which means this boot only. dmesg counts from boot, whose time is therefore told."""

KINDS = {
    "磁盘读写": r"I/O error|[Mm]edium [Ee]rror|Unrecovered read error",
    "文件系统": r"EXT[234]-fs error|Remounting filesystem read-only"
    r"|XFS .*([Cc]orruption|error|[Ss]hut)|BTRFS.* (error|critical)|JBD2?: .*([Ee]rror|[Aa]bort)|Aborting journal",
    "硬件": r"\[Hardware Error\]|Machine [Cc]heck|[Uu]ncorrect",
}
"""What is critical, and by which words of the kernel it is known."""

OTHER = "其他"

_REMOVABLE = re.compile(r"dev (fd|sr)\d|\((fd|sr)\d")
"""A virtual machine's empty floppy or CD drive: an I/O error, but of nothing."""


class KernelErrors(Facts):
    """How many lines of each kind, and the last few lines."""

    kinds: dict[str, int]
    lines: tuple[str, ...] = ()


def messages(section: Section) -> list[str]:
    """Error messages of the kernel since the last inspection, oldest first, from either source.

    Raises:
        ValueError: neither of the two formats. NotTaken: the kernel does not stamp its lines.
    """
    head, *lines = section.out.split("\n")
    lines = [line for line in lines if line.strip()]
    if section.status and re.search("not permitted|denied", section.err):
        raise NotTaken(Reason.PERMISSION, f"不让看内核日志：{section.err.strip().splitlines()[-1][:80]}")
    if section.status:
        raise ValueError("no log")
    if head == "journal":
        found = [re.match(r"\d+\.\d+ \S+ (\S+?): (.*)", line) for line in lines if not line.startswith(("--", " "))]
        if None in found:
            raise ValueError("not the journal")
        return [match[2] for match in found if match and match[1] == "kernel"]
    if not (since := re.fullmatch(r"dmesg (\d+) (\d+)", head)):
        raise ValueError("no log")
    rows = [re.match(r"<(\d+)>\[\s*(\d+\.\d+)\](?:\[ *[TC]\d+\])? ?(.*)", line) for line in lines]
    if lines and not any(rows):
        raise NotTaken(Reason.UNSUPPORTED, "内核日志没有时间，分不出哪些是上次巡检以后的")
    uptime = int(since[1]) - int(since[2])  # at the last inspection; below 0: before this boot
    return [row[3] for row in rows if row and int(row[1]) <= 3 and float(row[2]) >= uptime]


def _kind(line: str) -> str:
    if _REMOVABLE.search(line):
        return OTHER
    return next((kind for kind, words in KINDS.items() if re.search(words, line)), OTHER)


def _plain(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)[:200]


def parse(section: Section) -> KernelErrors:
    """Lines that are critical are kept before others."""
    told = [(_kind(line), _plain(line)) for line in messages(section)]
    worst = [line for kind, line in told if kind != OTHER] or [line for _, line in told]
    return KernelErrors(kinds=dict(Counter(kind for kind, _ in told)), lines=tuple(worst[-5:]))


def evaluate(errors: KernelErrors, look: Look[KernelErrors], params: Params) -> Verdict:
    """Disk, file system and hardware are critical, anything else is a warning."""
    if not errors.kinds:
        return Verdict(State.OK, "0 条错误，期望 0 条")
    state = State.WARN if set(errors.kinds) == {OTHER} else State.CRIT
    counts = "、".join(f"{kind} {errors.kinds[kind]} 条" for kind in (*KINDS, OTHER) if kind in errors.kinds)
    return Verdict(state, f"{counts}，期望 0 条；最近：{errors.lines[-1][:80]}")


CHECK = HostCheck("OS18", "内核错误", COMMAND, parse, evaluate, KernelErrors, Params)
