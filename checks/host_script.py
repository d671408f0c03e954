"""The one script that a host is asked: assembled from the checks' commands, answered in sections.

The script of a host is always the same text (`xunjian host-script` prints it); what changes from run to run stands
in one line before it. Sections are delimited by a nonce that nobody on the host can know beforehand, and the last
line says that the answer is whole.
"""

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from checks.host_check import AnyCheck, Planned, Section

HEAD = r"NONCE=([0-9a-f]{32}) SINCE=([0-9]{1,12}) MARKS=([0-9:,]{0,2000})"
"""The line before the script."""

_PRELUDE = """\
# 巡检脚本：只读。由 xunjian 生成，不要修改。
LC_ALL=C; LANG=C; LANGUAGE=C; export LC_ALL LANG LANGUAGE
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:$PATH; export PATH
umask 077
ME=$(id -u)
read -r STARTED idle </proc/uptime

# line 文件：它的第一行，不另起进程。
line() { read -r line <"$1" && printf '%s\\n' "$line"; }

# limit 秒数 命令…：到时间就停掉。
if NOW=$(timeout 5 date +%s 2>/dev/null); then limit() { timeout -s KILL "$@"; }
elif NOW=$(timeout -t 5 date +%s 2>/dev/null); then limit() { timeout -s KILL -t "$@"; }
else NOW=$(date +%s); limit() {
    seconds=$1; shift
    "$@" <&0 & command=$!
    { sleep "$seconds"; kill -9 "$command"; } >/dev/null 2>&1 & watcher=$!
    wait "$command"; status=$?
    kill "$watcher" 2>/dev/null
    return "$status"
}
fi

# as_root 命令…：以 root 执行，至多 30 秒；不允许时返回 77。
as_root() {
    if [ "$ME" = 0 ]; then limit 30 "$@"
    elif [ "$SUDO" = yes ]; then limit 30 sudo -n "$@"
    else return 77
    fi
}

# section 节 摘要：执行一节，边执行边发出，错误输出在后。
section() {
    printf '\\n@@%s OUT %s\\n' "$NONCE" "$1"
    { err=$("s_$1" 2>&1 >&3 3>&-); } 3>&1
    printf '\\n@@%s ERR %s\\n%s\\n@@%s END %s %s %s\\n' "$NONCE" "$1" "$err" "$NONCE" "$1" "$?" "$2"
}

# whole 命令…：它的输出攒成一整块发出。
whole() {
    all=$("$@")
    printf '%s\\n' "$all"
}
"""


def quoted(text: str) -> str:
    """The one way in which anything from the contract becomes shell text.

    Raises:
        ValueError: a NUL or a line break, which no path or name of ours has.
    """
    if re.search(r"[\0\r\n]", text):
        raise ValueError("不能含有换行或空字符")
    return shlex.quote(text)


class Assembled(NamedTuple):
    """The script of a host, without the line before it.

    keys: under which key each item's answer stands, by the item's id; those that ask the same share one. digests: by
    which each section says what was asked, by its key: a forced command may be of an older contract.
    """

    text: str
    keys: Mapping[str, str]
    digests: Mapping[str, str]

    def answered(self, sections: Mapping[str, Section]) -> dict[str, Section]:
        """The sections that answer what this script asks, by its own keys. A forced command asks for more items, so
        that what several share may stand under another's name: what was asked tells."""
        by_digest = {section.digest: section for section in sections.values()}
        return {key: by_digest[digest] for key, digest in self.digests.items() if digest in by_digest}


def assembled(planned: Sequence[Planned], *, sudo: bool) -> Assembled:
    """The script that asks for these items. Most hosts of a contract are asked the same: it is put together once."""
    return _assembled(tuple((one.check, tuple(one.check.arguments(one.params))) for one in planned), sudo)


_Asked = tuple[AnyCheck, tuple[str, ...]]


@lru_cache(maxsize=256)
def _assembled(asked: tuple[_Asked, ...], sudo: bool) -> Assembled:
    bodies = {check.id: _body(check, arguments) for check, arguments in asked}
    # What is answered at once comes first, what began early last.
    checks = sorted((check for check, _ in asked), key=lambda check: (bool(check.early), not check.at_once))
    first_with: dict[str, AnyCheck] = {}
    for check in checks:
        first_with.setdefault(bodies[check.id], check)
    functions, begun, at_once, rest = "", "", "", ""
    digests: dict[str, str] = {}
    for body, check in first_with.items():
        key, told = check.id, ""
        digests[key] = hashlib.sha256(f"{_PRELUDE}{check.early}\n{body}".encode()).hexdigest()[:12]
        call = f"section {key} {digests[key]}\n"
        if check.early:
            functions += f"\ne_{key}() {{\n{check.early.strip()}\n}}\n"
            begun += f"E_{key}=$(e_{key} 2>/dev/null)\n"
            told = f"printf '%s\\n' \"$E_{key}\"\n"
        functions += f"\ns_{key}() {{\n{told}{body}\n}}\n"
        if check.at_once and not check.early:
            at_once += call
        else:
            rest += call if check.large else f"whole {call}"
    if at_once:
        functions += f"\nat_once() {{\n{at_once}}}\n"
        begun += "whole at_once\n"
    # A command that reads its standard input would swallow the rest of the script: so it is read whole first.
    main = f"\nmain() {{\n{begun}{rest}printf '\\n@@%s EOF\\n' \"$NONCE\"\n}}\nmain </dev/null\n"
    text = f"{_PRELUDE}SUDO={'yes' if sudo else 'no'}\n{functions}{main}"
    return Assembled(text, {check.id: first_with[bodies[check.id]].id for check in checks}, digests)


def _body(check: AnyCheck, arguments: Sequence[str]) -> str:
    quoted_arguments = " ".join(quoted(argument) for argument in arguments)
    return (f"set -- {quoted_arguments}\n" if quoted_arguments else "") + check.command.strip()


def wire(body: str, nonce: str, since: int, marks: str = "") -> bytes:
    """What is sent: the line with what is new, and the script.

    Args:
        nonce: 32 hexadecimal digits. since: Unix time of the last inspection. marks: how far logs were read.
    """
    head = f"NONCE={nonce} SINCE={since} MARKS={marks}"
    if not re.fullmatch(HEAD, head):
        raise ValueError(f"not a head: {head}")
    return f"{head}\n{body}".encode()


def forced_command(body: str) -> str:
    """The script as a program for `command=` in authorized_keys: it takes the first line that is sent and nothing
    else, so that the account can run this one text only."""
    head = """\
#!/bin/sh
# 受限巡检账号的强制命令：只取对方发来的第一行（随机数、时间、日志位置），其余一概不看。
IFS= read -r head || exit 64
case $head in *[!A-Z0-9a-f=:,\\ ]*) exit 64 ;; esac
NONCE=${head#NONCE=}; NONCE=${NONCE%% *}
SINCE=${head#* SINCE=}; SINCE=${SINCE%% *}
MARKS=${head#* MARKS=}
case $NONCE in '' | *[!0-9a-f]*) exit 64 ;; esac
case $SINCE in '' | *[!0-9]*) exit 64 ;; esac
case $MARKS in *[!0-9:,]*) exit 64 ;; esac
"""
    return head + body


class Split(NamedTuple):
    """An answer taken apart. `whole`: the last line was there."""

    sections: Mapping[str, Section]
    whole: bool


def split(out: bytes, nonce: str) -> Split:
    """Take an answer apart; a section without its end is left out."""
    found: dict[str, Section] = {}
    texts: dict[tuple[str, ...], str] = {}
    last = ""
    for part in (b"\n" + out).split(f"\n@@{nonce} ".encode())[1:]:
        head, line_end, text = part.partition(b"\n")
        last, *words = (_text(head).split() if line_end else []) or [""]  # it may be cut off right there
        if last in ("OUT", "ERR"):
            texts[last, *words] = _text(text)
        elif last == "END" and len(words) == 3 and words[1].isdigit():
            key = words[0]
            if ("OUT", key) in texts and ("ERR", key) in texts:
                found[key] = Section(texts.pop(("OUT", key)), texts.pop(("ERR", key)), int(words[1]), words[2])
    return Split(found, last == "EOF")


def _text(raw: bytes) -> str:
    """UTF-8, and where a line is not, GB 18030, which older applications still write their logs in."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(_line(line) for line in raw.splitlines(keepends=True))


_MIXED = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}")
"""Chinese in UTF-8. In a line that is not UTF-8 it would become other words, and a password's label no label."""


def _line(raw: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            if _MIXED.search(raw):
                break
    return raw.decode("utf-8", errors="replace")
