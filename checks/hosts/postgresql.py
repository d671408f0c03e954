"""PG1–PG3: PostgreSQL 10 and later, asked through psql. Thresholds: inspection-items.

The queries come on standard input: each is a transaction of its own, and an error in one leaves the others.
"""

from math import floor

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import Band, HostCheck, Look, NotTaken, Section
from checks.services import (
    CLIENT_FOLDER,
    RUNNING,
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

SQL = """\
select '=== status';
select 'version ' || current_setting('server_version');
select 'limit ' || current_setting('max_connections');
select 'used ' || sum(numbackends) from pg_stat_database;
select 'standby ' || pg_is_in_recovery();
select '=== age';
select age(datfrozenxid) || ' ' || datname from pg_database order by age(datfrozenxid) desc limit 1;
select '=== archive';
select 'mode ' || current_setting('archive_mode');
select 'failed ' || failed_count from pg_stat_archiver;
select 'failing ' || (last_failed_time > coalesce(last_archived_time, '-infinity')) from pg_stat_archiver;
select 'waiting ' || count(*) from pg_ls_archive_statusdir() where name like '%.ready';
select '=== standbys';
select coalesce(state, 'hidden') || ' ' || coalesce(round(extract(epoch from replay_lag)), 0) from pg_stat_replication;
select '=== replay';
select 'receiving ' || count(*) from pg_stat_wal_receiver;
select 'lag ' || case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
        and (select count(*) from pg_stat_wal_receiver) > 0 then 0
    else round(extract(epoch from now() - pg_last_xact_replay_timestamp())) end where pg_is_in_recovery();
select '=== end';
"""


def command(client: str, server: str) -> str:
    """The same questions for PostgreSQL and for those that come from it."""
    return f"""{CLIENT_FOLDER}{RUNNING}
command -v {client} >/dev/null || {{ echo '{client}' >&2; exit 127; }}
running {server} && echo '=== process'
[ -z "$5" ] || [ -r "$5" ] || echo '=== unreadable'
PGPASSFILE=$5 PGCONNECT_TIMEOUT=10; export PGCONNECT_TIMEOUT
[ -z "$5" ] || export PGPASSFILE
KINGBASE_PASSFILE=$5; [ -z "$5" ] || export KINGBASE_PASSFILE
printf '%s\\n' "{SQL}" | limit 30 {client} -XAtqw ${{1:+-h "$1"}} -p "$2" -U "$3" -d "$4"
"""


COMMAND = command("psql", "postgres postmaster")

FAULTS = {
    r"password authentication failed|no password supplied|(Peer|Ident|GSSAPI|LDAP|PAM) authentication failed|"
    r"pg_hba\.conf|sys_hba\.conf|role .* does not exist|认证失败|角色 .*不存在|用户 .*不存在": Fault(
        "数据库拒绝了巡检账号的登录", Reason.AUTHENTICATION
    ),
    r"too many clients|connection slots are reserved|too many connections|太多的客户|保留的连接位置": Fault(
        "连接数已满，无法登录"
    ),
    r"is starting up|is shutting down|in recovery mode|not yet accepting|启动中|正在启动|正在关闭|恢复模式": Fault(
        "数据库在启动、停止或恢复，不接受连接"
    ),
    r"database .* does not exist|数据库 .*不存在|could not translate host name": Fault(
        "合同里写的数据库名或主机名不对", Reason.CONFIGURATION
    ),
    r"timeout expired|timed out": Fault("数据库没有在时限内回应", Reason.TIMEOUT),
    r"Permission denied": Fault("巡检账号无权访问数据库的 socket", Reason.PERMISSION),
    r"Connection refused|No such file or directory|拒绝连接": Fault("数据库没有运行：连接被拒"),
}


class Params(ClientParams):
    """Defaults: connections, xid age: inspection-items PG1, PG2; lag as MySQL's, MY3; waiting files: field practice."""

    host: str = Field("", title="地址", description="空为本机 socket")
    port: int = Field(5432, ge=1, le=65535, title="端口")
    user: str = Field("xunjian", min_length=1, title="巡检账号", description="有 pg_monitor 角色")
    database: str = Field("postgres", min_length=1, title="数据库")
    password_file: str = Field("", pattern="^(/.*)?$", title="口令文件", description="主机上的 pgpass；空为不用口令")
    archive: bool = Field(False, title="应启用归档")
    archive_waiting: int = Field(10, ge=1, title="待归档文件告警（个）")
    standbys: int = Field(0, ge=0, title="应有的备库数")
    standby: bool = Field(False, title="应为备库")
    connections: Band = Field(Band(warn=80, crit=90), title="连接数占上限（%）")
    xid_age: Band = Field(Band(warn=1e9, crit=1.5e9), title="事务号年龄")
    lag: Band = Field(Band(warn=60, crit=300), title="复制延迟（秒）")


class Alive(Asked):
    """The server's version, how many connections there are and may be."""

    version: str = ""
    used: int = 0
    limit: int = 0


class Age(Facts):
    """The oldest database's age in transactions."""

    age: int
    database: str


class Standby(Facts):
    """A standby as its primary sees it; lag in seconds."""

    state: str
    lag: float


class Replication(Facts):
    """Archiving, and replication from the side of either end."""

    archive: str  # off, on, always
    failed: int  # archive commands, since the statistics were reset
    failing: bool  # the last one failed
    waiting: int | None  # files; a command that is not there at all is not counted as failed. Before version 12: None
    standby: bool
    standbys: tuple[Standby, ...]
    receiving: bool
    lag: float | None  # seconds, of this standby


def _fault(section: Section) -> Fault | None:
    if "=== end" in section.out:
        return None
    fault = recognised(section.err, FAULTS)
    if fault is None:
        raise ValueError(section.err)
    if fault.down and "No such file" in section.err and "=== process" in section.out:
        return Fault("数据库进程在运行，但合同里写的 socket 或端口不对", Reason.CONFIGURATION)
    if fault.reason is Reason.AUTHENTICATION and "=== unreadable" in section.out:
        return Fault("读不到主机上的口令文件", Reason.CONFIGURATION)
    return fault


def _seen(section: Section, part: str) -> dict[str, str]:
    lines = parts(section.out)[part].splitlines()
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def parse_alive(section: Section) -> Alive:
    """Whether it answers, and how many connections there are."""
    down = asked(_fault(section))
    if down:
        return Alive(down=down)
    seen = _seen(section, "status")
    return Alive(version=seen.get("version", ""), used=int(seen.get("used", "")), limit=int(seen.get("limit", "")))


def parse_age(section: Section) -> Age:
    """The oldest database."""
    needs(_fault(section))
    age, _, database = parts(section.out)["age"].partition(" ")
    return Age(age=int(age), database=database)


def parse_replication(section: Section) -> Replication:
    """What is missing was refused, or the server is older than its view."""
    needs(_fault(section))
    archive, replay, status = _seen(section, "archive"), _seen(section, "replay"), _seen(section, "status")
    rows = [line.split() for line in parts(section.out)["standbys"].splitlines()]
    if any(state == "hidden" for state, _ in rows):
        raise NotTaken(Reason.PERMISSION, "巡检账号没有 pg_monitor 角色，看不到复制状态")
    return Replication(
        archive=archive.get("mode", "") or _missing(section),
        failed=int(archive.get("failed", "")),
        failing=archive.get("failing") == "true",
        waiting=int(archive["waiting"]) if "waiting" in archive else None,
        standby=status.get("standby") == "true",
        standbys=tuple(Standby(state=state, lag=float(lag)) for state, lag in rows),
        receiving=int(replay.get("receiving", "")) > 0,
        lag=float(replay["lag"]) if replay.get("lag") else None,
    )


def _missing(section: Section) -> str:
    raise ValueError(section.err)


def evaluate_alive(facts: Alive, look: Look[Alive], params: Params) -> Verdict:
    """Down, or connections against their limit."""
    if facts.down:
        return Verdict(State.CRIT, f"{facts.down}，期望能登录并查询")
    band = params.connections
    percent = 100 * facts.used / facts.limit
    said = f"能查询，连接 {facts.used} 个，占上限 {facts.limit} 的 {floor(percent)}%，期望小于 {band.warn:g}%"
    return Verdict(band.state(percent), said)


def evaluate_age(facts: Age, look: Look[Age], params: Params) -> Verdict:
    """At 2^31 − 3 million transactions the server refuses to write."""
    band = params.xid_age
    said = f"数据库 {facts.database} 的事务号年龄 {facts.age / 1e8:.2f} 亿，期望小于 {band.warn / 1e8:g} 亿"
    return Verdict(band.state(facts.age), said)


def evaluate_replication(facts: Replication, look: Look[Replication], params: Params) -> Verdict:
    """Archiving on the primary; replication from whichever end this is."""
    return both(_archive(facts, look, params), _replication(facts, params))


def _archive(facts: Replication, look: Look[Replication], params: Params) -> Verdict:
    if facts.archive == "off":
        if params.archive:
            return Verdict(State.CRIT, "未启用归档，期望启用")
        return Verdict(State.OK, "未启用归档，合同也没有要求")
    if facts.failing:
        return Verdict(State.WARN, f"最近一次归档失败，累计失败 {facts.failed} 次，期望不失败")
    if facts.waiting is not None and facts.waiting >= params.archive_waiting:
        return Verdict(State.WARN, f"待归档文件 {facts.waiting} 个，期望小于 {params.archive_waiting} 个")
    if look.last is None:
        return Verdict(State.OK, f"归档累计失败 {facts.failed} 次，首次巡检，作为基线")
    past = look.last.facts.failed
    more = facts.failed - past if facts.failed >= past else facts.failed
    return Verdict(State.WARN if more else State.OK, f"归档新增失败 {more} 次，期望 0 次")


def _replication(facts: Replication, params: Params) -> Verdict:
    if facts.standby:
        if facts.lag is None:
            state = State.OK if facts.receiving else State.CRIT
            return Verdict(state, f"备库{'在接收' if facts.receiving else '没有在接收'}日志，期望在接收")
        how = "" if facts.receiving else "，没有在接收日志"
        said = f"备库延迟 {facts.lag:.0f} 秒{how}，期望小于 {params.lag.warn:g} 秒"
        return Verdict(params.lag.state(facts.lag), said)
    if params.standby:
        return Verdict(State.CRIT, "现在是主库，期望是备库")
    streaming = [standby for standby in facts.standbys if standby.state == "streaming"]
    if len(streaming) < params.standbys:
        return Verdict(State.CRIT, f"同步中的备库 {len(streaming)} 个，期望 {params.standbys} 个")
    if not streaming:
        return Verdict(State.OK, "没有备库，合同也没有要求")
    lag = max(standby.lag for standby in streaming)
    said = f"备库 {len(streaming)} 个，最大延迟 {lag:.0f} 秒，期望小于 {params.lag.warn:g} 秒"
    return Verdict(params.lag.state(lag), said)


def arguments(params: Params) -> tuple[str, ...]:
    """What the command takes."""
    return (params.client_folder, params.host, str(params.port), params.user, params.database, params.password_file)


CHECKS = (
    HostCheck(
        "PG1", "PostgreSQL 存活与连接", COMMAND, parse_alive, evaluate_alive, Alive, Params, service="postgresql",
        arguments=arguments,
    ),
    HostCheck(
        "PG2", "PostgreSQL 事务号年龄", COMMAND, parse_age, evaluate_age, Age, Params, service="postgresql",
        arguments=arguments,
    ),
    HostCheck(
        "PG3", "PostgreSQL 归档与复制", COMMAND, parse_replication, evaluate_replication, Replication, Params,
        service="postgresql", arguments=arguments,
    ),
)  # fmt: skip
