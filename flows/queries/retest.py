"""整改复测: what the last retest of a finding came to. Source: inspection-items, 漏洞整改复测."""

from datetime import date

from checks.retest_report import RetestReport, retest_report
from checks.slots import RETEST
from flows.finding_book import FindingBook
from flows.queries import query
from flows.queries.facts import Facts


@query("retest", "一个漏洞最近一次复测：结论、整改前后、历次探测；没有复测过就是没有")
def retest(facts: Facts) -> RetestReport | None:
    """Of the finding whose number the report bears; None where it was never tested."""
    finding = FindingBook(facts.ledger, facts.contract.tz).finding(facts.named.name, facts.as_of)
    runs = facts.ledger.runs(RETEST, date.min, date.max, finding.id)
    return retest_report(facts.contract, finding, runs)
