"""PG03 证书: trusted, and valid for some time yet. Limits: 30 and 14 days (inspection-items, OS25)."""

from checks.contract import System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up
from checks.visit import Visit


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """A self-signed certificate is CRIT, or WARN where the contract accepts it; never OK."""
    certificate, limits = visit.certificate, system.certificate
    if certificate is None:
        return held_up(visit)
    left = f"剩余 {certificate.days_left:.1f} 天，期望多于 {limits.warn} 天"
    if certificate.days_left <= 0:
        return Verdict(State.CRIT, f"证书已过期 {abs(certificate.days_left):.1f} 天，期望多于 {limits.warn} 天")
    if not certificate.trusted and not (certificate.self_signed and limits.allow_self_signed):
        return Verdict(State.CRIT, f"证书不受信任（{certificate.problem}），期望受信任；{left}")
    if certificate.days_left <= limits.crit:
        return Verdict(State.CRIT, left)
    if not certificate.trusted:
        return Verdict(State.WARN, f"自签名证书，合同已接受；{left}")
    return Verdict(State.WARN if certificate.days_left <= limits.warn else State.OK, left)


CHECK = PageCheck(
    "PG03", "证书", evaluate, planned=lambda system, part: system.url.scheme == "https", retry=frozenset()
)
