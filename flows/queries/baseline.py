"""等保自查: how the hosts and addresses stand by the month's checks, and how to mend them. Clauses 一(6), 七2(5)."""

from datetime import datetime, time, timedelta
from functools import partial

from checks.baseline_lines import BaselineReport, FindingLine
from checks.baseline_report import baseline_report
from checks.finding_list import urgent
from checks.number import row
from checks.periods import month_after
from checks.safe_probe import safe_probe
from checks.security_finding import SecurityFinding
from checks.slots import BASELINE_CHECK
from flows.finding_book import FindingBook
from flows.queries import query
from flows.queries.facts import Facts

LOOK_BACK = timedelta(days=400)
"""How far back a host may have been looked at last, to compare with."""


@query("baseline", "本月的等保自查：各项结论、符合率、豁免、与上次相比、人工核查表、加固办法")
def baseline(facts: Facts) -> BaselineReport:
    """Of the month in which the period begins, as of its end or as far as the ledger goes."""
    ledger, contract, first = facts.ledger, facts.contract, facts.named.first.replace(day=1)
    after = month_after(first)
    at = min(facts.as_of, datetime.combine(after, time(), contract.tz))
    runs_of = partial(ledger.runs, BASELINE_CHECK, first - LOOK_BACK, after - timedelta(days=1))
    known = FindingBook(ledger, contract.tz).findings(at)
    return baseline_report(contract, first, runs_of, facts.beside(at), [_line(one) for one in urgent(known)])


def _line(one: SecurityFinding) -> FindingLine:
    """How its weakness is mended is the probe's word; where there is none, the plan on record."""
    remedy = safe_probe(one.probe).remedy if one.probe else one.plan or "没有登记整改措施"
    rows = tuple(row("event", event.id) for event in one.events)
    return FindingLine(number=one.id, title=one.title, asset=one.asset, severity=one.severity, remedy=remedy, rows=rows)
