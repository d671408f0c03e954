"""Reminders of documents: some working days ahead, on the day, and when one is late.

Titles only: whatever the grade of a document, its content stays here.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time

from checks.contract import Contract
from checks.document_register import Document
from checks.notices import Notice
from checks.secrecy import Grade

AT = time(9, 0)
"""When whoever has to hand it in is reminded, in the contract's zone."""


def of_documents(
    contract: Contract, known: Iterable[Document], ahead: Callable[[Document], date | None], now: datetime
) -> Iterator[Notice]:
    """What there is to tell of documents that are not there: of each the last word alone.

    Args:
        ahead: the day on which to remind of one; None where that cannot be told.
    """
    for one in known:
        limit, day = one.limit, one.limit_day
        if limit is None or day is None or not one.is_open(now):
            continue
        name, until = f"document/{one.subject}", f"{one.until_words}前交{one.duty.receiver}"
        today, early = datetime.combine(day, AT, contract.tz), ahead(one)
        again = "（退回后重交）" if one.submissions else ""
        if now > limit:
            said = f"逾期未交，应在 {until}"
            yield _notice(f"{name}/late-{day}", one, 1, limit, f"{said}{again}")
        elif now >= today and today < limit:
            yield _notice(f"{name}/today-{day}", one, 0, today, f"今天到期，{until}{again}")
        elif early is not None and early < day and (at := datetime.combine(early, AT, contract.tz)) <= now:
            yield _notice(f"{name}/ahead-{day}", one, 0, at, f"{until}{again}")


def _notice(name: str, one: Document, level: int, due: datetime, said: str) -> Notice:
    return Notice(name, one.title, level, due, ((Grade.LEAST, f"【文档】{one.title}：{said}"),))
