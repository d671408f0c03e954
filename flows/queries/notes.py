"""填写的内容: what people say in a report where the ledger has nothing: an event each, by report and section."""

from checks.number import row
from checks.report_lines import NoteLine
from flows.queries import query
from flows.queries.facts import Facts

REPORT_NOTE = "report-note"
"""The events' kind. Subject: "monthly/2026-10"; body: section, text. A correction names what it corrects."""


@query("notes", "填写的内容：某一节由人填写的话，后填的在后；更正过的不算")
def notes(facts: Facts, section: str) -> tuple[NoteLine, ...]:
    """What was said of a section, as it stands; nothing where nobody has said anything."""
    said = [one for one in facts.ledger.events(REPORT_NOTE) if one.subject == f"{facts.kind}/{facts.named.name}"]
    corrected = {one.corrects for one in said}
    return tuple(
        NoteLine(
            text=one.body["text"], who=one.who, at=one.at.astimezone(facts.contract.tz), rows=(row("event", one.id),)
        )
        for one in said
        if one.body["section"] == section and one.id not in corrected and one.body["text"]
    )
