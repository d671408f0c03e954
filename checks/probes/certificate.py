"""证书: its term, its name, its key and who signed it; trust in its issuer is the page inspection's matter."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from checks.finding import State, Verdict
from checks.safe_probe import Handshakes, Kind, ProbeParams, SafeProbe, Target, TlsSeen
from checks.web import FROM_OUTSIDE

_SOON = 30  # days (inspection-items, OS25)
_LEAST = {"RSA": 2048, "DSA": 2048}  # bits
_SMALL_CURVES = {"EC secp192r1", "EC prime192v1"}


class Params(ProbeParams):
    name: str = Field("", title="域名", description="证书应写给的域名；不写就是网址里的")


def _ask(target: Target, _: Params) -> Sequence[Handshakes]:
    return [Handshakes(target.name, target.port, "certificate")]


def _judge(replies: Sequence[TlsSeen], params: Params) -> Verdict:
    [seen] = replies
    if wrong := list(_wrong(seen, params.name or seen.asked)):
        return Verdict(State.CRIT, "；".join(wrong))
    days = f"还有 {seen.days_left:.0f} 天到期，应多于 {_SOON} 天"
    if seen.days_left <= _SOON:
        return Verdict(State.WARN, days)
    return Verdict(State.OK, f"{days}；{seen.key}，{seen.signature}，域名相符，不是自签名")


def _wrong(seen: TlsSeen, name: str) -> Iterator[str]:
    now = datetime.fromisoformat(seen.not_after) - timedelta(days=seen.days_left)
    if seen.days_left <= 0:
        yield f"{-seen.days_left:.0f} 天前已到期"
    if datetime.fromisoformat(seen.not_before) > now:
        yield f"{seen.not_before[:10]} 才生效"
    if seen.self_signed:
        yield "是自签名的，应由受信任的机构签发"
    if not any(_names(one, name) for one in seen.names):
        yield f"写给 {'、'.join(seen.names) or '（没有域名）'}，应写给 {name}"
    kind, _, bits = seen.key.partition(" ")
    if seen.key in _SMALL_CURVES or (kind in _LEAST and int(bits) < _LEAST[kind]):
        yield f"密钥是 {seen.key}，应不短于 RSA 2048 或 EC 224"
    if re.search(r"sha1|md5", seen.signature, re.I):
        yield f"签名算法是 {seen.signature}，应为 SHA-256 以上"


def _names(pattern: str, name: str) -> bool:
    """A wildcard stands for one label (RFC 6125, 6.4.3)."""
    pattern, name = pattern.lower(), name.lower()
    if pattern.startswith("*."):
        return pattern[1:] == f".{name.partition('.')[2]}"
    return pattern == name


CHECK = SafeProbe(
    id="certificate",
    title="服务器证书",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=Params,
    ask=_ask,
    judge=_judge,
    sends="一次 TLS 握手，读出证书即断开，不发数据",
    passes=f"在有效期内且多于 {_SOON} 天，不是自签名，写给该域名，密钥不短于 RSA 2048，签名不用 SHA-1、MD5；"
    "不验证签发机构",
    remedy="向签发机构申请写给该域名的证书（RSA 2048 或 EC P-256 以上，SHA-256），换上证书和私钥文件后重新加载服务；"
    "旧文件另存。退回：换回旧文件，重新加载。",
    classes=("证书过期", "自签名证书", "证书域名不匹配", "SSL证书"),
)
