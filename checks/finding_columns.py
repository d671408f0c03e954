"""Which column of a table of findings is which: by the headers in use, Chinese and English, or by a mapping."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from unicodedata import normalize

from checks.finding_rows import FIELDS, Raw
from checks.slots import RequestError

_NEEDED = ("title", "severity", "asset")
_HEADER_WITHIN = 10  # rows: a report's title often stands above its header

# Of several that are there the first is taken.
_NAMES = {
    "title": ("漏洞名称", "漏洞标题", "问题名称", "名称", "标题", "弱点名称", "风险名称", "title", "name", "nvt name",
              "vulnerability", "vulnerability name", "finding", "summary"),
    "severity": ("漏洞等级", "风险等级", "危险等级", "威胁等级", "危害等级", "漏洞级别", "风险级别", "危险级别",
                 "等级", "级别", "严重程度", "severity", "risk", "risk level", "threat", "cvss", "cvss评分",
                 "cvss分值", "cvss score", "cvss v3.0 base score"),
    "asset": ("资产", "资产地址", "受影响资产", "目标", "url", "网址", "地址", "ip地址", "ip", "主机", "主机ip",
              "主机名", "asset", "target", "host", "hostname"),
    "port": ("端口", "端口号", "port"),
    "own": ("漏洞编号", "编号", "问题编号", "序列号", "id", "finding id"),
    "source": ("来源报告", "报告名称", "来源", "source", "report"),
    "page": ("页码", "页", "page"),
    "cve": ("cve编号", "cve号", "cve", "cves", "cve id"),
    "cnvd": ("cnvd编号", "cnvd号", "cnvd", "cnvd id"),
    "weakness": ("漏洞类型", "漏洞类别", "弱点类型", "类型", "类别", "class", "category", "type"),
    "vantage": ("复测位置", "vantage"),
    "way": ("堡垒机", "bastion"),
    "probe": ("探测项", "probe"),
    "due": ("整改期限", "计划完成时间", "要求完成时间", "期限", "due", "due date"),
    "plan": ("整改措施", "整改方案", "plan"),
    "owner": ("责任人", "整改责任人", "负责人", "owner"),
    "ticket": ("工单号", "变更单号", "工单", "ticket"),
}  # fmt: skip


class Table(NamedTuple):
    """The rows of a table, and how it calls its columns, by field."""

    rows: Sequence[Raw]
    heads: Mapping[str, str]


def table_of(lines: Sequence[Sequence[str]], mapping: Mapping[str, str], given: Collection[str] = ()) -> Table:
    """The rows of a table as they were read, empty ones left out.

    Args:
        lines: cells, from the file's first row on.
        mapping: header by field, for what goes by other names.
        given: fields that need no column.

    Raises:
        RequestError: nothing is in it, or a column that is needed is not.
    """
    if not any(any(cell.strip() for cell in line) for line in lines):
        raise RequestError("表里没有内容")
    needed = {field for field in _NEEDED if field not in given}
    header = next((at for at, line in enumerate(lines[:_HEADER_WITHIN]) if needed <= _places(line, mapping).keys()), -1)
    if header < 0:
        raise _no_header(lines[:_HEADER_WITHIN], mapping, needed)
    if lost := [name for field, name in mapping.items() if field not in _places(lines[header], mapping)]:
        raise RequestError(f"列对照里的列 {'、'.join(lost)} 表里没有；照表头写")
    line, places = lines[header], _places(lines[header], mapping)
    heads = {field: line[place].strip() for field, place in places.items()}
    rows = [
        Raw(at, {field: line[place].strip() for field, place in places.items() if place < len(line)})
        for at, line in enumerate(lines[header + 1 :], header + 2)
        if any(cell.strip() for cell in line)
    ]
    return Table(rows, heads)


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse a field that we do not have.

    Raises:
        RequestError: it is none of ours.
    """
    if unknown := [name for name in mapping if name not in FIELDS]:
        known = "、".join(f"{name}（{title}）" for name, title in FIELDS.items())
        raise RequestError(f"列对照里没有字段 {'、'.join(unknown)}；可写：{known}")


def _places(line: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    at: dict[str, int] = {}
    for place, cell in enumerate(line):
        at.setdefault(_plain(cell), place)
    names = {field: (mapping[field],) if field in mapping else known for field, known in _NAMES.items()}
    taken = {field: next((at[_plain(name)] for name in some if _plain(name) in at), None)
             for field, some in names.items()}  # fmt: skip
    return {field: place for field, place in taken.items() if place is not None}


def _no_header(lines: Sequence[Sequence[str]], mapping: Mapping[str, str], needed: Collection[str]) -> RequestError:
    best = max(lines, key=lambda line: len(_places(line, mapping)))
    places = _places(best, mapping)
    missing = [field for field in _NEEDED if field in needed and field not in places]
    there = "、".join(cell.strip() for cell in best if cell.strip())[:200]
    wanted = "、".join(f"{FIELDS[field]}（{mapping.get(field, field)}）" for field in missing)
    raise RequestError(
        f"找不到这些列：{wanted}；表头是：{there or '空的'}。用 --mapping 写明，例如 {missing[0]}: 表里的列名"
    )


def _plain(text: str) -> str:
    """A header as headers are compared: the note in brackets and the mark of what must be filled in left out."""
    return normalize("NFKC", text).replace("*", "").partition("(")[0].strip().casefold()
