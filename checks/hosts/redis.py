"""RD1–RD3: Redis 3 to 8 (and Valkey), asked through redis-cli: once without the password, once with it.

Source of items and thresholds: inspection-items, RD1 and RD2; RD3: 等保二级 B31.
"""

from math import floor

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import Band, HostCheck, Look, NotTaken, Section
from checks.services import CLIENT_FOLDER, Asked, ClientParams, Fault, asked, needs, parts, recognised
from checks.visit import Facts

# The password stands in the environment of one process (redis-cli 5 and later) and nowhere else.
COMMAND = f"""{CLIENT_FOLDER}
client=$(command -v redis-cli || command -v valkey-cli) || {{ echo 'redis-cli' >&2; exit 127; }}
unset REDISCLI_AUTH
echo '=== open'
limit 10 "$client" -h "$1" -p "$2" info 2>&1
echo '=== known'
if [ ! -e "$3" ]; then echo missing; exit 0; fi
IFS= read -r REDISCLI_AUTH <"$3" || [ -n "$REDISCLI_AUTH" ] || {{ echo unreadable; exit 0; }}
export REDISCLI_AUTH
limit 10 "$client" -h "$1" -p "$2" ${{4:+--user "$4"}} info 2>&1
"""

FAULTS = {
    r"Connection refused|No such file or directory": Fault("Redis 没有运行：连接被拒"),
    r"LOADING": Fault("Redis 正在载入数据，不提供服务"),
    r"max number of clients": Fault("Redis 连接数已满，无法查询"),
    r"timed out|timeout": Fault("Redis 没有在时限内回应", Reason.TIMEOUT),
    r"DENIED": Fault("Redis 在保护模式，只接受本机回环地址的连接", Reason.CONFIGURATION),
    r"WRONGPASS|invalid password|invalid username": Fault("Redis 不认口令文件里的口令", Reason.AUTHENTICATION),
    r"NOPERM": Fault("巡检账号没有执行 INFO 的权限", Reason.PERMISSION),
    r"Could not connect|not known": Fault("连不上合同里写的 Redis 地址", Reason.CONFIGURATION),
}


class Params(ClientParams):
    """Defaults: memory, inspection-items RD1."""

    host: str = Field("127.0.0.1", min_length=1, title="地址")
    port: int = Field(6379, ge=1, le=65535, title="端口")
    user: str = Field("", title="ACL 账号", description="空为默认账号")
    password_file: str = Field("/etc/xunjian/redis.auth", pattern="^/", title="口令文件", description="主机上，一行")
    replicas: int = Field(0, ge=0, title="应有的从库数")
    memory: Band = Field(Band(warn=80, crit=90), title="内存占 maxmemory（%）")


class Memory(Asked):
    """Bytes; limit 0: unset."""

    used: int = 0
    limit: int = 0


class Persistence(Facts):
    """Of saving and of replication what INFO says; empty where it says nothing."""

    rdb: str
    aof: str
    role: str
    link: str
    replicas: int


class Lock(Facts):
    """Whether INFO is answered to anyone."""

    open: bool


def _info(section: Section) -> tuple[dict[str, str], Fault | None]:
    """What INFO said, or why it said nothing."""
    said = parts(section.out)
    for text in (said["open"], said.get("known", "")):
        fields = dict(line.strip().split(":", 1) for line in text.splitlines() if ":" in line)
        if "redis_version" in fields:
            return fields, None
    if fault := recognised(said["open"], {key: value for key, value in FAULTS.items() if "WRONGPASS" not in key}):
        return {}, fault
    if "NOAUTH" not in said["open"]:
        raise ValueError(said["open"])
    if said["known"] in ("missing", "unreadable"):
        return {}, Fault("Redis 要口令，但读不到主机上的口令文件", Reason.AUTHENTICATION)
    return {}, recognised(said["known"], FAULTS) or Fault("Redis 拒绝了巡检账号的登录", Reason.AUTHENTICATION)


def _parse_memory(section: Section) -> Memory:
    seen, fault = _info(section)
    down = asked(fault)
    return Memory(down=down) if down else Memory(used=int(seen["used_memory"]), limit=int(seen.get("maxmemory", "")))


def _parse_persistence(section: Section) -> Persistence:
    seen, fault = _info(section)
    needs(fault)
    if seen.get("role") not in ("master", "slave"):
        raise ValueError(section.out)
    return Persistence(
        rdb=seen.get("rdb_last_bgsave_status", ""),
        aof=seen.get("aof_last_write_status", "") if seen.get("aof_enabled") == "1" else "",
        role=seen["role"],
        link=seen.get("master_link_status", ""),
        replicas=int(seen.get("connected_slaves", "0")),
    )


def lock(section: Section) -> Lock:
    """Whether anyone is answered.

    Raises:
        NotTaken: it does not run, or is loading.
    """
    opened = parts(section.out)["open"]
    if "redis_version" in opened:
        return Lock(open=True)
    if "NOAUTH" in opened or "NOPERM" in opened:
        return Lock(open=False)
    _, fault = _info(section)
    needs(fault)
    raise ValueError(opened)


def _memory(facts: Memory, look: Look[Memory], params: Params) -> Verdict:
    if facts.down:
        return Verdict(State.CRIT, f"{facts.down}，期望能查询")
    if not facts.limit:
        return Verdict(State.WARN, f"已用 {facts.used / 2**20:.0f} MB，没有设置 maxmemory，期望设置")
    percent = 100 * facts.used / facts.limit
    said = f"内存已用 maxmemory 的 {floor(percent)}%，期望小于 {params.memory.warn:g}%"
    return Verdict(params.memory.state(percent), said)


def _persistence(facts: Persistence, look: Look[Persistence], params: Params) -> Verdict:
    if not facts.rdb:
        raise NotTaken(Reason.UNSUPPORTED, "INFO 里没有持久化状态")
    faults = []
    if facts.rdb != "ok":
        faults.append(f"最近一次 RDB 保存 {facts.rdb}，期望 ok")
    if facts.aof not in ("", "ok"):
        faults.append(f"最近一次 AOF 写入 {facts.aof}，期望 ok")
    if facts.role == "slave" and facts.link != "up":
        faults.append(f"与主库的连接 {facts.link or '未知'}，期望 up")
    if facts.role == "master" and facts.replicas < params.replicas:
        faults.append(f"从库 {facts.replicas} 个，期望 {params.replicas} 个")
    if faults:
        return Verdict(State.CRIT, "；".join(faults))
    replication = "与主库的连接 up" if facts.role == "slave" else f"从库 {facts.replicas} 个"
    return Verdict(State.OK, f"RDB 保存 ok，{'AOF 写入 ok' if facts.aof else 'AOF 未启用'}，{replication}，期望无失败")


def _lock(facts: Lock, look: Look[Lock], params: Params) -> Verdict:
    if facts.open:
        return Verdict(State.CRIT, "无口令即可访问，期望要口令")
    return Verdict(State.OK, "无口令的访问被拒，期望如此")


def arguments(params: Params) -> tuple[str, ...]:
    """For `COMMAND`."""
    return params.client_folder, params.host, str(params.port), params.password_file, params.user


CHECKS = (
    HostCheck("RD1", "Redis 内存", COMMAND, _parse_memory, _memory, Memory, Params, "redis", arguments),
    HostCheck(
        "RD2", "Redis 持久化与复制", COMMAND, _parse_persistence, _persistence, Persistence, Params, "redis", arguments
    ),
    HostCheck("RD3", "Redis 口令", COMMAND, lock, _lock, Lock, Params, "redis", arguments),
)
