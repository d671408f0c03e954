"""A month's baseline check in one line, for the reports of longer periods."""

from collections.abc import Mapping
from fractions import Fraction

from checks.baseline_check import Conformity
from checks.number import Number
from checks.period_lines import BaselineLine

_VERIFIED = (Conformity.MET, Conformity.PARTLY, Conformity.NOT_MET)


def baseline_line(month: str, tally: Mapping[Conformity, int], rows: tuple[str, ...]) -> BaselineLine:
    """The rates are those of the 等保自查报告: 符合 of all that apply, and of those on which there is a verdict."""
    met = tally.get(Conformity.MET, 0)
    applicable = sum(tally.values()) - tally.get(Conformity.NOT_APPLICABLE, 0)
    return BaselineLine(
        month=month,
        applicable=Number(applicable, "", rows),
        met=Number(met, "", rows),
        rate=_rate(met, applicable, rows),
        rate_of_verified=_rate(met, sum(tally.get(one, 0) for one in _VERIFIED), rows),
        rows=rows,
    )


def _rate(part: int, whole: int, rows: tuple[str, ...]) -> Number:
    """Rounded down: 99.96 % is not 100 %."""
    return (
        Number(Fraction(part, whole), "", rows, f"{part * 1000 // whole / 10:.1f}%")
        if whole
        else Number(None, "", rows)
    )
