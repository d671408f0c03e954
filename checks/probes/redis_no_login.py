"""Redis without a login: one PING. NOAUTH passes, PONG fails (inspection-items, 漏洞整改复测)."""

from collections.abc import Sequence

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, SafeProbe, Said, Say, Target
from checks.web import FROM_OUTSIDE


def _ask(target: Target, _: ProbeParams) -> Sequence[Say]:
    return [Say(target.name, target.port, "redis-ping")]


def _judge(replies: Sequence[Said], _: ProbeParams) -> Verdict:
    [said] = replies
    if said.text.startswith("+PONG"):
        return Verdict(State.CRIT, "没有登录，PING 得到 PONG；应为 NOAUTH")
    if said.text.startswith("-NOAUTH"):
        return Verdict(State.OK, "PING 得到 NOAUTH（要先登录）；应为 NOAUTH")
    if said.text.startswith("-DENIED"):
        return Verdict(State.OK, "PING 被拒（protected-mode，只许本机）；应为 NOAUTH 或被拒")
    raise NotTaken(Reason.UNSUPPORTED, "对方的回答不是 Redis 的（可能要 TLS，或不是 Redis）")


CHECK = SafeProbe(
    id="redis-no-login",
    title="Redis 需要登录",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.PORT,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="一次 TCP 连接，发一次 `PING`，读一行",
    passes="回答 NOAUTH，或 protected-mode 拒绝",
    remedy="在 redis.conf 写 `requirepass`（或 ACL）和 `bind 内网地址`，重启 Redis；使用它的应用同时改连接口令。"
    "退回：恢复原来的 redis.conf 和应用的连接配置，重启。",
    classes=("redis", "Redis未授权访问"),
)
