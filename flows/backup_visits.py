"""The order of events at one backup: list its copies, read the newest, look elsewhere, judge, put all of it on record.

Copies are of the most secret grade: they are read as a stream, and nothing of one is kept but what `Contents` names.
"""

import logging
import traceback
from collections.abc import Callable, Mapping

from checks.backup import Kind, Place, PlacedBackup
from checks.backup_check import alike, clock, judge, not_looked, same_bytes
from checks.finding import Finding, Reason
from checks.records import EvidenceRecord
from checks.secrecy import Grade, Redactor
from checks.slots import BACKUP_CHECK
from checks.visit import BackupVisit, Contents, Copy
from flows.office import now
from flows.outcome import Outcome
from flows.run import Run
from tasks import copies, repositories
from tasks.copies import CopyError
from tasks.evidence import EvidenceError
from tasks.ledger import LedgerError
from tasks.places import PlaceError, Shelf, opened
from tasks.secrets import SecretError
from tasks.ssh import Deadline, Network, SshConfigError

log = logging.getLogger("xunjian")

LISTED = 60
"""Copies that are kept as facts; the evidence lists more."""

IN_EVIDENCE = 2000

MIRROR = "镜像"
"""The name of the one copy that a mirror is."""


class BackupRounds:
    """One look at one backup. Every item that is due ends up on record, looked at or not."""

    def __init__(self, run: Run, network: Network) -> None:
        self._run, self._office, self._slot, self._network = run, run.office, run.slot, network
        self._placed = run.office.contract.backup(run.slot.target)
        self._backup = self._placed.backup
        self._started_at = now()
        self._deadline = Deadline(self._backup.deadline)
        known = self._office.used_at(self._backup)
        self._redactor = Redactor(line for value in known for line in value.splitlines())
        self._listing: list[str] = []  # as evidence

    def go(self) -> Outcome:
        """Look, judge, record. Only a ledger that cannot be written ends the run otherwise."""
        try:
            return self._look()
        except EvidenceError as error:
            # What was seen cannot be shown to anybody: then it does not count as seen.
            return self._record_unseen(Reason.PERMISSION, str(error))
        except LedgerError:
            raise
        except Exception as error:
            return self._record_unseen(Reason.BUG, self._bug(error))

    def _look(self) -> Outcome:
        past = self._office.ledger.past(BACKUP_CHECK, self._slot.target, BackupVisit)
        visit = BackupVisit(target=self._slot.target, attempt=1, started_at=self._started_at, seconds=0)
        try:
            values = self._office.backup_secrets(self._backup)
            visit = self._here(visit, past, values)
            visit = self._elsewhere(visit, values)
        except (PlaceError, SshConfigError, SecretError) as error:
            reason, what = _said(error)
            visit = visit.model_copy(update={"obstacle": what, "reason": reason})
        ended_at = now()
        visit = visit.model_copy(update={"seconds": (ended_at - self._started_at).total_seconds()})
        here = ended_at.astimezone(self._office.contract.tz)
        findings = [self._clean(one) for one in judge(visit, self._backup, past, here)]
        kept = [self._keep()] if self._listing else []
        return self._record(findings, self._redacted(visit), kept)

    def _here(self, visit: BackupVisit, past: list[BackupVisit], values: Mapping[str, str]) -> BackupVisit:
        """The copies that are there, and what is in the newest."""
        if self._backup.kind.repository:
            try:
                found = repositories.snapshots(self._asked(), self._network, values)
            except CopyError as error:
                broken = Contents(sha256="", size=0, whole=False, form=self._backup.kind, trouble=error.what)
                return visit.model_copy(update={"contents": broken})
            visit = self._listed(visit, self._backup.at, found)
            return self._read(visit, lambda newest: repositories.check(self._asked(), self._network, values))
        with opened(self._backup.at, self._network, values, self._left()) as shelf:
            if self._backup.kind is Kind.FILES:
                found, contents = _mirror(shelf)
                return self._listed(visit, self._backup.at, found).model_copy(update={"contents": contents})
            visit = self._listed(visit, self._backup.at, shelf.copies(self._backup.pattern))
            visit = self._read(visit, lambda newest: self._contents(shelf, newest))
            return self._compared(visit, shelf, past)

    def _listed(self, visit: BackupVisit, place: Place, found: list[Copy]) -> BackupVisit:
        self._note(place, found)
        return visit.model_copy(update={"copies": tuple(found[:LISTED]), "count": len(found)})

    def _read(self, visit: BackupVisit, read: Callable[[Copy], Contents]) -> BackupVisit:
        """What is in the newest copy, or why nobody knows: what was listed counts all the same."""
        if not visit.copies:
            return visit
        try:
            return visit.model_copy(update={"contents": read(visit.copies[0])})
        except (PlaceError, SshConfigError, SecretError) as error:
            reason, what = _said(error)
        except Exception as error:
            reason, what = Reason.BUG, self._bug(error)
        return visit.model_copy(update={"unread": what, "unread_reason": reason})

    def _contents(self, shelf: Shelf, copy: Copy) -> Contents:
        beside = copies.sidecar(shelf.small, copy.name)
        with shelf.open(copy.name) as stream:
            return copies.read(stream, copy.size, self._asked().backup, beside)

    def _compared(self, visit: BackupVisit, shelf: Shelf, past: list[BackupVisit]) -> BackupVisit:
        """Whether an earlier copy has the same bytes. One that is as long and was never read is read now."""
        if not visit.contents:
            return visit
        same = same_bytes(visit, self._backup, past)
        other = None if same else alike(visit, self._backup, past)
        if other:
            try:
                with shelf.open(other.name) as stream:
                    then = copies.read(stream, other.size, self._asked().backup)
            except PlaceError as error:
                return visit.model_copy(update={"uncompared": error.what, "uncompared_reason": error.reason})
            same = other if (then.sha256, then.whole) == (visit.contents.sha256, visit.contents.whole) else None
        return visit.model_copy(update={"same_as": same.name}) if same else visit

    def _elsewhere(self, visit: BackupVisit, values: Mapping[str, str]) -> BackupVisit:
        """The newest off-site copy. That nobody could look there costs this item alone."""
        offsite = self._backup.offsite
        if not offsite:
            return visit
        try:
            if self._backup.kind.repository:
                found = repositories.snapshots(self._asked(offsite.at), self._network, values)
            else:
                with opened(offsite.at, self._network, values, self._left()) as shelf:
                    mirror = self._backup.kind is Kind.FILES
                    found = _mirror(shelf)[0] if mirror else shelf.copies(offsite.pattern or self._backup.pattern)
        except CopyError as error:
            return visit.model_copy(update={"offsite_unseen": error.what, "offsite_reason": Reason.INCOMPLETE})
        except (PlaceError, SshConfigError, SecretError) as error:
            reason, what = _said(error)
            return visit.model_copy(update={"offsite_unseen": what, "offsite_reason": reason})
        self._note(offsite.at, found)
        return visit.model_copy(update={"offsite": found[0] if found else None})

    def _left(self) -> float:
        """Seconds of the backup's deadline, as they can be said."""
        return max(0.1, round(self._deadline.left(), 1))

    def _asked(self, at: Place | None = None) -> PlacedBackup:
        """The backup with the time that is left for it; `at`: as if it lay elsewhere."""
        more = {"deadline": self._left(), "at": at or self._backup.at}
        return self._placed._replace(backup=self._backup.model_copy(update=more))

    def _note(self, place: Place, found: list[Copy]) -> None:
        """The listing, as it is kept: names, sizes and times are no backup data."""
        here = self._started_at.astimezone(self._office.contract.tz)
        self._listing.append(f"== {place} 共 {len(found)} 份")
        for one in found[:IN_EVIDENCE]:
            mode = "" if one.mode is None else f"  {one.mode:03o}"
            self._listing.append(f"{clock(one.at, here)}  {one.size}{mode}  {one.name}")

    def _keep(self) -> EvidenceRecord:
        text = "\n".join(self._redactor.clean(line, 500) for line in self._listing)
        return self._office.evidence.keep(
            text.encode(),
            ".txt",
            target=self._slot.target,
            attempt=1,
            kind="raw-output",
            grade=Grade.MEDIUM,
            at=self._started_at,
        )

    def _bug(self, error: Exception) -> str:
        """Where it was, but not what it said: that may quote the backup."""
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s：程序错误 %s\n%s", self._slot.target, type(error).__name__, place)
        return f"程序出错：{type(error).__name__}"

    def _redacted(self, visit: BackupVisit) -> BackupVisit:
        return BackupVisit.model_validate(self._redactor.clean_all(visit.model_dump(mode="json")))

    def _clean(self, finding: Finding) -> Finding:
        return finding.model_copy(update={"summary": self._redactor.clean(finding.summary, 300)})

    def _record_unseen(self, reason: Reason, message: str) -> Outcome:
        return self._record(not_looked(self._backup, reason, message), None, [])

    def _record(self, findings: list[Finding], visit: BackupVisit | None, kept: list[EvidenceRecord]) -> Outcome:
        outcome = Outcome([(self._slot.target, finding) for finding in findings])
        self._run.add(self._slot.target, 1, findings, visit=visit, evidence=kept, outcome=outcome.state)
        return outcome


def _mirror(shelf: Shelf) -> tuple[list[Copy], Contents | None]:
    """All of a folder as one copy, of the time of its newest change; none where there is no file."""
    files, size, newest, sha256 = shelf.tree()
    if newest is None:
        return [], None
    contents = Contents(sha256=sha256, size=size, whole=True, form="folder", entries=files)
    return [Copy(name=MIRROR, size=size, at=newest)], contents


def _said(error: PlaceError | SshConfigError | SecretError) -> tuple[Reason, str]:
    """Why it could not be looked at, in a line."""
    if isinstance(error, PlaceError):
        return error.reason, error.what
    return Reason.CONFIGURATION, error.what if isinstance(error, SecretError) else str(error)
