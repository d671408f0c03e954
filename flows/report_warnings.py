"""What the reader of a report must know first: whether its numbers can be trusted, what of its period is missing."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from checks.report_period import Every
from flows.queries.facts import Facts
from tasks.ledger.verify import Verdict

CHECKED = "已核对台账封存链和本期记录（本期以外各次运行的明细和证据文件由每日的台账核对查）"
_MOST = 6  # spans named one by one


def warnings(facts: Facts, every: Every) -> list[str]:
    """What stands in bold on the first page, what weighs most first."""
    said = [unsound(facts.verdict)] if facts.verdict.problems else []
    return [*said, *(_of_period(facts) if every.periodic else ())]


def unsound(verdict: Verdict) -> str:
    """That the ledger was found altered, and since when."""
    problems = verdict.problems
    first = next((one for one in problems if one.seal), problems[0])
    return (
        f"台账核对不通过：{len(problems)} 处问题，自{verdict.lost_from}起不可信（{first.what}），"
        "本报告的数字不能作为依据；用 xunjian audit verify 查看全部"
    )


def _of_period(facts: Facts) -> Iterator[str]:
    zone, named, term = facts.contract.tz, facts.named, facts.contract.term
    until = facts.as_of.astimezone(zone)
    if until.date() <= named.last:
        yield f"本期到 {named.last} 为止，台账的记录只到 {until:%Y-%m-%d %H:%M}，此后的情况不在本报告内"
    if named.first < term.start:
        yield f"合同的服务期从 {term.start} 开始，此前没有应做的事"
    if named.last > term.end:
        yield f"合同的服务期到 {term.end} 为止，此后没有应做的事"
    began = facts.versions[0][0].astimezone(zone) if facts.versions else until
    if began.date() > named.first:
        yield f"台账从 {began:%Y-%m-%d %H:%M} 开始记录，此前的情况不明"
    if not facts.coverage.lines:
        yield "台账里没有本期的任何应做事项，本报告不能说明任何情况"
        return
    over = until.date() - timedelta(days=1)  # of the last day on record something may still come
    first, last = max(named.first, term.start, began.date()), min(named.last, term.end, over)
    if dark := list(spans(silent(facts, first, last))):
        days = sum((end - start).days + 1 for start, end in dark)
        more = f"等 {len(dark)} 段" if len(dark) > _MOST else ""
        yield f"本期有 {days} 天没有任何记录：{'、'.join(map(_span, dark[:_MOST]))}{more}；这些天的情况不明"


def silent(facts: Facts, first: date, last: date) -> list[date]:
    """The days in [first, last] on which no run of any duty was begun."""
    zone = facts.contract.tz
    began = facts.ledger.begun_at(datetime.combine(first, time(), zone), datetime.combine(last, time.max, zone))
    seen = {at.astimezone(zone).date() for at in began}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [day for day in days if day not in seen]


def spans(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Days that follow each other, put together."""
    start: date | None = None
    end = date.min
    for day in days:
        if start is not None and day > end + timedelta(days=1):
            yield start, end
            start = None
        start, end = start or day, day
    if start is not None:
        yield start, end


def _span(span: tuple[date, date]) -> str:
    return f"{span[0]}" if span[0] == span[1] else f"{span[0]} 至 {span[1]}"
