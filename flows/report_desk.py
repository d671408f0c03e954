"""What people, forms and schedules say of a report that they want: which kind, of which period or number."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from checks.documents import Named
from checks.report_period import Every, named
from checks.slots import RequestError
from flows.finding_book import FindingBook
from flows.incident_desk import cases
from flows.office import Office, now
from flows.report_files import TEMPLATES
from tasks.report.kinds import Kind, kinds


def kind_called(folder: Path, text: str) -> Kind:
    """A kind by its name, its Chinese name, or as forms offer it.

    Args:
        folder: the contract folder, whose own templates go before ours.

    Raises:
        RequestError: there is none of that name.
        ReportError: a template does not say what it is.
    """
    known = kinds(folder / TEMPLATES)
    said = {word: one for one in known.values() for word in (one.kind, label(one), one.name)}
    if found := said.get(text.strip()):
        return found
    near = {said[word].name for word in difflib.get_close_matches(text, said, 3)}
    hint = f"；是不是 {'、'.join(label(known[name]) for name in sorted(near))}" if near else ""
    raise RequestError(f"没有“{text}”这种报告{hint}。有：{'、'.join(label(one) for one in known.values())}")


def label(kind: Kind) -> str:
    """How forms offer it: 周报（weekly）."""
    return f"{kind.kind}（{kind.name}）"


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
