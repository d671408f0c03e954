"""TC1–TC3: Tomcat 7 to 11: its processes, their heap (jstat), and what its log complains about.

Source of items and thresholds: inspection-items, TC1.
"""

from math import floor

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import Band, HostCheck, Look, NotTaken, Section
from checks.services import (
    CLIENT_FOLDER,
    JVMS,
    LOG_COUNTS,
    ClientParams,
    LogFile,
    both,
    log_files,
    new_lines,
    parts,
)
from checks.visit import Facts

# jstat is itself a JVM: without UsePerfData it makes no file under /tmp, without the two Dump options (JDK 11 on) it
# does not write its own /proc/self/coredump_filter. The one beside the process's own java would fit best, but what a
# process says of itself is nothing to start a program by.
# java.util.logging says SEVERE in the language of the server: 严重, in UTF-8 or in GBK.
COMMAND = rf"""{CLIENT_FOLDER}{JVMS}{LOG_COUNTS}
still='-J-XX:-UsePerfData -J-XX:+IgnoreUnrecognizedVMOptions -J-XX:+UnlockDiagnosticVMOptions
    -J-XX:-DumpPrivateMappingsInCore -J-XX:-DumpSharedMappingsInCore'
for pid in $(jvms org.apache.catalina.startup.Bootstrap); do
    base=$(property catalina.base "$pid"); base=${{base#*=}}
    [ -z "$1" ] || [ "$base" = "$1" ] || continue
    echo "=== jvm_$pid"
    echo "base $base"
    echo "=== heap_$pid"
    run=as_root
    if [ "$ME" = 0 ] || [ "$(field Uid "/proc/$pid")" = "$ME" ]; then run='limit 20'; fi
    if jstat=$(command -v jstat); then $run "$jstat" $still -gcutil "$pid" 2>&1; else false; fi
    echo "status $?"
    echo "=== log_$pid"
    log=$2
    if [ -z "$log" ]; then
        log=$base/logs/catalina.out
        [ -e "$log" ] || [ ! -x "$base/logs" ] || log="$base/logs/catalina.*.log"
    fi
    log_counts "$log" '/SEVERE|严重|\321\317\326\330/ {{ s++ }} /OutOfMemoryError/ {{ o++ }} END {{ print s + 0, o + 0 }}' 2>&1
    echo "status $?"
done
command -v jstat >/dev/null || echo '=== no_jstat'
echo '=== end'
"""  # noqa: E501


class Params(ClientParams):
    """Defaults: inspection-items TC1. `client_folder`: where jstat is, the bin folder of a JDK."""

    base: str = Field("", pattern="^(/.*)?$", title="CATALINA_BASE", description="空为主机上全部 Tomcat")
    instances: int = Field(1, ge=1, title="应有的实例数")
    log: str = Field("", pattern="^(/.*)?$", title="日志", description="可带通配符；空为 CATALINA_BASE/logs/catalina")
    old: Band = Field(Band(warn=80, crit=90), title="老年代使用率（%）")


class Processes(Facts):
    """CATALINA_BASE of each."""

    bases: tuple[str, ...]


class Heap(Facts):
    """Per cent of the old generation, by CATALINA_BASE."""

    old: tuple[tuple[str, float], ...]


class Log(Facts):
    """Counts: SEVERE, OutOfMemoryError."""

    files: tuple[LogFile, ...]


def _parts(section: Section) -> dict[str, str]:
    said = parts(section.out)
    if "end" not in said:
        raise ValueError(section.err)
    return said


def _by_base(section: Section, kind: str) -> list[tuple[str, str]]:
    """What was said of each process, and its exit status made into words."""
    said = _parts(section)
    found = []
    for name, text in said.items():
        if name.startswith(f"{kind}_"):
            number = name.partition("_")[2]
            body, _, status = text.rpartition("status ")
            if status == "77" or (status != "0" and "sudo: " in body):
                raise NotTaken(Reason.PERMISSION, "Tomcat 属于别的账号，读它需要 root 权限")
            if status in ("124", "137", "143"):
                raise NotTaken(Reason.TIMEOUT, "主机上的命令没有在时限内完成")
            if status != "0":
                what = "主机上没有 jstat（在 JDK 里）" if "no_jstat" in said else "jstat 或日志读取失败"
                raise NotTaken(Reason.UNSUPPORTED, what)
            found.append((said[f"jvm_{number}"].removeprefix("base "), body))
    if not found:
        raise NotTaken(Reason.BLOCKED, "Tomcat 没有运行")
    return found


def _parse_processes(section: Section) -> Processes:
    said = _parts(section)
    return Processes(bases=tuple(text.removeprefix("base ") for name, text in said.items() if name.startswith("jvm_")))


def _parse_heap(section: Section) -> Heap:
    return Heap(old=tuple((base, _old(text)) for base, text in _by_base(section, "heap")))


def _old(text: str) -> float:
    """The column O, wherever this JDK puts it; a warning may stand before the header."""
    rows = [line.split() for line in text.splitlines()]
    header = next(place for place, row in enumerate(rows) if "O" in row) if any("O" in row for row in rows) else -1
    if header < 0 or len(rows) <= header + 1:
        raise ValueError(text)
    return float(dict(zip(rows[header], rows[header + 1], strict=True))["O"])


def _parse_log(section: Section) -> Log:
    files = {file.inode: file for _, text in _by_base(section, "log") for file in log_files(text, 2)}
    return Log(files=tuple(files.values()))


def _processes(facts: Processes, look: Look[Processes], params: Params) -> Verdict:
    running = len(facts.bases)
    state = State.CRIT if running < params.instances else State.OK
    return Verdict(state, f"Tomcat 在运行 {running} 个，期望 {params.instances} 个")


def _heap(facts: Heap, look: Look[Heap], params: Params) -> Verdict:
    base, old = max(facts.old, key=lambda one: one[1])
    return Verdict(params.old.state(old), f"{base} 老年代已用 {floor(old)}%，期望小于 {params.old.warn:g}%")


def _log(facts: Log, look: Look[Log], params: Params) -> Verdict:
    if look.last is None:
        severe, memory = (sum(file.counts[which] for file in facts.files) for which in (0, 1))
        return Verdict(State.OK, f"日志里 SEVERE {severe} 条、内存溢出 {memory} 条，首次巡检，作为基线")
    severe, memory = (new_lines(facts.files, look.last.facts.files, which) for which in (0, 1))
    return both(
        Verdict(State.CRIT if memory else State.OK, f"新增内存溢出 {memory} 条，期望 0 条"),
        Verdict(State.WARN if severe else State.OK, f"新增 SEVERE {severe} 条，期望 0 条"),
    )


def _arguments(params: Params) -> tuple[str, ...]:
    return params.client_folder, params.base, params.log


CHECKS = (
    HostCheck("TC1", "Tomcat 进程", COMMAND, _parse_processes, _processes, Processes, Params, "tomcat", _arguments),
    HostCheck("TC2", "Tomcat 堆内存", COMMAND, _parse_heap, _heap, Heap, Params, "tomcat", _arguments),
    HostCheck("TC3", "Tomcat 日志", COMMAND, _parse_log, _log, Log, Params, "tomcat", _arguments),
)
