"""The ledger's own backup: its rows as a package, its evidence beside it, and the proof that it can be restored."""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from checks import os_words
from checks.records import DOCUMENT, REGRADE, REMOVAL
from tasks.ledger.audit import stored
from tasks.ledger.engine import LedgerError
from tasks.ledger.package import export, restore
from tasks.ledger.verify import Verdict, verify

KEEP = 30
"""Packages kept, a day each."""


class BackedUp(NamedTuple):
    """A backup that was restored and found sound, or not."""

    path: Path
    head: str
    copied: int  # evidence files that were new
    verdict: Verdict  # on what was restored from it


def back_up(url: str, evidence_dir: Path, to: Path, now: datetime, keep: int = KEEP) -> BackedUp:
    """Write a backup while others write the ledger, then restore it elsewhere and verify that.

    Raises:
        LedgerError: it cannot be read or written.
    """
    out = to / f"ledger-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"
    untried = out.with_name(f".{out.name}")  # whoever looks for a backup must not find one without its evidence
    with stored(url, evidence_dir) as book:
        made = export(book, untried, now, with_evidence=False)
        kept, removed = dict[str, str](), dict[str, str]()
        for row in book.rows("evidence"):
            kept[row["path"]] = max(kept.get(row["path"], ""), row["at"])
        for row in book.rows("event"):
            body = json.loads(row["body"]) if row["kind"] in (REMOVAL, REGRADE, DOCUMENT) else {}
            removed |= dict.fromkeys(body.get("files", ()), row["at"])
            kept |= {one["path"]: row["at"] for one in (body.get("to"), body.get("evidence")) if one}
    gone = {path for path, at in removed.items() if kept.get(path, "") <= at}
    copied = _mirror(evidence_dir, to / "evidence", set(kept) - gone)
    for path in gone:  # what had to be destroyed is destroyed here too
        (to / "evidence" / path).unlink(missing_ok=True)
    verdict = rehearse(untried)
    untried.replace(out)
    for old in sorted(to.glob("ledger-*.zip"))[:-keep]:
        old.unlink()
    return BackedUp(out, made.head, copied, verdict)


def rehearse(package: Path) -> Verdict:
    """Restore a backup into a database of its own, verify it against the evidence beside it, and throw it away."""
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=package.parent) as folder:
        url = f"sqlite:///{folder}/ledger.db"
        head = restore(package, url)
        with stored(url, package.parent / "evidence") as book:
            return verify(book, head)


def _mirror(source: Path, to: Path, paths: set[str]) -> int:
    """Copy what is not there yet; a file's name says what it must contain."""
    copied = 0
    for path in sorted(paths):
        target = to / path
        if target.is_file() or not (source / path).is_file():  # what is missing, the verification says
            continue
        partial = to / f".{target.name}.part"
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (
                (source / path).open("rb") as old,
                os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as new,
            ):
                shutil.copyfileobj(old, new)
                new.flush()
                os.fsync(new.fileno())
            partial.rename(target)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise LedgerError(f"备份写不进 {target}：{os_words.say(error)}") from error
        copied += 1
    return copied
