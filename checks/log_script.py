"""The shell that reads what is new in a host's logs, and what it answers.

Each file is read from where the last reading stopped, through its rotation (numbered, dated or copied and truncated;
plain or .gz). Only lines that look like an error or a warning leave the host.
"""

from typing import NamedTuple

from checks.log_facts import LogFile, Logs

USUAL = ("/var/log/syslog", "/var/log/messages", "/var/log/nginx/error.log")
"""Read where they are there and the contract names none; COMMAND has the same."""

COMMAND = r"""
if [ $# -gt 0 ]; then named=yes; else named=; set -- /var/log/syslog /var/log/messages /var/log/nginx/error.log; fi
share=$((3145728 / ($# + 2))); [ "$share" -le 1048576 ] || share=1048576   # 每份最多 1 MiB，合计最多 3 MiB
window=33554432                                                            # 每个文件最多看最后 32 MiB
since=${MARKS%%:*}; marks=${MARKS#"${MARKS%%,*}"}; marks=${marks#,},
echo "until $NOW ${since:-0}"
words='(^|[^a-z])(err(or|ors|s)?|warn(ing|ings|ed)?|crit(ical)?|alert|emerg(ency)?|fatal|severe|panic|segfault)([^a-z]|$)'
words="$words|(error|exception)s?([^a-z]|\$)|(^|[^a-z])fail(ed|ure|ures|s|ing)?([^a-z]|\$)|out of memory|oom-kill"
words="$words|core dumped|ORA-[0-9]{5}|错误|异常|失败|警告|严重"
follows='^[0-9]+:([[:space:]]|Caused by: |Suppressed: |-- )'               # 堆栈的后续行

about() { set -- ${1%%/*}; inode=$1 kind=$2 size=$6; }                     # ls -n：inode 权限 链接 uid gid 大小
check() { case $? in 0 | 141) ;; 137) echo cut >&3 ;; *) echo unread >&3 ;; esac; }
older() {   # 上次之后写过的轮转文件，由旧到新：从第几字节起、文件名
    for old in "$path".[0-9]* "$path"-[0-9]*; do
        case $old in *.gz | *[0-9]) [ ! -e "$old" ] || echo "$($how date -r "$old" +%s) $old" ;; esac
    done | sort -n | while read -r written old; do
        [ "$written" -ge "$since" ] || continue
        current=$inode; about "$($how ls -Lidn "$old")"
        # 压缩后 inode 变了：上次之后写过的里面，最旧的就是上次读到一半的那个
        case $old in *.gz) ;; *) [ "$inode" = "$was" ] || [ "$current" = "$was" ] || at=0 ;; esac
        echo "$at $old"; at=0; inode=$current
    done
}
part() { $how "$@" 3>&-; check; }
parts() {
    [ -z "$list" ] || echo "$list" | while read -r at old; do
        case $old in
        *.gz) part gzip -dc "$old" | tail -c "+$((at > 0 ? at : 1))" ;;
        *) part tail -c "+$((at > 0 ? at : 1))" "$old" ;;
        esac
    done
    [ "$size" -le "$from" ] || part tail -c "+$start" "$path" | head -c $((size - start + 1))
}

for path; do
    mark=${marks%%,*}; marks=${marks#*,}
    was=${mark%%:*} at=${mark#*:}
    how='limit 20'; [ -r "$path" ] || how=as_root
    if ! [ -e "$path" ]; then
        up=${path%/*}; while [ -n "$up" ] && ! [ -d "$up" ]; do up=${up%/*}; done
        if [ -x "${up:-/}" ]; then [ -z "$named" ] || echo "missing $path"; continue; fi
    fi
    line=$($how ls -Lidn "$path") || { echo "denied $path"; continue; }
    about "$line"
    case $kind in -*) ;; *) echo "missing $path"; continue ;; esac
    list= gap=
    if [ "${was:-0}" = 0 ]; then from=$((size > 262144 ? size - 262144 : 0))
    elif [ "$was" = "$inode" ] && [ "$size" -ge "$at" ]; then from=$at
    else from=0; list=$(older); [ -n "$list" ] || gap=gap
    fi
    [ $((size - from)) -le "$window" ] || { from=$((size - window)); [ -n "$gap" ] || gap=cut; }
    # 从前一个字节读起：第一行不是完整的一行，看结果的一方不看它
    start=$((from > 0 ? from : 1)) first=$from; [ -z "$list" ] || first=${list%% *}
    echo "file $inode $size $first $path"
    [ -z "$gap" ] || echo "$gap"
    if [ -z "$list" ] && [ "$size" -le "$from" ]; then echo whole; continue; fi
    { { echo whole; parts | grep -anEi "$words" | grep -avE "$follows"; } | tail -c "$share"; } 3>&1
done

system=
for path in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
    [ ! -e "$path" ] || system=$path
done
if [ -n "$system" ]; then
    how='limit 20'; [ -r "$system" ] || how=as_root
    # 旧版 systemd 不认识 @时间，相对时间都认识
    ago=$((NOW - ${since:-0} + 1)); [ "$ago" -gt 0 ] || ago=1
    if [ -n "$since" ]; then set -- --since "-${ago}s"; else set -- -n 2000; fi
    for level in 0..3 4..4; do
        echo "journal $level"
        { { echo whole; part journalctl -p "$level" "$@" -o short-iso --no-pager -q | grep -an '' |
            grep -avE "$follows"; } | tail -c "$share"; } 3>&1
    done
fi
true
"""
"""Answers `until NOW SINCE`, then for each source `file INODE SIZE FROM PATH` or `journal LEVELS`, at most one of
`gap`, `cut`, `unread` each, `whole` (unless the beginning was cut off), and its lines as `NUMBER:TEXT`."""


class Reading(NamedTuple):
    """What a host answered. `logs` has no templates yet; `lines`: raw, not redacted, by source; the journal's two
    levels are "journal 0..3" and "journal 4..4"."""

    logs: Logs
    lines: dict[str, list[str]]


def answered(out: str) -> Reading:
    """Take the section apart.

    Raises:
        ValueError: it is not what COMMAND prints.
    """
    head, _, body = out.partition("\n")
    word, until, since = head.split(" ")
    if word != "until":
        raise ValueError("no beginning")
    files: list[LogFile] = []
    noted: dict[str, list[str]] = {name: [] for name in ("missing", "denied", "cut", "gap")}
    lines: dict[str, list[str]] = {}
    source, begun, skip_first = "", False, False
    for line in body.split("\n"):
        number, colon, text = line.partition(":")
        if colon and number.isdecimal() and begun:
            if not (skip_first and number == "1"):
                lines[source].append(text)
            continue
        word, _, value = line.partition(" ")
        if source and not begun and word not in ("whole", "cut", "gap", "unread"):
            begun = True  # the beginning was cut off, and this is the rest of a line
            noted["cut"].append(source)
            continue
        match word:
            case "file":
                inode, size, first, source = value.split(" ", 3)
                files.append(LogFile(path=source, inode=int(inode), size=int(size)))
                lines[source], begun, skip_first = [], False, int(first) > 0
            case "journal":
                source, begun, skip_first = line, False, False
                lines[source] = []
            case "whole":
                begun = True
            case "missing" | "denied":
                noted[word].append(value)
            case "cut" | "gap":
                noted[word].append(source)
            case "unread":
                noted["denied"].append(source)
            case "":
                continue
            case _:
                raise ValueError("neither a line nor a word of ours")
    names = {
        word: tuple(dict.fromkeys(name if name.startswith("/") else "journal" for name in noted[word]))
        for word in noted
    }
    logs = Logs(
        since=int(since),
        until=int(until),
        files=tuple(file for file in files if file.path not in noted["denied"]),
        journal=any(name.startswith("journal ") for name in lines) and "journal" not in names["denied"],
        missing=tuple(noted["missing"]),
        denied=names["denied"],
        cut=names["cut"],
        gaps=names["gap"],
    )
    return Reading(logs, lines)
