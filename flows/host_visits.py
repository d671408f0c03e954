"""The order of events at one host: ask it once, judge its answer by every item, put all of it on record."""

import hashlib
import logging
import secrets as random
import traceback
from datetime import datetime, timedelta
from typing import Any

from checks.finding import Finding, Reason
from checks.host import Placed
from checks.host_check import Answer, Judged, judge, not_looked
from checks.host_script import assembled, split, wire
from checks.hosts import kernel_errors, logs
from checks.log_templates import redact_lines, redacted
from checks.records import EvidenceRecord
from checks.secrecy import Grade, Redactor
from checks.slots import HOST_INSPECTION
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

Past = list[tuple[datetime, dict[str, Any]]]
"""When earlier inspections were, and their facts by item, oldest first."""

FIRST_LOOK_BACK = timedelta(days=7)
"""How far back the first inspection of a host asks its logs."""


class HostRounds:
    """One run over one host. Every planned item ends up on record, looked at or not."""

    def __init__(self, run: Run, network: Network) -> None:
        self._run, self._office, self._slot, self._network = run, run.office, run.slot, network
        self._placed: Placed = run.office.contract.host(run.slot.target)
        self._planned = self._placed.planned
        self._script = assembled(self._planned, sudo=self._placed.group.sudo)
        self._started_at = now()

    def go(self) -> Outcome:
        """Ask, judge, record. Only a ledger that cannot be written ends the run otherwise."""
        try:
            known = self._office.host_secrets(self._slot.target).values()
            return self._ask(Redactor(line for value in known for line in value.splitlines()))
        except SecretError as error:
            return self._record_unseen(Reason.CONFIGURATION, error.what)
        except SshError as error:
            return self._record_unseen(error.reason, error.what)
        except SshConfigError as error:
            return self._record_unseen(Reason.CONFIGURATION, str(error))
        except EvidenceError as error:
            # What was seen cannot be shown to anybody: then it does not count as seen.
            return self._record_unseen(Reason.PERMISSION, str(error))
        except LedgerError:
            raise
        except Exception as error:
            # Where, but not what it said: that may quote the host.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s：程序错误 %s\n%s", self._slot.target, type(error).__name__, place)
            return self._record_unseen(Reason.BUG, f"程序出错：{type(error).__name__}")

    def _ask(self, redactor: Redactor) -> Outcome:
        earlier = self._office.ledger.past(HOST_INSPECTION, self._slot.target, HostVisit)
        past = [(one.started_at, one.facts) for one in earlier]
        since = past[-1][0] if past else self._started_at - FIRST_LOOK_BACK
        nonce = random.token_hex(16)
        read = [one.params.files for one in self._planned if one.check.id == logs.CHECK.id]
        marks = logs.marks(_last_logs(past), read[0]) if read else ""
        sent = wire(self._script.text, nonce, int(since.timestamp()), marks)
        exchange = self._network.exchange(self._slot.target, sent, self._placed.group.deadline)
        judged, raw = self._judge(exchange, nonce, redactor, past)
        visit = HostVisit(
            target=self._slot.target,
            attempt=1,
            started_at=self._started_at,
            seconds=(exchange.ended_at - self._started_at).total_seconds(),
            script=hashlib.sha256(self._script.text.encode()).hexdigest(),
            facts=judged.facts,
            obstacle=redactor.clean_own(exchange.cut[1]) if exchange.cut else "",
            reason=exchange.cut[0] if exchange.cut else None,
        )
        return self._record(judged.findings, visit, [self._keep(raw)])

    def _judge(self, exchange: Exchange, nonce: str, redactor: Redactor, past: Past) -> tuple[Judged, str]:
        """The findings, and the answer as it may be kept."""
        found = split(exchange.out, nonce)
        broken = exchange.cut or (None if found.whole else (Reason.INCOMPLETE, "主机的回答在中途断了"))
        keys, wanted = self._script.keys, self._script.digests
        sections = dict(found.sections)
        stale = {key for key, section in sections.items() if section.digest != wanted.get(key)}
        if (key := keys.get(logs.CHECK.id)) in sections:
            sections[key] = mined(sections[key], redactor, _last_logs(past))
        if (key := keys.get(kernel_errors.CHECK.id)) in sections:  # it quotes a log, too
            sections[key] = sections[key]._replace(out=redact_lines(sections[key].out, redactor))
        middle = exchange.sent_at + (exchange.answered_at - exchange.sent_at) / 2
        answer = Answer(sections, middle, (exchange.answered_at - exchange.sent_at).total_seconds(), broken, stale)
        judged = judge(self._planned, lambda one: keys[one.check.id], answer, past)
        judged.findings = [
            # Why an item could not be read may be in the host's words.
            one.model_copy(
                update={"summary": redacted(one.summary, redactor, 200) if one.reason else redactor.clean(one.summary)}
            )
            for one in judged.findings
        ]
        judged.facts = redactor.clean_all(judged.facts)
        private = {keys[one.check.id] for one in self._planned if one.check.private}
        kept = [
            f"== {key} 退出码 {section.status}\n{'（不留存）' if key in private else section.out + section.err}"
            for key, section in sections.items()
        ]
        return judged, redact_lines("\n".join(kept), redactor)

    def _keep(self, raw: str) -> EvidenceRecord:
        return self._office.evidence.keep(
            raw.encode(),
            ".txt",
            target=self._slot.target,
            attempt=1,
            kind="raw-output",
            grade=Grade.MEDIUM,
            at=self._started_at,
        )

    def _record_unseen(self, reason: Reason, message: str) -> Outcome:
        return self._record(not_looked(self._planned, reason, message), None, [])

    def _record(self, findings: list[Finding], visit: HostVisit | None, kept: list[EvidenceRecord]) -> Outcome:
        outcome = Outcome([(self._slot.target, finding) for finding in findings])
        self._run.add(self._slot.target, 1, findings, visit=visit, evidence=kept, outcome=outcome.state)
        return outcome


def _last_logs(past: Past) -> dict[str, Any]:
    """The facts of the last inspection in which the logs were read."""
    return next((facts for _, facts in reversed(past) if logs.CHECK.id in facts), {})
