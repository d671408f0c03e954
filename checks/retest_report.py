"""The 整改复测报告 of one finding as data: computed from the register and the ledger's records, so that it can be
computed again. Source: inspection-items, 漏洞整改复测.
"""

from collections.abc import Iterable
from datetime import date, datetime

from checks.contract import Contract
from checks.finding import State
from checks.number import Number, count, row
from checks.records import RunRecord
from checks.report_lines import ReportLine
from checks.retest import Result, Taken, looks, result_of
from checks.safe_probe import Vantage, safe_probes
from checks.security_finding import SecurityFinding, Tested, register
from checks.visit import ProbeVisit

MOST_LOOKS = 50
"""Looks that are listed: a report is to be read."""


class LookLine(ReportLine):
    """One look: what was seen, when, by which run, and the hash of its evidence."""

    at: datetime
    state: State
    summary: str
    run: str
    sha256: str
    probe: str
    version: Number
    place: str
    identity: str
    tester: str
    result: str = ""  # of the retest, where it was one


class RetestReport(ReportLine):
    """All that the template needs. Times are in the contract's zone."""

    finding: str
    title: str
    severity: str
    source: str
    page: str
    cve: str
    plan: str
    owner: str
    due: date
    ticket: str
    asset: str
    fixer: str
    fixed_at: datetime | None
    life: str
    result: str  # of `Result`
    why: str
    tester: str
    before: LookLine | None
    now: LookLine
    sent: tuple[str, ...]
    remedy: str
    looks: tuple[LookLine, ...]
    more: Number  # looks that are not listed


def retest_report(contract: Contract, finding: SecurityFinding, runs: Iterable[RunRecord]) -> RetestReport | None:
    """The report of a finding's last retest; None where there was none.

    Args:
        runs: all of the finding's, oldest first.
    """
    runs = list(runs)
    verdicts = {run.id: verdict for run in runs if (verdict := _verdict(run))}
    taken = looks(runs)
    last = next((one for one in reversed(taken) if one.run in verdicts), None)
    if last is None:
        return None
    by_run = {run.id: run for run in runs}
    lines = [_line(contract, one, by_run[one.run]) for one in taken]
    result, why = verdicts[last.run]
    test = next((one for one in reversed(finding.tests) if one.run == last.run), None)
    claimed = _before(contract, finding, test)
    line = {one.run: each for one, each in zip(taken, lines, strict=True)}
    probe = next((one for one in safe_probes() if one.id == last.visit.probe), None)
    rows = tuple(row("run", one.run) for one in taken)
    return RetestReport(
        rows=(*(row("event", one.id) for one in finding.events), *rows),
        finding=finding.id,
        title=finding.title,
        severity=finding.severity.value,
        source=finding.source,
        page=finding.page,
        cve=finding.names,
        plan=finding.plan,
        owner=finding.owner,
        due=finding.due,
        ticket=finding.ticket,
        asset=last.visit.asset,
        fixer="、".join(claimed.fixers),
        fixed_at=claimed.fixed_at.astimezone(contract.tz) if claimed.fixers and claimed.fixed_at else None,
        life=finding.life.label,
        result=result.value,
        why=why,
        tester=by_run[last.run].who,
        before=line.get(test.before) if test else None,
        now=line[last.run],
        sent=last.visit.sent,
        remedy=probe.remedy if probe else "",
        looks=tuple(lines[-MOST_LOOKS:]),
        more=count("retest.more", rows[:-MOST_LOOKS]),
    )


def _before(contract: Contract, finding: SecurityFinding, test: Tested | None) -> SecurityFinding:
    """The finding as it stood when it was tested: a claim that was refuted is none any more."""
    if test is None:
        return finding
    events = [one for one in finding.events if one.id < test.number]
    return next(iter(register(events, test.at.astimezone(contract.tz).date(), contract.tz)), finding)


def _verdict(run: RunRecord) -> tuple[Result, str] | None:
    """The result of a run, and why."""
    said = ((result_of(one.finding), one.finding.summary) for one in run.findings)
    return next(((result, why) for result, why in said if result), None)


def _line(contract: Contract, one: Taken, run: RunRecord) -> LookLine:
    verdict = _verdict(run)
    return LookLine(
        at=one.visit.started_at.astimezone(contract.tz),
        state=one.finding.state,
        summary=one.finding.summary,
        run=one.run,
        sha256=one.evidence.sha256 if one.evidence else "",
        probe=one.visit.probe,
        version=Number(one.visit.version, "retest.version", (row("run", one.run),)),
        place=_place(one.visit),
        identity=one.visit.identity,
        tester=run.who,
        rows=(row("run", one.run),),
        result=verdict[0].value if verdict else "取证",
    )


def _place(visit: ProbeVisit) -> str:
    return f"{Vantage(visit.vantage).label} {visit.way}".strip()
