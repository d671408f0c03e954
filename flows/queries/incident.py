"""故障: what the ledger knows of the incident that a report is of. Clause 七2(6), Annex 4."""

from checks.host_check import host_checks
from checks.incident_report import IncidentReport, incident_report
from checks.incidents import INCIDENT, PROBE_CHECK, UNREACHABLE
from checks.notices import DELIVERY
from checks.page_check import page_checks
from flows.incident_desk import find
from flows.queries import query
from flows.queries.facts import Facts


@query("incident", "故障报告写的那个故障：现象、经过、通知和各项时限")
def incident(facts: Facts) -> IncidentReport:
    """Of the incident whose number the report bears."""
    case = find(facts.cases, facts.named.name)
    number = case.incident.id
    steps = [one for one in facts.ledger.events(INCIDENT) if one.subject == number]
    sent = [
        one
        for one in facts.ledger.events(DELIVERY)
        if any(notice.startswith(f"{number}/") for notice in one.body["notices"])
    ]
    titles = {check.id: check.title for check in page_checks()} | {check.id: check.title for check in host_checks()}
    titles |= {PROBE_CHECK: "可用性探测", UNREACHABLE: "SSH 连接"}
    return incident_report(
        facts.contract,
        case.incident,
        case.clocks,
        case.notified_at,
        [*steps, *sent],
        titles,
        facts.as_of,
        facts.office.contract_hash,
    )
