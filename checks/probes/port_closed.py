"""开放端口: TCP connect from the agreed source (inspection-items, 漏洞整改复测)."""

from collections.abc import Sequence

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Connect, Connected, Kind, ProbeParams, SafeProbe, Target, Vantage


def _ask(target: Target, _: ProbeParams) -> Sequence[Connect]:
    return [Connect(target.name, target.port)]


def _judge(replies: Sequence[Connected], _: ProbeParams) -> Verdict:
    [seen] = replies
    if seen.open:
        return Verdict(State.CRIT, "端口开放；应关闭")
    if seen.how == "refused":
        return Verdict(State.OK, "拒绝连接；应关闭")
    if seen.how == "silent":
        # Whoever runs the probe has seen the same host answer elsewhere a moment ago.
        return Verdict(State.OK, "没有应答（被过滤）；应关闭")
    raise NotTaken(Reason.UNSUPPORTED, f"看不懂连接的结果：{seen.how}")


CHECK = SafeProbe(
    id="port-closed",
    title="端口已关闭",
    version=1,
    vantages=frozenset({Vantage.HERE, Vantage.BASTION}),
    kind=Kind.PORT,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="一次 TCP 连接，连上即断开，不发数据",
    passes="拒绝连接，或没有应答（同一主机另有应答时）",
    remedy="停掉不用的服务并取消自启动（`systemctl disable --now 服务名`），或在主机防火墙只对需要的来源放行；"
    "退回：`systemctl enable --now 服务名`，或删去新加的防火墙规则。",
    classes=("开放端口", "高危端口"),
)
