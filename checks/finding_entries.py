"""What people and retests enter of security findings. Each entry is one event.

An entry that makes no sense is refused with the remedy; one that turns out wrong is corrected by another that names it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from checks.contract import Contract
from checks.entries import Who
from checks.finding import State
from checks.finding_rows import Default, Raw, Row, body_of, judged
from checks.records import Event, EventRecord
from checks.safe_probe import ProbeParams, safe_probe
from checks.security_finding import SECURITY_FINDING, Life, SecurityFinding, Step, number_of, series
from checks.slots import RequestError

_OLDEST = timedelta(days=366)
_NAMED = 5  # findings in a message
_FAR = timedelta(days=366)
"""A risk is accepted for a year at most, and then looked at anew."""

BY_HAND = (Step.IMPORTED, Step.PLANNED, Step.FIXED, Step.ACCEPTED, Step.FALSE_POSITIVE, Step.REOPENED, Step.IDENTITY)
"""The steps that people enter, and correct."""


def find(known: Sequence[SecurityFinding], number: str) -> SecurityFinding:
    """A finding by its number, with or without the zeros.

    Raises:
        RequestError: there is none.
    """
    wanted = number_of(number)
    for one in known:
        if number_of(one.id) == wanted:
            return one
    coming = "、".join(one.id for one in [one for one in known if one.is_open][:_NAMED])
    raise RequestError(f"台账里没有漏洞 {number.strip() or '（没有写编号）'}；未闭环的：{coming or '没有'}")


def imports(
    contract: Contract, known: Sequence[SecurityFinding], rows: Sequence[Row], by: Who, now: datetime
) -> list[Event]:
    """New findings, numbered after those on record; each row's last day is its own or its severity's.

    Args:
        rows: as `finding_rows.judged` has let them through.
    """
    said(by)
    today = now.astimezone(contract.tz).date()
    last = max((number for year, number in (number_of(one.id) for one in known) if year == today.year), default=0)
    found = []
    for number, row in enumerate(rows, last + 1):
        found.append(_event(series(today.year, number), now, by, body_of(contract, row, today)))
    return found


def correction(
    contract: Contract, events: Sequence[EventRecord], row: Row, corrects: int, by: Who, now: datetime
) -> Event:
    """What a finding is, entered anew.

    Raises:
        RequestError: there is no such entry.
    """
    said(by)
    wrong = _wrong(events, corrects, Step.IMPORTED)
    today = wrong.entered_at.astimezone(contract.tz).date()
    return _event(wrong.subject, now, by, body_of(contract, row, today) | {"key": wrong.body["key"]}, corrects)


def planned(contract: Contract, one: SecurityFinding, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan says, judged as a row of a report is.

    Raises:
        RequestError: a field makes no sense; `params` are not the probe's.
    """
    now_so = {
        name: getattr(one, name) for name in ("title", "asset", "severity", "weakness", "probe", "vantage", "way")
    }
    cells = {**now_so, **{name: str(value) for name, value in given.items() if name != "params" and value}}
    row = single(contract, cells, one.source)
    told = {name: getattr(row, name) for name in given if name != "params" and given[name]}
    if "due" in told:
        told["due"] = told["due"].isoformat()
    if given.get("params"):
        told["params"] = _params(row.probe, given["params"])
    return told


def single(contract: Contract, cells: Mapping[str, str], source: str) -> Row:
    """One row by itself.

    Raises:
        RequestError: it makes no sense.
    """
    found = judged(contract, [Raw(1, cells)], Default(source), {})
    if found.broken:
        raise RequestError(f"{found.broken[0].column}：{found.broken[0].reason}")
    if not found.rows:
        raise RequestError("信息级的不是漏洞，不入台账")
    return found.rows[0]


def _params(probe: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if not probe:
        raise RequestError("这个漏洞没有探测项，参数无处可用；先写探测项")
    model: type[ProbeParams] = safe_probe(probe).params
    try:
        return model.model_validate(given).model_dump(mode="json", include=set(given))
    except ValidationError as error:
        known = "、".join(model.model_fields) or "没有参数"
        wrong = "、".join(".".join(map(str, fault["loc"])) for fault in error.errors())
        raise RequestError(f"{probe} 的参数 {wrong} 不对；可设：{known}") from None


def plan(one: SecurityFinding, given: Mapping[str, Any], by: Who, now: datetime, corrects: int = 0) -> Event:
    """How it is to be mended: any of plan, owner, due (ISO), ticket, probe, params, vantage, way.

    Raises:
        RequestError: it is over, or nothing is given.
    """
    said(by)
    _still(one, Step.PLANNED)
    told = {name: value for name, value in given.items() if value}
    if not told:
        raise RequestError("写上整改措施、责任人、期限、工单号或探测项中的至少一项")
    return _event(one.id, now, by, {"step": Step.PLANNED.value, **told}, corrects or None)


def fixed(one: SecurityFinding, fixer: str, at: datetime, by: Who, now: datetime, corrects: int = 0) -> Event:
    """Somebody says that he has mended it.

    Raises:
        RequestError: it is over or accepted, nobody's name, a time that cannot be.
    """
    said(by)
    if not fixer.strip():
        raise RequestError("写上整改人：复测的人不能是他")
    _still(one, Step.FIXED)
    _when(at, now)
    return _event(one.id, at, by, {"step": Step.FIXED.value, "fixer": fixer.strip()}, corrects or None)


def tested(one: SecurityFinding, verdict: State, body: Mapping[str, Any], at: datetime, by: Who) -> Event:
    """A test has been done.

    Args:
        body: run, before, tester, probe, version, identity.

    Raises:
        RequestError: whoever mended it tests it, no run, nobody's name.
    """
    said(by)
    tester = str(body["tester"]).strip()
    if not tester or not body["run"]:
        raise RequestError("复测要写明复测人和运行编号")
    if verdict is State.OK and one.mended_by(tester):
        raise RequestError(f"{tester} 是 {one.id} 的整改人，不能自己复测；换一个人复测")
    return _event(one.id, at, by, {"step": Step.TESTED.value, "verdict": verdict.value, **body, "tester": tester})


def accept(
    one: SecurityFinding, until: date, paper: str, by: Who, now: datetime, today: date, corrects: int = 0
) -> Event:
    """The risk is accepted until a day, which itself counts.

    Raises:
        RequestError: it is over, no paper, a day that has passed or is too far.
    """
    said(by)
    _still(one, Step.ACCEPTED)
    _paper(paper)
    if not today <= until <= today + _FAR:
        raise RequestError(f"风险接受的截止日 {until} 要在今天（{today}）之后、一年之内；到期再评估")
    body = {"step": Step.ACCEPTED.value, "until": until.isoformat(), "document": paper.strip()}
    return _event(one.id, now, by, body, corrects or None)


def false_positive(one: SecurityFinding, paper: str, by: Who, now: datetime) -> Event:
    """It is none.

    Raises:
        RequestError: it is over, no paper.
    """
    said(by)
    _still(one, Step.FALSE_POSITIVE)
    _paper(paper)
    return _event(one.id, now, by, {"step": Step.FALSE_POSITIVE.value, "document": paper.strip()})


def reopen(one: SecurityFinding, by: Who, now: datetime) -> Event:
    """It is there after all: a repair, an acceptance or a false positive was wrong.

    Raises:
        RequestError: it is open.
    """
    said(by)
    if one.life in (Life.OPEN, Life.PLANNED, Life.REOPENED):
        raise RequestError(f"{one.id} 现在是“{one.life.label}”，不用重新打开")
    return _event(one.id, now, by, {"step": Step.REOPENED.value})


def identity(one: SecurityFinding, text: str, by: Who, now: datetime) -> Event:
    """The asset has a new identity: reinstalled, or its certificate renewed with another key.

    Raises:
        RequestError: it is none, or on record.
    """
    said(by)
    text = " ".join(text.split())
    if "SHA256:" not in text:
        raise RequestError("身份写成 ssh-ed25519 SHA256:… 或 certificate SHA256:…，见复测的拒绝说明")
    if text == one.identity:
        raise RequestError(f"{one.id} 的资产已经是这个身份")
    return _event(one.id, now, by, {"step": Step.IDENTITY.value, "identity": text})


def check_corrects(events: Sequence[EventRecord], number: int, step: Step, subject: str) -> None:
    """Refuse to correct what is no entry of this finding and step.

    Raises:
        RequestError: it is not.
    """
    if number and (wrong := _wrong(events, number, step)).subject != subject:
        raise RequestError(f"第 {number} 号是 {wrong.subject} 的登记，不是 {subject} 的")


def said(by: Who) -> None:
    """Refuse what nobody says, or says without a reason.

    Raises:
        RequestError: it is so.
    """
    for what, text in (("登记人", by.name), ("说明", by.why)):
        if not text.strip():
            raise RequestError(f"没有写{what}")


def _wrong(events: Sequence[EventRecord], number: int, step: Step) -> EventRecord:
    wrong = next((one for one in events if one.id == number), None)
    if wrong is None:
        raise RequestError(f"没有第 {number} 号漏洞登记；事件号见 xunjian findings show")
    if by := next((one for one in events if one.corrects == number), None):
        raise RequestError(f"第 {number} 号已由第 {by.id} 号更正；还不对就更正第 {by.id} 号")
    if (was := Step(wrong.body["step"])) is not step:
        raise RequestError(f"第 {number} 号是“{was.label}”，不能用“{step.label}”更正")
    return wrong


def _still(one: SecurityFinding, step: Step) -> None:
    if one.life.is_over:
        raise RequestError(f"{one.id} 是“{one.life.label}”，不能登记{step.label}；又出现了就先重新打开")


def _paper(text: str) -> None:
    if not text.strip():
        raise RequestError("写上依据：批准文件的名称和文号")


def _when(at: datetime, now: datetime) -> None:
    if at > now + timedelta(minutes=1):
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 还没有到；不是今天的写上日期")
    if now - at > _OLDEST:
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 太早：一年之内的事才在这里登记")


def _event(subject: str, at: datetime, by: Who, body: dict[str, Any], corrects: int | None = None) -> Event:
    return Event(
        kind=SECURITY_FINDING, subject=subject, at=at, who=by.name, why=by.why, via=by.via, body=body, corrects=corrects
    )
