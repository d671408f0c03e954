"""Builds a report: the cover from the ledger, the answers to what its template asks, the files in every format."""

import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from checks.documents import Named
from checks.report_cover import Cover
from checks.report_period import Every
from checks.secrecy import Grade
from flows import incident_desk
from flows.finding_book import FindingBook
from flows.office import Office, now
from flows.queries import Asking
from flows.queries.facts import Facts
from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError
from tasks.report import Format, render
from tasks.report.kinds import Kind, kinds

log = logging.getLogger("xunjian")

TEMPLATES = "templates"
"""The folder of a contract's own templates, in the contract folder."""


def kind_of(office: Office, name: str) -> Kind:
    """A kind by its name.

    Raises:
        ReportError: there is none, or its template does not say what it is.
    """
    return kinds(office.folder / TEMPLATES)[name]


def as_of(office: Office) -> datetime:
    """The ledger's last entry: what a report is computed up to, so that the same ledger gives the same report."""
    return office.ledger.sealed_at() or now()


def cover(facts: Facts, grade: Grade, warnings: Iterable[str] = ()) -> Cover:
    """The first page."""
    office, contract = facts.office, facts.contract
    return Cover(
        name=facts.named.name,
        first=facts.named.first,
        last=facts.named.last,
        as_of=facts.as_of.astimezone(contract.tz),
        contract=contract.name,
        client=contract.client.name,
        contractor=contract.contractor.name,
        grade=grade,
        head=office.ledger.head(),
        calendar_version=office.calendar_version,
        contract_hash=office.contract_hash,
        contract_since=facts.versions[-1][0].astimezone(contract.tz) if facts.versions else None,
        code_version=office.code_version,
        warnings=tuple(warnings),
    )


def named_event(office: Office, kind: Kind, number: str) -> Named:
    """The event that a report is of, by its number: from its first day to its last, or to the ledger's.

    Raises:
        RequestError: there is none of that number; where to see which there are.
        ValueError: the kind is of periods.
    """
    zone, at = office.contract.tz, as_of(office)
    if kind.every is Every.INCIDENT:
        one = incident_desk.find(incident_desk.cases(office.ledger, office.contract), number).incident
        name, first, last = one.id, one.started_at, one.cleared_at or at
    elif kind.every is Every.FINDING:
        finding = FindingBook(office.ledger, zone).finding(number, at)
        name, first, last = finding.id, finding.events[0].at, finding.events[-1].at
    else:
        raise ValueError(f"{kind.name} is of periods")
    days = [moment.astimezone(zone).date() for moment in (first, last)]
    return Named(name, min(days), max(days))


def build(
    office: Office,
    name: str,
    named: Named,
    formats: Iterable[Format] = tuple(Format),
    chromium: Chromium | None = None,
    out: Path | None = None,
) -> dict[Format, Path]:
    """Write a report of a kind; all formats but the PDF where there is no browser to print it.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    settings, kind = office.settings, kind_of(office, name)
    facts = Facts(office, name, named, as_of(office))
    said = warnings(facts) if kind.every.periodic else []  # an event is no period that could be incomplete
    page, ask = cover(facts, kind.grade, said), Asking(facts)
    wanted = list(formats)

    def write(formats: list[Format]) -> list[Path]:
        folder = out or settings.reports_dir
        return render(name, page, ask, formats, folder, settings.evidence_dir, chromium, office.folder / TEMPLATES)

    try:
        paths = write(wanted)
    except BrowserError as error:  # where nothing could be looked at there is a report all the same
        log.warning("报告没有 PDF：%s", error)
        paths = write([one for one in wanted if one is not Format.PDF])
        for stale in {path.with_suffix(".pdf") for path in paths}:
            stale.unlink(missing_ok=True)  # of an earlier run: it would contradict the others
    return {Format(path.suffix[1:]): path for path in paths}


def warnings(facts: Facts) -> list[str]:
    """What the reader of a period's report must know first."""
    zone = facts.contract.tz
    until = facts.as_of.astimezone(zone)
    said = []
    if until.date() <= facts.named.last:
        said.append(f"本期到 {facts.named.last} 才结束，本报告只到 {until:%Y-%m-%d %H:%M}")
    if facts.versions and (began := facts.versions[0][0].astimezone(zone)).date() > facts.named.first:
        said.append(f"台账从 {began:%Y-%m-%d %H:%M} 开始记录，此前的情况不明")
    if not facts.coverage.lines:
        said.append("台账里没有本期的任何应做事项，本报告不能说明任何情况")
    return said
