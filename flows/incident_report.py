"""The 故障报告: a draft of each incident's report, made when it is cleared. It is due three working days later."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from checks.host_check import host_checks
from checks.incident_report import incident_report
from checks.incidents import INCIDENT, PROBE_CHECK, UNREACHABLE
from checks.notices import DELIVERY
from checks.page_check import page_checks
from checks.slots import RequestError
from flows.incident_desk import Case, cases
from flows.office import Office, now
from flows.report_files import written
from tasks.report import Format, ReportError

log = logging.getLogger("xunjian")

_RECENT = timedelta(days=14)
"""What was cleared longer ago had its draft; who has thrown it away does not want it again."""


def draft_missing(office: Office) -> list[str]:
    """Draft the reports of incidents that were cleared of late and have none; returns their numbers."""
    at, made = now(), []
    for case in cases(office.ledger, office.contract):
        one = case.incident
        if one.cleared_at and not one.void and at - one.cleared_at < _RECENT and not _file(office, one.id).exists():
            try:
                log.info("故障报告草稿：%s", draft(office, case, at)[Format.DOCX])
            except ReportError as error:  # the probes go on; the next round tries again
                log.error("故障报告草稿没有写成：%s", error)
                continue
            made.append(one.id)
    return made


def draft_of(office: Office, number: str) -> dict[Format, Path]:
    """Draft the report of one incident as it stands.

    Raises:
        RequestError: there is no such incident.
    """
    for case in cases(office.ledger, office.contract):
        if case.incident.id == number:
            return draft(office, case, now())
    raise RequestError(f"没有故障 {number}；编号见 xunjian incident list --all")


def draft(office: Office, case: Case, at: datetime) -> dict[Format, Path]:
    """Write the report in every format."""
    number = case.incident.id
    steps = [one for one in office.ledger.events(INCIDENT) if one.subject == number]
    sent = [
        one
        for one in office.ledger.events(DELIVERY)
        if any(notice.startswith(f"{number}/") for notice in one.body["notices"])
    ]
    titles = {check.id: check.title for check in page_checks()} | {check.id: check.title for check in host_checks()}
    titles |= {PROBE_CHECK: "可用性探测", UNREACHABLE: "SSH 连接"}
    data = incident_report(
        office.contract, case.incident, case.clocks, case.notified_at, [*steps, *sent], titles, at, office.ledger.head()
    )
    return written(office, data, "incident_report")


def _file(office: Office, number: str) -> Path:
    return office.settings.reports_dir / f"故障报告-{number}.docx"
