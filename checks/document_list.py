"""The list of documents: due today, this week, late, of no certain day; and the verdict on each that is not there."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from checks.document_register import Document, due_in, points
from checks.finding import Finding, Reason, State
from checks.periods import month_after

DOC01, TIMELY = "DOC01", "及时"
"""The item: a document is handed in when it is due. Annex 4."""


class DocumentList(NamedTuple):
    """Documents that are to be handed in, by how urgent they are; each stands in one list. `lost`: those due in this
    month that cost points; `points`: what they cost together."""

    late: list[Document]
    today: list[Document]
    week: list[Document]
    undetermined: list[Document]
    lost: list[Document]
    points: float


def document_list(known: Sequence[Document], today: date, now: datetime) -> DocumentList:
    """Sort them. Of what cannot be told when, only what is called for already, or comes to be soon."""
    coming = owed(known, now)
    late = [one for one in coming if one.late(now)]
    due = [one for one in coming if one not in late and one.limit_day is not None]
    sunday = today + timedelta(days=6 - today.weekday())
    month = today.replace(day=1)
    lost = [one for one in due_in(known, month, month_after(month) - timedelta(days=1))
            if one.late(now)]  # fmt: skip
    return DocumentList(
        late=late,
        today=[one for one in due if one.limit_day == today],
        week=[one for one in due if one.limit_day and today < one.limit_day <= sunday],
        undetermined=[one for one in coming if one.limit_day is None],
        lost=lost,
        points=points(lost, now),
    )


def owed(known: Sequence[Document], now: datetime) -> list[Document]:
    """Those that somebody has to hand in: while its period runs, only one of which it is known when."""
    return [one for one in known if one.is_open(now) and (one.limit_day is not None or one.calls_at <= now)]


def timely(one: Document, ahead: date | None, now: datetime) -> Finding:
    """The verdict on a document that is not there.

    Args:
        ahead: the day from which on it is a warning.
    """
    due = f"{one.until_words} 前交{one.duty.receiver}"
    today = now.astimezone(one.zone).date()
    if one.limit_day is None:
        summary = f"{one.title} 期限不定：{one.undetermined}"
        return Finding(check=DOC01, state=State.UNKNOWN, summary=summary, reason=Reason.MANUAL)
    if one.late(now):
        return Finding(check=DOC01, state=State.CRIT, summary=f"{one.title} {one.verdict(now)}；应在 {due}，补交并登记")
    state = State.WARN if today >= min(ahead or one.limit_day, one.limit_day) else State.OK
    return Finding(check=DOC01, state=state, summary=f"{one.title} {one.verdict(now)}；{due}")
