"""Drafts of documents that are due: which, and what became of each. Annex 4 (文档提交 late −0.5 each)."""

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from checks.calendar import Calendar
from checks.document_register import Document
from checks.documents import Rule
from checks.slots import RequestError
from flows.build_report import UNSOUND
from flows.caller import Caller
from flows.office import Office
from flows.report_desk import named_of, write
from flows.report_explain import is_changed, listed
from flows.report_kinds import TEMPLATES, kind_called
from tasks import working_days
from tasks.browser.chromium import Chromium
from tasks.ledger import LedgerError
from tasks.report import Format, ReportError
from tasks.report.kinds import files as templates

DRAFTED, KEPT, FAILED = "已起草", "有人改过，没有重写", "没有写成"
SOON = 7
"""Days ahead of which it is said that a due day cannot be told."""


class Draft(NamedTuple):
    """What became of one: DRAFTED, KEPT, UNSOUND or FAILED, and why or where."""

    document: Document
    what: str
    said: str


def coming(
    documents: Iterable[Document], today: date, calendar: Calendar, made: Collection[str] = ()
) -> tuple[list[Document], list[tuple[Document, str]]]:
    """What is to be drafted: documents that were not handed in and are due today or on the next working day, or are
    overdue and were never drafted, because nothing ran on those days (other than documents that were agreed upon).

    Args:
        today: in the contract's zone.
        made: subjects of the reports that were made, as the ledger has them.

    Returns:
        These, and beside them those that will be called for soon and whose due day cannot be told, each with why.
    """
    due, unknown = [], []
    for one in documents:
        if one.submissions or one.excuse or one.unrecorded:
            continue
        try:
            if one.limit_day is None:
                if (one.calls_at.astimezone(one.zone).date() - today).days <= SOON:
                    unknown.append((one, one.undetermined))
            elif one.limit_day < today:
                named_by_us = one.duty.rule is not Rule.AGREED  # people call these as they like: not always a period
                if named_by_us and not one.drafted and one.subject not in made:
                    due.append(one)
            elif working_days.before(one.limit_day, 1, calendar) <= today:
                due.append(one)
        except working_days.UnpublishedYear as error:
            unknown.append((one, str(error)))
    return due, unknown


def with_template(office: Office, documents: Iterable[Document]) -> list[Document]:
    """Those of which there is a kind of report of the same name."""
    known = templates(office.folder / TEMPLATES)
    return [one for one in documents if one.duty.id in known]


def drafted(office: Office, due: list[Document], by: Caller) -> list[Draft]:
    """Draft each; one that cannot be drafted does not stop the others."""
    if not due:
        return []
    with Chromium(office.settings) as chromium:
        return [_draft(office, one, by, chromium) for one in due]


def _draft(office: Office, one: Document, by: Caller, chromium: Chromium) -> Draft:
    try:
        kind = kind_called(office.folder, one.duty.id)
        named = named_of(office, kind, one.name)
        file = office.settings.reports_dir / f"{kind.kind}-{named.name}.docx"
        if file.is_file() and _written_into(file):
            return Draft(one, KEPT, file.name)
        made = write(office, kind.name, named, by, chromium=chromium)
        return Draft(one, UNSOUND if made.facts.verdict.problems else DRAFTED, made.files[Format.DOCX].name)
    except (RequestError, ReportError, LedgerError) as error:
        return Draft(one, FAILED, str(error))


def _written_into(file: Path) -> bool:
    """It is not, or not any more, what the program wrote."""
    try:
        return is_changed(file, listed(file, file.parent))
    except RequestError:
        return True
