"""What people enter of documents: handed in, accepted, returned, agreed upon, excused. Each entry is one event.

An entry that makes no sense is refused with the remedy; one that turns out wrong is corrected by another that names it,
or withdrawn.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from checks.contract import Contract
from checks.document_register import Document, Step
from checks.documents import Rule
from checks.entries import Who
from checks.incident_news import WATCH
from checks.records import DOCUMENT, Event, EventRecord
from checks.slots import RequestError

Build = Callable[[Sequence[EventRecord]], Sequence[Document]]
"""The register with these entries."""

_DATED_BACK = timedelta(days=1)
_OLDEST = timedelta(days=366)
_NAME = re.compile(r"[^\s/]{1,40}")
_NAMED = 8  # documents in a message


class File(NamedTuple):
    """What was handed in. `evidence`: where it is kept, as `EvidenceRecord` has it; `findings`: of its content."""

    name: str
    sha256: str
    size: int
    evidence: dict[str, Any]
    findings: Sequence[dict[str, Any]] = ()


class Handed(NamedTuple):
    """How a file was handed in: `how` is form, cli, folder or mail; `receipt`: what proves it, in words."""

    at: datetime
    how: str
    receipt: str = ""


def submission(
    build: Build,
    events: Sequence[EventRecord],
    subject: str,
    file: File | None,
    handed: Handed,
    by: Who,
    now: datetime,
    corrects: int = 0,
) -> Event:
    """A document was handed in.

    Args:
        events: all of kind DOCUMENT.
        file: None: that of the entry that is corrected.
        corrects: the entry that was wrong; 0: none.

    Raises:
        RequestError: no such document, handed in already, no file, a time that cannot be or has no receipt.
    """
    _said(by)
    wrong = _wrong(events, corrects, (Step.SUBMITTED,)) if corrects else None
    one = find(build(_without(events, corrects)), subject or (wrong.subject if wrong else ""))
    _when(handed.at, now)
    if now - handed.at > _DATED_BACK and not handed.receipt.strip():
        raise RequestError("提交时间早于一天以前，要写回执：谁在何时签收，或邮件的送达记录")
    if handed.at.astimezone(one.zone).date() < one.opens:
        raise RequestError(f"{one.title} 从 {one.opens} 算起，提交时间 {_there(handed.at, one)} 比它早，请核对")
    if one.counts:
        counts = one.counts
        raise RequestError(f"{one.title} 已在 {_there(counts.at, one)} 提交；登记错了就更正或撤回第 {counts.number} 号")
    if file is None and wrong is None:
        raise RequestError("写明提交的文件：收件目录里的文件名，或服务器上的路径")
    if file is not None and any(file.sha256 == each.sha256 for each in one.submissions):
        raise RequestError(f"{file.name} 与退回的那一份一字不差；改好再交")
    kept = ("name", "sha256", "size", "evidence", "findings")
    if file is not None:
        body = {"name": file.name, "sha256": file.sha256, "size": file.size, "evidence": file.evidence,
                "findings": list(file.findings)}  # fmt: skip
    else:
        body = {name: wrong.body[name] for name in kept if wrong and name in wrong.body}
    body |= {"step": Step.SUBMITTED.value, "how": handed.how, "receipt": handed.receipt.strip()}
    return _event(one.subject, handed.at, by, body, corrects)


def answer(
    build: Build,
    events: Sequence[EventRecord],
    subject: str,
    at: datetime,
    by: Who,
    now: datetime,
    *,
    again: date | None,
    typos: int = 0,
    corrects: int = 0,
) -> Event:
    """What the client said of what was handed in.

    Args:
        again: by when it is wanted anew; None: it was accepted.

    Raises:
        RequestError: nothing was handed in, it was answered already, a time that cannot be.
    """
    _said(by)
    wrong = _wrong(events, corrects, (Step.ACCEPTED, Step.RETURNED)) if corrects else None
    one = find(build(_without(events, corrects)), subject or (wrong.subject if wrong else ""))
    step = Step.RETURNED if again else Step.ACCEPTED
    counts = one.counts
    if counts is None:
        raise RequestError(f"{one.title} 没有待答复的提交；先登记提交")
    if counts.accepted_at:
        raise RequestError(f"{one.title} 已在 {_there(counts.accepted_at, one)} 接收；登记错了用更正写明事件号")
    _when(at, now)
    if at < counts.at:
        raise RequestError(f"{step.label}的时间 {_there(at, one)} 早于提交（{_there(counts.at, one)}），请核对")
    if again and again < at.astimezone(one.zone).date():
        raise RequestError(f"重新提交的期限 {again} 早于退回的日子，请核对")
    if typos < 0:
        raise RequestError("错别字的个数不能小于 0")
    body: dict[str, Any] = {"step": step.value, "of": counts.number, "typos": typos}
    return _event(one.subject, at, by, body | ({"again": again.isoformat()} if again else {}), corrects)


def agreement(
    contract: Contract,
    build: Build,
    events: Sequence[EventRecord],
    document: str,
    due: date,
    paper: str,
    by: Who,
    now: datetime,
) -> Event:
    """A date was agreed upon: of a document that is due by agreement, or another date of one that is expected.

    Args:
        document: a kind, `asset-table`, or with a name of its own, `asset-table/2026`; or one that is expected.
        paper: name and number of what says so.

    Raises:
        RequestError: no such document, no paper, a date that cannot be.
    """
    _said(by)
    if not paper.strip():
        raise RequestError("写上约定的依据：会议纪要、函件的名称和文号")
    first, last = contract.term.start, contract.term.end + _OLDEST
    if not first <= due <= last:
        raise RequestError(f"约定的日期 {due} 不在服务期限内（{first} 至 {contract.term.end}），请核对年份")
    kind, _, name = document.strip().partition("/")
    duty = contract.document(kind)
    if duty is not None and duty.rule is Rule.AGREED:
        if name and not _NAME.fullmatch(name):
            raise RequestError(f"文档的名字“{name}”里不能有空格和“/”，至多 40 个字，例如 {kind}/2026-1")
        subject = f"{kind}/{name or due}"
    else:
        subject = find(build(events), document).subject
    return _event(subject, now, by, {"step": Step.AGREED.value, "due": due.isoformat(), "document": paper.strip()})


def excuse(build: Build, events: Sequence[EventRecord], subject: str, paper: str, by: Who, now: datetime) -> Event:
    """A document need not be handed in.

    Raises:
        RequestError: no such document, it is there already, no paper.
    """
    _said(by)
    one = find(build(events), subject)
    if not paper.strip():
        raise RequestError("写上免交的依据：文件的名称和文号")
    if one.counts and not one.late(now):
        raise RequestError(f"{one.title} 已按时提交，不用免交")
    return _event(one.subject, now, by, {"step": Step.EXCUSED.value, "document": paper.strip()})


def withdrawal(events: Sequence[EventRecord], number: int, by: Who, now: datetime) -> Event:
    """An entry should not have been made.

    Raises:
        RequestError: there is no such entry, or it has been corrected.
    """
    _said(by)
    wrong = _wrong(events, number, (Step.SUBMITTED, Step.ACCEPTED, Step.RETURNED, Step.AGREED, Step.EXCUSED))
    return _event(wrong.subject, now, by, {"step": Step.WITHDRAWN.value}, number)


def due(one: Document, calendar: str, now: datetime) -> Event | None:
    """The due day as it is worked out now; None where that stands on record, or its day has gone.

    Args:
        calendar: what working days are counted by.
    """
    on_record = one.dues[-1][1] if one.dues else ""
    said = one.due_day.isoformat() if one.due_day else f"不确定（{one.undetermined}）"
    today = now.astimezone(one.zone).date().isoformat()
    gone = bool(on_record) and on_record < today  # "不确定…" comes after every date
    # of an incident's report the incident has it, of what was agreed the agreement
    if said == on_record or gone or one.agreed or one.duty.rule in (Rule.INCIDENT, Rule.AGREED):
        return None
    program = Who("巡检程序", said, WATCH)
    return _event(one.subject, now, program, {"step": Step.DUE.value, "due": said, "calendar": calendar})


def day_of(text: str) -> date:
    """A day as people write it.

    Raises:
        RequestError: it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RequestError(f"日期要写成 年-月-日，例如 2026-11-30；现在是“{text.strip()}”") from None


def returned_until(text: str, *, returned: bool) -> date | None:
    """By when what the client returned is wanted anew; None where it was accepted.

    Raises:
        RequestError: it is missing, or no day.
    """
    if returned and not text.strip():
        raise RequestError("退回的要写明何时前重新提交")
    return day_of(text) if returned else None


def find(known: Sequence[Document], subject: str) -> Document:
    """A document by its number, or by what people call it: weekly/2026-W47, 周报 2026-W47, 周报-2026-W47.

    Raises:
        RequestError: nobody expects it.
    """
    wanted = subject.strip().lower()
    for one in known:
        names = (one.subject, one.title, one.title.replace(" ", "-"), one.title.replace(" ", ""))
        if wanted in (name.lower() for name in names):
            return one
    coming = "、".join(one.subject for one in known if not one.counts and not one.unrecorded and not one.excuse)
    more = "、".join(coming.split("、")[-_NAMED:])
    raise RequestError(f"没有要交的文档 {subject.strip() or '（没有写编号）'}；待交的：{more or '没有'}")


def _wrong(events: Sequence[EventRecord], number: int, steps: Sequence[Step]) -> EventRecord:
    """The entry that is corrected or withdrawn."""
    wrong = next((one for one in events if one.id == number), None)
    if wrong is None:
        raise RequestError(f"没有第 {number} 号文档登记；事件号见 xunjian documents list")
    if by := next((one for one in events if one.corrects == number), None):
        raise RequestError(f"第 {number} 号已由第 {by.id} 号更正；还不对就更正第 {by.id} 号")
    if (step := Step(wrong.body["step"])) not in steps:
        raise RequestError(
            f"第 {number} 号是“{step.label}”，不能这样更正；可更正的：{'、'.join(one.label for one in steps)}"
        )
    return wrong


def _without(events: Sequence[EventRecord], number: int) -> list[EventRecord]:
    """The record as if an entry had not been made."""
    return [one for one in events if one.id != number]


def _event(subject: str, at: datetime, by: Who, body: dict[str, Any], corrects: int = 0) -> Event:
    return Event(
        kind=DOCUMENT, subject=subject, at=at, who=by.name, why=by.why, via=by.via, body=body, corrects=corrects or None
    )


def _said(by: Who) -> None:
    for what, said in (("登记人", by.name), ("说明", by.why)):
        if not said.strip():
            raise RequestError(f"没有写{what}")


def _when(at: datetime, now: datetime) -> None:
    if at > now + timedelta(minutes=1):
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 还没有到；不是今天的写上日期")
    if now - at > _OLDEST:
        raise RequestError(f"时间 {at:%Y-%m-%d %H:%M} 太早：一年之内的事才在这里登记")


def _there(at: datetime, one: Document) -> str:
    return f"{at.astimezone(one.zone):%m-%d %H:%M}"
