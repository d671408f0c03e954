"""What the items of databases and middleware share: answers in parts, and logs counted over time."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Params
from checks.visit import Facts


class ClientParams(Params):
    """A service that is asked through its own client program."""

    client_folder: str = Field(
        "",
        pattern=r"^(/[^:]*)?$",
        title="客户端程序所在目录",
        description="不在 PATH 里时才写",
    )


CLIENT_FOLDER = '[ -z "$1" ] || PATH=$1:$PATH\nshift\n'
"""Begins a command whose first argument is `client_folder`."""

RUNNING = """\
running() {
    for comm in /proc/[0-9]*/comm; do
        read -r name 2>/dev/null <"$comm" || continue
        for wanted; do [ "$name" = "$wanted" ] && return 0; done
    done
    return 1
}
"""
"""`running NAME…`: is there a process of one of these names?"""

JVMS = """\
jvms() {
    for comm in /proc/[0-9]*/comm; do
        read -r name 2>/dev/null <"$comm" || continue
        process=${comm%/comm}
        case $name in
            java) ;;
            jsvc) read -r name 2>/dev/null <"/proc/$(field PPid "$process")/comm"; [ "$name" = jsvc ] || continue ;;
            *) continue ;;
        esac
        tr '\\0' '\\n' 2>/dev/null <"$process/cmdline" | grep -qF -e "$1" && echo "${process#/proc/}"
    done
}
field() { awk -v key="$1:" '$1 == key { print $2 }' "$2/status" 2>/dev/null; }
property() { tr '\\0' '\\n' 2>/dev/null <"/proc/$2/cmdline" | grep -F -e "-D$1=" | head -n 1; }
"""
"""`jvms TEXT`: the numbers of the Java processes in whose command line this text stands (jsvc starts two processes,
the second is Java). `field KEY FOLDER`: from a process's status. `property NAME NUMBER`: a JVM's `-DNAME=value`."""


class Fault(NamedTuple):
    """Why a service could not be asked, as far as its client's words tell.

    `down`: it does not serve at all, and that is its verdict; otherwise `reason` says why we could not look.
    """

    what: str
    reason: Reason | None = None

    @property
    def down(self) -> bool:
        return self.reason is None


class Asked(Facts):
    """What the facts of a service's first item begin with. `down`: why it does not serve, empty while it does."""

    down: str = ""


def asked(fault: Fault | None) -> str:
    """Why it is down, for the item that says so; everything else that stands in the way is not taken."""
    if fault is None:
        return ""
    if fault.reason is not None:
        raise NotTaken(fault.reason, fault.what)
    return fault.what


def needs(fault: Fault | None) -> None:
    """For all other items: a service that is down is on record, they are blocked."""
    if fault is not None:
        raise NotTaken(fault.reason or Reason.BLOCKED, fault.what)


def recognised(text: str, words: Mapping[str, Fault]) -> Fault | None:
    """The first fault whose pattern is in the text."""
    return next((fault for pattern, fault in words.items() if re.search(pattern, text)), None)


class Parts(dict[str, str]):
    """By name; one that is not there is an answer that we do not know."""

    def __missing__(self, name: str) -> str:
        raise ValueError(f"no {name}")


def parts(text: str) -> Parts:
    """An answer taken apart at the lines `=== name`."""
    pieces = re.split(r"^=== (\w+)\n", text if text.endswith("\n") else text + "\n", flags=re.M)
    return Parts((name, piece.strip("\n")) for name, piece in zip(pieces[1::2], pieces[2::2], strict=True))


def both(*verdicts: Verdict) -> Verdict:
    """Several verdicts of one item in one: the worst states, in full."""
    order = (State.CRIT, State.UNKNOWN, State.WARN, State.OK)
    worst = min((verdict.state for verdict in verdicts), key=order.index)
    said = [verdict for verdict in verdicts if verdict.state is worst]
    return Verdict(worst, "；".join(verdict.summary for verdict in said), said[0].reason)


LOG_COUNTS = r"""
log_counts() {
    pattern=$1; program=$2
    IFS=; set -- $pattern; unset IFS
    if [ -r "$1" ]; then reading='limit 30'
    elif [ -e "$1" ] || [ ! -x "${1%/*}" ]; then reading=as_root
    else echo missing; return 0
    fi
    listed=$($reading ls -tLnid "$@") || return
    printf '%s\n' "$listed" | {
        seen=0
        while [ $seen -lt 3 ] && read -r inode _ _ _ _ size _ _ _ file; do
            counts=$($reading awk "$program" "$file" </dev/null) || exit
            echo "$inode $size $counts"
            seen=$((seen + 1))
        done
    }
}
"""
"""`log_counts PATTERN PROGRAM`: for the three newest files one line: inode, size, and what the awk program counts in
them; or the word missing. Inodes, because a rotated file keeps its inode while its name goes to the next one."""


class LogFile(Facts):
    """One log: its inode, its size in bytes, and how often each thing stood in it."""

    inode: int
    size: int
    counts: tuple[int, ...]


def log_files(text: str, width: int) -> tuple[LogFile, ...]:
    """What `log_counts` printed, `width` counts per file."""
    if text.strip() == "missing":
        raise NotTaken(Reason.CONFIGURATION, "合同里写的日志文件不存在")
    files = []
    for line in text.splitlines():
        inode, size, *counts = map(int, line.split())
        if len(counts) != width:
            raise ValueError(line)
        files.append(LogFile(inode=inode, size=size, counts=tuple(counts)))
    return tuple(files)


def new_lines(now: Iterable[LogFile], before: Iterable[LogFile], which: int) -> int:
    """How many more there are than before; a file that was not there, or has shrunk, counts whole."""
    known = {file.inode: file for file in before}
    new = 0
    for file in now:
        old = known.get(file.inode)
        continued = old is not None and old.size <= file.size and old.counts[which] <= file.counts[which]
        new += file.counts[which] - (old.counts[which] if old and continued else 0)
    return new
