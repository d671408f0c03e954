"""What the contract folder says of working days, beside the published calendar. Duties.md, "Working days"."""

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from checks.journey import Strict


class Calendar(Strict):
    """A notice may change a year that was published (2015, 2020), or publish one that the program does not know yet."""

    source: str = Field("", title="依据", description="通知的名称和文号，印在报告上")
    holidays: list[date] = Field([], title="放假", description="本来是工作日、实际放假的日子；新公布的年份要写全")
    workdays: list[date] = Field([], title="上班", description="本来不上班、实际上班的日子，例如调休的周末")
    years: list[int] = Field([], title="补充公布的年份", description="程序还不知道的年份：该年的放假和调休都在这里写全")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if both := sorted({*self.holidays} & {*self.workdays}):
            raise ValueError(f"{both[0]} 既写了放假又写了上班，只留一处")
        if (self.holidays or self.workdays or self.years) and not self.source.strip():
            raise ValueError("改了日历就要写依据 source：通知的名称和文号")
        for year in self.years:
            if not any(day.year == year for day in self.holidays):
                raise ValueError(f"years 里写了 {year}，holidays 里却没有这一年的任何一天：放假和调休都要写全")
        return self
