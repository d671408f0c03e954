"""The web-facing items of the baseline: safe probes turned on one system's address, from here."""

from typing import NamedTuple

from checks.clauses import CLAUSES, Clause
from checks.finding import Finding, Reason, State, worst
from checks.safe_probe import Vantage, safe_probe, unseen
from checks.scope import target
from checks.slots import RequestError
from checks.visit import ProbeVisit
from flows.outcome import Outcome
from flows.probing import look, proof
from flows.run import Run
from tasks.ssh import Network


class Seen(NamedTuple):
    """One item: its verdict, and what each of its probes found out."""

    finding: Finding
    visits: list[ProbeVisit]


class SiteRounds:
    """One run over one system's address. Every item ends up on record, looked at or not."""

    def __init__(self, run: Run, network: Network) -> None:
        self._run, self._office, self._network = run, run.office, network
        contract = run.office.contract
        self._url = str(contract.system(run.slot.target.partition(".")[0]).url)
        self._target = target(contract, self._url)

    def go(self) -> Outcome:
        """Ask, judge, record."""
        seen = [self._look(clause) for clause in CLAUSES.values() if clause.probes]
        findings = [one.finding for one in seen]
        outcome = Outcome([(self._run.slot.target, finding) for finding in findings])
        kept = [proof(self._office, visit) for one in seen for visit in one.visits]
        self._run.add(self._run.slot.target, 1, findings, evidence=kept, outcome=outcome.state)
        return outcome

    def _look(self, clause: Clause) -> Seen:
        """All probes of an item; the worst decides."""
        if clause.tls and self._target.scheme != "https":
            said = Finding(check=clause.id, state=State.CRIT, summary=f"{self._url} 没有用 HTTPS，期望 HTTPS")
            return Seen(said, [])
        visits: list[ProbeVisit] = []
        found: list[tuple[str, Finding]] = []
        for probe in map(safe_probe, clause.probes):
            try:
                params, name = probe.params(), self._run.slot.target
                visit, finding = look(self._office, self._network, probe, self._target, Vantage.HERE, "", params, name)
                visits.append(visit)
            except RequestError as error:
                finding = unseen(probe, Reason.CONFIGURATION, str(error))
            found.append((probe.title, finding))
        state = worst(finding.state for _, finding in found)
        those = [(title, finding) for title, finding in found if finding.state is state]
        alike: dict[str, list[str]] = {}  # what several probes met is said once
        for title, finding in those:
            alike.setdefault(finding.summary, []).append(title)
        words = [f"{'、'.join(titles)}：{what}" if len(found) > 1 else what for what, titles in alike.items()]
        reason = those[0][1].reason
        return Seen(Finding(check=clause.id, state=state, summary="；".join(words), reason=reason), visits)
