"""Redis with a password and a limit to its memory. The password stands in /etc/xunjian/redis.auth."""

from rehearsal.hosts.daemons.service import Files, Service, Supplies, kill, wait_for
from rehearsal.hosts.roster import INSPECTOR, Host

AUTH = "/etc/xunjian/redis.auth"
CLIENT = f"REDISCLI_AUTH=$(cat {AUTH}) redis-cli"
_CONF = """\
bind 127.0.0.1 ADDRESS
port 6379
daemonize yes
pidfile /run/redis/redis.pid
logfile /var/log/redis/redis.log
dir /data/redis
dbfilename dump.rdb
save 3600 1
maxmemory 64mb
maxmemory-policy allkeys-lru
requirepass PASSWORD
"""


def _files(host: Host, supplies: Supplies) -> Files:
    conf = _CONF.replace("ADDRESS", host.address).replace("PASSWORD", supplies.monitor)
    return [("/etc/redis/redis.conf", conf, "600", "redis"), (AUTH, supplies.monitor, "400", INSPECTOR)]


_START = (
    "mkdir -p /run/redis /data/redis /var/log/redis\n"
    '[ "$MODE" = user ] || chown redis:redis /run/redis /data/redis /var/log/redis\n'
    "$AS_REDIS redis-server /etc/redis/redis.conf\n"
)
REDIS = Service(
    "redis", _START + wait_for(f"{CLIENT} ping | grep -q PONG") + f"{CLIENT} set greeting hello >/dev/null\n",
    kill("/run/redis/redis.pid"), _files,
)  # fmt: skip
