"""TLS 1.0/1.1: TLS 1.2 and 1.3 only (inspection-items, Web-facing; B24)."""

from collections.abc import Sequence

from checks.finding import State, Verdict
from checks.safe_probe import Handshakes, Kind, ProbeParams, SafeProbe, Target, TlsSeen
from checks.web import FROM_OUTSIDE, listed

_GOOD = {"TLS 1.2", "TLS 1.3"}


def _ask(target: Target, _: ProbeParams) -> Sequence[Handshakes]:
    return [Handshakes(target.name, target.port)]


def _judge(replies: Sequence[TlsSeen], _: ProbeParams) -> Verdict:
    [seen] = replies
    taken = [name for name, agreed in seen.versions.items() if agreed]
    bad = set(taken) - _GOOD
    state = State.CRIT if bad or not taken else State.OK
    return Verdict(state, f"接受 {listed(taken)}；应只接受 TLS 1.2、TLS 1.3")


CHECK = SafeProbe(
    id="tls-min-version",
    title="TLS 不低于 1.2",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="每个版本（SSLv3、TLS 1.0 到 1.3）一到三次 ClientHello，收到回答即断开，不完成握手",
    passes="SSLv3、TLS 1.0、TLS 1.1 都不接受；不靠本机 OpenSSL，它默认拒绝旧版本也不影响",
    remedy="nginx 写 `ssl_protocols TLSv1.2 TLSv1.3;`（Tomcat 的 Connector 写 "
    '`sslEnabledProtocols="TLSv1.2,TLSv1.3"`），`nginx -t` 通过后 `nginx -s reload`。退回：恢复原来的配置，重新加载。',
    classes=("TLS 1.0", "TLS 1.1", "SSLv3", "POODLE", "BEAST", "CVE-2014-3566"),
)
