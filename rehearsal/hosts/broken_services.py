"""Faults of databases and middleware."""

from rehearsal.hosts.daemons import mariadb, postgresql, redis
from rehearsal.hosts.daemons.service import wait_for
from rehearsal.hosts.fault import fault

_SQL = f'{mariadb.BOSS} -e "%s"'
_CROWD = f"""\
{_SQL % "set global max_connections = 10"}
for n in 1 2 3 4 5 6 7 8; do beside {mariadb.BOSS} -e 'select sleep(86400)'; done
sleep 0.3
"""
_SOMETHING = "select pg_logical_emit_message(false, 'practice', 'x')"
_NEXT = f'{postgresql.BOSS} -c "{_SOMETHING}" -c "select pg_switch_wal()" >/dev/null'
_FAILED, _ARCHIVED = (
    f'{postgresql.BOSS} -c "select {said} from pg_stat_archiver" | grep -qx t'  # noqa: S608 - constants
    for said in (
        "last_failed_time > coalesce(last_archived_time, '-infinity')",
        "coalesce(last_archived_time, '-infinity') > last_failed_time",
    )
)
_ARCHIVE = f"BIN={postgresql.BIN}\ntouch {postgresql.REFUSED}\n{_NEXT}\n{wait_for(_FAILED)}"
# The archiver waits a minute after three failures; the next segment wakes it.
_ARCHIVE_AGAIN = f"BIN={postgresql.BIN}\nrm -f {postgresql.REFUSED}\n{_NEXT}\n{wait_for(_ARCHIVED)}"


def _saved(status: str) -> str:
    """Save until it ends so: one that is under way already would end as it began."""
    ends = f"{redis.CLIENT} info persistence | grep -q rdb_last_bgsave_status:{status}"
    return wait_for(f"{{ {redis.CLIENT} bgsave; sleep 0.1; {ends}; }}")


_NO_SAVE = f"rm -f /data/redis/dump.rdb; mkdir -p /data/redis/dump.rdb/x\n{_saved('err')}"
_SAVE = f"rm -rf /data/redis/dump.rdb\n{_saved('ok')}"
_ERRORS = """\
now=$(date +'%d/%b/%Y:%H:%M:%S %z')
for n in $(seq 1 200); do
    echo "127.0.0.1 - - [$now] \\"GET /api/practice HTTP/1.1\\" 502 150 \\"-\\" \\"Mozilla/5.0\\""
done >>/var/log/nginx/access.log
"""
_NO_ERRORS = "grep -v /api/practice /var/log/nginx/access.log >/run/practice/told; cat /run/practice/told >/var/log/nginx/access.log"  # noqa: E501
TOMCAT_UP = "start tomcat; " + wait_for("grep -q ':1F90 [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6")

_FOLLOW_AGAIN = f"{_SQL % 'start slave'}\n{wait_for(mariadb.FOLLOWING)}"

SERVICE_FAULTS = (
    fault("oa-db-01:mariadb-stopped", "MariaDB 没有运行", "MY1 CRIT", "stop mariadb", "start mariadb"),
    fault("oa-db-02:connections-full", "MariaDB 连接数用掉九成", "MY2 CRIT",
          _CROWD, f"end_beside; {_SQL % 'set global max_connections = 50'}"),
    fault("oa-db-02:replication-stopped", "主从复制停了", "MY3 CRIT", _SQL % "stop slave",
          _FOLLOW_AGAIN),
    fault("mobile-db-01:postgresql-stopped", "PostgreSQL 没有运行", "PG1 CRIT", "stop postgresql", "start postgresql"),
    fault("archive-db-01:archiving-fails", "PostgreSQL 归档失败", "PG3 WARN", _ARCHIVE, _ARCHIVE_AGAIN),
    fault("mobile-cache-01:redis-stopped", "Redis 没有运行，端口 6379 不通", "RD1 CRIT, OS16 CRIT",
          "stop redis", "start redis"),
    fault("mobile-cache-01:redis-no-limit", "Redis 没有设 maxmemory", "RD1 WARN",
          f"{redis.CLIENT} config set maxmemory 0", f"{redis.CLIENT} config set maxmemory 64mb"),
    fault("oa-cache-01:redis-save-fails", "Redis 存盘失败", "RD2 CRIT", _NO_SAVE, _SAVE),
    fault("oa-cache-01:redis-open", "Redis 没有口令，谁都能读写", "RD3 CRIT",
          f"{redis.CLIENT} config set requirepass ''",
          f'REDISCLI_AUTH= redis-cli config set requirepass "$(cat {redis.AUTH})"'),
    fault("oa-web-01:nginx-stopped", "Nginx 没有运行", "NG1 CRIT, OS16 CRIT", "stop nginx", "start nginx"),
    fault("mobile-gw-01:nginx-5xx", "Nginx 大量返回 502", "NG1 CRIT", _ERRORS, _NO_ERRORS),
    fault("oa-app-01:tomcat-stopped", "Tomcat 没有运行", "TC1 CRIT", "stop tomcat", TOMCAT_UP),
)  # fmt: skip
