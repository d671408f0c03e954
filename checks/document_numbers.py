"""DOC03 准确: the numbers that a document gives, held against the ledger's. Annex 4: 文档准确性, −0.5 each.

A number is right if it is the ledger's, rounded or cut off to the document's own precision; an availability may not be
rounded up to or over the edge of a band (reading R2). What the ledger does not know is not judged.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from checks.bands import GENERAL_SUPPORT, KEY_SUPPORT, SYSTEMS, percent
from checks.document_content import ACCURATE, POINTS, DocumentText, Row
from checks.finding import Finding, Reason, State
from checks.said_numbers import UNITS, Measure, Said, plain, said

EDGES = sorted({band.floor for scale in (SYSTEMS, KEY_SUPPORT, GENERAL_SUPPORT) for band in scale.bands} - {0})
"""Percent: what an availability may not reach by rounding."""


class Figure(NamedTuple):
    """A number of the ledger, and how documents call it.

    Args:
        name: for people. Figures of one name are one, called by words that are taken differently.
        labels: the words in front of it, or above it in a table.
        value: a count; a share from 0 to 1; seconds; a moment in the contract's zone. None: the ledger does not know.
        units: the measure words that may stand behind it, the usual one first; with any other it is another number.
        high: the upper end, where the ledger knows an interval only.
        subject: what it is of, by any of its names; () for what is of everything.
        unless: words that make of it something else, in the same clause.
        everyday: its labels are words of many uses: what it is of must be named, and nothing may follow the number.
    """

    name: str
    labels: tuple[str, ...]
    value: Fraction | datetime | None
    measure: Measure = Measure.COUNT
    units: tuple[str, ...] = ()
    high: Fraction | None = None
    subject: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    everyday: bool = False

    @property
    def shown(self) -> str:
        """The ledger's value as people read it."""
        if self.value is None:
            return "不知道"
        if isinstance(self.value, datetime):
            return f"{self.value:%m-%d %H:%M:%S}"
        if self.measure is Measure.SHARE:
            low = percent(self.value)
            return low if self.high in (None, self.value) else f"{low} 至 {percent(self.high or self.value)}"
        if self.measure is Measure.DURATION:
            return _duration(int(self.value))
        count = f"{self.value}" if self.high in (None, self.value) else f"{self.value} 至 {self.high}"
        return f"{count} {self.units[0]}" if self.units else count


def _duration(seconds: int) -> str:
    parts = ((seconds // 3600, "小时"), (seconds // 60 % 60, "分"), (seconds % 60, "秒"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 秒"


class _Fit(StrEnum):
    RIGHT = "right"
    OPEN = "open"  # the ledger cannot tell
    WRONG = "wrong"


def fit(figure: Figure, number: Said) -> _Fit:
    """Whether a number of a document is a figure of the ledger."""
    value = figure.value
    if value is None:
        return _Fit.OPEN
    scale = 100 if figure.measure is Measure.SHARE else 1
    low = Fraction() if isinstance(value, datetime) else value * scale
    high = low if figure.high is None else figure.high * scale
    edges = EDGES if figure.measure is Measure.SHARE else []
    if number.at_least:
        return _Fit.RIGHT if low >= number.value else _Fit.OPEN if high >= number.value else _Fit.WRONG
    if number.upper is not None and low != high:
        ends = _is(low, number.value, number.step, edges) and _is(high, number.upper, number.step, edges)
        return _Fit.RIGHT if ends else _Fit.WRONG
    if number.upper is not None:
        inside = number.value - number.step / 2 <= low < number.upper + number.step
        return _Fit.RIGHT if inside else _Fit.WRONG
    if low == high:
        return _Fit.RIGHT if _is(low, number.value, number.step, edges) else _Fit.WRONG
    return _Fit.OPEN if low - number.step < number.value <= high else _Fit.WRONG


def _is(value: Fraction, told: Fraction, step: Fraction, edges: Iterable[int]) -> bool:
    """Whether `told` is `value` rounded, or cut off, to whole steps, without rising to an edge."""
    return told - step / 2 <= value < told + step and not any(value < edge <= told for edge in edges)


class _Mention(NamedTuple):
    """A label with a number. `scopes`: what stands around it, the nearest first; `goes_on`: a word follows the number;
    `summed`: it is the sum of a table's column, whatever its rows are of."""

    label: str
    number: Said
    scopes: tuple[str, ...]
    goes_on: bool = False
    summed: bool = False


class Compared(NamedTuple):
    """What came of it. `wrong`: figure and what the document says; the others are names of figures."""

    right: list[str]
    wrong: list[tuple[Figure, str]]
    unjudged: list[str]  # mentioned, but the ledger does not know it, or not so exactly
    absent: list[str]


def compared(text: DocumentText, figures: Sequence[Figure]) -> Compared:
    """Find each figure in a document, and compare."""
    by_label: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        for label in figure.labels:
            by_label[label].append(figure)
    right, unjudged = dict[str, None](), dict[str, None]()
    wrong = dict[tuple[str, str], tuple[Figure, str]]()
    for mention in islice(_mentions(text, by_label), _MENTIONS):
        candidates = _candidates(by_label[mention.label], mention)
        fits = [(figure.name, fit(figure, mention.number)) for figure in candidates]
        for wanted, found in ((_Fit.RIGHT, right), (_Fit.OPEN, unjudged)):
            if names := [name for name, one in fits if one is wanted]:
                found[names[0]] = None
                break
        else:
            for figure in candidates[: not mention.summed]:
                wrong.setdefault((figure.name, mention.number.text), (figure, mention.number.text))
    seen = {*right, *unjudged, *(name for name, _ in wrong)}
    return Compared(
        [name for name in right if name not in {one for one, _ in wrong}],
        [*wrong.values()],
        [name for name in unjudged if name not in right],
        [name for name in dict.fromkeys(figure.name for figure in figures) if name not in seen],
    )


def _candidates(figures: Sequence[Figure], mention: _Mention) -> list[Figure]:
    """Of which figures a mention may speak, the likeliest first: of what is named nearest to it."""
    number = mention.number
    fitting = [
        one
        for one in figures
        if (not number.unit or not one.units or number.unit in one.units)
        and not any(word in mention.scopes[0] for word in one.unless)
        and not (one.everyday and mention.goes_on)
    ]
    whole = [one for one in fitting if not one.subject]
    for place, scope in enumerate(mention.scopes):
        if named := [one for one in fitting if any(name in scope for name in one.subject)]:
            return named if place == 0 else [*named, *whole]
    return whole or [one for one in fitting if not one.everyday]


# A document may be anything; beyond these there is nothing that people wrote.
_MENTIONS = 20_000
_COLUMNS = 64
_ROW = 2_000  # characters
_AROUND = 200  # characters that count as near a number
_IN_FRONT = 16  # characters in which a number in front of its label begins

_CLAUSE = re.compile(r"(?<=[，；。！？;!?、])|(?<=,)(?!\d{3})")
_SENTENCE_END = ("。", "！", "？", "；", ";")
# Of another time, how often, or what was wished for.
_OTHER = re.compile(
    r"上周|上月|上季|上期|上年|上半年|去年|前一|同期|同比|环比|较之|累计|每[日天周月季年]|目标|要求|约定|指标值|承诺|阈值|门限|下周|下月|计划值"
)
_LINK = (
    r"(?:\s|次数|数量|总数|台数|个数|件数|时间|时长|用时|主机|服务器|系统|备份|页面|故障|情况|共计|合计|总计|共有|共|总|分别|均|都|"
    r"为|是|有|于|在|仅|的|:|=|“|”|\*|[(（][^()（）]{0,12}[)）]){0,8}+"
)
_NONE = r"(?:没有发生|没有出现|没有|未发生|未出现|未发现|未有|不存在|(?<!有)无|零|0\s*(?:次|起|个|台|项)?)(?:任何)?\s*"
_UNIT_ENDS = {unit[-1] for unit in UNITS}
_AFTER = re.compile(rf"{_LINK}(?P<reached>达到|达)?\s*(?P<none>无(?=$|[，。；、,;]))?")
_BEFORE_NONE = re.compile(rf"{_NONE}$")
_TODAY = re.compile(r"^(?:本|实际|数值|数量|内容|结果|合计|总计)")
_SKIPPED = re.compile(rf"{_OTHER.pattern}|时限|期望|标准")
_TOTAL = re.compile(r"^(?:合计|总计|共计|全部)$")
_NOTHING = Said("无", Fraction(), Fraction(1))


def _mentions(text: DocumentText, by_label: dict[str, list[Figure]]) -> Iterator[_Mention]:
    labels = "|".join(re.escape(label) for label in sorted(by_label, key=len, reverse=True))
    if not labels:
        return
    find = re.compile(labels)
    headings: list[tuple[int, str]] = []
    for part in text.parts:
        if part.heading:
            headings = [one for one in headings if one[0] < part.level] + [(part.level, plain(part.heading))]
        above = tuple(heading for _, heading in reversed(headings))
        if part.paragraph:
            yield from _in_words(plain(part.paragraph), find, by_label, above)
        elif part.table:
            yield from _in_table([tuple(map(plain, row)) for row in part.table], find, by_label, above)


def _in_words(
    words: str, find: re.Pattern[str], by_label: dict[str, list[Figure]], above: tuple[str, ...]
) -> Iterator[_Mention]:
    sentence, paragraph = "", ""
    for clause in _CLAUSE.split(words):
        told = 0  # up to where the clause has been understood: 已解除故障 3 起 says nothing of 故障
        for match in find.finditer(clause) if not _OTHER.search(clause) else ():
            if match.start() >= told and (found := _beside(clause, match, by_label[match[0]])):
                number, told = found
                here = clause[max(0, match.start() - _AROUND) : told + _AROUND]
                goes_on = clause[told : told + 1].isalpha()
                yield _Mention(match[0], number, (here, sentence, paragraph, *above), goes_on)
        sentence = (sentence + clause)[-_AROUND:]
        if clause.rstrip().endswith(_SENTENCE_END):
            paragraph, sentence = (paragraph + sentence)[-_AROUND:], ""


def _beside(clause: str, match: re.Match[str], figures: Sequence[Figure]) -> tuple[Said, int] | None:
    """The number that belongs to a label in a clause, behind it, else in front of it; and where the two end."""
    first = figures[0]
    near = first.value if isinstance(first.value, datetime) else None
    link = _AFTER.match(clause, match.end())
    place = link.end() if link else match.end()
    if link and link["none"] and first.measure is Measure.COUNT:
        return _NOTHING, place
    if found := said(clause, place, first.measure, near):
        number, end = found
        if first.measure is Measure.SHARE and not number.unit:
            return None
        return number._replace(at_least=bool(link and link["reached"])), end
    if first.measure is not Measure.COUNT:
        return None
    before = clause[max(0, match.start() - _IN_FRONT) : match.start()]
    if _BEFORE_NONE.search(before):
        return _NOTHING, match.end()
    if before.rstrip(" 的")[-1:] not in _UNIT_ENDS:
        return None
    for start in range(len(before)):
        if start and (before[start - 1].isdigit() or before[start - 1] in ".,"):
            continue  # the end of a longer number
        found = said(before, start, Measure.COUNT)
        if found and found[0].unit and re.fullmatch(r"\s*的?\s*", before[found[1] :]):  # 12 起故障
            return found[0], match.end()
    return None


def _in_table(
    rows: Sequence[Row], find: re.Pattern[str], by_label: dict[str, list[Figure]], above: tuple[str, ...]
) -> Iterator[_Mention]:
    rows = [row[:_COLUMNS] for row in rows]
    heads = rows[0]
    data = len(rows) - 1
    for number, row in enumerate(rows):
        whole = " ".join(row)[:_ROW]
        for column, cell in enumerate(row):
            label = _as_label(cell, by_label)
            if label is None:
                if number or data == 0:  # words in a cell
                    yield from _in_words(cell, find, by_label, (whole, *above))
                if number and column < len(heads) and (label := _as_label(heads[column], by_label)):
                    # a label above: of the one that the row names, or of all in the row of totals
                    total = data == 1 or _TOTAL.match(row[0].replace(" ", ""))
                    of_one = any(name in whole for figure in by_label[label] for name in figure.subject)
                    if (total or of_one) and (found := _cell(cell, by_label[label], heads[column])):
                        summed = data > 1 and not of_one and _sums_up(rows[1:number], column, by_label[label], found)
                        scope = "" if total and not of_one else whole
                        yield _Mention(label, found, (scope, *above), summed=summed)
            elif found := _right_of(row, column, heads if number else (), by_label[label]):
                yield _Mention(label, found, (whole, *above))


def _sums_up(rows: Sequence[Row], column: int, figures: Sequence[Figure], total: Said) -> bool:
    """Whether a total is the sum of what stands above it: then the rows are judged, and not their sum."""
    cells = [_cell(row[column], figures, "") for row in rows if column < len(row)]
    return sum(one.value for one in cells if one) == total.value


def _as_label(cell: str, by_label: dict[str, list[Figure]]) -> str | None:
    """The label that a cell is, and nothing else."""
    name = re.sub(r"[\s:：]|[(（][^()（）]*[)）]$", "", cell)
    for one in (name, re.sub(r"(?:次数|数量|台数|个数|时间|时长|用时|数)$", "", name)):
        if one in by_label:
            return one
    return None


def _right_of(row: Row, column: int, heads: Row, figures: Sequence[Figure]) -> Said | None:
    """The number to the right of its label: in the column of this period if one is called so."""
    places = [
        place for place in range(column + 1, len(row)) if place >= len(heads) or not _SKIPPED.search(heads[place])
    ]
    preferred = [place for place in places if place < len(heads) and _TODAY.match(heads[place])]
    for place in preferred or places[:1]:
        if found := _cell(row[place], figures, row[column]):
            return found
    return None


def _cell(cell: str, figures: Sequence[Figure], label: str) -> Said | None:
    """The number that a cell is, and nothing else."""
    first = figures[0]
    near = first.value if isinstance(first.value, datetime) else None
    if cell in ("无", "没有") and first.measure is Measure.COUNT:
        return _NOTHING
    found = said(cell, 0, first.measure, near)
    return found[0] if found and found[1] == len(cell) else None


_MOST = 4
"""Names in a line; of more the number must do."""


def accuracy(text: DocumentText, figures: Sequence[Figure]) -> Finding:
    """DOC03: whether the numbers of a document are those of the ledger."""
    found = compared(text, figures)
    rest = [
        f"{what} {len(names)} 项（{'、'.join(names[:_MOST])}{' 等' if len(names) > _MOST else ''}）"
        for what, names in (("文档没有提到", found.absent), ("台账不能确定、没有比对", found.unjudged))
        if names
    ]
    beside = "；".join(["", *rest])
    if found.wrong:
        told = "；".join(f"{figure.name}：文档写 {number}，台账是 {figure.shown}" for figure, number in found.wrong)
        summary = (
            f"与台账不符 {len(found.wrong)} 处，可扣 {POINTS * len(found.wrong)} 分：{told}；相符 {len(found.right)} 项"
        )
        return Finding(check=ACCURATE, state=State.WARN, summary=summary + beside)
    if found.right:
        return Finding(check=ACCURATE, state=State.OK, summary=f"与台账相符 {len(found.right)} 项，没有不符{beside}")
    why = f"文档里没有可与台账核对的数字，由人核对{beside}" if figures else "台账没有这种文档的数字，由人核对"
    return Finding(check=ACCURATE, state=State.UNKNOWN, reason=Reason.MANUAL, summary=why)
