"""Which findings are tested, and what each asks: from the register and the contract, before anything is touched."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, get_origin

from pydantic import ValidationError

from checks.contract import Contract
from checks.finding import Finding, Reason
from checks.finding_list import chosen as in_choice
from checks.retest import Result, Retested
from checks.safe_probe import AnyProbe, ProbeParams, Target, Vantage, safe_probe, safe_probes
from checks.scope import allow, target
from checks.security_finding import Life, SecurityFinding, due_follow_ups
from checks.slots import RequestError
from flows.finding_book import FindingBook
from tasks.ledger import Ledger

CLAIMED = (Life.FIXED, Life.UNTESTABLE, Life.VERIFIED)
"""Somebody has said that it is mended, and nothing seen since says otherwise."""


class Sight(NamedTuple):
    """All that one look needs. `way`: which bastion; `name`: under which target it will stand on record; `identity`:
    whom the asset is known as, "" where nobody has met it yet."""

    probe: AnyProbe
    target: Target
    vantage: Vantage
    way: str
    params: ProbeParams
    name: str
    identity: str = ""


class Asked(NamedTuple):
    """A finding with what its retest looks at; `why`: this retest."""

    finding: SecurityFinding
    sight: Sight
    why: str


class Claim(NamedTuple):
    """Who tests, and who has mended them, where the register does not know yet."""

    tester: str
    fixer: str = ""


def wanted(
    ledger: Ledger, contract: Contract, numbers: Sequence[str], claim: Claim, why: str, at: datetime
) -> tuple[list[Asked], list[tuple[str, Finding]]]:
    """What is tested: the findings that are named, or the follow-ups that are due; and the verdict on those that
    cannot be.

    Raises:
        RequestError: as `chosen`.
    """
    if numbers:
        return chosen(ledger, contract, numbers, claim, why, at), []
    return follow_ups(ledger, contract, claim, at)


def chosen(
    ledger: Ledger, contract: Contract, numbers: Sequence[str], claim: Claim, why: str, at: datetime
) -> list[Asked]:
    """The findings that somebody wants tested; nothing is entered.

    Args:
        numbers: as they are, or as a form offers them.

    Raises:
        RequestError: no such finding, nobody says that it is mended, its tester has mended it, it cannot be asked.
    """
    book = FindingBook(ledger, contract.tz)
    wanted = {finding.id: finding for finding in (book.finding(in_choice(one), at) for one in numbers)}
    return [asked(contract, _testable(finding, claim), why) for finding in wanted.values()]


def _testable(finding: SecurityFinding, claim: Claim) -> SecurityFinding:
    """The finding as it will be once the claim is entered.

    Raises:
        RequestError: it is not tested now, or not by them.
    """
    if not claim.tester.strip():
        raise RequestError("写上复测人（--who）；复测人不能是整改人")
    if claim.fixer.strip():
        if finding.life.is_over:
            raise RequestError(f"{finding.id} 是“{finding.life.label}”，复查时不写整改人")
        finding = finding._replace(fixers=(*finding.fixers, claim.fixer), life=Life.FIXED)
    if finding.life not in CLAIMED:
        remedy = "写上整改人（--fixed-by），或先用 xunjian findings fixed 登记"
        raise RequestError(f"{finding.id} 是“{finding.life.label}”，还没有人说已经整改；{remedy}")
    if finding.mended_by(claim.tester):
        raise RequestError(f"{claim.tester} 是 {finding.id} 的整改人，不能自己复测；换一个人复测")
    return finding


def follow_ups(
    ledger: Ledger, contract: Contract, claim: Claim, at: datetime
) -> tuple[list[Asked], list[tuple[str, Finding]]]:
    """The verified findings that are to be looked at again by now, those that were missed among them; and how it ends
    for those that cannot be asked any more."""
    today = at.astimezone(contract.tz).date()
    found, unable = [], []
    for finding in FindingBook(ledger, contract.tz).findings(at):
        due = [(number, day) for number, day in due_follow_ups(finding, contract.tz) if day <= today]
        if due:
            number, day = due[-1]
            late = f"，迟 {(today - day).days} 天" if day < today else ""
            try:
                why = f"验证后第 {number} 天复查（应于 {day}{late}）"
                found.append(asked(contract, _testable(finding, claim), why))
            except RequestError as error:
                why = f"{finding.id} 到期复查做不了：{error}"
                verdict = Retested(Result.UNTESTABLE, why, reason=Reason.CONFIGURATION).finding
                unable.append((finding.id, verdict))
    return found, unable


def asked(contract: Contract, finding: SecurityFinding, why: str) -> Asked:
    """What a retest of a finding asks.

    Raises:
        RequestError: the register does not say, or says what cannot be asked.
    """
    if not finding.probe:
        raise RequestError(f"{finding.id} 没有探测项，要人工核查；用 xunjian findings plan 写上探测项")
    return Asked(finding, _sight(contract, finding, (finding.vantage, finding.way), {}), why)


def alone(
    ledger: Ledger,
    contract: Contract,
    what: tuple[str, str],
    whence: str,
    given: Sequence[str],
    number: str,
    at: datetime,
) -> Sight:
    """What a probe by itself looks at, or a before of a finding: from where and with which parameters the register
    says, unless they are given.

    Args:
        what: the probe and the target, as people write them.
        whence: "here", "bastion:NAME", "host" or "".
        given: "name=value".

    Raises:
        RequestError: it makes no sense, or not together with the register.
    """
    probe, seen = named(what[0]), target(contract, what[1])
    params = _given(probe, given)
    vantage, _, way = whence.partition(":")
    if not number:
        vantage = vantage or (Vantage.HERE.value if Vantage.HERE in probe.vantages else "")
        sight = Sight(probe, seen, _only(probe, vantage), way, params_of(probe, params), f"{probe.id}@{seen}")
    else:
        finding = FindingBook(ledger, contract.tz).finding(number, at)
        if (finding.probe, finding.asset) != (probe.id, str(seen)):
            told = f"{finding.probe or '人工核查'} {finding.asset}"
            raise RequestError(f"{finding.id} 在台账里是 {told}，不是 {probe.id} {seen}；先用 xunjian findings plan 改")
        sight = _sight(contract, finding, (vantage, way) if vantage else (finding.vantage, finding.way), params)
    allow(contract, probe, seen, sight.vantage, sight.way)
    return sight


def _sight(contract: Contract, finding: SecurityFinding, place: tuple[str, str], params: dict[str, object]) -> Sight:
    probe, seen = named(finding.probe), target(contract, finding.asset)
    vantage = _only(probe, place[0])
    made = params_of(probe, {**finding.params, **params})
    allow(contract, probe, seen, vantage, place[1])
    return Sight(probe, seen, vantage, place[1], made, finding.id, finding.identity)


def _only(probe: AnyProbe, vantage: str) -> Vantage:
    """The vantage that is named, or the only one."""
    if vantage in list(Vantage):
        return Vantage(vantage)
    if not vantage and len(probe.vantages) == 1:
        return next(iter(probe.vantages))
    may = "、".join(one.value for one in Vantage if one in probe.vantages)
    raise RequestError(f"{probe.id} 要写明从哪里看（--from）：{may}；bastion 写成 bastion:名称")


def _given(probe: AnyProbe, given: Sequence[str]) -> dict[str, object]:
    """Parameters as people write them; what is written several times is a list."""
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise RequestError(f"参数写成 参数=值；现在是 {text}")
        found.setdefault(name.strip(), []).append(value.strip())
    several = {name for name, one in probe.params.model_fields.items() if get_origin(one.annotation) in (tuple, list)}
    return {name: values if name in several else values[-1] for name, values in found.items()}


def named(name: str) -> AnyProbe:
    """Find a probe.

    Raises:
        RequestError: there is none.
    """
    try:
        return safe_probe(name)
    except KeyError:
        known = "、".join(one.id for one in safe_probes())
        raise RequestError(f"没有探测项 {name}；可选：{known}") from None


def params_of(probe: AnyProbe, given: dict[str, object]) -> ProbeParams:
    """A probe's parameters.

    Raises:
        RequestError: it does not take them.
    """
    try:
        made: ProbeParams = probe.params.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        what = ".".join(map(str, wrong["loc"])) or "参数"
        known = "、".join(probe.params.model_fields) or "没有参数"
        raise RequestError(f"{probe.id} 的参数 {what} 不对；可写：{known}") from None
    return made


def rows(those: Iterable[Asked]) -> list[dict[str, str]]:
    """What would be tested, without reaching for it."""
    return [
        {
            "漏洞": f"{one.finding.id} {one.finding.title}",
            "资产": str(one.sight.target),
            "探测项": f"{one.sight.probe.id}（{one.sight.probe.title}）",
            "位置": f"{one.sight.vantage.label} {one.sight.way}".strip(),
            "将要发送": one.sight.probe.sends,
        }
        for one in those
    ]
