"""What people enter: calls, progress of an incident, planned downtime, support periods. Each entry is one event.

An entry that makes no sense is refused with the remedy; one that turns out wrong is corrected by another that names it.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from checks.contract import Contract
from checks.downtime import DOWNTIME, SUPPORT, Move, SupportPeriod, Window, check_span
from checks.incidents import INCIDENT, Incident, Step, series
from checks.records import Event
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
    text = text.strip()
    if not text:
        return now
    try:
        if len(text) <= len("09:05"):
            here = datetime.combine(now.astimezone(zone).date(), time.fromisoformat(text.zfill(5)))
        else:
            here = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(f"看不懂时间“{text}”；写 2026-11-23 09:05 或 09:05（今天），空着就是现在") from None
    return here if here.tzinfo else here.replace(tzinfo=zone)


def call(
    contract: Contract, known: Sequence[Incident], system: str, at: datetime, by: Who, now: datetime, *, down: bool
) -> Entry:
    """Somebody reports a fault: of an open incident of that system, or of a new one.

    Args:
        down: the caller says that the whole system does not work.

    Raises:
        RequestError: an unknown system, a time in the future or long ago, nobody's name, no words.
    """
    _said(by)
    _when(at, now)
    if system not in (ids := [one.id for one in contract.systems]):
        raise RequestError(f"合同里没有系统 {system}；可选：{'、'.join(ids)}")
    going_on = [one for one in known if one.key == system and not one.cleared_at and not one.void]
    if going_on:
        return _progress(going_on[-1].id, Step.RECEIVED, at, by)
    body = {
        "step": Step.DISCOVERED.value,
        "key": system,
        "system": system,
        "found_by": "call",
        "started_at": at.isoformat(),
        "symptoms": [],
        "down": down,
    }
    return Entry(_event(INCIDENT, series(at), at, by, body), numbered=True)


def progress(known: Sequence[Incident], number: str, step: Step, at: datetime, by: Who, now: datetime) -> Entry:
    """A step of an incident.

    Args:
        number: its number; "" means the only one that is not cleared.

    Raises:
        RequestError: no such incident, an impossible order, a time in the future or long ago.
    """
    _said(by)
    _when(at, now)
    one = _find(known, number)
    if one.void:
        raise RequestError(f"{one.id} 已作废")
    if step is Step.VOID:
        return _progress(one.id, step, at, by)
    if step is not Step.RECEIVED and at < one.started_at:
        raise RequestError(f"{step.label}的时间 {at:%m-%d %H:%M} 早于故障开始（{one.started_at:%m-%d %H:%M}），请核对")
    if one.cleared_at and step in (Step.HANDED_OVER, Step.TAKEN_BACK, Step.RESTORED, Step.CLEARED):
        raise RequestError(f"{one.id} 已经解除；登记错了就用“更正”写明事件号")
    waiting = bool(one.waits) and one.waits[-1].end is None
    if (step is Step.HANDED_OVER and waiting) or (step is Step.TAKEN_BACK and not waiting):
        raise RequestError(f"{one.id} {'已经' if waiting else '现在不'}在第三方处理中")
    return _progress(one.id, step, at, by)


def correction(entered: Event, number: int, at: datetime, by: Who) -> Entry:
    """The same entry with another time: the one that was wrong stays on record and no longer counts.

    Args:
        entered: what was entered. number: its number on record.
    """
    _said(by)
    if by.why == entered.why:
        raise RequestError("写明为什么更正")
    fields = {"at": at, "who": by.name, "why": by.why, "via": by.via, "corrects": number}
    return Entry(entered.model_copy(update=fields))


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
    return Entry(_event(DOWNTIME, f"T-{start.year}-", now, by, body), numbered=True)


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
    return Entry(_event(SUPPORT, f"B-{start.year}-", now, by, {**body, **_span(start, end)}), numbered=True)


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
    one = next((one for one in known if one.id == number), None)
    if one is None:
        numbers = "、".join(one.id for one in known[-5:]) or "还没有任何登记"
        raise RequestError(f"没有 {number}；已有：{numbers}")
    if one.cancelled_at:
        raise RequestError(f"{number} 已经取消")
    if move is not Move.CANCELLED and not document.strip():
        raise RequestError("写上依据文件的名称和文号")
    return Entry(_event(kind, number, now, by, {"move": move.value, "document": document.strip()}))


def _find(known: Sequence[Incident], number: str) -> Incident:
    if number:
        for one in known:
            if one.id == number:
                return one
        raise RequestError(f"没有故障 {number}；编号见故障清单，例如 G-2026-0007")
    going_on = [one for one in known if not one.cleared_at and not one.void]
    if len(going_on) != 1:
        numbers = "、".join(one.id for one in going_on)
        raise RequestError(
            f"未解除的故障有 {len(going_on)} 个，写明编号：{numbers}" if going_on else "没有未解除的故障"
        )
    return going_on[0]


def _progress(number: str, step: Step, at: datetime, by: Who) -> Entry:
    return Entry(_event(INCIDENT, number, at, by, {"step": step.value}))


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
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 还没有到")
    if now - at > _OLDEST:
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 太早：{_OLDEST.days} 天之内的事才在这里登记")
