"""Numbers as people write them in Chinese documents."""

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.said_numbers import Measure, plain, said

AT = datetime(2026, 11, 23, 9, 5, 12, tzinfo=ZoneInfo("Asia/Shanghai"))


def value(text: str, measure: Measure) -> Fraction | None:
    found = said(plain(text), 0, measure, AT)
    return found[0].value if found else None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("3 次", 3),
        ("３台", 3),
        ("1,024 条", 1024),
        ("1，024 条", 1),  # a Chinese comma ends a clause
        ("十二台", 12),
        ("两起", 2),
        ("三百零五次", 305),
        ("一万二千项", 12000),
        ("零", 0),
        ("一般", None),
        ("一", None),
        ("十分好", 10),  # 分 is a unit: whoever has units does not take it
        ("3 次以上", None),
        ("2026-11", None),
        ("12:30", None),
        ("没有", None),
    ],
)
def test_counts(text: str, wanted: int | None) -> None:
    assert value(text, Measure.COUNT) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("99.95%", Fraction(9995, 100)),
        ("９９．９５％", Fraction(9995, 100)),
        ("百分之九十九点五", Fraction(995, 10)),
        ("100 %", 100),
        ("99% 以上", None),
    ],
)
def test_shares(text: str, wanted: Fraction | None) -> None:
    assert value(text, Measure.SHARE) == wanted


@pytest.mark.parametrize(
    ("text", "wanted", "step"),
    [
        ("1 小时 2 分 5 秒", 3725, 1),
        ("3 小时 05 分", 11100, 60),
        ("1.5 小时", 5400, 360),
        ("12 分钟", 720, 60),
        ("2 天 3 小时", 183600, 3600),
        ("0 秒", 0, 1),
    ],
)
def test_durations(text: str, wanted: int, step: int) -> None:
    found = said(plain(text), 0, Measure.DURATION)
    assert found
    assert (found[0].value, found[0].step, found[1]) == (wanted, step, len(plain(text)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-23 09:05:12", 0),
        ("2026年11月23日9时05分", -12),
        ("11-23 09:06", 48),
        ("09:05:13", 1),
        ("11月24日 09:05:12", 86400),
        ("11月31日 09:05", None),
        ("25:00", None),
        ("尚未", None),
    ],
)
def test_moments_are_told_by_how_far_they_are_away(text: str, wanted: int | None) -> None:
    assert value(text, Measure.MOMENT) == wanted


@pytest.mark.parametrize("text", ["99.5%～99.9%", "99.5-99.9%", "99.5% 至 99.9%", "99.5% 到 99.9%"])
def test_ranges(text: str) -> None:
    found = said(plain(text), 0, Measure.SHARE)
    assert found
    assert (found[0].value, found[0].upper, found[1]) == (Fraction(995, 10), Fraction(999, 10), len(plain(text)))


def in_characters(number: int) -> str:
    """0 to 9999 as people write it."""
    digits = "零一二三四五六七八九"
    text = ""
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        text += digits[digit] + name if digit else ("零" if text and not text.endswith("零") else "")
    return text.rstrip("零").removeprefix("一") if 10 <= number < 20 else text.rstrip("零") or "零"


@given(st.integers(0, 9999))
def test_characters_and_digits_say_the_same(number: int) -> None:
    assert value(f"{in_characters(number)}台", Measure.COUNT) == number
    assert value(f"{number:,}台", Measure.COUNT) == number


@given(st.text(max_size=60), st.sampled_from(Measure))
def test_nothing_breaks_it(text: str, measure: Measure) -> None:
    line = plain(text)
    for place in range(len(line)):
        said(line, place, measure, AT)
