"""The desk for reports: of which period, incident or finding one is wanted; writing it, and putting that on record."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from checks.documents import Named
from checks.records import Event
from checks.report_period import Every, named
from checks.slots import RequestError
from flows.caller import Caller
from flows.finding_book import FindingBook
from flows.incident_desk import cases
from flows.office import Office, now
from flows.queries.facts import Facts
from flows.report_explain import listed
from flows.report_files import facts_of, make
from tasks.browser.chromium import Chromium
from tasks.ledger import Ledger
from tasks.report import Format
from tasks.report.kinds import Kind

REPORT = "report"
"""The events' kind. Subject: "weekly/2026-W47"; body: head, the ledger's as it was made; files, SHA-256 by name."""


def named_of(office: Office, kind: Kind, text: str) -> Named:
    """The period, incident or finding that somebody asks for; where no period is named, the one that yesterday lies in.

    Raises:
        RequestError: there is none, or it has not begun.
    """
    if kind.every is Every.INCIDENT:
        return _incident(office, text.strip().upper())
    if kind.every is Every.FINDING:
        return _finding(office, text.strip())
    return named(kind.every, text, office.today())


class Made(NamedTuple):
    """A report that was made: what it was computed from, and its files."""

    facts: Facts
    files: dict[Format, Path]


def write(
    office: Office,
    kind: str,
    named: Named,
    by: Caller,
    formats: Iterable[Format] = tuple(Format),
    chromium: Chromium | None = None,
) -> Made:
    """Make a report in the folder of reports, and put that on record.

    Args:
        kind: the template's name, "weekly".
        chromium: prints the PDF; one is started where none is given.

    Raises:
        ReportError: it could not be made; no file was touched, and nothing was entered.
    """
    facts = facts_of(office, kind, named)
    files = make(facts, formats, chromium)
    _register(office, files, by)
    return Made(facts, files)


def made_of(ledger: Ledger) -> set[str]:
    """Of what a report was made already, as it stands on record: "weekly/2026-W47"."""
    return {event.subject for event in ledger.events(REPORT)}


def _register(office: Office, files: Mapping[Format, Path], by: Caller) -> None:
    """Of what it is, from which state of the ledger it was made, and its files' digests."""
    found = listed(next(iter(files.values())), office.settings.reports_dir)
    event = Event(
        kind=REPORT,
        subject=f"{found.kind}/{found.cover.name}",
        at=now(),
        who=by.who,
        why=by.why,
        via=by.trigger,
        body={"head": found.cover.head, "files": found.files},
    )
    office.ledger.enter(event, now())


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
