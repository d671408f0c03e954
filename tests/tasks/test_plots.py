"""The calendar as a picture: what is where, by the pixels."""

import hashlib
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytesseract
import pytest
from PIL import Image, ImageChops, ImageFont

from checks.coverage import Coverage, Line, Mark, SlotMark
from checks.slots import HOST_INSPECTION, PAGE_INSPECTION, Slot
from tasks.fonts import cjk_font
from tasks.plots import PlotError, calendar_picture

ROOT = Path(__file__).parents[2]
RED, AMBER = (163, 32, 28), (245, 207, 122)  # 漏检, 迟做
NEAR = 8  # of 255: a file has few colours, a rare one may be its neighbour
LEGEND = 44  # pixels at the bottom
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)
HALF = date(2026, 1, 1), date(2026, 6, 30)
YEAR = date(2026, 1, 1), date(2026, 12, 31)


def line(target: str, marks: Mapping[date, Mark], days: int = 1, label: str = "", zone: str = "Asia/Shanghai") -> Line:
    """A target with slots of so many days each."""
    tz, duty = ZoneInfo(zone), PAGE_INSPECTION if days == 1 else HOST_INSPECTION
    made = []
    for day, mark in marks.items():
        opens, closes = (datetime.combine(at, time(), tz).astimezone(UTC) for at in (day, day + timedelta(days=days)))
        slot = Slot(f"{duty}/{target}/{day}", duty, target, day, opens, closes)
        made.append(SlotMark(slot, mark, "", ()))
    return Line(duty=duty, target=target, label=label or target, marks=tuple(made))


def every(period: tuple[date, date], step: int = 1, **other: Mark) -> dict[date, Mark]:
    """All done, but for the days named: `d03=Mark.MISSED` is the third of the period."""
    days = [period[0] + timedelta(days=n) for n in range(0, (period[1] - period[0]).days + 1, step)]
    return {day: other.get(f"d{number:02}", Mark.DONE) for number, day in enumerate(days, 1)}


def picture(period: tuple[date, date], *lines: Line) -> Image.Image:
    """Drawn; a character without a glyph is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = calendar_picture(Coverage(first=period[0], last=period[1], lines=lines))
    assert len(content) < 60_000
    return Image.open(io.BytesIO(content)).convert("RGB")


def box(image: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Where a colour is, the legend apart: left, top, right, bottom."""
    grid = image.crop((0, 0, image.width, image.height - LEGEND))
    close = ImageChops.difference(grid, Image.new("RGB", grid.size, colour)).point(lambda level: level > NEAR)
    same = [number for number, pixel in enumerate(close.get_flattened_data()) if not any(pixel)]
    assert same, "the colour is nowhere"
    columns, rows = [number % grid.width for number in same], [number // grid.width for number in same]
    return min(columns), min(rows), max(columns) + 1, max(rows) + 1


def test_each_day_has_its_column_and_each_target_its_row() -> None:
    # When
    third, fourth, thirtieth = (
        box(picture(NOVEMBER, line("oa", every(NOVEMBER, **{day: Mark.MISSED})), line("b", every(NOVEMBER))), RED)
        for day in ("d03", "d04", "d30")
    )
    below = box(picture(NOVEMBER, line("oa", every(NOVEMBER)), line("b", every(NOVEMBER, d03=Mark.MISSED))), RED)
    # Then
    cell = fourth[0] - third[0]
    assert third[2] - third[0] == pytest.approx(cell, abs=6)  # its edges are of another colour
    assert thirtieth[0] - third[0] == pytest.approx(27 * cell, abs=2)
    assert (thirtieth[1], thirtieth[3]) == (third[1], third[3])
    assert (below[0], below[2]) == (third[0], third[2])
    assert third[3] < below[1] < third[3] + 8


def test_a_weeks_slot_spans_its_days_as_far_as_the_period_goes() -> None:
    # Given: Mondays, the last of which is the 30th
    mondays = {date(2026, 11, day): Mark.DONE for day in (2, 9, 16, 23, 30)}
    day = box(picture(NOVEMBER, line("h", mondays, 7), line("oa", every(NOVEMBER, d09=Mark.MISSED))), RED)
    # When
    week, last = (
        box(picture(NOVEMBER, line("h", mondays | {monday: Mark.MISSED}, 7), line("oa", every(NOVEMBER))), RED)
        for monday in (date(2026, 11, 9), date(2026, 11, 30))
    )
    # Then
    assert week[0] == day[0]
    assert week[2] - week[0] == pytest.approx(7 * (day[2] - day[0]), abs=40)  # a cell's edges are of another colour
    assert last[2] - last[0] == day[2] - day[0]


@pytest.mark.parametrize("changes", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_on_which_clocks_change_is_one_column(changes: date) -> None:
    period = changes - timedelta(days=3), changes + timedelta(days=3)
    same, other = (
        box(picture(period, line("oa", every(period, **{day: Mark.MISSED}), zone="Europe/Berlin")), RED)
        for day in ("d04", "d03")
    )
    assert same[2] - same[0] == other[2] - other[0]


def test_half_a_year_has_a_column_for_each_week_that_shows_its_worst_day() -> None:
    # Given: week 10 with a missed and a late day among good ones, week 11 with a late one
    marks = every(HALF)
    marks |= {date(2026, 3, 3): Mark.MISSED, date(2026, 3, 5): Mark.LATE, date(2026, 3, 10): Mark.LATE}
    # When
    image = picture(HALF, line("oa", marks))
    # Then
    missed, late = box(image, RED), box(image, AMBER)
    assert missed[2] <= late[0] < missed[2] + 8
    assert 16 < late[2] - late[0] < 34  # room for the symbol


def test_a_year_has_a_column_for_each_month_with_how_often() -> None:
    # Given: in March three are missed, in May one
    march = [date(2026, 3, day) for day in (3, 4, 20)]
    thrice = picture(YEAR, line("oa", every(YEAR) | dict.fromkeys(march, Mark.MISSED)))
    once = picture(YEAR, line("oa", every(YEAR) | {march[0]: Mark.MISSED}))
    may = picture(YEAR, line("oa", every(YEAR) | {date(2026, 5, 9): Mark.MISSED}))
    # Then
    first, third = box(thrice, RED), box(may, RED)
    assert first[2] - first[0] > 40
    assert third[0] - first[0] == pytest.approx(2 * (first[2] - first[0]), abs=14)
    assert ImageChops.difference(thrice.crop(first), once.crop(box(once, RED))).getbbox()


def test_of_many_targets_those_that_are_alike_share_a_row() -> None:
    """And no page is too short for it."""
    # Given
    same = [line(f"h{number}", every(NOVEMBER), label=f"主机{number}") for number in range(90)]
    # When
    image = picture(NOVEMBER, *same, line("oa", every(NOVEMBER, d03=Mark.MISSED)))
    # Then
    assert image.height < 400
    assert "主机0等90个" in read(image.crop((0, 100, image.width, image.height - LEGEND)))


def test_what_is_too_tall_for_a_page_gets_a_margin_so_that_it_can_be_made_smaller() -> None:
    week = NOVEMBER[0], date(2026, 11, 7)
    days = [f"d{number:02}" for number in range(1, 8)]
    marks = [every(week, **dict(zip(days, those, strict=True))) for those in product((Mark.DONE, Mark.LATE), repeat=7)]
    image = picture(week, *(line(f"h{number}", those) for number, those in enumerate(marks[:60])))
    assert image.height > 1500
    assert image.height / image.width < 210 / 155


def test_marks_are_told_apart_without_colours() -> None:
    """By what is darker or lighter than the cell's own shade."""
    # Given
    day = NOVEMBER[0], NOVEMBER[0]
    blank = picture(day, line("oa", {}))
    shapes = []
    for mark in Mark:
        # When
        image = picture(day, line("oa", {day[0]: mark}))
        # Then: where it differs from the picture without a slot, there is the cell
        body = (0, 70, image.width, image.height - LEGEND)
        place = ImageChops.difference(image.crop(body), blank.crop(body)).getbbox()
        cell = image.crop(body).crop(place).convert("L")
        paper = cell.getpixel((4, 4))
        inner = cell.crop((4, 4, cell.width - 4, cell.height - 4))
        shapes.append(tuple(abs(pixel - paper) > 60 for pixel in inner.getdata()))
    assert all(any(shape) for shape in shapes)
    assert len(set(shapes)) == len(Mark)


def read(image: Image.Image) -> str:
    """Its words, without blanks."""
    larger = image.resize((image.width * 2, image.height * 2))
    return "".join(str(pytesseract.image_to_string(larger, lang="chi_sim", config="--psm 11")).split())


def test_it_says_what_it_shows() -> None:
    # Given
    marks = every(NOVEMBER, d03=Mark.MISSED, d04=Mark.MISSED, d30=Mark.PENDING)
    # When
    text = read(picture(NOVEMBER, line("oa", marks, label="协同办公系统")))
    # Then
    shown = "巡检完成情况 2026-11-01至2026-11-30 应做29次 页面巡检 协同办公系统 完成27 免除0 未到期1"
    for words in shown.split():
        assert words in text


def test_a_long_period_says_what_a_cell_is() -> None:
    for period, words in ((HALF, "每格一周"), (YEAR, "每格一月")):
        image = picture(period, line("oa", every(period)))
        assert words in read(image.crop((0, 34, image.width, 60)))


@pytest.mark.parametrize("period", [NOVEMBER, YEAR, (NOVEMBER[0], NOVEMBER[0])])
def test_nothing_expected_is_a_picture_too(period: tuple[date, date]) -> None:
    image = picture(period)
    assert ImageChops.difference(image, picture(period, line("oa", {}))).getbbox()


def test_names_are_drawn_as_they_are() -> None:
    """Given a name that matplotlib would read as a formula, and a wrong one at that; and one that is too long."""
    formula, long = r"$\frac$", "很长的名称" * 20
    image = picture(NOVEMBER, line("oa", every(NOVEMBER), label=formula), line("b", every(NOVEMBER), label=long))
    assert image.width == 915


def test_threads_draw_the_same_as_one_after_the_other() -> None:
    # Given
    days = [f"d{number:02}" for number in range(1, 6)]
    first, last = NOVEMBER
    made = [Coverage(first=first, last=last, lines=(line("oa", every(NOVEMBER, **{day: Mark.LATE})),)) for day in days]
    # When
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(calendar_picture, made))
    # Then
    assert together == [calendar_picture(one) for one in made]
    assert len(set(together)) == len(days)


ELSEWHERE = """
import hashlib, os, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from checks.coverage import Coverage
from tasks.plots import calendar_picture
assert "matplotlib" not in sys.modules, "loaded before it is needed"
november = Coverage(first=date(2026, 11, 1), last=date(2026, 11, 30), lines=())
with ThreadPoolExecutor(4) as pool:
    [drawn] = set(pool.map(calendar_picture, [november] * 4))
assert "MPLCONFIGDIR" not in os.environ
print(hashlib.sha256(drawn).hexdigest())
"""


def test_another_process_draws_the_same_and_leaves_nothing_behind(tmp_path: Path) -> None:
    # Given: a home and a folder for temporary files of its own
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    away = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MPL"))}
    # fontconfig keeps what it found in the home as well; that is its affair
    fonts = {"XDG_CACHE_HOME": str(tmp_path / "fontconfig")}
    # When
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", ELSEWHERE],
            cwd=ROOT,
            env={**away, **fonts, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        # Then
        here = calendar_picture(Coverage(first=NOVEMBER[0], last=NOVEMBER[1], lines=()))
        assert told.stdout.strip() == hashlib.sha256(here).hexdigest()
    assert not [*home.rglob("*"), *temporary.rglob("*"), *(tmp_path / "fontconfig").rglob("matplotlib")]


def test_the_file_tells_nothing_of_what_drew_it() -> None:
    """A version or a date would change the bytes of the same coverage."""
    content = calendar_picture(Coverage(first=NOVEMBER[0], last=NOVEMBER[1], lines=()))
    assert not Image.open(io.BytesIO(content)).info


def test_characters_have_their_simplified_chinese_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given: a character that a font collection holds in several national shapes
    file, face = cjk_font()
    assert ImageFont.truetype(str(file), index=face).getname()[0].endswith("SC")
    bone = line("oa", every(NOVEMBER), label="骨")
    chinese = picture(NOVEMBER, bone)
    # When
    monkeypatch.setattr("tasks.plots.pen.cjk_font", lambda: (file, 0))
    # Then
    assert ImageChops.difference(chinese, picture(NOVEMBER, bone)).getbbox()


def test_without_a_chinese_font_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Given: a machine whose fontconfig finds none
    (tmp_path / "fc-list").write_text("#!/bin/sh\n")
    (tmp_path / "fc-list").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    # Then
    with pytest.raises(PlotError, match=r"本机没有中文字体.*fonts-noto-cjk"):
        picture(NOVEMBER)


def test_the_settings_of_who_runs_it_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "/theirs")
    picture(NOVEMBER)
    assert os.environ["MPLCONFIGDIR"] == "/theirs"
    monkeypatch.delenv("MPLCONFIGDIR")
    picture(NOVEMBER)
    assert "MPLCONFIGDIR" not in os.environ
