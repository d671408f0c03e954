"""DM1–DM4: DM8, asked through disql: instance, sessions, tablespaces, waiting transactions and the licence.

Written from documentation (eco.dameng.com: DM8 system administrator's manual, appendix of dynamic views; disql manual);
no server was at hand. Thresholds: inspection-items.
"""

import re
from datetime import date
from math import floor

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import Band, HostCheck, Look, NotTaken, Section
from checks.hosts.oracle import Tablespaces, evaluate_tablespaces, tablespaces
from checks.services import (
    CLIENT_FOLDER,
    Asked,
    ClientParams,
    Fault,
    asked,
    both,
    needs,
    parts,
    recognised,
)
from checks.visit import Facts

# Every line that counts is one string of the server's, so that neither headings nor widths matter. A file may grow to
# its MAXBYTES; both sides are summed before they are joined, and a tablespace without a free extent stays in.
SQL = r"""
set lineshow off heading off feedback off timing off pagesize 0 linesize 400
select '=== instance';
select 'status ' || status\$ || ' mode ' || mode\$ from v\$instance;
select '=== sessions';
select 'used ' || count(*) from v\$sessions;
select 'limit ' || para_value from v\$dm_ini where para_name = 'MAX_SESSIONS';
select '=== tablespaces';
select round(100.0 * (a.total - nvl(f.free, 0)) / a.most, 2) || '|' || round((a.total - nvl(f.free, 0)) / 1048576)
    || '|' || round(a.most / 1048576) || '|' || a.tablespace_name from
    (select tablespace_name, sum(bytes) total,
        sum(case when autoextensible = 'YES' and maxbytes > bytes then maxbytes else bytes end) most
        from dba_data_files group by tablespace_name) a left join
    (select tablespace_name, sum(bytes) free from dba_free_space group by tablespace_name) f
    on a.tablespace_name = f.tablespace_name where a.tablespace_name <> 'TEMP';
select '=== waits';
select 'waiting ' || count(*) from v\$trxwait;
select 'longest ' || nvl(max(wait_time), 0) from v\$trxwait;
select '=== licence';
select 'expires ' || nvl(to_char(expired_date, 'YYYY-MM-DD'), 'never') from v\$license;
select '=== end';
exit;
"""

# /NOLOG and CONN: with a login in its arguments a password would be seen, and without -L a refused login is asked for
# again, which would make of every further line another attempt.
COMMAND = f"""{CLIENT_FOLDER}
command -v disql >/dev/null || {{ echo 'disql' >&2; exit 127; }}
[ -r "$1" ] || {{ echo '=== unreadable'; exit 0; }}
IFS= read -r connection <"$1"
printf 'conn %s\\n%s' "$connection" "{SQL}" | limit 30 disql -L -S /nolog 2>&1
"""

FAULTS = {
    r"-2501\b|用户名或密码错误|锁定|过期": Fault("达梦拒绝了巡检账号的登录", Reason.AUTHENTICATION),
    r"会话数.*(超过|上限)|超过.*会话": Fault("达梦会话数已满，无法登录"),
    r"-70028\b|SOCKET连接失败|-6001\b|网络通信异常": Fault("达梦没有运行：连接被拒"),
    r"未连接|[Nn]ot connected|连接丢失": Fault("达梦登录没有成功", Reason.CONFIGURATION),
}


class Params(ClientParams):
    """Defaults: tablespaces as Oracle's, licence as TongWeb's; sessions as connections elsewhere, 80/90."""

    connect_file: str = Field(
        "/etc/xunjian/dm.conn", pattern="^/", title="登录文件", description="主机上，一行，disql 的 CONN 后面的内容"
    )
    mode: str = Field("", pattern="^(NORMAL|PRIMARY|STANDBY)?$", title="应有的模式")
    sessions: Band = Field(Band(warn=80, crit=90), title="会话数占上限（%）")
    tablespace: Band = Field(Band(warn=85, crit=97), title="表空间使用率（%）")
    wait: Band = Field(Band(warn=60, crit=600), title="最长事务等待（秒）")
    warn_days: int = Field(30, ge=1, title="授权剩余告警（天）")
    crit_days: int = Field(7, ge=0, title="授权剩余严重（天）")


class Instance(Asked):
    """V$INSTANCE: STATUS$ and MODE$."""

    status: str = ""
    mode: str = ""


class Sessions(Facts):
    """How many there are, and may be."""

    used: int
    limit: int


class Waits(Facts):
    """Transactions that wait for another; the longest in seconds. `expires`: None is never."""

    waiting: int
    longest: float
    expires: date | None


def _fault(section: Section) -> Fault | None:
    if "=== unreadable" in section.out:
        return Fault("读不到主机上的达梦登录文件", Reason.CONFIGURATION)
    if "=== end" in section.out and "status " in section.out:
        return None
    fault = recognised(section.out, FAULTS)
    if fault is None:
        raise ValueError(section.out)
    return fault


def _part(section: Section, name: str) -> str:
    needs(_fault(section))
    text = "\n".join(line.strip() for line in section.out.splitlines() if line.strip())
    said = parts(text)[name]
    if re.search(r"-55\d\d\b|没有.*权限", said):
        raise NotTaken(Reason.PERMISSION, "巡检账号没有查询系统视图的权限")
    return said


def _value(text: str, name: str) -> str:
    found = re.search(rf"^{name} (\S+)", text, re.M)
    if not found:
        raise ValueError(text)
    return found[1]


def _parse_instance(section: Section) -> Instance:
    down = asked(_fault(section))
    if down:
        return Instance(down=down)
    found = re.search(r"^status (\S+) mode (\S+)", _part(section, "instance"), re.M)
    if not found:
        raise ValueError(section.out)
    return Instance(status=found[1], mode=found[2])


def _parse_sessions(section: Section) -> Sessions:
    text = _part(section, "sessions")
    return Sessions(used=int(_value(text, "used")), limit=int(_value(text, "limit")))


def _parse_tablespaces(section: Section) -> Tablespaces:
    return Tablespaces(tablespaces=tuple(tablespaces(_part(section, "tablespaces"))))


def _parse_waits(section: Section) -> Waits:
    waits, expires = _part(section, "waits"), _value(_part(section, "licence"), "expires")
    return Waits(
        waiting=int(_value(waits, "waiting")),
        longest=float(_value(waits, "longest")) / 1000,
        expires=None if expires == "never" else date.fromisoformat(expires),
    )


def _instance(facts: Instance, look: Look[Instance], params: Params) -> Verdict:
    if facts.down:
        return Verdict(State.CRIT, f"{facts.down}，期望 OPEN")
    if facts.status != "OPEN":
        return Verdict(State.CRIT, f"实例状态 {facts.status}，期望 OPEN")
    if params.mode and facts.mode != params.mode:
        return Verdict(State.CRIT, f"实例模式 {facts.mode}，期望 {params.mode}")
    return Verdict(State.OK, f"实例状态 OPEN，模式 {facts.mode}，期望 OPEN")


def _sessions(facts: Sessions, look: Look[Sessions], params: Params) -> Verdict:
    percent = 100 * facts.used / facts.limit
    said = f"会话 {facts.used} 个，占上限 {facts.limit} 的 {floor(percent)}%，期望小于 {params.sessions.warn:g}%"
    return Verdict(params.sessions.state(percent), said)


def _waits(facts: Waits, look: Look[Waits], params: Params) -> Verdict:
    said = f"等待的事务 {facts.waiting} 个，最长 {facts.longest:.0f} 秒，期望小于 {params.wait.warn:g} 秒"
    return both(Verdict(params.wait.state(facts.longest), said), _licence(facts, look, params))


def _licence(facts: Waits, look: Look[Waits], params: Params) -> Verdict:
    if facts.expires is None:
        return Verdict(State.OK, "授权没有期限")
    left = (facts.expires - look.now.date()).days
    state = State.CRIT if left < params.crit_days else State.WARN if left < params.warn_days else State.OK
    return Verdict(state, f"授权到期日 {facts.expires}，剩 {left} 天，期望不少于 {params.warn_days} 天")


def arguments(params: Params) -> tuple[str, ...]:
    """For `COMMAND`."""
    return params.client_folder, params.connect_file


CHECKS = (
    HostCheck("DM1", "达梦实例", COMMAND, _parse_instance, _instance, Instance, Params, "dameng", arguments),
    HostCheck("DM2", "达梦会话", COMMAND, _parse_sessions, _sessions, Sessions, Params, "dameng", arguments),
    HostCheck(
        "DM3", "达梦表空间", COMMAND, _parse_tablespaces,
        lambda facts, look, params: evaluate_tablespaces(facts, params.tablespace, look),
        Tablespaces, Params, "dameng", arguments,
    ),
    HostCheck("DM4", "达梦事务等待与授权", COMMAND, _parse_waits, _waits, Waits, Params, "dameng", arguments),
)  # fmt: skip
