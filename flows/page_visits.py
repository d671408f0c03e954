"""The order of events in one system: log in once, look at one journey after the other, retry once, record each."""

import logging
import traceback
from collections.abc import Collection, Sequence
from contextlib import ExitStack

from checks.contract import Journey, Login, System
from checks.finding import Finding, Reason
from checks.page_check import Part, deserves_retry, is_manual, judge, needs_login, not_looked
from checks.records import EvidenceRecord
from checks.visit import Obstacle, Visit
from flows.outcome import Outcome
from flows.run import Run
from tasks.browser.chromium import Chromium
from tasks.browser.launch import BrowserError, BrowserGoneError
from tasks.browser.visitor import Seen, SetupError, Visitor
from tasks.evidence import EvidenceError
from tasks.secrets import SecretError

log = logging.getLogger("xunjian")

ATTEMPTS = 2


class PageRounds:
    """One run over one system. Every planned item ends up on record, looked at or not.

    Args:
        chromium: the browser of the whole run, in which this system has sessions of its own.
        only: look at these targets (and the login) alone; for drills.
    """

    def __init__(self, run: Run, chromium: Chromium, only: Collection[str] | None = None) -> None:
        self._run, self._office, self._chromium, self._only = run, run.office, chromium, only
        self._system: System = run.office.contract.system(run.slot.target)
        self._latest: dict[str, list[Finding]] = {}
        self._stack = ExitStack()
        self._visitor: Visitor | None = None
        self._misconfigured: SecretError | SetupError | None = None

    def go(self) -> Outcome:
        """Look at everything that is planned, in order."""
        behind_login: Obstacle | None = None
        with self._stack:
            for part in self._system.targets():
                if is_manual(self._system, part):
                    self._record_unseen(part, 1, Reason.MANUAL, "等待人工确认")
                elif self._only is not None and part.id != "login" and self._system.target(part) not in self._only:
                    continue
                elif behind_login and needs_login(self._system, part):
                    self._record_unseen(part, 1, behind_login.reason or Reason.BLOCKED, _behind(behind_login))
                else:
                    obstacle = self._look_at(part)
                    behind_login = obstacle if isinstance(part, Login) else behind_login
        found = [(target, finding) for target, findings in self._latest.items() for finding in findings]
        return Outcome(found)

    def _look_at(self, part: Part) -> Obstacle | None:
        """Try, and once more if it was not well. Returns what stood in the way the last time."""
        obstacle: Obstacle | None = None
        for attempt in range(1, ATTEMPTS + 1):
            left = isinstance(part, Journey) and part.logs_out and attempt > 1
            expired = obstacle is not None and obstacle.kind == "login-page"
            obstacle = self._attempt(part, attempt, log_in_again=left or expired)
            if not deserves_retry(self._latest[self._system.target(part)]):
                break
        return obstacle

    def _attempt(self, part: Part, attempt: int, *, log_in_again: bool) -> Obstacle | None:
        """One attempt, on record whatever happens. Only a ledger that cannot be written ends the run."""
        try:
            visitor, new = self._ready()
            if (new or log_in_again) and self._system.login and needs_login(self._system, part):
                visitor.visit(self._system.login, attempt)  # the login's own verdict is already on record
            seen = visitor.visit(part, attempt)
        except (SecretError, SetupError) as error:
            self._misconfigured = error
            return self._record_unseen(part, attempt, Reason.CONFIGURATION, error.what)
        except BrowserError as error:
            return self._record_unseen(part, attempt, Reason.NO_BROWSER, str(error))
        except BrowserGoneError:
            self._leave()
            return self._record_unseen(part, attempt, Reason.NO_BROWSER, "检查途中浏览器被关闭或崩溃")
        except Exception as error:
            # Where, but not what it said: that may quote the page.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s：程序错误 %s\n%s", self._system.target(part), type(error).__name__, place)
            self._leave()
            return self._record_unseen(part, attempt, Reason.BUG, f"程序出错：{type(error).__name__}")
        self._record(part, seen)
        return seen.visit.obstacle

    def _ready(self) -> tuple[Visitor, bool]:
        """The visitor, and whether it is a new one that has yet to log in."""
        if self._visitor:
            return self._visitor, False
        if self._misconfigured:
            raise self._misconfigured  # it will not have changed since the last page
        secrets = self._office.secrets_for(self._system)
        visitor = Visitor(self._system, self._office.folder, secrets, self._chromium)
        self._visitor = self._stack.enter_context(visitor)
        return visitor, True

    def _leave(self) -> None:
        """Give up a browser that is gone or in an unknown state; the next attempt starts another."""
        self._visitor = None
        self._stack.close()

    def _record(self, part: Part, seen: Seen) -> None:
        visit = seen.visit
        findings = list(judge(visit, self._system, part))
        kept = []
        try:
            for picture in seen.pictures:
                kept.append(self._keep(picture, visit, part))
        except EvidenceError as error:
            # What was seen cannot be shown to anybody: then it does not count as seen.
            findings = list(not_looked(self._system, part, Reason.PERMISSION, str(error)))
        except SecretError as error:  # the key has gone since the start
            findings = list(not_looked(self._system, part, Reason.CONFIGURATION, error.what))
        self._put_on_record(visit.target, visit.attempt, findings, visit, kept)

    def _keep(self, picture: bytes, visit: Visit, part: Part) -> EvidenceRecord:
        return self._office.evidence.keep(
            picture,
            ".jpg",
            target=visit.target,
            attempt=visit.attempt,
            kind="screenshot",
            grade=self._system.grade_of(part),
            at=visit.started_at,
        )

    def _record_unseen(self, part: Part, attempt: int, reason: Reason, message: str) -> Obstacle:
        target = self._system.target(part)
        findings = list(not_looked(self._system, part, reason, message))
        self._put_on_record(target, attempt, findings)
        return Obstacle(kind="unknown", step=part.title, message=message, reason=reason)

    def _put_on_record(
        self,
        target: str,
        attempt: int,
        findings: list[Finding],
        visit: Visit | None = None,
        kept: Sequence[EvidenceRecord] = (),
    ) -> None:
        self._latest[target] = findings
        self._run.add(target, attempt, findings, visit=visit, evidence=kept)


def _behind(login: Obstacle) -> str:
    """Why a page that needs the login was not looked at."""
    return f"登录未成功，未能检查：{login.told}"
