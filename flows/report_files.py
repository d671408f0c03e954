"""Writes a report's files: all formats, or all but the PDF where there is no browser to print it."""

import logging
from pathlib import Path

from pydantic import BaseModel

from flows.office import Office
from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError
from tasks.report import Format, render

log = logging.getLogger("xunjian")


def written(office: Office, report: BaseModel, template: str, chromium: Chromium | None = None) -> dict[Format, Path]:
    """Write the report in every format.

    Raises:
        ReportError: it could not be made; no file was touched.
    """
    settings = office.settings

    def write(formats: list[Format]) -> list[Path]:
        return render(report, formats, settings.reports_dir, settings.evidence_dir, chromium, template)

    try:
        paths = write(list(Format))
    except BrowserError as error:  # where nothing could be looked at there is a report all the same
        log.warning("报告没有 PDF：%s", error)
        paths = write([one for one in Format if one is not Format.PDF])
        for stale in {path.with_suffix(".pdf") for path in paths}:
            stale.unlink(missing_ok=True)  # of an earlier run: it would contradict the others
    return {Format(path.suffix[1:]): path for path in paths}
