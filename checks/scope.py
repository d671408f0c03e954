"""Which targets a probe may be turned on: the contract's assets and nothing else."""

from urllib.parse import urlsplit

from checks.contract import Contract
from checks.safe_probe import AnyProbe, Kind, Target, Vantage
from checks.slots import RequestError

RULE = "探测只许对合同的资产：hosts/ 里的主机、systems/ 里的网址、contract.yaml 的 assets"
_USUAL = {"http": 80, "https": 443}
_KINDS = {Kind.URL: "网址", Kind.PORT: "主机:端口", Kind.HOST: "主机"}


def target(contract: Contract, text: str) -> Target:
    """What a person means by "https://oa-web-01/login", "oa-cache-01:6379" or "oa-app-01".

    Raises:
        RequestError: it is none of these, or not within the contract; the message names the rule.
    """
    text = text.strip()
    if "://" in text:
        return _url(contract, text)
    name, colon, port = text.rpartition(":") if ":" in text else (text, "", "")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise RequestError(f"看不懂目标“{text}”：端口是 1 到 65535 的数字；写 主机:端口、主机，或网址")
    return _placed(contract, Target(Kind.PORT if colon else Kind.HOST, name.lower(), int(port or 0), ""))


def _url(contract: Contract, text: str) -> Target:
    try:
        parts = urlsplit(text)
        port = parts.port or _USUAL[parts.scheme]
    except (ValueError, KeyError):
        raise RequestError(f"看不懂网址“{text}”：写 https://主机:端口/路径") from None
    if not parts.hostname or parts.username or parts.password or not text.isascii() or any(c.isspace() for c in text):
        raise RequestError(f"看不懂网址“{text}”：不带账号、空格和汉字")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _placed(contract, Target(Kind.URL, parts.hostname.lower(), port, "", parts.scheme, path))


def _placed(contract: Contract, target: Target) -> Target:
    """The target with its system, and the host whose key it is known by.

    Raises:
        RequestError: it is not within the contract.
    """
    for placed in contract.all_hosts():
        if placed.host.name == target.name:
            return target._replace(system=placed.group.system, host=placed.host.name)
    for asset in contract.assets:
        if target.name in asset.names and target.port in asset.ports:
            return target._replace(system=asset.system, host=asset.host)
    for system in contract.systems:
        for url in (system.url, system.probe.url):
            if url is not None and (url.host, url.port) == (target.name, target.port):
                return target._replace(system=system.id)
    raise RequestError(f"{target} 不在合同范围内，不能探测。{RULE}")


def allow(contract: Contract, probe: AnyProbe, target: Target, vantage: Vantage, way: str) -> None:
    """Refuse what a probe is not for.

    Raises:
        RequestError: outside the contract, another kind of target, a vantage from which it cannot judge.
    """
    if _placed(contract, target._replace(system="", host="")) != target:
        raise RequestError(f"{target} 与合同里写的不是同一个资产，不能探测。{RULE}")
    if target.kind is not probe.kind:
        raise RequestError(f"{probe.id} 探测的是{_KINDS[probe.kind]}，不是{_KINDS[target.kind]}：{target}")
    if vantage not in probe.vantages:
        may = "、".join(f"{one.value}（{one.label}）" for one in Vantage if one in probe.vantages)
        raise RequestError(f"{probe.id} 从{vantage.label}看不出结论；只能从 {may}")
    if vantage is Vantage.HOST and not target.host:
        raise RequestError(f"{target} 没有对应的主机，不能在主机上看；在 contract.yaml 的 assets 写明 host")
    if vantage is Vantage.BASTION and way not in contract.bastions:
        known = "、".join(contract.bastions) or "合同里没有堡垒机"
        raise RequestError(f"写明从哪台堡垒机探测；可选：{known}")
    if vantage is not Vantage.BASTION and way:
        raise RequestError(f"从{vantage.label}探测不经堡垒机，不用写 {way}")
