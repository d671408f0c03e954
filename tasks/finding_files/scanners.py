"""What scanners write as JSON: SARIF 2.1.0 (OASIS), Trivy's report, nuclei's lines. Only what a row needs is looked at;
what is not there is left empty, and the row says so.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from checks.finding_rows import Raw
from checks.slots import RequestError

_CVE = re.compile(r"CVE-\d{4}-\d{4,7}", re.IGNORECASE)
_LEVELS = {"error": "高危", "warning": "中危", "note": "低危", "none": "info"}
_UNKNOWN = "是 JSON，但不是 SARIF 2.1.0、Trivy 或 nuclei 的报告；在扫描器里导出其中一种，或 CSV"
_NOT_FOUND = {"pass", "notApplicable", "informational"}


def rows(text: str) -> list[Raw]:
    """The findings of a report.

    Raises:
        RequestError: it is no JSON, or of a scanner that we do not know.
    """
    try:
        data = _loaded(text)
    except (ValueError, RecursionError):
        raise RequestError("JSON 读不懂：文件不完整，或不是 JSON；重新导出") from None
    try:
        cells = _cells(data)
        found = [Raw(number, one) for number, one in enumerate(cells, 1)]
    except (AttributeError, TypeError, KeyError):  # an object where a list should be, and the like
        raise RequestError(_UNKNOWN) from None
    if not found and not _empty_report(data):
        raise RequestError(_UNKNOWN)
    return found


def _loaded(text: str) -> Any:
    """One value, or one a line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _cells(data: Any) -> Iterable[dict[str, str]]:
    if isinstance(data, dict) and "runs" in data:
        return _sarif(data)
    if isinstance(data, dict) and "Results" in data:
        return _trivy(data)
    several = data if isinstance(data, list) else [data]
    if several and all("template-id" in one for one in several):
        return (_nuclei(one) for one in several)
    return ()


def _empty_report(data: Any) -> bool:
    return isinstance(data, dict) and ("runs" in data or "Results" in data)


def _sarif(data: dict[str, Any]) -> Iterator[dict[str, str]]:
    for run in data["runs"]:
        driver = run["tool"]["driver"]
        rules = {rule["id"]: rule for rule in driver.get("rules") or ()}
        for result in run.get("results") or ():
            if result.get("kind", "fail") not in _NOT_FOUND and not result.get("suppressions"):
                yield _result(result, rules, list(rules.values()))


def _result(result: dict[str, Any], rules: dict[str, Any], ordered: list[Any]) -> dict[str, str]:
    index = result.get("ruleIndex", -1)
    name = result.get("ruleId") or (ordered[index]["id"] if 0 <= index < len(ordered) else "")
    rule = rules.get(name, {})
    title = (rule.get("shortDescription") or {}).get("text") or result["message"].get("text", "") or name
    score = str((rule.get("properties") or {}).get("security-severity", ""))
    level = result.get("level") or (rule.get("defaultConfiguration") or {}).get("level", "warning")
    places = [one.get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "")
              for one in result.get("locations") or ()]  # fmt: skip
    place = next(iter(places), "")
    address = place if "://" in place and not place.startswith("file:") else ""  # a path is no asset
    said = f"{name} {title} {' '.join(map(str, (rule.get('properties') or {}).get('tags') or ()))}"
    return {
        "title": title,
        "severity": score or _LEVELS.get(level, level),
        "asset": address,
        "page": "" if address else place,
        "cve": _cves(said),
        "weakness": name,
        "own": str(result.get("guid", "")),
    }


def _trivy(data: dict[str, Any]) -> Iterator[dict[str, str]]:
    for part in data["Results"] or ():
        for one in part.get("Vulnerabilities") or ():
            package = f"{one['PkgName']} {one.get('InstalledVersion', '')}".strip()
            yield {
                "title": f"{package}：{one.get('Title') or one['VulnerabilityID']}",
                "severity": one.get("Severity", ""),
                "cve": _cves(one["VulnerabilityID"]),
                "weakness": one["VulnerabilityID"],
                "page": str(part.get("Target", "")),
            }


def _nuclei(one: dict[str, Any]) -> dict[str, str]:
    info = one["info"]
    names = (info.get("classification") or {}).get("cve-id") or ()
    place = str(one.get("matched-at") or one.get("url") or one.get("host") or "")
    return {
        "title": info["name"],
        "severity": info.get("severity", ""),
        "asset": place,
        "cve": _cves(names if isinstance(names, str) else " ".join(names)),
        "weakness": one["template-id"],
    }


def _cves(text: str) -> str:
    return "、".join(dict.fromkeys(one.upper() for one in _CVE.findall(text)))
