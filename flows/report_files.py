"""Builds a report: the cover from the ledger, the answers to what its template asks, the files in every format."""

import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from checks.documents import Named
from checks.report_cover import Cover
from checks.secrecy import Grade
from flows.office import Office, now
from flows.queries import Asking
from flows.queries.facts import Facts
from flows.report_kinds import TEMPLATES, kind_called
from flows.report_warnings import CHECKED, unsound, warnings
from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError
from tasks.report import Format, ReportError, render
from tasks.report.kinds import Kind

log = logging.getLogger("xunjian")


def kind_of(office: Office, name: str) -> Kind:
    """A kind by its name.

    Raises:
        RequestError: there is none of that name.
        ReportError: a template does not say what it is.
    """
    return kind_called(office.folder, name)


def as_of(office: Office) -> datetime:
    """The ledger's last entry: what a report is computed up to, so that the same ledger gives the same report."""
    return office.ledger.sealed_at() or now()


def facts_of(office: Office, name: str, named: Named) -> Facts:
    """What a report is computed from, as the ledger is now."""
    return Facts(office, name, named, as_of(office))


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
        checked="" if facts.verdict.problems else CHECKED,
        warnings=tuple(warnings),
    )


def build(
    office: Office,
    name: str,
    named: Named,
    formats: Iterable[Format] = tuple(Format),
    chromium: Chromium | None = None,
    out: Path | None = None,
) -> dict[Format, Path]:
    """Write a report of a kind, in the folder of reports or in `out`. Without a browser there is no PDF among the files
    that are returned.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    return make(facts_of(office, name, named), formats, chromium, out)


def make(
    facts: Facts,
    formats: Iterable[Format] = tuple(Format),
    chromium: Chromium | None = None,
    out: Path | None = None,
    notice: str = "",
) -> dict[Format, Path]:
    """As `build`, from facts that the caller goes on using.

    Args:
        notice: stands before all warnings on the first page.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    try:
        return _made(facts, list(formats), chromium, out, notice)
    except Exception as error:
        if not facts.verdict.problems:
            raise
        # What was altered may be such that nobody can read it; then neither a template nor the program is at fault.
        raise ReportError(f"{unsound(facts.verdict)}。报告没有写成：{error}") from error


def _made(
    facts: Facts, wanted: list[Format], chromium: Chromium | None, out: Path | None, notice: str
) -> dict[Format, Path]:
    office, settings, kind = facts.office, facts.office.settings, kind_of(facts.office, facts.kind)
    said = [*([notice] if notice else []), *warnings(facts, kind.every)]
    page, ask = cover(facts, kind.grade, said), Asking(facts)

    def write(formats: list[Format]) -> list[Path]:
        folder = out or settings.reports_dir
        return render(kind.name, page, ask, formats, folder, settings.evidence_dir, chromium, office.folder / TEMPLATES)

    try:
        paths = write(wanted)
    except BrowserError as error:  # where nothing could be looked at there is a report all the same
        log.warning("报告没有 PDF：%s", error)
        paths = write([one for one in wanted if one is not Format.PDF])
        for stale in {path.with_suffix(".pdf") for path in paths}:
            stale.unlink(missing_ok=True)  # of an earlier run: it would contradict the others
    return {Format(path.suffix[1:]): path for path in paths}
