"""可用率: how long each system was up, and each in the support periods. Clause 七2(2), Annex 4; readings R2 to R4."""

from datetime import datetime
from functools import partial

from checks.availability import Span, clip
from checks.bands import percent
from checks.downtime import DOWNTIME
from checks.number import Number, row
from checks.period_lines import AvailabilityLine, OutageLine, SupportLine
from checks.slots import AVAILABILITY_PROBE
from flows.queries import query
from flows.queries.facts import Facts
from flows.uptime import Line
from flows.uptime_words import clock


@query(
    "availability",
    "每个系统的可用率（不明的时间按中断和按正常两头算）、正常、中断、计划内停机、不明的时间，考核档次和得分",
)
def availability(facts: Facts) -> tuple[AvailabilityLine, ...]:
    """In the contract's order; nothing where nothing of the period has passed within the term."""
    rows = _rows(facts)
    return tuple(AvailabilityLine(**_said(line, rows)) for line in (facts.measured.lines if facts.measured else ()))


@query("availability.supports", "重保期间每个系统的可用率、保障计划、考核档次和得分")
def supports(facts: Facts) -> tuple[SupportLine, ...]:
    """Before a support period is over nothing is earned."""
    rows = _rows(facts)
    lines = []
    for one in facts.measured.supports if facts.measured else ():
        said = _said(one.line, rows)
        lines.append(
            SupportLine(
                **said | ({} if one.over else {"points": None, "judged": f"至今：{said['judged']}"}),
                title=f"{one.period.name}（{'重要' if one.period.important else '一般'}）",
                start=facts.here(one.period.start),
                end=facts.here(one.period.end),
                plan=one.period.plan,
            )
        )
    return tuple(lines)


@query("availability.outages", "每次中断：系统、起止、时长、其中计划内停机多久")
def outages(facts: Facts) -> tuple[OutageLine, ...]:
    """By system and time."""
    found, rows = facts.measured, _rows(facts)
    if found is None:
        return ()
    number, moment = partial(_time, rows), partial(datetime.fromtimestamp, tz=found.zone)
    lines = []
    for line in found.lines:
        for one in line.outages:
            end = one.end or found.span.end
            planned = sum(span.end - span.start for span in clip(line.planned, Span(one.start, end)))
            lines.append(
                OutageLine(
                    name=line.name,
                    start=moment(one.start),
                    end=moment(one.end) if one.end else None,
                    took=number(end - one.start),
                    planned=number(planned),
                    rows=rows,
                )
            )
    return tuple(lines)


def _said(line: Line, rows: tuple[str, ...]) -> dict[str, object]:
    """A line's fields. Where nobody saw anything the share is not known: neither 0 nor 100 %."""
    found, verdict = line.seconds, line.verdict
    low, high = found.low, found.high
    number = partial(_time, rows)
    share, judged, points = Number(None, "", rows), "没有计入的时间，不计分", None
    if verdict and low is not None and high is not None:
        if found.up or found.down:
            said = percent(low) if low == high else f"{percent(low)} 至 {percent(high)}"
            share = Number(low, "", rows, said)
            judged = verdict.label + ("（正在界线上，须甲方认定）" if verdict.flagged else "")
        else:
            judged = "没有探测结果，不能确定"
        if verdict.points is not None:
            points = Number(float(verdict.points), "", rows, f"{verdict.points:+}" if verdict.points else "0")
    return {
        "name": line.name, "share": share, "judged": judged, "points": points, "rows": rows,
        "up": number(found.up), "down": number(found.down), "planned": number(found.planned),
        "unknown": number(found.unknown),
    }  # fmt: skip


def _time(rows: tuple[str, ...], seconds: int) -> Number:
    return Number(seconds, "", rows, clock(seconds))


def _rows(facts: Facts) -> tuple[str, ...]:
    """What it rests on: each day's probes, what people reported, what was planned."""
    days = [row("slot", one.id) for one in facts.ledger.slots(*facts.period) if one.duty == AVAILABILITY_PROBE]
    told = [
        row("incident", one.incident.id)
        for one in facts.cases
        if not one.incident.void
        and any(since < facts.end and (until or facts.as_of) > facts.start for since, until in one.incident.down)
    ]
    planned = [row(DOWNTIME, one.id) for one in facts.windows if one.start < facts.end and one.end > facts.start]
    return (*days, *told, *planned)
