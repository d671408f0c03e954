"""OR1–OR3: Oracle 11g to 23ai, asked through sqlplus: instance, tablespaces, backup and alert log.

Written from documentation (Oracle Database Reference: V$INSTANCE, DBA_TABLESPACE_USAGE_METRICS,
V$RMAN_BACKUP_JOB_DETAILS; Error Messages); no server was at hand. Thresholds: inspection-items.
"""

import re
from collections.abc import Iterator
from math import floor

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.forecast import days_until_full
from checks.host_check import Band, HostCheck, Look, NotTaken, Section
from checks.services import (
    CLIENT_FOLDER,
    LOG_COUNTS,
    Asked,
    ClientParams,
    Fault,
    LogFile,
    asked,
    both,
    log_files,
    needs,
    new_lines,
    parts,
    recognised,
)
from checks.visit import Facts

SQL = r"""
set pagesize 0 feedback off heading off verify off echo off linesize 400 trimspool on tab off sqlprompt ''
prompt === instance
select status from v\$instance;
select open_mode from v\$database;
prompt === tablespaces
select to_char(used_percent, 'FM99990.00') || '|' || to_char(used_space, 'FM99999999999990') || '|'
    || to_char(tablespace_size, 'FM99999999999990') || '|' || tablespace_name from dba_tablespace_usage_metrics;
prompt === backup
select * from (select to_char((sysdate - start_time) * 24, 'FM99990.0') || '|' || status
    from v\$rman_backup_job_details order by start_time desc) where rownum <= 1;
prompt === end
exit
"""

# What stands after CONNECT is a line of a file on the host: /@ALIAS for a wallet, / for the system's own login.
# `printf` is the shell's own: a password in that line is in no argument list.
COMMAND = f"""{CLIENT_FOLDER}{LOG_COUNTS}
[ -z "$1" ] || {{ ORACLE_HOME=$1; PATH=$1/bin:$PATH; LD_LIBRARY_PATH=$1/lib; export ORACLE_HOME LD_LIBRARY_PATH; }}
[ -z "$2" ] || {{ ORACLE_SID=$2; export ORACLE_SID; }}
command -v sqlplus >/dev/null || {{ echo 'sqlplus' >&2; exit 127; }}
[ -r "$3" ] || {{ echo '=== unreadable'; exit 0; }}
IFS= read -r connection <"$3"
printf 'connect %s\\n%s' "$connection" "{SQL}" | limit 30 sqlplus -S -L /nolog 2>&1
[ -z "$4" ] || {{ echo '=== log'; log_counts "$4" '/ORA-/ {{ n++ }} END {{ print n + 0 }}' 2>&1; echo "status $?"; }}
echo '=== done'
"""

FAULTS = {
    r"ORA-(01017|01005|28000|28001|01045)\b": Fault("Oracle 拒绝了巡检账号的登录", Reason.AUTHENTICATION),
    r"ORA-(12154|12162|12560)\b|SP2-0306": Fault("登录文件里的连接名有误", Reason.CONFIGURATION),
    r"ORA-(00018|00020|12516|12519|12520)\b": Fault("Oracle 连接数已满，无法登录"),
    r"ORA-(01034|27101)\b": Fault("Oracle 实例没有启动"),
    r"ORA-(01033|01089|01090)\b": Fault("Oracle 实例在启动或停止，不接受连接"),
    r"ORA-(12541|12514|12505|12528)\b": Fault("Oracle 监听没有运行，或没有登记这个实例"),
    r"ORA-(12170|12535|12537)\b": Fault("Oracle 没有在时限内回应", Reason.TIMEOUT),
}


class Params(ClientParams):
    """Defaults: tablespaces, inspection-items OR; the age of a backup: a day and some hours, field practice."""

    oracle_home: str = Field("", pattern="^(/.*)?$", title="ORACLE_HOME")
    oracle_sid: str = Field("", pattern=r"^\w*$", title="ORACLE_SID")
    connect_file: str = Field(
        "/etc/xunjian/oracle.conn", pattern="^/", title="登录文件", description="主机上，一行：/@钱包别名 或 /"
    )
    alert_log: str = Field("", pattern="^(/.*)?$", title="告警日志", description="alert_SID.log；空为不看")
    open_mode: str = Field("READ WRITE", title="应有的打开方式", description="备库写 READ ONLY WITH APPLY 或 MOUNTED")
    tablespace: Band = Field(Band(warn=85, crit=97), title="表空间使用率（%）")
    backup_hours: float = Field(26, gt=0, title="备份最长间隔（小时）")


class Instance(Asked):
    """v$instance.status and v$database.open_mode."""

    status: str = ""
    open_mode: str = ""


class Tablespace(Facts):
    """used and size in one unit: blocks for Oracle, MB for DM."""

    name: str
    percent: float
    used: float
    size: float


class Tablespaces(Facts):
    """All of them."""

    tablespaces: tuple[Tablespace, ...]


class Backup(Facts):
    """The last RMAN job: hours since it began, and its status; None: there is none. log: ORA- lines."""

    hours: float | None
    status: str
    log: tuple[LogFile, ...] | None


def _fault(section: Section) -> Fault | None:
    if "=== unreadable" in section.out:
        return Fault("读不到主机上的 Oracle 登录文件", Reason.CONFIGURATION)
    said = parts(section.out)
    if re.search(r"^[A-Z]+$", said.get("instance", ""), re.M) and "end" in said:
        return None
    fault = recognised(section.out.partition("=== log")[0], FAULTS)
    if fault is None:
        raise ValueError(section.out)
    return fault


def _refused(text: str) -> None:
    if re.search(r"ORA-(00942|01031)\b", text):
        raise NotTaken(Reason.PERMISSION, "巡检账号没有查询数据字典的权限")
    if error := re.search(r"ORA-\d+", text):
        raise NotTaken(Reason.UNSUPPORTED, f"Oracle 查询出错：{error[0]}")


def _parse_instance(section: Section) -> Instance:
    down = asked(_fault(section))
    if down:
        return Instance(down=down)
    text = parts(section.out)["instance"]
    status, *mode = text.splitlines()
    return Instance(status=status, open_mode=mode[0] if len(mode) == 1 else "")


def _parse_tablespaces(section: Section) -> Tablespaces:
    needs(_fault(section))
    text = parts(section.out)["tablespaces"]
    _refused(text)
    return Tablespaces(tablespaces=tuple(tablespaces(text)))


def tablespaces(text: str) -> Iterator[Tablespace]:
    """Lines of percent|used|size|name."""
    for line in filter(None, map(str.strip, text.splitlines())):
        percent, used, size, name = line.split("|")
        yield Tablespace(name=name, percent=float(percent), used=float(used), size=float(size))


def _parse_backup(section: Section) -> Backup:
    needs(_fault(section))
    said = parts(section.out)
    _refused(said["backup"])
    hours, _, status = said["backup"].strip().partition("|")
    log, _, code = said.get("log", "").rpartition("status ")
    if code == "77":
        raise NotTaken(Reason.PERMISSION, "读告警日志需要 root 权限")
    files = log_files(log, 1) if "log" in said else None
    return Backup(hours=float(hours) if hours else None, status=status, log=files)


def _instance(facts: Instance, look: Look[Instance], params: Params) -> Verdict:
    if facts.down:
        return Verdict(State.CRIT, f"{facts.down}，期望 OPEN")
    expected = "MOUNTED" if params.open_mode == "MOUNTED" else "OPEN"
    if facts.status != expected:
        return Verdict(State.CRIT, f"实例状态 {facts.status}，期望 {expected}")
    if facts.open_mode and facts.open_mode != params.open_mode:
        return Verdict(State.CRIT, f"打开方式 {facts.open_mode}，期望 {params.open_mode}")
    return Verdict(State.OK, f"实例状态 {facts.status}，打开方式 {facts.open_mode or '无权查看'}，期望如此")


def evaluate_tablespaces(facts: Tablespaces, band: Band, look: Look[Tablespaces]) -> Verdict:
    """The fullest decides; and when the one that fills up soonest will be full."""
    if not facts.tablespaces:
        raise NotTaken(Reason.UNSUPPORTED, "没有列出任何表空间")
    fullest = max(facts.tablespaces, key=lambda one: one.percent)
    state = band.state(fullest.percent)
    others = sum(band.state(one.percent) is not State.OK for one in facts.tablespaces) - 1
    more = f"，另有 {others} 个" if state is not State.OK and others else ""
    now = [(look.now, one) for one in facts.tablespaces]
    before = [(past.at, one) for past in look.past for one in past.facts.tablespaces]
    forecasts = (
        (days_until_full([(at, one.used, one.size) for at, one in before + now if one.name == name]), name)
        for name in sorted({one.name for one in facts.tablespaces})
    )
    soonest = min(((days, name) for days, name in forecasts if days), default=None, key=lambda one: one[0].mid)
    full = f"；{soonest[1]} {soonest[0]}" if soonest else ""
    said = f"表空间 {fullest.name} 已用 {floor(fullest.percent)}%，期望小于 {band.warn:g}%{more}{full}"
    return Verdict(state, said)


def _backup(facts: Backup, look: Look[Backup], params: Params) -> Verdict:
    return both(_rman(facts, params), *_alerts(facts, look))


def _rman(facts: Backup, params: Params) -> Verdict:
    if facts.hours is None:
        return Verdict(State.CRIT, f"没有 RMAN 备份记录，期望 {params.backup_hours:g} 小时内有")
    said = f"最近一次 RMAN 备份 {facts.hours:.0f} 小时前，{facts.status}，期望 {params.backup_hours:g} 小时内 COMPLETED"
    if facts.status.startswith("FAILED") or facts.hours > params.backup_hours:
        return Verdict(State.CRIT, said)
    return Verdict(State.OK if facts.status in ("COMPLETED", "RUNNING") else State.WARN, said)


def _alerts(facts: Backup, look: Look[Backup]) -> Iterator[Verdict]:
    if facts.log is None:
        return
    if look.last is None or look.last.facts.log is None:
        seen = sum(file.counts[0] for file in facts.log)
        yield Verdict(State.OK, f"告警日志里 ORA- {seen} 行，首次巡检，作为基线")
        return
    new = new_lines(facts.log, look.last.facts.log, 0)
    yield Verdict(State.WARN if new else State.OK, f"告警日志新增 ORA- {new} 行，期望 0 行")


def _arguments(params: Params) -> tuple[str, ...]:
    return params.client_folder, params.oracle_home, params.oracle_sid, params.connect_file, params.alert_log


CHECKS = (
    HostCheck("OR1", "Oracle 实例", COMMAND, _parse_instance, _instance, Instance, Params, "oracle", _arguments),
    HostCheck(
        "OR2", "Oracle 表空间", COMMAND, _parse_tablespaces,
        lambda facts, look, params: evaluate_tablespaces(facts, params.tablespace, look),
        Tablespaces, Params, "oracle", _arguments,
    ),
    HostCheck("OR3", "Oracle 备份与告警日志", COMMAND, _parse_backup, _backup, Backup, Params, "oracle", _arguments),
)  # fmt: skip
