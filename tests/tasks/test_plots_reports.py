"""The pictures of reports: read by eye and by pixel, in colour and without."""

import io
import random
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytesseract
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from PIL import Image, ImageChops

from checks.finding import State
from checks.forecast import days_until_full, enough
from checks.host_check import host_checks
from checks.host_report import Blank, Cell
from checks.hosts import disk
from checks.report_disks import Volume
from checks.report_heatmap import Column, Grid
from checks.report_incidents import Bar, Happened, Lane
from checks.report_response import Day, Series
from tasks.plots import (
    MOST_DISKS,
    MOST_HOSTS,
    PlotError,
    disks_picture,
    heatmap_picture,
    incidents_picture,
    response_picture,
)
from tasks.plots.pen import WIDTH

ZONE = ZoneInfo("Asia/Shanghai")
NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)
YEAR = date(2026, 1, 1), date(2026, 12, 31)
NAMES = ("协同办公系统", "移动办公系统", "综合档案管理系统")
RED, BLUE, BROWN = (163, 32, 28), (29, 78, 137), (179, 84, 30)


def response(period: tuple[date, date] = NOVEMBER, without: int = 0) -> bytes:
    """A month of three systems; `without`: a day of the month that nobody measured."""
    first, last = period
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    known = tuple(Day(day, 0.08 + day.day / 1000, 0.2) for day in days if day.day != without)
    return response_picture([Series(name, 3, known) for name in NAMES], first, last, last)


def heatmap(hosts: int = 12, *cells: Cell, items: int = 40) -> bytes:
    """So many hosts in three systems; `cells`: what is drawn by lot."""
    chance = random.Random(1)
    titles = tuple(f"{one.id} {one.title}" for one in list(host_checks())[:items])
    lot = cells or (State.OK,) * 20 + (State.WARN, State.CRIT, State.UNKNOWN, Blank.NOT_DONE, Blank.NOT_APPLICABLE)
    columns = tuple(
        Column(NAMES[number * 3 // hosts], f"app-host-{number:02}", tuple(chance.choice(lot) for _ in titles))
        for number in range(hosts)
    )
    return heatmap_picture(Grid(titles, columns), "主机×项目")


def volume(mount: str, *used: float) -> Volume:
    """Per cent used, week by week."""
    weeks = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(weeks=number) for number in range(len(used))]
    points = [(at, amount, 100.0) for at, amount in zip(weeks, used, strict=True)]
    state = disk.Percent(warn=80, crit=90).state(used[-1])
    share = tuple(zip(weeks, used, strict=True))
    return Volume("oa-db-01", mount, share, 80, 90, state, enough(points), days_until_full(points))


GROWING, FULL, NEW = volume("/data", *range(40, 70, 3)), volume("/", *[92] * 6), volume("/new", 93, 94)


def disks(*volumes: Volume) -> bytes:
    return disks_picture(volumes or (GROWING, FULL, NEW), ZONE)


def incidents(
    period: tuple[date, date] = NOVEMBER, each: int = 3, *, ends: bool = False, since: date = date(2026, 1, 1)
) -> bytes:
    """Three systems with so many faults each; one of them goes on unless it `ends`, one system has a downtime."""
    chance, (first, last) = random.Random(1), period
    start, days = datetime(first.year, first.month, first.day, tzinfo=ZONE), (last - first).days + 1
    begins = [[start + timedelta(hours=chance.randrange(days * 20)) for _ in range(each)] for _ in NAMES]
    numbers = (f"G-2026-{number:04}" for number in range(1, 999))
    faults = [tuple(Bar(next(numbers), at, at + timedelta(hours=9)) for at in its) for its in begins]
    open_one = Bar("G-2026-0999", start + timedelta(days=days - 4), start + timedelta(days=days - 2) if ends else None)
    downtime = Bar("T-2026-0001", start + timedelta(days=2), start + timedelta(days=3))
    lanes = (
        Lane(NAMES[0], (*faults[0], open_one), ()),
        Lane(NAMES[1], faults[1], (downtime,)),
        Lane(NAMES[2], faults[2], ()),
    )
    months = Counter(at.date().replace(day=1) for its in begins for at in its)
    began = datetime(since.year, since.month, since.day, tzinfo=ZONE)
    return incidents_picture(Happened(lanes, months), first, last, began, start + timedelta(days=days - 2), ZONE)


PICTURES: dict[str, Callable[[], bytes]] = {
    "response": response,
    "response of a year": lambda: response(YEAR),
    "heatmap": heatmap,
    "heatmap of as many as there is room for": lambda: heatmap(MOST_HOSTS),
    "heatmap of one": lambda: heatmap(1),
    "disks": disks,
    "disks, as many as there is room for": lambda: disks(*(GROWING, FULL) * (MOST_DISKS // 2)),
    "one disk": lambda: disks(GROWING),
    "incidents": incidents,
    "incidents of a year": lambda: incidents(YEAR, 12),
    "incidents of a bad year": lambda: incidents(YEAR, 80),
}


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[Text]:
    """What is written while a picture is drawn."""
    found, write = [], Axes.text

    def noted(axes: Axes, *args: object, **kwargs: object) -> Text:
        found.append(write(axes, *args, **kwargs))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(Axes, "text", noted)
    return found


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def changed(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    """Where two grey pictures differ; a file has few colours, and the same edge of a letter may be of a neighbour."""
    return ImageChops.difference(one, other).point(lambda level: 255 * (level > 60)).getbbox()


def words(image: Image.Image, mode: int = 11) -> str:
    larger = image.resize((image.width * 2, image.height * 2))
    return "".join(str(pytesseract.image_to_string(larger, lang="chi_sim", config=f"--psm {mode}")).split())


def near(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many pixels have a colour, or nearly."""
    red, green, blue = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    return sum(ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[:10])


@pytest.mark.parametrize("name", PICTURES)
def test_at_155_mm_all_text_is_legible_and_none_is_over_another(name: str, texts: list[Text]) -> None:
    # When: a character without a glyph is an error
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = PICTURES[name]()
    # Then
    image = opened(content)
    assert image.width == 915  # 155 mm at 150 dots per inch: a point is a point on paper
    assert image.height <= 1230  # a page holds it
    assert len(content) <= 60_000
    assert min(text.get_fontsize() for text in texts) >= 7
    boxes = [(text.get_text(), text.get_window_extent().padded(-2.5)) for text in texts]
    for said, box in boxes:
        assert 0 <= box.x0 < box.x1 <= image.width, said
        assert 0 <= box.y0 < box.y1 <= image.height, said
    for (one, here), (other, there) in combinations(boxes, 2):
        assert not here.overlaps(there), f"{one} over {other}"


@pytest.mark.parametrize("name", ["response", "heatmap", "disks", "incidents"])
def test_the_same_data_give_the_same_bytes(name: str) -> None:
    assert PICTURES[name]() == PICTURES[name]()


@pytest.mark.parametrize("name", ["response", "heatmap", "disks", "incidents"])
def test_without_a_chinese_font_nothing_is_drawn(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "fc-list").write_text("#!/bin/sh\n")
    (tmp_path / "fc-list").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlotError, match=r"本机没有中文字体.*fonts-noto-cjk"):
        PICTURES[name]()


def test_a_name_is_on_one_line_within_the_picture_whatever_it_is(texts: list[Text]) -> None:
    response_picture(
        [Series("$x^2$\n# h \u202e" + "W" * 300, 3, (Day(NOVEMBER[0], 0.1, 0.2),))], *NOVEMBER, NOVEMBER[1]
    )
    [name] = (one for one in texts if "$x^2$" in one.get_text())
    assert name.get_text() == "$x^2$ # h □" + "W" * 30 + "…"
    assert name.get_window_extent().x1 <= WIDTH


class TestResponse:
    """Response times."""

    def test_a_day_that_nobody_measured_is_a_gap_with_a_hatch(self) -> None:
        # Given: the place of the 14th in the first panel
        whole, gap = (opened(response(without=day)) for day in (0, 14))
        wide = (915 - 12 - 84) / 30
        left = int(84 + 13 * wide)
        day, another = ((left + int(n * wide) + 3, 100, left + int((n + 1) * wide) - 3, 190) for n in (0, -4))
        # Then: before it the pictures are the same
        assert not changed(whole.crop(another).convert("L"), gap.crop(another).convert("L"))
        # and there is a hatch, in nearly every row of pixels, but no line
        hatched = gap.crop(day).convert("L")
        rows = [hatched.crop((0, y, hatched.width, y + 1)).getextrema() for y in range(hatched.height)]
        assert sum(darkest < 190 for darkest, _ in rows) > 60
        assert near(whole.crop(day), BLUE) > 20
        assert near(gap.crop(day), BLUE) == 0

    def test_the_tail_is_not_taken_for_the_middle_without_colours(self) -> None:
        """Given a year, whose days are too narrow for markers: one line is whole, the other is dotted."""
        image = opened(response(YEAR))
        panel = image.crop((90, 85, 890, 200))
        solid, dotted = (
            sum(near(panel.crop((x, 0, x + 1, panel.height)), colour) > 0 for x in range(panel.width))
            for colour in (BLUE, BROWN)
        )
        assert solid > 780
        assert 100 < dotted < 600

    def test_it_says_what_it_shows(self) -> None:
        text = words(opened(response()))
        for said in ("响应时间2026-11-01至2026-11-30", *NAMES, "每日中位数", "每日第95百分位数", "没有测到"):
            assert said in text


class TestHeatMap:
    """Host × item."""

    def test_states_are_told_apart_without_colours(self) -> None:
        # Given: one cell of each state; nothing is due in the last
        cells: tuple[Cell, ...] = (*State, *Blank)
        shapes = set()
        for cell in cells:
            # When
            image = opened(heatmap_picture(Grid(("x",), (Column("甲", "h", (cell,)),)), "")).convert("L")
            cut = image.crop((42, image.height - 40 - 22, 42 + 56, image.height - 40))
            # Then: it has a symbol or a hatch of its own, whatever its shade
            paper = Counter(cut.get_flattened_data()).most_common(1)[0][0]
            shapes.add(tuple(abs(level - paper) > 60 for level in cut.get_flattened_data()))
        assert len(shapes) == len(cells)

    def test_it_says_how_many_of_each(self) -> None:
        columns = Column("甲", "h1", (State.CRIT, State.OK)), Column("甲", "h2", (State.CRIT, State.CRIT))
        grid = Grid(("OS01", "OS02"), columns)
        image = opened(heatmap_picture(grid, "主机×项目"))
        text = words(image.crop((0, image.height - 40, image.width, image.height)), 7)
        for said in ("正常1", "告警0", "严重3", "未取得0", "未执行0"):
            assert said in text

    def test_faults_are_seen_where_they_are(self) -> None:
        assert near(opened(heatmap(12, State.OK)), RED) < 600  # the legend's
        assert near(opened(heatmap(12, State.CRIT)), RED) > 100_000


class TestDisks:
    """Disks and the day they are full."""

    def test_the_day_it_is_full_is_marked_and_named(self) -> None:
        """3 % a week, 67 % on 4 May: 11 weeks are left."""
        text = words(opened(disks(GROWING)))
        assert "2026-07-20写满" in text
        assert "07-20写满" in text.replace("2026-07-20写满", "")

    def test_too_few_points_are_said_and_not_drawn(self) -> None:
        image = opened(disks(NEW))
        text = words(image)
        assert "记录还不足以预测" in text
        assert "写满" not in text.replace("预计写满", "")  # the title's and the legend's

    def test_the_line_to_the_full_disk_is_dotted_and_beyond_the_points(self) -> None:
        # Given: the same points, once without a forecast
        with_it, without = (opened(disks(one)) for one in (GROWING, GROWING._replace(forecast=None)))
        # Then: where the axis ends is another day, and only with it a mark stands at 100 %
        top = (60, 85, 915, 100)
        assert near(with_it.crop(top), (34, 34, 34)) > near(without.crop(top), (34, 34, 34)) + 50


class TestIncidents:
    """Faults and planned downtimes."""

    def test_each_has_its_number_beside_it(self) -> None:
        text = words(opened(incidents(each=1)))
        for number in ("G-2026-0001", "G-2026-0003", "G-2026-0999", "T-2026-0001"):
            assert number in text

    def test_one_that_goes_on_has_an_arrow(self) -> None:
        going_on, over = (opened(incidents(ends=ends)).convert("L") for ends in (False, True))
        place = changed(going_on, over)
        assert place
        assert 5 < place[2] - place[0] < 20
        assert min(going_on.crop(place).get_flattened_data()) < 60

    def test_of_a_long_period_months_are_counted(self) -> None:
        quarter = date(2026, 10, 1), date(2026, 12, 31)
        month, three = (opened(incidents(period)) for period in (NOVEMBER, quarter))
        assert "每月新发生" in words(three)
        assert "每月新发生" not in words(month)
        assert three.height > month.height + 50

    def test_time_of_which_nothing_is_known_has_a_hatch_and_its_month_no_number(self) -> None:
        """Given a quarter of which a month had passed when the ledger began."""
        quarter = date(2026, 10, 1), date(2026, 12, 31)
        known, unknown = (opened(incidents(quarter, 0, since=day)) for day in (quarter[0], date(2026, 11, 1)))
        lanes = (210, 60, 400, 150)
        assert changed(known.crop(lanes).convert("L"), unknown.crop(lanes).convert("L"))
        said = words(unknown)
        assert "不明" in said
        assert "不明" not in words(known)
        legends = (one.crop((430, one.height - 36, one.width, one.height)) for one in (unknown, known))
        assert ["记录" in words(one, 7) for one in legends] == [True, False]
