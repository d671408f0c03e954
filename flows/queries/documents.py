"""文档: which were due in the period, when they were handed in, what being late has cost. Annex 4."""

from checks.document_register import Document
from checks.number import Number, count, row, total
from checks.period_lines import DocumentLine
from flows.queries import query
from flows.queries.facts import Facts


@query("documents", "本期到期的文档：名称、期限、提交时间、是否按时、扣分；期限不定的列在应提交的那一期")
def documents(facts: Facts) -> tuple[DocumentLine, ...]:
    """By due day. A draft that the program wrote is no submission, and is not mentioned."""
    return tuple(_line(facts, one) for one in facts.documents)


@query("documents.due", "本期到期的文档份数")
def due(facts: Facts) -> Number:
    """Documents whose due day cannot be told count in the period in which they are called for."""
    return count("", [_row(one) for one in facts.documents])


@query("documents.late", "迟交的文档份数，含到期没有交的")
def late(facts: Facts) -> Number:
    """A document that was excused is not late."""
    return count("", [_row(one) for one in facts.documents if one.late(facts.as_of)])


@query("documents.lost", "文档迟交扣的分：每份 0.5 分（附件4）")
def lost(facts: Facts) -> Number:
    """Points, zero or more: what all late documents of the period cost together."""
    points = total(_lost(facts, one) for one in facts.documents)
    return Number(points.value, "", points.rows, f"{points.value:g}")


def _line(facts: Facts, one: Document) -> DocumentLine:
    counts = one.counts or (one.submissions[0] if one.submissions else None)
    return DocumentLine(
        title=one.title,
        due=one.until_words,
        handed_in=facts.here(counts.at) if counts else None,
        verdict=one.verdict(facts.as_of),
        lost=_lost(facts, one),
        rows=(_row(one),),
    )


def _lost(facts: Facts, one: Document) -> Number:
    points = abs(one.points(facts.as_of))
    return Number(points, "", (_row(one),), f"{points:g}")


def _row(one: Document) -> str:
    return row("document", one.subject)
