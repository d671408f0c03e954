"""What killed processes leave behind: files and folders under way. A day later nobody is at work on them."""

import os
import shutil
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tasks.settings import Settings

TEMPORARY = "xunjian-tmp-"
"""How our folders in the system's temporary folder begin."""

_AGE = timedelta(days=1)


def sweep(settings: Settings, now: datetime) -> None:
    """Remove what was begun a day ago or earlier. What cannot be removed stays."""
    backup = settings.backup_dir
    places = (
        (settings.evidence_dir, ".*.part"), (settings.evidence_dir, ".writable-*"), (backup, ".ledger-*"),
        (backup, ".rehearsal-*"), (backup / "evidence", ".*.part"),
        (Path(tempfile.gettempdir()), f"{TEMPORARY}*"),
    )  # fmt: skip
    for folder, pattern in places:
        sweep_folder(folder, pattern, now)


def sweep_folder(folder: Path, pattern: str, now: datetime) -> None:
    """Likewise, of one folder what is called like `pattern`."""
    before = (now - _AGE).timestamp()
    for path in folder.glob(pattern):
        with suppress(OSError):
            status = path.lstat()
            if status.st_mtime < before and status.st_uid == os.geteuid():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
