"""Looks at a downloaded file and throws its content away."""

import hashlib
from pathlib import Path

from playwright.sync_api import Download, Error

from checks import attachments
from checks.journey import DownloadWhat
from checks.visit import Attachment


def attachment(download: Download, what: DownloadWhat) -> Attachment:
    """Read the facts: what the bytes say, size, SHA-256, whether the end is there.

    Raises:
        Error: the download broke off.
    """
    failure = download.failure()
    if failure:
        raise Error(f"下载中断：{failure}")
    path = Path(download.path())
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            file.seek(0)
            head = file.read(attachments.HEAD)
            file.seek(max(0, size - attachments.TAIL))
            tail = file.read()
    finally:
        download.delete()
    found = attachments.kind(head)
    return Attachment(
        name=download.suggested_filename,
        size=size,
        sha256=digest,
        magic=found,
        complete=attachments.complete(found, tail),
        expected_magic=what.magic,
        expected_sha256=what.sha256,
        min_bytes=what.min_bytes,
    )
