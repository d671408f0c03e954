"""Reminders of findings: some days ahead, on the last day, and when it has passed; the same of accepted risks.

A register of findings is of grade 2: number and severity alone are of the lowest. What is due on the same day is told
together, or a report of five thousand rows would be as many messages.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from checks.contract import Contract
from checks.finding_list import by_severity
from checks.notices import Notice
from checks.secrecy import Grade
from checks.security_finding import Life, SecurityFinding, Severity, number_of

AT = time(9, 0)
"""When people are reminded, in the contract's zone."""

_AHEAD = ((7, 1), (30, 3), (366, 7))  # of those that have so many days: how many days before the last
_ACCEPTED_AHEAD = 7  # days
_NAMED = 10

K = TypeVar("K", bound=Hashable)


def ahead(one: SecurityFinding) -> int:
    """How many days before its last day people are reminded."""
    return next((early for days, early in _AHEAD if one.days <= days), _AHEAD[-1][1])


def of_findings(contract: Contract, known: Sequence[SecurityFinding], now: datetime) -> Iterator[Notice]:
    """What there is to tell of findings that are not mended: of each last day the last word alone."""

    def nine(day: date) -> datetime:
        return datetime.combine(day, AT, contract.tz)

    for day, some in _by(known, lambda one: one.due).items():
        mine = [one for one in some if one.is_open]
        name = _name(day, some)
        if mine and now >= (late := nine(day + timedelta(days=1))):
            yield _notice(f"{name}/late", 1, late, f"{day} 到期，逾期未闭环", mine)
        elif mine and now >= nine(day):
            yield _notice(f"{name}/today", 0, nine(day), "今天到期", mine)
        else:
            for days, those in _by(mine, ahead).items():
                if now >= (at := nine(day - timedelta(days=days))):
                    yield _notice(f"{name}/ahead-{days}", 0, at, f"{day} 到期", those)
    accepted = [one for one in known if one.life is Life.ACCEPTED and one.until]
    for day, some in _by(accepted, lambda one: one.until or one.due).items():
        if now >= (at := nine(day - timedelta(days=_ACCEPTED_AHEAD))):
            yield _notice(f"{_name(day, some)}/accepted", 0, at, f"风险接受至 {day}，到期重新打开，请评估", some)


def _by(known: Iterable[SecurityFinding], of: Callable[[SecurityFinding], K]) -> dict[K, list[SecurityFinding]]:
    found: dict[K, list[SecurityFinding]] = {}
    for one in known:
        found.setdefault(of(one), []).append(one)
    return found


def _name(day: date, some: Sequence[SecurityFinding]) -> str:
    """By all that have this day, also those that are over: it stays as they are mended, and changes when more come."""
    return f"findings/{day}-{max(some, key=lambda one: number_of(one.id)).id}"


def _notice(name: str, level: int, due: datetime, said: str, some: Sequence[SecurityFinding]) -> Notice:
    shown = sorted(some, key=lambda one: (list(Severity).index(one.severity), number_of(one.id)))[:_NAMED]
    more = f" 等 {len(some)} 个" if len(some) > len(shown) else ""
    numbers = "、".join(f"{one.id}（{one.severity}）" for one in shown)
    head = f"【漏洞】{said}：{by_severity(some)}。{numbers}{more}"
    details = [
        (Grade.MEDIUM, f"　{one.id} {one.asset} {one.title}" + (f"，责任人 {one.owner}" if one.owner else ""))
        for one in shown
    ]
    return Notice(name, "漏洞台账", level, due, ((Grade.LEAST, head), *details))
