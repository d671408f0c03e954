"""Rows of a report of findings, judged: what one needs, whether its asset is the contract's, which probe it points to.

Source: inspection-items, 漏洞整改复测. A row that is broken is listed with its column and the reason; the rest goes in.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from checks.contract import Contract
from checks.safe_probe import AnyProbe, Kind, Target, Vantage, safe_probe, safe_probes
from checks.scope import target
from checks.secrecy import Redactor
from checks.security_finding import Severity, Step
from checks.slots import RequestError

_LONGEST = 300  # characters of one cell that are kept
_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")
_CNVD = re.compile(r"CNVD-\d{4}-\d{4,7}")
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.0+)?)?)?"
)
_SCORE = re.compile(r"\d{1,2}(?:\.\d+)?")
_SEVERITIES = {
    Severity.EXTREME: ("超危", "严重", "紧急", "致命", "critical", "urgent", "超高危"),
    Severity.HIGH: ("高危", "高", "高风险", "high", "serious"),
    Severity.MEDIUM: ("中危", "中", "中风险", "medium", "moderate"),
    Severity.LOW: ("低危", "低", "低风险", "low", "minor"),
}
_SEVERITY = {word: severity for severity, words in _SEVERITIES.items() for word in words}
_TELLS = ("info", "informational", "information", "信息", "提示", "none", "无", "log")
_VANTAGES = {word: one.value for one in Vantage for word in (one.value, one.label)}
_CLEAN = Redactor()

FIELDS = {
    "title": "漏洞名称", "severity": "等级", "asset": "资产", "port": "端口", "own": "编号", "source": "来源报告",
    "page": "页码", "cve": "CVE", "cnvd": "CNVD", "weakness": "漏洞类型", "vantage": "复测位置", "way": "堡垒机",
    "probe": "探测项", "due": "期限", "plan": "整改措施", "owner": "责任人", "ticket": "工单号",
}  # fmt: skip
"""What a row may say, and how we call it."""


class Raw(NamedTuple):
    """A row as it was read. `number`: as its file counts, in a table the header is one too; `cells`: by field."""

    number: int
    cells: Mapping[str, str]


class Broken(NamedTuple):
    """A row that cannot go in: which, in which column, why."""

    number: int
    column: str
    reason: str


class Row(NamedTuple):
    """A row that makes sense."""

    number: int
    title: str
    severity: Severity
    asset: str
    source: str
    page: str = ""
    cve: str = ""
    cnvd: str = ""
    weakness: str = ""
    vantage: str = ""
    way: str = ""
    probe: str = ""
    own: str = ""
    due: date | None = None
    plan: str = ""
    owner: str = ""
    ticket: str = ""

    @property
    def key(self) -> str:
        """Which finding it is, whenever it is imported: by the report's own number, else by what it says."""
        if self.own:
            return f"{self.source}#{self.own}"
        said = "\n".join((self.asset, self.weakness, self.cve, self.title))
        return f"sha256:{sha256(said.casefold().encode()).hexdigest()}"


class Judged(NamedTuple):
    """A report's rows. `told`: those that only tell something and name no weakness, which are counted."""

    rows: list[Row]
    broken: list[Broken]
    told: int


class Default(NamedTuple):
    """What holds where a row says nothing."""

    source: str
    asset: str = ""


Placing = Callable[[str], Target | str]
"""The asset that somebody means, or why it is none of ours."""


class _BrokenCellError(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def judged(contract: Contract, raws: Iterable[Raw], default: Default, heads: Mapping[str, str]) -> Judged:
    """The rows that make sense, and those that do not; of two that are the same the second is broken.

    Args:
        heads: how the file calls its columns, by field.
    """
    placing = cache(lambda text: _placed(contract, text))
    good: dict[str, Row] = {}
    broken, told = [], 0
    for raw in raws:
        if raw.cells.get("severity", "").strip().casefold() in _TELLS:
            told += 1
            continue
        try:
            row = _row(contract, raw, default, placing)
        except _BrokenCellError as error:
            broken.append(Broken(raw.number, heads.get(error.field, FIELDS[error.field]), error.reason))
            continue
        if (same := good.get(row.key)) is None:
            good[row.key] = row
        else:
            column = heads.get("own", FIELDS["own"]) if row.own else heads.get("title", FIELDS["title"])
            broken.append(Broken(raw.number, column, f"与第 {same.number} 行是同一条（{row.own or row.title}）"))
    return Judged(list(good.values()), broken, told)


def body_of(contract: Contract, row: Row, today: date) -> dict[str, Any]:
    """What the event says that puts a row on record; its last day is its own, or so many days after today as its
    severity has (the day itself does not count, 民法典 201)."""
    days = contract.remediation.days(row.severity)
    kept = {name: text for name, text in row._asdict().items() if isinstance(text, str) and text and name != "own"}
    due = row.due or today + timedelta(days=days)
    return {"step": Step.IMPORTED.value, **kept, "days": days, "due": due.isoformat(), "key": row.key}


def _row(contract: Contract, raw: Raw, default: Default, placing: Placing) -> Row:
    cells = {name: _CLEAN.clean_own(text, _LONGEST) for name, text in raw.cells.items()}

    def cell(name: str) -> str:
        return cells.get(name, "")

    if not cell("title"):
        raise _BrokenCellError("title", "是空的")
    place = _asset(cell("asset") or default.asset, cell("port"), placing)
    cves, cnvds = _ids(cell("cve"), _CVE, "cve"), _ids(cell("cnvd"), _CNVD, "cnvd")
    probe = _probe(cell("probe"), place, f"{cell('title')} {cell('weakness')}", cves)
    way = cell("way")
    if way and way not in contract.bastions:
        raise _BrokenCellError("way", f"合同里没有堡垒机 {way}")
    return Row(
        number=raw.number,
        title=cell("title"),
        severity=_severity(cell("severity")),
        asset=str(place),
        source=cell("source") or default.source,
        page=cell("page"),
        cve="、".join(cves),
        cnvd="、".join(cnvds),
        weakness=cell("weakness"),
        vantage=_vantage(cell("vantage"), way, probe),
        way=way,
        probe=probe.id if probe else "",
        own=cell("own"),
        due=_day(cell("due")),
        plan=cell("plan"),
        owner=cell("owner"),
        ticket=cell("ticket"),
    )


def _severity(text: str) -> Severity:
    """By its name, or by a CVSS score as its ratings go."""
    if found := _SEVERITY.get(text.casefold()):
        return found
    if _SCORE.fullmatch(text) and 0 < float(text) <= 10:
        return of_score(float(text))
    known = "、".join(Severity)
    raise _BrokenCellError(
        "severity", f"“{text}”不是漏洞等级；写 {known}，或 CVSS 分值" if text else f"是空的；写 {known}"
    )


def of_score(score: float) -> Severity:
    """CVSS v3.1, 5: the qualitative ratings."""
    ratings = ((9.0, Severity.EXTREME), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
    return next((severity for least, severity in ratings if score >= least), Severity.LOW)


def _asset(text: str, port: str, placing: Placing) -> Target:
    if not text:
        raise _BrokenCellError("asset", "是空的；写 主机、主机:端口或网址")
    if port.removesuffix(".0") not in ("", "0", "-") and "://" not in text and ":" not in text:
        text = f"{text}:{port.removesuffix('.0').partition('/')[0].strip()}"  # "443/tcp", as scanners write it
    found = placing(text)
    if isinstance(found, str):
        raise _BrokenCellError("asset", found)
    return found


def _placed(contract: Contract, text: str) -> Target | str:
    try:
        return target(contract, text)
    except RequestError as error:
        return str(error)


def _ids(text: str, pattern: re.Pattern[str], field: str) -> list[str]:
    parts = [part for part in re.split(r"[\s,，;；、|]+", text.upper()) if part not in ("", "-", "无", "N/A", "NONE")]
    if wrong := next((part for part in parts if not pattern.fullmatch(part)), ""):
        raise _BrokenCellError(field, f"“{wrong}”不是 {FIELDS[field]} 编号，例如 {FIELDS[field]}-2021-44228")
    return list(dict.fromkeys(parts))


def _probe(name: str, place: Target, said: str, cves: Sequence[str]) -> AnyProbe | None:
    if name:
        try:
            probe = safe_probe(name)
        except KeyError:
            known = "、".join(one.id for one in safe_probes())
            raise _BrokenCellError("probe", f"没有探测项 {name}；可选：{known}") from None
        if not _fits(probe, place):
            raise _BrokenCellError("probe", f"{name} 要的资产是{_SHAPES[probe.kind]}，不是 {place}")
        return probe
    text = _run_together(f"{said} {' '.join(cves)}")
    return next((probe for word, probe in _words() if word in text and _fits(probe, place)), None)


@cache
def _words() -> tuple[tuple[str, AnyProbe], ...]:
    """What reports call weaknesses, with the probe for each; the longest first: it says most."""
    found = [(_run_together(word), probe) for probe in safe_probes() for word in probe.classes]
    return tuple(sorted(found, key=lambda pair: -len(pair[0])))


def _run_together(text: str) -> str:
    """Some write "SSH 弱算法", others "SSH弱算法"."""
    return "".join(text.split()).casefold()


_SHAPES = {Kind.URL: "网址", Kind.PORT: "主机:端口", Kind.HOST: "合同里的主机"}


def _fits(probe: AnyProbe, place: Target) -> bool:
    """Whether a probe can be turned on an asset: what is asked of a host needs one; a URL has a port too."""
    if probe.kind is Kind.HOST:
        return bool(place.host)
    return place.kind is probe.kind or (probe.kind is Kind.PORT and place.kind is Kind.URL)


def _vantage(text: str, way: str, probe: AnyProbe | None) -> str:
    if text and text.casefold() not in _VANTAGES:
        raise _BrokenCellError("vantage", f"“{text}”不是复测位置；写 {'、'.join(one.label for one in Vantage)}")
    said = _VANTAGES.get(text.casefold(), Vantage.BASTION.value if way else "")
    if probe is None:
        return said
    if said and said not in probe.vantages:
        known = "、".join(one.label for one in Vantage if one in probe.vantages)
        raise _BrokenCellError("vantage", f"{probe.id} 只能从 {known} 看")
    return said or (next(iter(probe.vantages)).value if len(probe.vantages) == 1 else "")


def _day(text: str) -> date | None:
    if not text:
        return None
    if not (match := _DAY.fullmatch(text)):
        raise _BrokenCellError("due", f"看不懂日期“{text}”；写 2026-11-30")
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        raise _BrokenCellError("due", f"没有这一天：{text}") from None
