"""MY1–MY4: MySQL 5.7 to 8.4 and MariaDB, asked through their own client. Thresholds: inspection-items."""

from collections.abc import Iterator
from datetime import timedelta
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

# Of the three ways to ask for replication, each server knows one or two: hence --force, which the first --execute
# would take back. trx_started is in the server's system time zone, now() in the session's.
SQL = """
select 1 as '=== status';
show global status where variable_name in ('Uptime', 'Threads_connected', 'Slow_queries');
show global variables where variable_name in ('version', 'max_connections');
select 1 as '=== replica';
show replica status;
select 1 as '=== sources';
show all slaves status;
select 1 as '=== slave';
show slave status;
select 1 as '=== transactions';
select count(*) as running,
    coalesce(max(timestampdiff(second, trx_started, coalesce(convert_tz(now(), @@time_zone, 'SYSTEM'), now()))), 0)
    as longest from information_schema.innodb_trx;
"""

COMMAND = f"""{CLIENT_FOLDER}{RUNNING}
client=$(command -v mysql || command -v mariadb) || {{ echo 'mysql' >&2; exit 127; }}
[ -r "$1" ] || echo '=== unreadable'
running mysqld mariadbd && echo '=== process'
limit 15 "$client" --defaults-extra-file="$1" --connect-timeout=10 --batch --execute="{SQL}" --force
"""

# A client that wants TLS wraps what the server says before the handshake: "ERROR 2002 …: 1040 - Too many connections".
FAULTS = {
    r"\b(1045|1129|1130|1698|1820|1862|3118)( \(| - )": Fault("MySQL 拒绝了巡检账号的登录", Reason.AUTHENTICATION),
    r"\b(1040|1203)( \(| - )": Fault("连接数已满，无法登录"),
    r"ERROR 200[23]\b.*\(13\b": Fault("巡检账号无权访问 MySQL 的 socket", Reason.PERMISSION),
    r"ERROR 200[23]\b.*(\(110\b|timed out)|ERROR 2013\b": Fault("MySQL 没有在时限内回应", Reason.TIMEOUT),
    r"ERROR 200[23]\b": Fault("MySQL 没有运行：连接被拒"),
    r"ERROR 2005\b|[Uu]nknown (variable|option)": Fault("登录文件里的主机名或选项有误", Reason.CONFIGURATION),
}


class Params(ClientParams):
    """Defaults: connections and lag, inspection-items MY2 and MY3; transactions, MY4; slow queries, field practice."""

    defaults_file: str = Field("/etc/xunjian/my.cnf", pattern="^/", title="登录文件", description="主机上的 my.cnf")
    replica: bool = Field(False, title="应为从库")
    connections: Band = Field(Band(warn=80, crit=90), title="连接数占上限（%）")
    lag: Band = Field(Band(warn=60, crit=300), title="复制延迟（秒）")
    transaction: Band = Field(Band(warn=60, crit=600), title="最长事务（秒）")
    slow_per_day: float = Field(1000, gt=0, title="慢查询增量告警（条/天）")


class Alive(Asked):
    """The server's version."""

    version: str = ""


class Connections(Asked):
    """How many there are, and may be."""

    used: int = 0
    limit: int = 0


class Channel(Facts):
    """One source of a replica. lag: seconds, None where the server does not know."""

    io: str
    sql: str
    lag: int | None
    error: int  # its number; the text may hold data


class Replication(Facts):
    """All sources; none: not a replica."""

    channels: tuple[Channel, ...]


class Work(Facts):
    """Longest open transaction and uptime in seconds; slow queries since the start."""

    longest: int
    slow: int
    uptime: int


def _fault(section: Section) -> Fault | None:
    if "=== status" in section.out:
        return None
    fault = recognised(section.err, FAULTS)
    if "=== unreadable" in section.out:
        return Fault("读不到主机上的 MySQL 登录文件", Reason.CONFIGURATION)
    if fault and fault.down and "(2)" in section.err and "=== process" in section.out:
        return Fault("MySQL 进程在运行，但登录文件指的 socket 不存在", Reason.CONFIGURATION)
    if fault is None:
        raise ValueError(section.err)
    return fault


def _tables(section: Section) -> dict[str, list[list[str]]]:
    return {name: [line.split("\t") for line in text.splitlines()] for name, text in parts(section.out).items()}


def _variables(section: Section) -> dict[str, str]:
    return {row[0]: row[1] for row in _tables(section)["status"] if len(row) == 2}


def _parse_alive(section: Section) -> Alive:
    down = asked(_fault(section))
    return Alive(down=down, version="" if down else _variables(section).get("version", ""))


def _parse_connections(section: Section) -> Connections:
    fault = _fault(section)
    if fault and "已满" in fault.what:
        return Connections(down=fault.what)
    needs(fault)
    seen = _variables(section)
    return Connections(used=int(seen.get("Threads_connected", "")), limit=int(seen.get("max_connections", "")))


def _parse_replication(section: Section) -> Replication:
    needs(_fault(section))
    tables = _tables(section)
    rows = next((tables[name] for name in ("replica", "sources", "slave") if len(tables.get(name, [])) > 2), [])
    denied = [line for line in section.err.splitlines() if "ERROR 1227" in line and "PROCESS" not in line]
    if not rows and denied:
        raise NotTaken(Reason.PERMISSION, "巡检账号没有 REPLICATION CLIENT 权限，看不到复制状态")
    return Replication(channels=tuple(_channels(rows[1:])))


def _channels(rows: list[list[str]]) -> Iterator[Channel]:
    for row in rows[1:]:
        seen = dict(zip(rows[0], row, strict=True))

        def one(name: str, seen: dict[str, str] = seen) -> str:
            return seen.get(name) or seen[name.replace("Replica", "Slave").replace("Source", "Master")]

        lag = one("Seconds_Behind_Source")
        error = max(int(seen.get("Last_IO_Errno", 0)), int(seen.get("Last_SQL_Errno", 0)))
        yield Channel(
            io=one("Replica_IO_Running"),
            sql=one("Replica_SQL_Running"),
            lag=int(lag) if lag.isdecimal() else None,
            error=error,
        )


def _parse_work(section: Section) -> Work:
    needs(_fault(section))
    rows = _tables(section).get("transactions", [])
    if len(rows) < 3 and "ERROR 1227" in section.err:
        raise NotTaken(Reason.PERMISSION, "巡检账号没有 PROCESS 权限，看不到事务")
    seen = dict(zip(rows[1], rows[2], strict=True)) if len(rows) == 3 else {}
    status = _variables(section)
    return Work(
        longest=int(seen.get("longest", "")),
        slow=int(status.get("Slow_queries", "")),
        uptime=int(status.get("Uptime", "")),
    )


def _alive(facts: Alive, look: Look[Alive], params: Params) -> Verdict:
    if facts.down:
        return Verdict(State.CRIT, f"{facts.down}，期望能登录并查询")
    return Verdict(State.OK, f"能登录并查询，版本 {facts.version}")


def _connections(facts: Connections, look: Look[Connections], params: Params) -> Verdict:
    if facts.down:
        return Verdict(State.CRIT, f"{facts.down}，期望小于上限的 {params.connections.warn:g}%")
    percent = 100 * facts.used / facts.limit
    said = f"连接 {facts.used} 个，占上限 {facts.limit} 的 {floor(percent)}%，期望小于 {params.connections.warn:g}%"
    return Verdict(params.connections.state(percent), said)


def _replication(facts: Replication, look: Look[Replication], params: Params) -> Verdict:
    if not facts.channels:
        if params.replica:
            return Verdict(State.CRIT, "没有配置复制，期望是从库")
        return Verdict(State.OK, "不是从库，合同也没有要求")
    return both(*(_channel(channel, params) for channel in facts.channels))


def _channel(channel: Channel, params: Params) -> Verdict:
    if (channel.io, channel.sql) != ("Yes", "Yes"):
        error = f"，错误号 {channel.error}" if channel.error else ""
        return Verdict(State.CRIT, f"复制中断：IO 线程 {channel.io}、SQL 线程 {channel.sql}{error}，期望都是 Yes")
    if channel.lag is None:
        return Verdict(State.UNKNOWN, "复制在运行，但服务器不知道延迟", Reason.UNSUPPORTED)
    return Verdict(params.lag.state(channel.lag), f"复制延迟 {channel.lag} 秒，期望小于 {params.lag.warn:g} 秒")


def _work(facts: Work, look: Look[Work], params: Params) -> Verdict:
    band = params.transaction
    transaction = Verdict(band.state(facts.longest), f"最长事务 {facts.longest} 秒，期望小于 {band.warn:g} 秒")
    if look.last is None:
        return both(transaction, Verdict(State.OK, f"慢查询累计 {facts.slow} 条，首次巡检，作为基线"))
    past = look.last.facts
    more = facts.slow - past.slow if facts.uptime >= past.uptime and facts.slow >= past.slow else facts.slow
    rate = more / max((look.now - look.last.at) / timedelta(days=1), 1 / 24)
    state = State.WARN if rate >= params.slow_per_day else State.OK
    said = f"慢查询新增 {more} 条（每天 {rate:.0f} 条），期望每天少于 {params.slow_per_day:g} 条"
    return both(transaction, Verdict(state, said))


def arguments(params: Params) -> tuple[str, str]:
    """For `COMMAND`."""
    return params.client_folder, params.defaults_file


CHECKS = (
    HostCheck(
        "MY1", "MySQL 存活", COMMAND, _parse_alive, _alive, Alive, Params, service="mysql", arguments=arguments
    ),
    HostCheck(
        "MY2", "MySQL 连接数", COMMAND, _parse_connections, _connections, Connections, Params, service="mysql",
        arguments=arguments,
    ),
    HostCheck(
        "MY3", "MySQL 复制", COMMAND, _parse_replication, _replication, Replication, Params, service="mysql",
        arguments=arguments,
    ),
    HostCheck(
        "MY4", "MySQL 长事务与慢查询", COMMAND, _parse_work, _work, Work, Params, service="mysql",
        arguments=arguments,
    ),
)  # fmt: skip
