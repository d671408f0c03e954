"""Weak TLS ciphers, in every version that a server takes.

Sources: RFC 7465 (RC4), RFC 9155 (MD5), RFC 4346 and FREAK (export), RFC 5469 (DES, IDEA), SWEET32 (3DES),
RFC 9325, 4.1 (NULL, anonymous).
"""

import re
from collections.abc import Sequence

from checks.finding import State, Verdict
from checks.safe_probe import Handshakes, Kind, ProbeParams, SafeProbe, Target, TlsSeen
from checks.web import FROM_OUTSIDE

_WEAK = re.compile(r"_NULL_|EXPORT|_anon_|_RC4_|_RC2_|_3?DES|_IDEA_|_MD5$")
_SHOWN = 4


def _ask(target: Target, _: ProbeParams) -> Sequence[Handshakes]:
    return [Handshakes(target.name, target.port, "ciphers")]


def _judge(replies: Sequence[TlsSeen], _: ProbeParams) -> Verdict:
    [seen] = replies
    taken = dict.fromkeys(one for ciphers in seen.ciphers.values() for one in ciphers)
    weak = [one for one in taken if _WEAK.search(one)]
    if weak:
        more = f" 等 {len(weak)} 个" if len(weak) > _SHOWN else ""
        return Verdict(State.CRIT, f"接受弱算法 {'、'.join(weak[:_SHOWN])}{more}；应没有")
    return Verdict(State.OK, f"接受的 {len(taken)} 个算法中没有弱算法；应没有")


CHECK = SafeProbe(
    id="tls-ciphers",
    title="TLS 没有弱算法",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="每个版本逐个问出接受的算法：一般 30 到 100 次 ClientHello，收到回答即断开，不完成握手",
    passes="没有 NULL、EXPORT、匿名、RC4、RC2、DES、3DES、IDEA、MD5",
    remedy="nginx 写 `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM;`（Tomcat 的 SSLHostConfig 写同样的 "
    "`ciphers`），`nginx -t` 通过后 `nginx -s reload`。退回：恢复原来的 ssl_ciphers，重新加载。",
    classes=("TLS 弱算法", "RC4", "3DES", "SWEET32", "CVE-2016-2183", "CVE-2013-2566", "CVE-2015-2808", "FREAK"),
)
