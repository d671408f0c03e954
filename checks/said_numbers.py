"""Numbers as documents say them: 1,024, ３次, 十二台, 99.95%, 百分之九十九, 1 小时 05 分, 11月23日 9时05分, 3 至 5.

A number is said to some precision: `step` is one unit of its last place.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple


class Measure(StrEnum):
    """What kind of number it is, and so in which unit it is held."""

    COUNT = "count"
    SHARE = "share"  # percent
    DURATION = "duration"  # seconds
    MOMENT = "moment"  # seconds after the moment it is compared with


class Said(NamedTuple):
    """A number in a document. `upper`: the other end of a range; `at_least`: 达到 99%; `unit`: the word behind it."""

    text: str
    value: Fraction
    step: Fraction
    upper: Fraction | None = None
    unit: str = ""
    at_least: bool = False


_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), 0xFF05, 0xFF0E, 0xFF1A, 0xFF0D, 0xFF5E)}
_WIDE |= {ord("／"): ord("/"), ord("–"): ord("-"), ord("—"): ord("-"), ord("〇"): ord("零"), ord("\u3000"): ord(" ")}


def plain(text: str) -> str:
    """A text with digits, percent signs, points, colons and dashes in one form, and single blanks."""
    return " ".join(text.translate(_WIDE).split())


_FIGURE = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_HAN = r"[零一二两三四五六七八九十百千万]+(?:点[零一二三四五六七八九]+)?"
UNITS = (
    "台次", "项次", "人次", "分钟", "小时", "次", "台", "个", "套", "起", "项", "条", "份", "件", "回", "例", "%", "人",
    "天", "秒", "分", "时", "页", "家", "元", "级", "月", "周", "年", "日", "GB", "MB", "TB", "℃",
)  # fmt: skip
"""The measure words that are known, longer ones first."""

_UNIT = rf"(?P<unit>{'|'.join(UNITS)})?+"
_TO = r"\s*(?:-|~|至|到)\s*"
# What turns a number into a limit or a wish: it is no statement of what was.
_LIMIT = r"(?!\s*(?:以上|以下|以内|之内|左右|余|多|及以上))"
_WHOLE = r"(?![\d:]|\.\d)"  # the number ends here
_COUNT = re.compile(
    rf"(?>(?P<a>{_FIGURE}|{_HAN})(?:{_TO}(?P<b>{_FIGURE}|{_HAN}))?){_WHOLE}\s*+{_UNIT}{_LIMIT}", re.ASCII
)
_SHARE = re.compile(
    rf"(?>百分之(?P<han>{_HAN})|(?P<a>{_FIGURE})\s*(?P<sign>%)?(?:{_TO}(?P<b>{_FIGURE}))?){_WHOLE}"
    rf"\s*+(?>(?P<unit>%)?){_LIMIT}",
    re.ASCII,
)
# Atomic groups, not possessive ones: Python before 3.11.5 forgets what it saw in those (gh-106052).
_SPAN = re.compile(
    r"(?>(?:(?P<d>\d+(?:\.\d+)?)\s*天)?)\s*+(?>(?:(?P<h>\d+(?:\.\d+)?)\s*(?:个)?(?:小时|时|h))?)\s*+"
    rf"(?>(?:零?(?P<m>\d+(?:\.\d+)?)\s*(?:分钟|分|min))?)\s*+(?>(?:(?P<s>\d+(?:\.\d+)?)\s*(?:秒|s))?){_LIMIT}",
    re.ASCII,
)
_MOMENT = re.compile(
    r"(?:(?:(?P<y>\d{4})\s*[-/.年]\s*)?(?P<mo>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*[日号]?\s*[T,，]?\s*)?"
    r"(?P<h>[012]?\d)\s*[:时点]\s*(?P<mi>[0-5]?\d)(?:\s*分)?(?:\s*:?\s*(?P<s>[0-5]?\d)\s*秒?)?",
    re.ASCII,
)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def said(text: str, at: int, measure: Measure, near: datetime | None = None) -> tuple[Said, int] | None:
    """The number that begins at a place of a `plain` text, and where it ends; None if there is none.

    Args:
        near: for moments; what is not said of the date is taken from it.
    """
    return _READERS[measure](text, at, near)


def _count(text: str, at: int, near: datetime | None) -> tuple[Said, int] | None:
    match = _COUNT.match(text, at)
    if match is None or (
        match["a"][0] in "零一二两三四五六七八九十百千万" and not match["unit"] and match["a"] != "零"
    ):
        return None  # 一 is in many words; as a number it has a measure word behind it
    a, step = _number(match["a"])
    b = _number(match["b"])[0] if match["b"] else None
    if b is not None and b < a:
        return None  # 2026-11 is no range
    return Said(match[0].strip(), a, step, b, match["unit"] or ""), match.end()


def _share(text: str, at: int, near: datetime | None) -> tuple[Said, int] | None:
    match = _SHARE.match(text, at)
    if match is None:
        return None
    a, step = _number(match["han"] or match["a"])
    b, other = _number(match["b"]) if match["b"] else (None, step)
    percent = match["han"] or match["sign"] or match["unit"]
    return Said(match[0].strip(), a, max(step, other), b, "%" if percent else ""), match.end()


def _duration(text: str, at: int, near: datetime | None) -> tuple[Said, int] | None:
    match = _SPAN.match(text, at)
    if match is None or not any(match.groupdict().values()):
        return None
    parts = [(name, *_number(one)) for name, one in match.groupdict().items() if one]
    seconds = sum((number * _SECONDS[name] for name, number, _ in parts), Fraction())
    name, _, step = parts[-1]
    return Said(match[0].strip(), seconds, step * _SECONDS[name], unit="秒"), match.end()


def _moment(text: str, at: int, near: datetime | None) -> tuple[Said, int] | None:
    match = _MOMENT.match(text, at)
    if match is None or near is None:
        return None
    parts = {name: int(one) for name, one in match.groupdict().items() if one}
    try:
        said = near.replace(
            year=parts.get("y", near.year), month=parts.get("mo", near.month), day=parts.get("d", near.day),
            hour=parts["h"], minute=parts["mi"], second=parts.get("s", 0), microsecond=0,
        )  # fmt: skip
    except ValueError:  # no such day or hour
        return None
    away = Fraction((said - near) / timedelta(microseconds=1)) / 10**6
    return Said(match[0].strip(), away, Fraction(1 if "s" in parts else 60), unit="时刻"), match.end()


_READERS: dict[Measure, Callable[[str, int, datetime | None], tuple[Said, int] | None]] = {
    Measure.COUNT: _count, Measure.SHARE: _share, Measure.DURATION: _duration, Measure.MOMENT: _moment
}  # fmt: skip


def _number(text: str) -> tuple[Fraction, Fraction]:
    """A number in digits or characters, and its step."""
    if text[0] in "0123456789":
        digits = text.replace(",", "")
        return Fraction(digits), Fraction(1, 10 ** len(digits.partition(".")[2]))
    whole, _, after = text.partition("点")
    value = Fraction(_han(whole))
    for place, one in enumerate(after, start=1):
        value += Fraction("零一二三四五六七八九".index(one), 10**place)
    return value, Fraction(1, 10 ** len(after))


def _han(text: str) -> int:
    """三百零五 is 305, 两千 2000, 一万二千 12000, 二零二六 2026."""
    digits = {one: number for number, one in enumerate("零一二三四五六七八九")} | {"两": 2}
    if not set(text) & set("十百千万"):
        return int("".join(str(digits[one]) for one in text))
    total, section, digit = 0, 0, 0
    for one in text:
        if one in digits:
            digit = digits[one]
        elif one == "万":
            total, section, digit = total + (section + digit or 1) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[one], 0
    return total + section + digit
