"""An axis of days, which several pictures share: where a day is, and how it is named."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from checks.periods import month_after
from tasks.plots.pen import EDGE, FAINT, SMALL, WEEKEND, Pen

_NAMED_DAY = 24  # pixels: a day that is narrower has no number of its own
_SECONDS = 24 * 3600


class Timeline(NamedTuple):
    """The days from `first` to `last` between two places, in pixels from the left."""

    first: date
    last: date
    left: float
    right: float

    @property
    def days(self) -> list[date]:
        """All of them."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def day(self) -> float:
        """How wide one is."""
        return (self.right - self.left) / ((self.last - self.first).days + 1)

    def x(self, day: date) -> float:
        """Where a day begins."""
        return self.left + (day - self.first).days * self.day

    def middle(self, day: date) -> float:
        """Where its noon is."""
        return self.x(day) + self.day / 2

    def at(self, moment: datetime) -> float:
        """Where a moment is, by the clock of its own zone; one outside the days is at their edge."""
        clock = moment.hour * 3600 + moment.minute * 60 + moment.second
        return min(max(self.x(moment.date()) + clock / _SECONDS * self.day, self.left), self.right)

    def weekends(self, pen: Pen, top: float, height: float) -> None:
        """A shade behind them, where they can be seen."""
        if self.day >= _NAMED_DAY / 2:
            free = [(self.x(day), top, self.day, height) for day in self.days if day.weekday() >= 5]
            pen.fills(free, WEEKEND)

    def axis(self, pen: Pen, y: float) -> None:
        """The names of days or weeks and of months, below `y`; 50 pixels."""
        for day, said in self._named():
            pen.line([(self.x(day), y), (self.x(day), y + 5)], FAINT, 0.6)
            pen.write(self.middle(day), y + 16, said, SMALL)
        for number, day in enumerate(self.days):
            if number == 0 or day.day == 1:
                pen.line([(self.x(day), y), (self.x(day), y + 40)], EDGE, 0.6)
                room = min(self.right - self.x(day), self._month_after(day))
                name = (
                    f"{day.year}年{day.month}月" if (number == 0 or day.month == 1) and room > 90 else f"{day.month}月"
                )
                if room > 34:
                    pen.write(self.x(day) + 4, y + 36, name, SMALL, FAINT, "left")

    def _named(self) -> Iterator[tuple[date, str]]:
        """Days with their numbers; of many days the Mondays, of very many none."""
        every = 1 if self.day >= _NAMED_DAY else 7 if self.day * 7 >= _NAMED_DAY else 0
        for day in self.days if every else []:
            if every == 1 or day.weekday() == 0:
                yield day, f"{day.day}"

    def _month_after(self, day: date) -> float:
        return (month_after(day) - day).days * self.day
