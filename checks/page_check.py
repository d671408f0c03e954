"""A page check: one item of the page inspection, and how a visit is judged by all of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from checks.contract import Contract, Journey, Login, System
from checks.finding import Finding, Reason, State, Verdict
from checks.registry import discover
from checks.visit import Visit

Part = Journey | Login
"""What is looked at: a journey, or the login."""


@dataclass(frozen=True)
class PageCheck:
    """One item. `planned` tells from the contract alone whether the item is due for a journey; `retry` are the
    verdicts that may come from a passing fault and deserve a second attempt."""

    id: str
    title: str
    evaluate: Callable[[Visit, System, Part], Verdict]
    planned: Callable[[System, Part], bool] = lambda system, part: True
    retry: frozenset[State] = frozenset({State.CRIT, State.UNKNOWN})


@cache
def page_checks() -> tuple[PageCheck, ...]:
    """All items, by id: the modules of `checks.pages`."""
    from checks import pages

    return discover(pages, PageCheck)


MANUAL = PageCheck(
    "PG00", "人工确认", lambda visit, system, part: Verdict(State.UNKNOWN, "等待人工确认", Reason.MANUAL)
)
"""Stands in for all other items where a person must look (a captcha is never bypassed)."""


def needs_login(system: System, part: Part) -> bool:
    """Tell whether a part is seen by a logged-in visitor."""
    return isinstance(part, Journey) and part.login and system.login is not None


def is_manual(system: System, part: Part) -> bool:
    """Tell whether a person must confirm this part: it says so itself, or it needs a login that says so."""
    behind_manual_login = needs_login(system, part) and system.login is not None and system.login.semi_manual
    return part.semi_manual or behind_manual_login


def manual_targets(contract: Contract) -> list[str]:
    """Everything that waits for a person, as `archive/login`."""
    return [system.target(part) for system in contract.systems for part in system.targets() if is_manual(system, part)]


def planned(system: System, part: Part) -> tuple[PageCheck, ...]:
    """The items that are due for a part, from the contract alone."""
    if is_manual(system, part):
        return (MANUAL,)
    return tuple(check for check in page_checks() if check.planned(system, part))


def judge(visit: Visit, system: System, part: Part) -> Iterator[Finding]:
    """Judge one visit by every planned item. A bug in one item is one UNKNOWN; the others go on."""
    for check in planned(system, part):
        try:
            state, summary, reason = check.evaluate(visit, system, part)
            yield Finding(check=check.id, state=state, summary=summary, reason=reason)
        except Exception as error:  # whatever a check does wrong must not cost the other checks
            summary = f"检查程序出错：{type(error).__name__}"
            yield Finding(check=check.id, state=State.UNKNOWN, summary=summary, reason=Reason.BUG)


# Trying a refused password again can lock the account; a mistake in the contract stays one.
_FINAL = (Reason.CONFIGURATION, Reason.AUTHENTICATION)


def deserves_retry(findings: Iterable[Finding]) -> bool:
    """Tell whether a second attempt could change a verdict."""
    retry = {check.id: check.retry for check in page_checks()}
    return any(finding.state in retry.get(finding.check, ()) and finding.reason not in _FINAL for finding in findings)


def not_looked(system: System, part: Part, reason: Reason, message: str) -> Iterator[Finding]:
    """One UNKNOWN for every planned item, where there is no visit to judge."""
    for check in planned(system, part):
        yield Finding(check=check.id, state=State.UNKNOWN, summary=message, reason=reason)


def held_up(visit: Visit) -> Verdict:
    """The verdict of an item whose facts were not obtained: UNKNOWN, with what stood in the way."""
    if visit.obstacle is None:
        return Verdict(State.UNKNOWN, "没有取到数据", Reason.BUG)
    reason = visit.obstacle.reason or Reason.BLOCKED
    return Verdict(State.UNKNOWN, f"{reason.label}：{visit.obstacle.told}", reason)
