"""安全整改: the register of security findings over a period. Clauses 一(6), 七2(5)."""

from datetime import timedelta

from checks.remediation_report import RemediationReport, remediation_report
from checks.security_finding import SECURITY_FINDING
from checks.slots import RETEST
from flows.queries import query
from flows.queries.facts import Facts


@query("remediation", "安全整改：本期未闭环或有变动的漏洞，整改、复测和残余风险")
def remediation(facts: Facts) -> RemediationReport:
    """Of the period, as of its end or as far as the ledger goes."""
    ledger, period = facts.ledger, facts.period
    runs = ledger.runs(RETEST, period.first - timedelta(days=1), period.last)
    return remediation_report(ledger.events(SECURITY_FINDING), runs, period, facts.as_of, facts.contract.tz)
