"""The 安全整改报告 as data: the register of findings over a period, and what was done about each.

Clauses 一(6), 七2(5). Headings: inspection-items, Reports: 依据｜问题清单｜方案｜实施｜复测｜残余风险. What was entered
within the period counts as its own, whatever time was written: as in the register itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from checks.finding import Finding
from checks.number import Number, count, row
from checks.period_findings import row_of
from checks.periods import Period
from checks.records import EventRecord, RunRecord, standing
from checks.report_lines import ReportLine
from checks.retest import VERDICT, result_of
from checks.security_finding import Life, SecurityFinding, Severity, Step, Tested, register

NO_VERDICT = "没有结论"
"""The result of a test whose run is not on record."""

_ORDER = list(Severity)
_DONE = (Step.FIXED, Step.FALSE_POSITIVE, Step.REOPENED, Step.IDENTITY)


class ProblemLine(ReportLine):
    """问题清单, 方案, 残余风险: one finding as it stands at the end. `page`: of its source. `late`: days overdue; None
    where it is not."""

    number: str
    title: str
    severity: str
    asset: str
    page: str
    cve: str
    plan: str
    owner: str
    due: date
    ticket: str
    life: str
    over: bool
    late: Number | None
    accepted_by: str = ""
    until: date | None = None
    why: str = ""  # it was accepted
    document: str = ""


class DoneLine(ReportLine):
    """实施: who has mended what and when, or that it is none, or there after all."""

    number: str
    what: str
    who: str
    at: datetime
    said: str


class RetestLine(ReportLine):
    """复测: one test. `before`, `run`: the runs that hold the evidence; "" where there is none."""

    number: str
    at: datetime
    result: str  # a `retest.Result`; 取证 before the repair; NO_VERDICT
    summary: str
    tester: str
    before: str
    run: str


class SourceLine(ReportLine):
    """依据, 问题清单: one report that findings come from, how many there are, and which."""

    source: str
    findings: Number
    problems: tuple[ProblemLine, ...]


class RemediationReport(ReportLine):
    """All that the template needs. Times are in the contract's zone.

    Args:
        on: the day at whose end, or in the course of which, the register is read.
        known: findings ever entered. listed: those of this report. before: not closed when the period began; new,
            verified, none: in the period; open, accepted, overdue: at its end.
    """

    on: date
    known: Number
    listed: Number
    before: Number
    new: Number
    verified: Number
    none: Number
    open: Number
    accepted: Number
    overdue: Number
    sources: tuple[SourceLine, ...]
    problems: tuple[ProblemLine, ...]
    done: tuple[DoneLine, ...]
    retests: tuple[RetestLine, ...]


def remediation_report(
    events: Sequence[EventRecord], runs: Iterable[RunRecord], period: Period, as_of: datetime, zone: ZoneInfo
) -> RemediationReport:
    """Compute the report of a period.

    Args:
        events: all of kind SECURITY_FINDING, as they were entered.
        runs: retests of the period.
        as_of: the ledger's last entry: a period that is not over is read so far.
    """
    start = datetime.combine(period.first, time(), zone)
    end = datetime.combine(period.last + timedelta(days=1), time(), zone)
    on = min(as_of.astimezone(zone).date(), period.last)
    earlier = [one for one in events if one.entered_at < start]
    until = [one for one in events if one.entered_at < end]
    mine = [one for one in standing(until) if one.entered_at >= start]
    was = {one.id: one for one in register(earlier, period.first - timedelta(days=1), zone)}
    now = {one.id: one for one in register(until, on, zone)}
    left = {name for name, one in was.items() if not one.life.is_over}
    changed = {one.subject for one in mine}
    those = [one for name, one in now.items() if name in left | changed]
    those.sort(key=lambda one: (_ORDER.index(one.severity), one.due, one.id))

    def counted(name: str, wanted: Callable[[SecurityFinding], bool]) -> Number:
        return count(f"remediation.{name}", (row_of(one) for one in those if wanted(one)))

    def verified(one: SecurityFinding) -> bool:
        return one.verified_at is not None and (one.id not in was or was[one.id].verified_at != one.verified_at)

    def none(one: SecurityFinding) -> bool:
        return one.life is Life.FALSE_POSITIVE and (one.id not in was or was[one.id].life is not one.life)

    return RemediationReport(
        rows=tuple(row_of(one) for one in those),
        on=on,
        known=count("remediation.known", (row_of(one) for one in now.values())),
        listed=counted("listed", lambda _: True),
        before=counted("before", lambda one: one.id in left),
        new=counted("new", lambda one: one.id not in was),
        verified=counted("verified", verified),
        none=counted("none", none),
        open=counted("open", lambda one: one.is_open),
        accepted=counted("accepted", lambda one: one.life is Life.ACCEPTED),
        overdue=counted("overdue", lambda one: one.overdue(on)),
        sources=tuple(_sources(those, on)),
        problems=tuple(_problem(one, on) for one in those),
        done=tuple(_done(mine, zone)),
        retests=tuple(_retests(those, mine, {run.id: run for run in runs}, zone)),
    )


def _sources(those: Sequence[SecurityFinding], on: date) -> Iterator[SourceLine]:
    for source in dict.fromkeys(one.source for one in those):
        problems = tuple(_problem(one, on) for one in those if one.source == source)
        rows = tuple(name for one in problems for name in one.rows)
        yield SourceLine(
            source=source or "没有登记来源",
            findings=count("remediation.of-source", rows),
            problems=problems,
            rows=rows,
        )


def _problem(one: SecurityFinding, on: date) -> ProblemLine:
    accepted = next((each for each in reversed(standing(one.events)) if each.body["step"] == Step.ACCEPTED), None)
    held = accepted if one.life is Life.ACCEPTED else None
    rows = (row_of(one),)
    return ProblemLine(
        number=one.id,
        title=one.title,
        severity=one.severity.value,
        asset=one.asset,
        page=one.page,
        cve=one.names,
        plan=one.plan,
        owner=one.owner,
        due=one.due,
        ticket=one.ticket,
        life=one.life.label,
        over=one.life.is_over,
        late=Number((on - one.due).days, "remediation.late", rows) if one.overdue(on) else None,
        accepted_by=one.accepted_by if held else "",
        until=one.until if held else None,
        why=held.why if held else "",
        document=held.body["document"] if held else "",
        rows=rows,
    )


def _done(mine: Iterable[EventRecord], zone: ZoneInfo) -> Iterator[DoneLine]:
    for one in mine:
        if (step := Step(one.body["step"])) in _DONE:
            yield DoneLine(
                number=one.subject,
                what=step.label,
                who=one.body.get("fixer", one.who),
                at=one.at.astimezone(zone),
                said=one.why,
                rows=(row("event", one.id),),
            )


def _retests(
    those: Iterable[SecurityFinding], mine: Iterable[EventRecord], runs: Mapping[str, RunRecord], zone: ZoneInfo
) -> Iterator[RetestLine]:
    numbers = {one.id for one in mine}
    tests = [(test, one.id) for one in those for test in one.tests if test.number in numbers]
    for test, name in sorted(tests):
        found = _verdict(runs.get(test.run), test)
        result = result_of(found) if found else None
        yield RetestLine(
            number=name,
            at=test.at.astimezone(zone),
            result=result.value if result else "取证" if found else NO_VERDICT,
            summary=found.summary if found else "",
            tester=test.tester,
            before=test.before,
            run=test.run,
            rows=(row("event", test.number), row("run", test.run)),
        )


def _verdict(run: RunRecord | None, test: Tested) -> Finding | None:
    """What a test came to: the retest's verdict, or what the probe itself saw; None where its run is not on record."""
    findings = [one.finding for one in run.findings] if run else []
    retested = (one for one in findings if one.check == VERDICT)
    return next(retested, None) or next((one for one in findings if one.check == test.probe), None)
