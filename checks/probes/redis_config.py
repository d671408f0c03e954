"""Redis 配置: a password, and at which addresses, from its file without showing it (inspection-items, B31)."""

from collections.abc import Sequence

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.probe_script import READ, Path, told
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

COMMAND = f"""\
{READ}\
printf '%s\\n' "$text" | awk '
    {{ word = tolower($1) }}
    word == "requirepass" {{ print word, ($2 == "" || $2 == "\\"\\"" || $2 == "\\047\\047") ? "empty" : "set" }}
    word == "bind" || word == "port" {{ $1 = word; print }}
    word == "include" || word == "aclfile" {{ print word }}
    word == "user" && / nopass/ && !/ off( |$)/ {{ print "nopass" }}
'
"""
"""Lines "requirepass set", "bind 127.0.0.1 -::1", "port 6379", "include", "aclfile", "nopass" (an account without)."""

_ALL = {"*", "0.0.0.0", "::", "::*"}  # noqa: S104


class RedisConfig(ProbeParams):
    """Where the file is."""

    path: Path = Field("/etc/redis/redis.conf", title="文件", description="绝对路径；红帽系是 /etc/redis.conf")


def _ask(_: Target, params: RedisConfig) -> Sequence[OnHost]:
    return [OnHost(COMMAND, (params.path,))]


def _parse(section: Section) -> list[list[str]]:
    lines = [line.split() for line in section.out.splitlines()]
    if section.status or not all(lines):
        raise ValueError("not our lines")
    return lines


def _judge(replies: Sequence[Section], _: RedisConfig) -> Verdict:
    lines = told(replies[0], _parse)
    said = {words[0]: words[1:] for words in lines}  # what stands last holds
    should = "（应设 requirepass，bind 只写要用的地址）"
    for word, what in (("include", "配置里另有 include 的文件"), ("aclfile", "账号由 aclfile 管理")):
        if word in said:
            raise NotTaken(Reason.UNSUPPORTED, f"{what}，只看这个文件不能判断；请用 redis-no-login 从网络复测")
    if "nopass" in said:
        return Verdict(State.CRIT, f"有账号不要口令（nopass）{should}")
    if said.get("requirepass") != ["set"]:
        return Verdict(State.CRIT, f"没有设 requirepass{should}")
    bind = said.get("bind", ["*"])
    if said.get("port") != ["0"] and _ALL & {address.strip('"').removeprefix("-") for address in bind}:
        return Verdict(State.WARN, f"已设 requirepass；但监听所有地址{should}")
    return Verdict(State.OK, f"已设 requirepass，bind {' '.join(bind)[:80]}{should}")


CHECK = SafeProbe(
    id="redis-config",
    title="Redis 口令与监听地址",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=RedisConfig,
    ask=_ask,
    judge=_judge,
    sends="登录主机，读 redis.conf，只取回是否设了 requirepass、bind 和 port；口令不取回",
    passes="设了 requirepass，没有免口令的账号；只剩监听所有地址为部分",
    remedy="备份 `cp -p /etc/redis/redis.conf /etc/redis/redis.conf.bak`，设 `requirepass` 和 `bind 127.0.0.1 内网地址`"
    "，同时给各应用和从库配上口令，再 `systemctl restart redis`。"
    "退回：`cp -p /etc/redis/redis.conf.bak /etc/redis/redis.conf` 再重启，应用也改回。",
    classes=("Redis 未授权", "Redis 弱配置"),
)
