"""The order of events at one host: ask it once, judge its answer by every item of each run, put all on record."""

import hashlib
import logging
import secrets as random
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from checks.finding import Finding, Reason
from checks.host import Placed
from checks.host_check import Answer, Planned, judge, not_looked
from checks.host_script import assembled, split, wire
from checks.hosts import kernel_errors, logs
from checks.log_templates import redact_lines, redacted
from checks.records import EvidenceRecord
from checks.secrecy import Grade, Redactor
from checks.slots import BASELINE_CHECK, HOST_INSPECTION
from checks.visit import HostVisit
from flows.office import now
from flows.outcome import Outcome
from flows.run import Run
from tasks.evidence import EvidenceError
from tasks.ledger import LedgerError
from tasks.log_mining import mined
from tasks.secrets import SecretError
from tasks.ssh import Exchange, Network, SshConfigError, SshError

log = logging.getLogger("xunjian")

_ITEMS: dict[str, Callable[[Placed], tuple[Planned, ...]]] = {
    HOST_INSPECTION: lambda placed: placed.planned,
    BASELINE_CHECK: lambda placed: placed.baseline,
}
"""What a duty asks a host."""

Past = list[tuple[datetime, dict[str, Any]]]
"""When earlier inspections were, and their facts by item, oldest first."""

FIRST_LOOK_BACK = timedelta(days=7)
"""How far back the first inspection of a host asks its logs."""


class HostRounds:
    """One connection to one host, for one run or for several: the inspection, the baseline, each judged by its own
    items. Every planned item ends up on record, looked at or not."""

    def __init__(self, runs: Sequence[Run], network: Network) -> None:
        self._runs, self._network = runs, network
        self._office, self._target = runs[0].office, runs[0].slot.target
        self._placed: Placed = self._office.contract.host(self._target)
        self._planned = {run.id: _ITEMS[run.slot.duty](self._placed) for run in runs}
        every = [one for planned in self._planned.values() for one in planned]
        self._script = assembled(every, sudo=self._placed.group.sudo)
        self._started_at = now()
        self._outcomes: dict[str, Outcome] = {}

    def go(self) -> list[Outcome]:
        """Ask, judge, record: an outcome for each run. Only a ledger that cannot be written ends them otherwise."""
        self._seek()
        return [self._outcomes[run.id] for run in self._runs]

    def _seek(self) -> None:
        try:
            known = self._office.host_secrets(self._target).values()
            self._ask(Redactor(line for value in known for line in value.splitlines()))
        except SecretError as error:
            self._record_unseen(Reason.CONFIGURATION, error.what)
        except SshError as error:
            self._record_unseen(error.reason, error.what)
        except SshConfigError as error:
            self._record_unseen(Reason.CONFIGURATION, str(error))
        except EvidenceError as error:
            # What was seen cannot be shown to anybody: then it does not count as seen.
            self._record_unseen(Reason.PERMISSION, str(error))
        except LedgerError:
            raise
        except Exception as error:
            # Where, but not what it said: that may quote the host.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s：程序错误 %s\n%s", self._target, type(error).__name__, place)
            self._record_unseen(Reason.BUG, f"程序出错：{type(error).__name__}")

    def _ask(self, redactor: Redactor) -> None:
        past = self._past()
        since = past[-1][0] if past else self._started_at - FIRST_LOOK_BACK
        nonce = random.token_hex(16)
        planned = [one for planned in self._planned.values() for one in planned]
        read = [one.params.files for one in planned if one.check.id == logs.CHECK.id]
        marks = logs.marks(_last_logs(past), read[0]) if read else ""
        sent = wire(self._script.text, nonce, int(since.timestamp()), marks)
        exchange = self._network.exchange(self._target, sent, self._placed.group.deadline)
        answer = self._answer(exchange, nonce, redactor, past)
        for run in self._runs:
            self._look(run, exchange, answer, redactor, past)

    def _past(self) -> Past:
        """What earlier inspections found out; the baseline asks for no past."""
        if all(run.slot.duty != HOST_INSPECTION for run in self._runs):
            return []
        earlier = self._office.ledger.past(HOST_INSPECTION, self._target, HostVisit)
        return [(one.started_at, one.facts) for one in earlier]

    def _answer(self, exchange: Exchange, nonce: str, redactor: Redactor, past: Past) -> Answer:
        """The sections as they may be kept: two quote logs."""
        found = split(exchange.out, nonce)
        broken = exchange.cut or (None if found.whole else (Reason.INCOMPLETE, "主机的回答在中途断了"))
        keys = self._script.keys
        sections = self._script.answered(found.sections)
        if (key := keys.get(logs.CHECK.id)) in sections:
            sections[key] = mined(sections[key], redactor, _last_logs(past))
        if (key := keys.get(kernel_errors.CHECK.id)) in sections:
            sections[key] = sections[key]._replace(out=redact_lines(sections[key].out, redactor))
        middle = exchange.sent_at + (exchange.answered_at - exchange.sent_at) / 2
        return Answer(sections, middle, (exchange.answered_at - exchange.sent_at).total_seconds(), broken)

    def _look(self, run: Run, exchange: Exchange, answer: Answer, redactor: Redactor, past: Past) -> None:
        """One run's part of the answer, judged and put on record."""
        planned, keys = self._planned[run.id], self._script.keys
        earlier = past if run.slot.duty == HOST_INSPECTION else ()
        judged = judge(planned, lambda one: keys[one.check.id], answer, earlier)
        findings = [
            # Why an item could not be read may be in the host's words.
            one.model_copy(
                update={"summary": redacted(one.summary, redactor, 200) if one.reason else redactor.clean(one.summary)}
            )
            for one in judged.findings
        ]
        private = {keys[one.check.id] for one in planned if one.check.private}
        kept = "\n".join(
            f"== {key} 退出码 {section.status}\n{'（不留存）' if key in private else section.out + section.err}"
            for key, section in answer.sections.items()
            if key in {keys[one.check.id] for one in planned}
        )
        visit = HostVisit(
            target=self._target,
            attempt=1,
            started_at=self._started_at,
            seconds=(exchange.ended_at - self._started_at).total_seconds(),
            script=hashlib.sha256(self._script.text.encode()).hexdigest(),
            facts=redactor.clean_all(judged.facts),
            obstacle=redactor.clean_own(exchange.cut[1]) if exchange.cut else "",
            reason=exchange.cut[0] if exchange.cut else None,
        )
        self._record(run, findings, visit, [self._keep(redact_lines(kept, redactor))])

    def _keep(self, raw: str) -> EvidenceRecord:
        return self._office.evidence.keep(
            raw.encode(),
            ".txt",
            target=self._target,
            attempt=1,
            kind="raw-output",
            grade=Grade.MEDIUM,
            at=self._started_at,
        )

    def _record_unseen(self, reason: Reason, message: str) -> None:
        """Of the runs that have not come to their end."""
        for run in self._runs:
            if not run.has_ended:
                self._record(run, not_looked(self._planned[run.id], reason, message), None, [])

    def _record(self, run: Run, findings: list[Finding], visit: HostVisit | None, kept: list[EvidenceRecord]) -> None:
        outcome = self._outcomes[run.id] = Outcome([(self._target, finding) for finding in findings])
        run.add(self._target, 1, findings, visit=visit, evidence=kept, outcome=outcome.state)


def _last_logs(past: Past) -> dict[str, Any]:
    """The facts of the last inspection in which the logs were read."""
    return next((facts for _, facts in reversed(past) if logs.CHECK.id in facts), {})
