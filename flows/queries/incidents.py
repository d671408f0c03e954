"""故障: what broke, how it ended, and whether the deadlines were met. Clause 七2(6), Annex 4."""

from collections.abc import Iterable

from checks.clocks import Case
from checks.number import Number, count, row
from checks.period_cases import breached, longest_repair
from checks.period_lines import IncidentLine
from flows.queries import query
from flows.queries.facts import Facts

_CHOICES = ("opened", "cleared", "still")


@query("incidents", "本期发现的故障：编号、系统、现象、发现和恢复时间、状态，上报、响应、修复是否按时")
def incidents(facts: Facts) -> tuple[IncidentLine, ...]:
    """Oldest first."""
    return tuple(_line(facts, one) for one in facts.incidents.opened)


@query("incidents.left", "期末没有解除的故障里，本期之前发现的")
def left(facts: Facts) -> tuple[IncidentLine, ...]:
    """Oldest first."""
    return tuple(_line(facts, one) for one in facts.incidents.still if one not in facts.incidents.opened)


@query("incidents.count", "故障起数：what 写 opened 本期发现、cleared 本期解除、still 期末未解除；system 写系统编号")
def counted(facts: Facts, what: str = "opened", system: str = "") -> Number:
    """Of one system, or of all.

    Raises:
        ValueError: `what` is none of the choices.
    """
    if what not in _CHOICES:
        raise ValueError(f"incidents.count 的 what 写 {'、'.join(_CHOICES)} 之一，不是 {what}")
    those: list[Case] = getattr(facts.incidents, what)
    return count("", _rows(one for one in those if system in ("", one.incident.system)))


@query("incidents.breached", "超时起数：clock 写 report 上报、response 响应、dispatch 派工、repair 修复")
def over(facts: Facts, clock: str) -> Number:
    """Incidents discovered in the period of which this clock ran over its limit, whenever: no other period has them."""
    return count("", _rows(one for one in facts.incidents.opened if breached(one, clock, facts.as_of)))


@query("incidents.longest", "本期发现的故障里，最长的修复时间（不含第三方处理）")
def longest(facts: Facts) -> Number:
    """In seconds; not known where no incident of the period is repaired."""
    took = longest_repair(facts.incidents.opened, facts.as_of)
    rows = tuple(_rows(facts.incidents.opened))
    return Number(None if took is None else int(took.total_seconds()), "", rows)


def _line(facts: Facts, case: Case) -> IncidentLine:
    one = case.incident
    rows = tuple(_rows([case]))
    spent = {
        clock.name: Number(clock.spent(facts.as_of).total_seconds(), "", rows, clock.stands(facts.as_of))
        for clock in case.clocks
    }
    what = one.symptoms[0].summary if one.symptoms else one.said
    more = f" 等 {len(one.symptoms)} 项" if len(one.symptoms) > 1 else ""
    return IncidentLine(
        number=one.id,
        system=facts.system_name(one.system),
        what=f"{what}{more}",
        found_at=facts.here(one.discovered_at),
        restored_at=facts.here(one.restored_at) if one.restored_at else None,
        state=one.state,
        report=spent["report"],
        response=spent["response"],
        repair=spent["repair"],
        smooth=one.cleared_at is not None and not any(clock.breached(facts.as_of) for clock in case.clocks),
        rows=rows,
    )


def _rows(those: Iterable[Case]) -> list[str]:
    return [row("incident", one.incident.id) for one in those]
