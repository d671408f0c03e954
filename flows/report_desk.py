"""Of which period, incident or finding a report is wanted."""

from collections.abc import Iterable

from checks.documents import Named
from checks.report_period import Every, named
from checks.slots import RequestError
from flows.finding_book import FindingBook
from flows.incident_desk import cases
from flows.office import Office, now
from tasks.report.kinds import Kind


def named_of(office: Office, kind: Kind, text: str) -> Named:
    """The period, incident or finding that people name; of periods the one in which yesterday is where they name none.

    Raises:
        RequestError: there is none, or it has not begun.
    """
    if kind.every is Every.INCIDENT:
        return _incident(office, text.strip().upper())
    if kind.every is Every.FINDING:
        return _finding(office, text.strip())
    return named(kind.every, text, office.today())


def _incident(office: Office, number: str) -> Named:
    zone = office.contract.tz
    known = {case.incident.id: case.incident for case in cases(office.ledger, office.contract)}
    if number not in known:
        raise RequestError(_none("故障", number, known, "xunjian incident list --all"))
    one = known[number]
    return Named(number, one.discovered_at.astimezone(zone).date(), (one.cleared_at or now()).astimezone(zone).date())


def _finding(office: Office, number: str) -> Named:
    book = FindingBook(office.ledger, office.contract.tz)
    if not number:
        raise RequestError(_none("漏洞", "", [one.id for one in book.findings(now())], "xunjian findings list"))
    one = book.finding(number, now())
    days = [event.at.astimezone(office.contract.tz).date() for event in one.events]
    return Named(one.id, min(days), max(days))


def _none(what: str, number: str, known: Iterable[str], where: str) -> str:
    """Why no report can be made, and what can be named."""
    last = "、".join(sorted(known)[-3:])
    said = f"没有{what} {number}" if number else f"要写明{what}的编号"
    return f"{said}；{f'最近的有 {last}，' if last else ''}编号见 {where}"
