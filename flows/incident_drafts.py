"""Drafts of the 故障报告: each is made when its incident is cleared, and is due three working days later (Annex 4)."""

import logging
from datetime import timedelta
from pathlib import Path

from checks.incident_news import WATCH
from flows.caller import Caller
from flows.incident_desk import cases
from flows.office import Office, now
from flows.report_desk import made_of, named_of, write
from flows.report_files import kind_of
from tasks.report import Format, ReportError

log = logging.getLogger("xunjian")

INCIDENT_REPORT = "incident"
"""The kind of report."""

WATCHING = Caller("", WATCH, "巡检程序", "故障解除")
"""Who drafts where nobody has asked for it, as it stands in the ledger."""

_RECENT = timedelta(days=14)
"""What was cleared longer ago had its draft from a version of the program that did not register it."""


def draft_missing(office: Office) -> list[str]:
    """Draft the reports of incidents that were cleared of late, each once; returns the incidents' numbers."""
    since = now() - _RECENT
    known = (case.incident for case in cases(office.ledger, office.contract))
    cleared = [one.id for one in known if one.cleared_at and one.cleared_at > since and not one.void]
    missing = [number for number in cleared if not _file(office, number).exists()]
    done = made_of(office.ledger) if missing else set()  # a contract's own template may call the file otherwise
    drafted = []
    for number in missing:
        if f"{INCIDENT_REPORT}/{number}" in done:
            continue
        try:
            log.info("故障报告草稿：%s", draft_of(office, number, WATCHING))
        except ReportError as error:  # the probes go on; the next round tries again
            log.error("故障报告草稿没有写成：%s", error)
            continue
        drafted.append(number)
    return drafted


def draft_of(office: Office, number: str, by: Caller) -> Path:
    """Draft the report of one incident as it stands, in every format; returns the DOCX, which people go on writing in.

    Raises:
        RequestError: there is no such incident.
        ReportError: it could not be made; no file was touched.
    """
    named = named_of(office, kind_of(office, INCIDENT_REPORT), number)
    return write(office, INCIDENT_REPORT, named, by).files[Format.DOCX]


def _file(office: Office, number: str) -> Path:
    return office.settings.reports_dir / f"故障报告-{number}.docx"
