"""The order of events at one restore drill: the newest copy goes into a scratch place, is counted and asked, and
the place is gone before anything is judged and put on record.

Copies are of the most secret grade: what is restored stays in the place. On record are counts, codes and verdicts.
"""

import logging
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from checks.backup import Kind, Restore
from checks.finding import Finding, Reason
from checks.restore_check import Drilled, judge, not_looked
from checks.secrecy import Redactor
from checks.slots import RESTORE_DRILL
from checks.visit import Copy, RestoreVisit
from flows.backup_visits import MIRROR
from flows.office import now
from flows.outcome import Outcome
from flows.run import Run
from tasks import repositories
from tasks.copies import CopyError
from tasks.ledger import LedgerError
from tasks.places import PlaceError, Shelf, opened
from tasks.scratch import (
    AskError,
    BrokenCopyError,
    Engine,
    Scratch,
    ScratchError,
    copied,
    engine_in,
    moment,
    overhead_mb,
    questions,
)
from tasks.secrets import SecretError
from tasks.ssh import Network, SshConfigError, SshError

log = logging.getLogger("xunjian")

SOURCE = 900.0
"""Seconds for the source to count."""


class Restoration:
    """One restore drill. Every item that is due ends up on record, looked at or not."""

    def __init__(self, run: Run, network: Network) -> None:
        self._run, self._office, self._slot, self._network = run, run.office, run.slot, network
        self._placed = run.office.contract.backup(run.slot.target)
        self._backup, self._terms = self._placed.backup, self._placed.backup.restore or Restore()
        self._zone = run.office.contract.tz
        # One that takes twice as long as it may is slow, and worth knowing how slow; then it is enough.
        self._seconds = max(self._backup.deadline, self._terms.rto_minutes * 120)
        self._started_at = now()
        self._facts: dict[str, Any] = {}
        known = self._office.used_at(self._backup)
        self._redactor = Redactor(line for value in known for line in value.splitlines())

    def go(self) -> Outcome:
        """Restore, judge, record. Only a ledger that cannot be written ends the run otherwise."""
        try:
            past = self._office.ledger.past(RESTORE_DRILL, self._slot.target, RestoreVisit)
            self._look()
            visit = self._visit()
            last = next((one for one in reversed(past) if one.tables), None)
            findings = [self._clean(one) for one in judge(Drilled(visit, self._backup, last, self._zone))]
            return self._record(findings, self._redacted(visit))
        except LedgerError:
            raise
        except Exception as error:
            # Where, but not what it said: that may quote the backup.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s：程序错误 %s\n%s", self._slot.target, type(error).__name__, place)
            what = f"程序出错：{type(error).__name__}"
            return self._record(not_looked(self._backup, Reason.BUG, what), None)

    def _look(self) -> None:
        """All that there is to find out. What stands in the way is a fact, too."""
        try:
            values = self._office.backup_secrets(self._backup)
            with self._copies(values) as (found, shelf):
                if not found:
                    self._facts["failed"] = f"{self._backup.at} 里没有备份"
                    self._facts["copy_name"] = self._backup.title
                    return
                self._facts |= {"copy_name": found[0].name, "copy_at": found[0].at}
                self._in_a_place(found[0], shelf, values)
        except (BrokenCopyError, CopyError) as error:
            self._facts["failed"] = error.what
        except (ScratchError, PlaceError, SshError) as error:
            self._facts |= {"obstacle": error.what, "reason": error.reason}
        except SecretError as error:
            self._facts |= {"obstacle": error.what, "reason": Reason.CONFIGURATION}
        except SshConfigError as error:
            self._facts |= {"obstacle": str(error), "reason": Reason.CONFIGURATION}

    @contextmanager
    def _copies(self, values: Mapping[str, str]) -> Iterator[tuple[list[Copy], Shelf | None]]:
        """What there is to restore, newest first, and where it lies if it is files."""
        if self._backup.kind.repository:
            yield repositories.snapshots(self._placed, self._network, values), None
            return
        with opened(self._backup.at, self._network, values, self._seconds) as shelf:
            if self._backup.kind is Kind.FILES:
                _, size, newest, _ = shelf.tree()
                yield [Copy(name=MIRROR, size=size, at=newest)] if newest else [], None
            else:
                yield shelf.copies(self._backup.pattern), shelf

    def _in_a_place(self, copy: Copy, shelf: Shelf | None, values: Mapping[str, str]) -> None:
        """A place for this drill alone; whatever happens, it is gone afterwards."""
        settings = self._office.settings
        covered = [settings.root, settings.secrets_dir, settings.evidence_dir, settings.backup_dir, self._office.folder]
        place = Scratch(self._terms.space_mb + overhead_mb(self._backup), covered, self._seconds)
        self._facts |= {"opened": True, "swap": place.swap}
        try:
            engine = engine_in(place, self._backup, self._zone)
            engine.start()
            self._facts["engine"] = engine.version
            self._ask_source(engine)
            with copied(self._placed, copy, shelf, self._network, values, self._seconds) as one:
                began = time.monotonic()
                engine.restore(one.stream)
                self._facts["restored_seconds"] = round(time.monotonic() - began, 3)
                self._facts["sha256"] = one.sha256()
            self._prove(engine)
        finally:
            place.close()
            self._facts["gone"] = place.gone

    def _ask_source(self, engine: Engine) -> None:
        """Count in the source, before anything is restored.

        Raises:
            ScratchError: the source is where we were about to restore.
        """
        source = self._terms.source
        if source is None:
            return
        script, read = questions(self._backup, source)
        try:
            exchange = self._network.exchange(source.host, script.encode(), min(SOURCE, self._seconds))
            if exchange.cut:
                raise AskError(exchange.cut[1])
            counted = read(exchange.out, exchange.err)
        except (SshError, AskError) as error:
            self._facts["source_unseen"] = error.what
            return
        if same := counted.server & engine.server():
            log.error("%s：暂存库和源库是同一个服务器（%d 处标识相同）", self._slot.target, len(same))
            what = "暂存库就是源库（同一个服务器），没有恢复；请核对 restore.source 的主机和登录"
            raise ScratchError(Reason.CONFIGURATION, what)
        self._facts |= {"source": counted.tables, "source_definitions": counted.definitions}
        if counted.unreadable:
            self._facts["source_unseen"] = f"源库有 {counted.unreadable} 张表这个账号不能读"

    def _prove(self, engine: Engine) -> None:
        """What is in it now, and whether it is what it should be."""
        counted = engine.counted()
        self._facts |= {"tables": counted.tables, "definitions": counted.definitions}
        if self._terms.newest:
            try:
                self._facts["newest"] = moment(engine.value(self._terms.newest), self._zone)
            except AskError as error:
                self._facts["newest_unseen"] = error.what
        holds: dict[str, bool] = {}
        unasked: dict[str, str] = {}
        for one in self._terms.assertions:
            try:
                holds[one.title] = engine.value(one.sql) == one.expect
            except AskError as error:
                unasked[one.title] = error.what
        sampled = engine.sampled()
        self._facts |= {"assertions": holds, "unasked": unasked}
        self._facts |= {"sampled": sampled.files, "sample_wrong": sampled.wrong}

    def _visit(self) -> RestoreVisit:
        took = (now() - self._started_at).total_seconds()
        head = {"target": self._slot.target, "attempt": 1, "started_at": self._started_at, "seconds": took}
        return RestoreVisit(**head, **self._facts)

    def _redacted(self, visit: RestoreVisit) -> RestoreVisit:
        return RestoreVisit.model_validate(self._redactor.clean_all(visit.model_dump(mode="json")))

    def _clean(self, finding: Finding) -> Finding:
        return finding.model_copy(update={"summary": self._redactor.clean(finding.summary, 300)})

    def _record(self, findings: list[Finding], visit: RestoreVisit | None) -> Outcome:
        outcome = Outcome([(self._slot.target, finding) for finding in findings])
        self._run.add(self._slot.target, 1, findings, visit=visit, outcome=outcome.state)
        return outcome
