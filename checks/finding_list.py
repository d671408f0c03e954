"""The register as lists: by urgency, as a table for export, as choices of a form."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from checks.finding_rows import Row
from checks.safe_probe import Vantage
from checks.security_finding import CHINA, Life, SecurityFinding, Severity

HEADS = (
    "编号", "漏洞名称", "等级", "资产", "CVE", "CNVD", "漏洞类型", "来源报告", "页码", "状态", "期限", "逾期", "责任人",
    "整改措施", "工单号", "探测项", "复测位置", "堡垒机", "整改人", "整改时间", "复测人", "复测通过时间", "整改前证据",
    "整改后证据", "风险接受人", "接受至", "资产身份",
)  # fmt: skip
"""Of the whole table; the evidence is named by the run that holds it."""

_CHOICES = 200
_LONGEST = 40  # characters of a title in a choice

_ORDER = list(Severity)


def urgent(known: Iterable[SecurityFinding]) -> list[SecurityFinding]:
    """Those that somebody has to mend or to test: by last day, then by severity."""
    return sorted((one for one in known if one.is_open), key=lambda one: (one.due, _ORDER.index(one.severity), one.id))


def by_severity(known: Iterable[SecurityFinding | Row]) -> str:
    """How many there are of each severity: "超危 1、高危 3"; "没有" where there is none."""
    counted = Counter(one.severity for one in known)
    return "、".join(f"{severity} {counted[severity]}" for severity in Severity if counted[severity]) or "没有"


def stands(one: SecurityFinding, today: date) -> str:
    """Where a finding stands, in words."""
    if one.life is Life.ACCEPTED:
        return f"{one.life.label}至 {one.until}（{one.accepted_by}）"
    if not one.is_open:
        return one.life.label
    days = (one.due - today).days
    left = f"逾期 {-days} 天" if days < 0 else "今天到期" if days == 0 else f"还有 {days} 天"
    return f"{one.life.label}，{left}"


def line(one: SecurityFinding, today: date, zone: ZoneInfo = CHINA) -> list[str]:
    """All that the table says of a finding; in the order of `HEADS`."""

    def there(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else ""

    accepted = one.life is Life.ACCEPTED
    return [
        one.id, one.title, one.severity, one.asset, one.cve, one.cnvd, one.weakness, one.source, one.page,
        one.life.label, one.due.isoformat(), "是" if one.overdue(today) else "", one.owner, one.plan, one.ticket,
        one.probe, Vantage(one.vantage).label if one.vantage else "", one.way, one.fixed_by,
        there(one.fixed_at) if one.fixers else "", one.tester, there(one.verified_at),
        one.evidence_before, one.evidence_after, one.accepted_by if accepted else "",
        str(one.until) if accepted else "", one.identity,
    ]  # fmt: skip


def choices(known: Iterable[SecurityFinding]) -> list[str]:
    """What a form offers, which cannot show thousands: the most urgent, then the newest of the others; each begins with
    its number."""
    everything = list(known)
    mine = urgent(everything)
    others = [one for one in reversed(everything) if not one.is_open]
    return [f"{one.id} {one.severity} {one.asset} {_short(one.title)}" for one in [*mine, *others][:_CHOICES]]


def chosen(text: str) -> str:
    """The number in what was chosen or written."""
    return (text.split() or [""])[0]


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"


def overview(known: Sequence[SecurityFinding]) -> list[tuple[str, str]]:
    """How many stand where, by severity; only what there is."""
    return [(life.label, by_severity(some)) for life in Life if (some := [one for one in known if one.life is life])]
