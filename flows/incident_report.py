"""The 故障报告: a draft of each incident's report, made when it is cleared. It is due three working days later."""

import logging
from datetime import timedelta
from pathlib import Path

from flows.incident_desk import cases
from flows.office import Office, now
from flows.report_desk import named_of
from flows.report_files import build, kind_of
from tasks.report import Format, ReportError

log = logging.getLogger("xunjian")

NAME = "incident"
_RECENT = timedelta(days=14)
"""What was cleared longer ago had its draft; who has thrown it away does not want it again."""


def draft_missing(office: Office) -> list[str]:
    """Draft the reports of incidents that were cleared of late and have none; returns their numbers."""
    at, made = now(), []
    for case in cases(office.ledger, office.contract):
        one = case.incident
        if one.cleared_at and not one.void and at - one.cleared_at < _RECENT and not _file(office, one.id).exists():
            try:
                log.info("故障报告草稿：%s", draft_of(office, one.id)[Format.DOCX])
            except ReportError as error:  # the probes go on; the next round tries again
                log.error("故障报告草稿没有写成：%s", error)
                continue
            made.append(one.id)
    return made


def draft_of(office: Office, number: str) -> dict[Format, Path]:
    """Draft the report of one incident as it stands.

    Raises:
        RequestError: there is no such incident.
        ReportError: it could not be made; no file was touched.
    """
    return build(office, NAME, named_of(office, kind_of(office, NAME), number))


def _file(office: Office, number: str) -> Path:
    return office.settings.reports_dir / f"故障报告-{number}.docx"
