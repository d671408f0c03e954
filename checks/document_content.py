"""What stands in a document that was handed in, and whether all of it is there. Annex 4: 完整 −0.5, 错别字 −0.5 per 5.

DOC02 完整: every heading that the kind of document must have, with something under it.
DOC04 错别字: no well-kept checker of Chinese works offline without a model to download, so a person counts.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from checks.documents import DocumentDuty, Rule
from checks.finding import Finding, Reason, State

COMPLETE, ACCURATE, TYPOS = "DOC02", "DOC03", "DOC04"
TITLES = {COMPLETE: "完整", ACCURATE: "准确", TYPOS: "错别字"}
"""The items that are judged from what stands in a document, as people read them."""

POINTS = Decimal("0.5")
"""Annex 4: the deduction for each thing that is missing or wrong."""

Row = tuple[str, ...]


class Part(BaseModel):
    """Something in a document; exactly one of the three is there."""

    model_config = ConfigDict(frozen=True)

    heading: str = ""
    level: int = 0  # of the heading: 1 is the highest
    paragraph: str = ""
    table: tuple[Row, ...] = ()

    @property
    def text(self) -> str:
        """All that stands in it, cells included; of a heading nothing."""
        return self.paragraph or " ".join(cell for row in self.table for cell in row)


class DocumentText(BaseModel):
    """A document without its looks: headings, paragraphs and tables (rows of cells), as they follow each other."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[Part, ...]

    @property
    def headings(self) -> list[str]:
        """As they stand, with their numbers."""
        return [part.heading for part in self.parts if part.heading]

    @property
    def paragraphs(self) -> list[str]:
        """Without headings and tables."""
        return [part.paragraph for part in self.parts if part.paragraph]

    @property
    def tables(self) -> list[tuple[Row, ...]]:
        """Rows of cells."""
        return [part.table for part in self.parts if part.table]


_DIGITS = "〇零一二三四五六七八九十百"
_NUMBERED = (  # the orders of GB/T 9704; a chapter stands above them
    re.compile(rf"第[{_DIGITS}\d]+[章节部篇](?:分)?[\s、.：:]*"),
    re.compile(rf"[{_DIGITS}]+[、.．]\s*"),
    re.compile(rf"[（(][{_DIGITS}]+[）)]\s*"),
    re.compile(r"\d+(?:\.\d+)*(?:[、．]|\.(?!\d)|\s)\s*"),
    re.compile(r"[（(]\d+[）)]\s*"),
)
_ARABIC = 4  # the level of 1.
_LONGEST = 40  # characters of a heading
_SENTENCE = re.compile(r"[。；;，,！？!?]")
_CONTENTS = re.compile(r"(?:[.．…·]\s*){3,}[-–—]?\s*\d*\s*[-–—]?$|\t\d+$")


def heading_level(text: str) -> int:
    """The level of a line that looks like a heading: 第一章 1, 一、 2, （一） 3, 1. 4, （1） 5; 0 if it does not.

    A line of a table of contents and a numbered sentence are none.
    """
    line = text.strip()
    if not line or len(line) > _LONGEST or _CONTENTS.search(line):
        return 0
    for level, number in enumerate(_NUMBERED, start=1):
        if match := number.match(line):
            name = line[match.end() :]
            return level if name and not _SENTENCE.search(name) else 0
    return 0


def is_contents_line(text: str) -> bool:
    """Whether a line belongs to a table of contents: dots and a page number at its end."""
    return bool(_CONTENTS.search(text.strip()))


def with_headings(parts: Iterable[Part]) -> DocumentText:
    """A document in which headings without a style are known by their look, and lines of contents are left out.

    A line with an Arabic number under which nothing stands is an item of a list.
    """
    kept = [part for part in parts if not is_contents_line(part.heading or part.paragraph)]
    found = [heading_level(part.paragraph) for part in kept]
    shift = 0 if 1 in found else 1  # 一、 stands highest where there are no chapters
    made: list[Part] = []
    listed, below = False, 0
    for part, level in zip(reversed(kept), reversed(found), strict=True):
        listed = level >= _ARABIC and (not made or bool(made[-1].heading) or (listed and level == below))
        below = level
        if level and not listed:
            part = Part(heading=part.paragraph, level=level - shift)
        made.append(part)
    return DocumentText(parts=tuple(reversed(made)))


_INSPECTIONS = ("巡检概况", "服务器巡检", "异常及反馈", "遗留问题")
_PERIODICAL = (
    "概述", "系统运行与可用性", "巡检情况", "事件与故障", "安全与漏洞整改", "备份与恢复", "资源趋势", "功能优化",
    "考核自评", "问题与建议", "下期计划",
)  # fmt: skip
HEADINGS: dict[str, tuple[str, ...]] = {
    "weekly": ("概述", "服务器巡检", "事件与请求", "变更", "备份", "下周计划"),
    "inspection": _INSPECTIONS,
    "monthly": _PERIODICAL,
    "quarterly": _PERIODICAL,
    "half-yearly": _PERIODICAL,
    "yearly": (*_PERIODICAL, "指标完成情况", "人员", "演练", "满意度"),
    "incident": ("基本信息", "现象与影响", "时间线", "原因", "处置", "时限符合性", "改进措施", "附件"),
    "remediation": ("依据", "问题清单", "方案", "实施", "复测", "残余风险"),
    "support-plan": ("时段与范围", "组织值班", "事前排查", "封网与变更", "监测与零报告", "应急", "总结"),
    "acceptance": (
        "合同概况",
        "逐条履约对照",
        "考核指标",
        "成果清单",
        "审计、考核结果",
        "结论签字",
    ),
}
"""What each kind of document must have: inspection-items, "Reports: headings in use". The report of a week's inspection
of hosts has its own."""

_TITLES = {"巡检": "inspection", "重保": "support-plan", "验收": "acceptance", "整改": "remediation"}
_RULES = {
    Rule.WEEK: "weekly",
    Rule.MONTH: "monthly",
    Rule.QUARTER: "quarterly",
    Rule.HALF_YEAR: "half-yearly",
    Rule.YEAR: "yearly",
    Rule.INCIDENT: "incident",
}


def headings_of(duty: DocumentDuty) -> Sequence[str]:
    """What a kind of document must have: as the contract says, else by its id, its title, when it is due; () if none
    of these tells."""
    by_title = next((kind for word, kind in _TITLES.items() if word in duty.title), "")
    kinds = (duty.id, by_title, _RULES.get(duty.rule, ""))
    return duty.required or next((HEADINGS[kind] for kind in kinds if kind in HEADINGS), ())


# What a template leaves for a person to write is not written yet.
# A page may be called oa/todo: in small letters it is no such place.
_TO_WRITE = re.compile(
    r"[（(【\[<]?\s*(?:待填写|待补充|待完善|请填写|此处填写|待定稿|(?<![\w/])(?:TODO|TBD)(?![\w/]))\s*[）)】\]>]?"
)
_JOINED = re.compile(r"[与和及、/]")


class _Section(NamedTuple):
    """A heading's bare name, and whether anything stands under it; `to_write`: a place that nobody filled."""

    name: str
    filled: bool
    to_write: bool


def _sections(text: DocumentText) -> Iterator[_Section]:
    """A section goes as far as the next heading that does not stand below its own."""
    for place, part in enumerate(text.parts):
        if not part.heading:
            continue
        end = place + 1
        while end < len(text.parts) and not (text.parts[end].heading and text.parts[end].level <= part.level):
            end += 1
        said = " ".join(one.text for one in text.parts[place + 1 : end])
        yield _Section(_name(part.heading), bool(_bare(_TO_WRITE.sub("", said))), bool(_TO_WRITE.search(said)))


def _bare(text: str) -> str:
    """What of a text counts as content: not spaces, rules and lone punctuation."""
    return re.sub(r"[\W_]+", "", text) or re.sub(r"[\s_＿.…]+", "", text)


def _name(heading: str) -> str:
    """A heading without its number, spaces and what stands in brackets behind it."""
    line = "".join(heading.split())
    for number in _NUMBERED[:3]:
        line = number.sub("", line, count=1) if number.match(line) else line
    line = re.sub(r"^\d+(?:\.\d+)*[、.．]?(?=\D)", "", line)
    return re.sub(r"[（(][^（）()]*[）)]$|[：:]$", "", line)


def names(heading: str, wanted: str) -> bool:
    """Whether a heading is the one that is wanted: 二、备份与恢复情况 is 备份与恢复, 五、原因分析 is 原因."""
    return _is(_name(heading), _words(wanted))


def _words(wanted: str) -> list[str]:
    return [word for word in _JOINED.split("".join(wanted.split())) if word]


def _is(name: str, words: Sequence[str]) -> bool:
    return all(word in name for word in words)


def completeness(text: DocumentText, wanted: Sequence[str]) -> Finding:
    """DOC02: whether all headings that are wanted are there, with content. 无 is content, nothing is not."""
    if not wanted:
        return Finding(
            check=COMPLETE,
            state=State.UNKNOWN,
            reason=Reason.MANUAL,
            summary="合同没有写这种文档要有哪些标题，由人检查；可在合同 documents 的 required 里写",
        )
    found = list(_sections(text))
    absent, empty, unwritten = list[str](), list[str](), list[str]()
    for name in wanted:
        words = _words(name)
        those = [one for one in found if _is(one.name, words)]
        if not those:
            absent.append(name)
        elif not any(one.filled and not one.to_write for one in those):
            (unwritten if any(one.to_write for one in those) else empty).append(name)
    said = [
        f"{what}：{'、'.join(ones)}"
        for what, ones in (("没有", absent), ("没有内容", empty), ("有待填写的", unwritten))
        if ones
    ]
    if not said:
        return Finding(check=COMPLETE, state=State.OK, summary=f"应有的 {len(wanted)} 个标题都有，都有内容")
    number = len(absent) + len(empty) + len(unwritten)
    summary = f"应有 {len(wanted)} 个标题，不全 {number} 个（{'；'.join(said)}），可扣 {POINTS * number} 分；补写后再交"
    return Finding(check=COMPLETE, state=State.WARN, summary=summary)


def typo_points(number: int) -> Decimal:
    """What typos cost: 0.5 for every five of a document that have begun (reading R13).

    Raises:
        ValueError: fewer than none.
    """
    if number < 0:
        raise ValueError(f"there are no {number} typos")
    return -(-number // 5) * POINTS


def typos(number: int | None) -> Finding:
    """DOC04, as a person has counted; None: nobody has yet."""
    if number is None:
        return Finding(
            check=TYPOS,
            state=State.UNKNOWN,
            reason=Reason.MANUAL,
            summary="没有可离线使用的校对工具，由人检查后写下处数（每满或不满 5 处扣 0.5 分）",
        )
    if number == 0:
        return Finding(check=TYPOS, state=State.OK, summary="人工检查没有错别字")
    return Finding(
        check=TYPOS, state=State.WARN, summary=f"人工检查有错别字 {number} 处，期望 0 处，可扣 {typo_points(number)} 分"
    )
