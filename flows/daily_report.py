"""The 日报: computed from the ledger alone, written in every format."""

from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from checks.daily_report import DailyReport, daily_report
from checks.slots import PAGE_INSPECTION
from flows.office import Office
from tasks.report import Format, render

LOOK_BACK = timedelta(days=31)
"""How far back a 遗留问题 is followed."""


class Built(NamedTuple):
    """The report as data, and the files it was written to."""

    data: DailyReport
    files: dict[Format, Path]


def build(office: Office, day: date) -> Built:
    """Write the day's report.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    runs = office.ledger.runs(PAGE_INSPECTION, day - LOOK_BACK, day)
    today = [run for run in runs if run.slot.endswith(day.isoformat())]
    earlier = [run for run in runs if not run.slot.endswith(day.isoformat())]
    data = daily_report(office.contract, day, today, earlier)
    settings = office.settings
    paths = render(data, tuple(Format), settings.reports_dir, settings.evidence_dir, settings)
    return Built(data, {Format(path.suffix[1:]): path for path in paths})
