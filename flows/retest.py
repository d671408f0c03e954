"""The order of events at one retest: the asset looked at as it was before the repair, held against the look before,
the verdict on record and in the register. Clause 七2(5).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from prefect.client.schemas.objects import State as FlowState
from prefect.states import Completed, Failed

from checks.entries import Who
from checks.finding import Reason
from checks.notices import NOTICE
from checks.records import Event
from checks.retest import Result, Retested, Taken, compared, looks
from checks.safe_probe import unseen
from checks.secrecy import Grade
from checks.security_finding import Life, SecurityFinding
from checks.slots import RETEST
from flows.caller import Caller
from flows.finding_desk import FindingDesk
from flows.office import Office, now
from flows.outcome import Outcome, nothing_to_do
from flows.probing import for_ledger, look, proof
from flows.retest_plan import Asked, Claim, Sight
from flows.run import Run
from tasks.evidence import EvidenceError
from tasks.ssh import Network

MENDED, NOT_MENDED = "全部已修复", "未全部修复"


def enter_claim(office: Office, those: Sequence[Asked], claim: Claim, asked_by: Caller) -> None:
    """Put on record who has mended them, where somebody says so with the retest."""
    if claim.fixer.strip():
        desk = FindingDesk(office.ledger, office.contract, now())
        for one in those:
            desk.fixed(one.finding.id, claim.fixer, now(), Who(asked_by.who, asked_by.why, asked_by.trigger))


class Retest:
    """One retest of one finding."""

    def __init__(self, run: Run, network: Network, one: Asked, asked_by: Caller) -> None:
        self._run, self._office, self._network, self._one, self._by = run, run.office, network, one, asked_by

    def go(self) -> Outcome:
        """Look, compare, record. The register learns of it before the run ends: there is no verdict that it misses."""
        finding = self._one.finding
        earlier = looks(self._office.ledger.runs(RETEST, date.min, date.max, finding.id))
        seen = taken(self._run, self._network, self._one.sight)
        result = compared(seen, earlier, finding.identity)
        recorded(self._run, seen, result)
        self._enter(seen, result)
        return Outcome([(finding.id, result.finding)])

    def _enter(self, seen: Taken, result: Retested) -> None:
        before, at = self._one.finding, now()
        desk = FindingDesk(self._office.ledger, self._office.contract, at)
        desk.tested(
            before.id,
            result.result.state,
            Who(self._by.who, self._by.why, self._by.trigger),
            run=seen.run,
            tester=self._by.who,
            at=at,
            before=result.before.run if result.before else "",
            probe=seen.visit.probe,
            version=seen.visit.version,
            identity=seen.visit.identity,
        )
        if before.life is Life.VERIFIED and desk.finding(before.id).life is Life.REOPENED:
            self._office.ledger.enter(_news(before, seen, at), at)


def taken(run: Run, network: Network, sight: Sight) -> Taken:
    """One look with its proof, not yet on record."""
    visit, finding = look(run.office, network, *sight[:-1], identity=sight.identity)
    try:
        return Taken(run.id, visit, finding, proof(run.office, visit))
    except EvidenceError as error:
        # What was seen cannot be shown to anybody: then it does not count as seen.
        finding = unseen(sight.probe, Reason.PERMISSION, str(error))
        visit = visit.model_copy(update={"replies": (), "obstacle": finding.summary, "reason": finding.reason})
        return Taken(run.id, visit, finding, None)


def recorded(run: Run, seen: Taken, result: Retested | None = None) -> None:
    """Put a look on record, with the verdict of the retest where it was one."""
    found = [seen.finding, *([result.finding] if result else [])]
    kept = [seen.evidence] if seen.evidence else []
    run.add(seen.visit.target, seen.visit.attempt, found, visit=for_ledger(seen.visit), evidence=kept)


def _news(finding: SecurityFinding, seen: Taken, at: datetime) -> Event:
    """What was verified is there again: told to whom the contract names."""
    head = f"【{finding.id}】已修复的漏洞复查时又出现，已重新打开（{finding.severity.value}）"
    more = f"　{finding.title}，{finding.asset}：{seen.finding.summary}"
    body = {"complete": True, "lines": [[int(Grade.LEAST), head], [int(Grade.MEDIUM), more]]}
    return Event(kind=NOTICE, subject=f"retest/{seen.run}", at=at, who="巡检程序", why=head, via="retest", body=body)


def ended(outcomes: Sequence[Outcome]) -> FlowState:
    """How the flow ends: 全部已修复, 未全部修复 (both completed), 无法复测 (failed: it could not look)."""
    found = [finding for one in outcomes for _, finding in one.findings]
    skipped = "；".join(one.skipped for one in outcomes if one.skipped)
    if not found:
        return nothing_to_do(skipped or "没有要复测的漏洞")
    count = Counter(finding.state for finding in found)
    message = "，".join(f"{one.value} {number} 个" for one in Result if (number := count[one.state])) + (
        f"。{skipped}" if skipped else ""
    )
    if count[Result.UNTESTABLE.state]:
        first = next(one.summary for one in found if one.state is Result.UNTESTABLE.state)
        return Failed(name=Result.UNTESTABLE.value, message=f"{message}。{first}")
    return Completed(name=MENDED if count[Result.REPAIRED.state] == len(found) else NOT_MENDED, message=message)
