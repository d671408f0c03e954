"""What people enter: calls, progress of an incident, planned downtime, support periods. Each entry is one event.

An entry that makes no sense is refused with the remedy; one that turns out wrong is corrected by another that names it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from checks.contract import Contract
from checks.downtime import DOWNTIME, SUPPORT, Move, SupportPeriod, Window, check_span
from checks.incident_news import WATCH
from checks.incidents import INCIDENT, Incident, Step, incidents, open_twice, series
from checks.records import Event, EventRecord, standing
from checks.slots import RequestError

_OLDEST = timedelta(days=31)
BY_HAND = (
    Step.RECEIVED, Step.RESPONDED, Step.DISPATCHED, Step.HANDED_OVER, Step.TAKEN_BACK, Step.RESTORED, Step.CLEARED,
    Step.VOID,
)  # fmt: skip
"""The steps that people enter of an incident that is on record."""


class Who(NamedTuple):
    """Who enters it, why, and how it got here."""

    name: str
    why: str
    via: str


class Entry(NamedTuple):
    """An event to be entered. `numbered`: it begins something new, to which the ledger gives its number."""

    event: Event
    numbered: bool = False


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A time as people write it: "2026-11-23 09:05", "09:05" (today), "" (now).

    Raises:
        RequestError: it is none of these.
    """
    text = text.strip().replace("：", ":")
    if not text:
        return now.astimezone(zone)
    try:
        if len(text) <= len("09:05"):
            here = datetime.combine(now.astimezone(zone).date(), time.fromisoformat(text.zfill(5)))
        elif len(text) <= len("2026-11-23"):
            raise ValueError("a day is no moment")
        else:
            here = datetime.fromisoformat(text)
        return here.astimezone(zone) if here.tzinfo else here.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise RequestError(f"看不懂时间“{text}”；写 2026-11-23 09:05 或 09:05（今天），空着就是现在") from None


def call(
    contract: Contract, known: Sequence[Incident], system: str, at: datetime, by: Who, now: datetime, *, down: bool
) -> Entry:
    """Somebody reports a fault: of an incident of that system that was going on, or of a new one.

    Args:
        down: the caller says that the whole system does not work.

    Raises:
        RequestError: an unknown system, a time in the future or long ago, nobody's name, no words.
    """
    _said(by)
    _when(at, now)
    if system not in (ids := [one.id for one in contract.systems]):
        raise RequestError(f"合同里没有系统 {system}；可选：{'、'.join(ids)}")
    mine = [one for one in known if one.key == system and not one.void]
    during = [one for one in mine if one.started_at <= at and (one.restored_at is None or at <= one.restored_at)]
    going_on = [one for one in mine if one.is_open]
    watched = [one for one in mine if one.cleared_at and one.restored_at and one.restored_at < at <= one.cleared_at]
    for one in (*during, *going_on, *watched):
        return Entry(_event(INCIDENT, one.id, at, by, {"step": _heard(one, at).value, "down": down}))
    body = {
        "step": Step.DISCOVERED.value,
        "key": system,
        "system": system,
        "found_by": "call",
        "started_at": at.isoformat(),
        "symptoms": [],
        "down": down,
    }
    return Entry(_event(INCIDENT, series(at, contract.tz), at, by, body), numbered=True)


def _heard(one: Incident, at: datetime) -> Step:
    """What it means that somebody reports it: after it was restored, whoever calls has seen it come back."""
    return Step.REOPENED if one.restored_at and at > one.restored_at else Step.RECEIVED


def progress(
    events: Sequence[EventRecord], number: str, step: Step, at: datetime, by: Who, now: datetime, corrects: int = 0
) -> Entry:
    """A step of an incident, held against what is on record without the entry that it corrects.

    Args:
        events: all of kind INCIDENT.
        number: the incident's number; "" means the only one that is not cleared, or the one that is corrected.
        corrects: the entry that was wrong; 0: none.

    Raises:
        RequestError: no such incident or entry, an impossible order, a time in the future or long ago.
    """
    _said(by)
    _when(at, now)
    wrong = _wrong(events, corrects) if corrects else None
    left = [one for one in standing(events) if one is not wrong]
    one = _find(incidents(left), number or (wrong.subject if wrong else ""))
    if one.void:
        raise RequestError(f"{one.id} 已作废")
    if step is not Step.VOID:
        _in_order(one, step, at, Step(wrong.body["step"]) if wrong else None)
    body: dict[str, Any] = {"step": step.value}
    if step is Step.RECEIVED:
        # Another time does not take back what was said.
        body = {"step": _heard(one, at).value, "down": bool(wrong and wrong.body.get("down"))}
    event = _event(INCIDENT, one.id, at, by, body).model_copy(update={"corrects": corrects or None})
    _open_once(events, event, now)
    return Entry(event)


def _wrong(events: Sequence[EventRecord], number: int) -> EventRecord:
    """The entry that is corrected."""
    wrong = next((one for one in events if one.id == number), None)
    if wrong is None:
        raise RequestError(f"没有第 {number} 号故障登记；事件号见 xunjian incident show")
    if by := next((one for one in events if one.corrects == number), None):
        raise RequestError(f"第 {number} 号已由第 {by.id} 号更正；还不对就更正第 {by.id} 号")
    step = Step(wrong.body["step"])
    if step is Step.DISCOVERED:
        raise RequestError("故障的发现不能更正；整个登记错了用“作废”")
    if wrong.via == WATCH and step not in (Step.RESTORED, Step.CLEARED):
        raise RequestError(f"第 {number} 号“{step.label}”是程序记下的，不能更正")
    return wrong


def _in_order(one: Incident, step: Step, at: datetime, corrected: Step | None) -> None:
    """Refuse what could not have been. What followed an entry does not keep it from being corrected."""

    def there(moment: datetime) -> str:
        return f"{moment.astimezone(at.tzinfo):%m-%d %H:%M:%S}"

    if step is not Step.RECEIVED and at < one.started_at:
        raise RequestError(f"{step.label}的时间 {there(at)} 早于故障开始（{there(one.started_at)}），请核对")
    if one.cleared_at and step is Step.RECEIVED and at > one.cleared_at:
        raise RequestError(f"{one.id} 已在 {there(one.cleared_at)} 解除；之后又有人报告的，登记来电")
    new = step is not corrected
    if new and one.cleared_at and step in (Step.HANDED_OVER, Step.TAKEN_BACK, Step.RESTORED, Step.CLEARED):
        raise RequestError(f"{one.id} 已经解除；登记错了就用“更正”写明事件号")
    if new and one.restored_at and step in (Step.HANDED_OVER, Step.RESTORED):
        raise RequestError(f"{one.id} 已在 {there(one.restored_at)} 恢复；时间不对就用“更正”写明事件号")
    if step in (Step.RESTORED, Step.CLEARED) and at < one.discovered_at:
        raise RequestError(f"{step.label}的时间 {there(at)} 早于发现（{there(one.discovered_at)}），请核对")
    if one.restored_at and step is Step.CLEARED and at < one.restored_at:
        raise RequestError(f"解除的时间 {there(at)} 早于恢复（{there(one.restored_at)}），请核对")
    if step in (Step.RESTORED, Step.CLEARED) and one.reopened and at <= one.reopened[-1]:
        raise RequestError(f"{one.id} 在 {there(one.reopened[-1])} 再次发生，{step.label}要晚于它")
    if new and step in (Step.RESTORED, Step.CLEARED) and one.heard_at and at < one.heard_at:
        raise RequestError(f"{there(one.heard_at)} 还有人报告 {one.id}，{step.label}不能早于它")
    inside = any(wait.start <= at and (wait.end is None or at < wait.end) for wait in one.waits)
    if (step is Step.HANDED_OVER and inside) or (step is Step.TAKEN_BACK and not inside):
        raise RequestError(f"{one.id} 在 {there(at)} {'已经' if inside else '不'}在第三方处理中")


def _open_once(events: Sequence[EventRecord], event: Event, now: datetime) -> None:
    """Two incidents of one cause at a time would be told, timed and scored twice."""
    record = EventRecord(**event.model_dump(), id=max(one.id for one in events) + 1, entered_at=now)
    if twice := open_twice(incidents([*events, record])):
        other = next(one.id for one in twice if one.id != event.subject)
        raise RequestError(f"{other} 是同一个故障，还没有解除；先把 {other} 解除或作废，再登记 {event.subject}")


def downtime(
    contract: Contract, systems: Sequence[str], start: datetime, end: datetime, by: Who, now: datetime
) -> Entry:
    """Ask for planned downtime.

    Raises:
        RequestError: an unknown system, no systems, no sensible time.
    """
    _said(by)
    _some(systems)
    check_span(contract, systems, start, end)
    body = {"move": Move.REQUESTED.value, "systems": list(systems), **_span(start, end)}
    return Entry(_event(DOWNTIME, f"T-{start.astimezone(contract.tz).year}-", now, by, body), numbered=True)


def support(
    contract: Contract, name: str, systems: Sequence[str], start: datetime, end: datetime, by: Who, now: datetime,
    *, important: bool,
) -> Entry:  # fmt: skip
    """Announce a time of special care.

    Raises:
        RequestError: an unknown system, no systems, no name, no sensible time.
    """
    _said(by)
    _some(systems)
    check_span(contract, systems, start, end)
    if not name.strip():
        raise RequestError("写上保障的名称，例如 国庆保障")
    body = {"move": Move.REQUESTED.value, "name": name, "important": important, "systems": list(systems)}
    return Entry(
        _event(SUPPORT, f"B-{start.astimezone(contract.tz).year}-", now, by, {**body, **_span(start, end)}),
        numbered=True,
    )


def decision(
    kind: str, known: Sequence[Window] | Sequence[SupportPeriod], number: str, move: Move, document: str, by: Who,
    now: datetime,
) -> Entry:  # fmt: skip
    """Approve, sign or cancel a planned downtime; put a support period's plan on record, or cancel it.

    Args:
        kind: DOWNTIME or SUPPORT.
        document: name and number of the paper that says so; cancelling needs none.

    Raises:
        RequestError: no such number, no document, or it is cancelled.
    """
    _said(by)
    number = number.strip().upper()
    one = next((one for one in known if one.id == number), None)
    if one is None:
        numbers = "、".join(one.id for one in known[-5:]) or "还没有任何登记"
        raise RequestError(f"没有 {number}；已有：{numbers}")
    if one.cancelled_at:
        raise RequestError(f"{number} 已经取消")
    if move is Move.CANCELLED and now >= one.end:
        raise RequestError(f"{number} 已经结束，不能再取消")
    if move is not Move.CANCELLED and not document.strip():
        raise RequestError("写上依据文件的名称和文号")
    return Entry(_event(kind, number, now, by, {"move": move.value, "document": document.strip()}))


def _find(known: Sequence[Incident], number: str) -> Incident:
    if number := number.strip().upper():
        for one in known:
            if one.id == number:
                return one
        raise RequestError(f"没有故障 {number}；编号见故障清单，例如 G-2026-0007")
    going_on = [one for one in known if one.is_open]
    if len(going_on) != 1:
        numbers = "、".join(one.id for one in going_on)
        raise RequestError(
            f"未解除的故障有 {len(going_on)} 个，写明编号：{numbers}" if going_on else "没有未解除的故障"
        )
    return going_on[0]


def _event(kind: str, subject: str, at: datetime, by: Who, body: dict[str, Any]) -> Event:
    return Event(kind=kind, subject=subject, at=at, who=by.name, why=by.why, via=by.via, body=body)


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


def _said(by: Who) -> None:
    for what, said in (("登记人", by.name), ("说明", by.why)):
        if not said.strip():
            raise RequestError(f"没有写{what}")


def _some(systems: Sequence[str]) -> None:
    if not systems:
        raise RequestError("写明是哪些系统")


def _when(at: datetime, now: datetime) -> None:
    if at > now + timedelta(minutes=1):
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 还没有到；不是今天的写上日期")
    if now - at > _OLDEST:
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 太早：{_OLDEST.days} 天之内的事才在这里登记")
