"""图: what people look at rather than read; each answers with a picture, or says in words why there is none."""

from collections.abc import Callable, Iterable

from checks.number import row
from checks.report_drawing import Drawing
from flows.queries import query
from flows.queries.facts import Facts
from tasks.plots import PlotError, calendar_picture


@query("drawings.rounds", "图：巡检完成情况的日历，每个对象一行，每天（周、月）一格")
def rounds(facts: Facts) -> Drawing:
    """Each slot of the period and its mark."""
    slots = [row("slot", one.slot.id) for line in facts.coverage.lines for one in line.marks]
    caption = "巡检完成情况，每个对象一行"
    if not slots:
        return Drawing(caption=caption, trouble="本期没有应做的巡检")
    return _drawing(caption, slots, lambda: calendar_picture(facts.coverage))


def _drawing(caption: str, rows: Iterable[str], draw: Callable[[], bytes]) -> Drawing:
    try:
        return Drawing(caption=caption, png=draw(), rows=tuple(rows))
    except PlotError as error:
        return Drawing(caption=caption, trouble=str(error))
