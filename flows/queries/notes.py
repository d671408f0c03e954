"""填写的内容: what people say in a report where the ledger has nothing: an event each, by report and section."""

from checks.number import row
from checks.records import standing
from checks.report_lines import NoteLine
from checks.report_notes import REPORT_NOTE
from flows.queries import query
from flows.queries.facts import Facts


@query("notes", "填写的内容：某一节由人填写的话，后填的在后；更正过的不算")
def notes(facts: Facts, section: str) -> tuple[NoteLine, ...]:
    """What was said of a section, as it stands; nothing where nobody has said anything."""
    said = standing(facts.ledger.events(REPORT_NOTE))
    return tuple(
        NoteLine(
            text=one.body["text"], who=one.who, at=one.at.astimezone(facts.contract.tz), rows=(row("event", one.id),)
        )
        for one in said
        if one.subject == f"{facts.kind}/{facts.named.name}" and one.body["section"] == section
    )
