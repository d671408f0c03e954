"""What has to be told, to whom and when: computed from incidents and clocks; what was delivered is never told again.

Annex 4, 巡检反馈及时性: reported within 15 minutes of discovery. At half and at four fifths of every clock, and at the
breach, the next person in the contract's list hears of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from checks.channels import Channel
from checks.clocks import Clock, clocks
from checks.escalation import Deadlines
from checks.incidents import Incident
from checks.records import EventRecord
from checks.secrecy import Grade

DELIVERY = "delivery"
"""The kind of event that says what became of one message on one channel."""

_WARNINGS = ((0.5, "已过半"), (0.8, "已过八成"), (1.0, "已超时"))
_TRIES = 2  # on one channel, before the next
_AGAIN = timedelta(seconds=15)
_ROUND = timedelta(minutes=5)  # after all channels have failed
_TOGETHER = timedelta(minutes=2)  # what comes within it of the last message goes in one


class Notice(NamedTuple):
    """Something that has to be told. `id`: the same whenever it is computed; `level`: in the escalation list;
    `lines`: with their grade of secrecy."""

    id: str
    subject: str
    level: int
    due: datetime
    lines: tuple[tuple[Grade, str], ...]


class Attempt(NamedTuple):
    """One try at delivering notices on a channel."""

    notices: frozenset[str]
    channel: str
    level: int
    at: datetime
    ok: bool


def attempts(events: Iterable[EventRecord]) -> list[Attempt]:
    """All tries on record, oldest first."""
    return [
        Attempt(frozenset(one.body["notices"]), one.body["channel"], one.body["level"], one.at, one.body["ok"])
        for one in events
    ]


def notified_at(tried: Iterable[Attempt]) -> dict[str, datetime]:
    """When each incident was first told to anybody."""
    first: dict[str, datetime] = {}
    for attempt in tried:
        for notice in attempt.notices if attempt.ok else ():
            incident = notice.partition("/")[0]
            first[incident] = min(first.get(incident, attempt.at), attempt.at)
    return first


def owed(
    known: Sequence[Incident], names: Mapping[str, str], tried: Sequence[Attempt], deadlines: Deadlines, now: datetime
) -> list[Notice]:
    """What should have been told by now and was not delivered, oldest first.

    Args:
        names: of systems, by id.
    """
    delivered = {notice for attempt in tried if attempt.ok for notice in attempt.notices}
    told = notified_at(tried)
    found = [
        notice
        for incident in known
        if not incident.void
        for notice in _of(incident, names.get(incident.system, incident.system), told.get(incident.id), deadlines, now)
    ]
    return sorted((one for one in found if one.id not in delivered), key=lambda one: (one.due, one.id))


def _of(one: Incident, name: str, told: datetime | None, deadlines: Deadlines, now: datetime) -> Iterable[Notice]:
    # By whom it is read: names of systems are of the lowest grade; hosts, addresses and answers are not.
    details = tuple((Grade.MEDIUM, f"　{s.target} {s.summary}") for s in one.symptoms[:10])
    more = ((Grade.LEAST, f"　共 {len(one.symptoms)} 个现象"),) if len(one.symptoms) > 10 else ()

    def notice(what: str, level: int, due: datetime, text: str, *, detailed: bool = True) -> Notice:
        lines = ((Grade.LEAST, f"【{one.id}】{name}：{text}"), *(details + more if detailed else ()))
        return Notice(f"{one.id}/{what}", one.id, level, due, lines)

    yield notice("open", 0, one.discovered_at, "发现故障")
    for number, at in enumerate(one.reopened, 1):
        yield notice(f"reopened-{number}", 0, at, f"第 {number} 次再发生")
    if one.restored_at:
        yield notice(f"restored-{len(one.reopened)}", 0, one.restored_at, "已恢复，观察中", detailed=False)
    if one.cleared_at and one.cleared_at <= now:
        yield notice(f"cleared-{len(one.reopened)}", 0, one.cleared_at, "已解除", detailed=False)
    for clock in clocks(one, told, deadlines):
        for level, (share, word) in enumerate(_WARNINGS, 1):
            if reached := clock.reaches(share, now):
                text = f"{clock.title}时限（{_minutes(clock)}）{word}"
                yield notice(f"{clock.name}-{share:g}", level, reached, text, detailed=False)


def _minutes(clock: Clock) -> str:
    minutes = int(clock.limit.total_seconds() // 60)
    return f"{minutes // 60} 小时" if minutes % 60 == 0 else f"{minutes} 分钟"


class Sending(NamedTuple):
    """One message to be sent now: these notices, by this channel."""

    notices: tuple[Notice, ...]
    level: int
    channel: Channel


def sendings(
    waiting: Sequence[Notice], people: Sequence[Sequence[Channel]], tried: Sequence[Attempt], now: datetime
) -> list[Sending]:
    """What to send now: notices of one level together, by the channel whose turn it is.

    A channel is tried twice, then the next; when all have failed they wait five minutes. Soon after a message
    went out, the next ones of the same level are gathered: a storm is a handful of messages.

    Args:
        people: the channels of each level of the escalation list; a level beyond the last is the last.
    """
    by_level: dict[int, list[Notice]] = {}
    for one in waiting:
        by_level.setdefault(min(one.level, len(people) - 1), []).append(one)
    found = []
    for level, those in sorted(by_level.items()):
        mine = [attempt for attempt in tried if attempt.level == level]
        sent = max((attempt.at for attempt in mine if attempt.ok), default=None)
        if sent and now - sent < _TOGETHER and now - min(one.due for one in those) < _TOGETHER:
            continue
        channel = _turn(people[level], [one for one in mine if sent is None or one.at > sent], now)
        if channel is not None:
            found.append(Sending(tuple(those), level, channel))
    return found


def _turn(channels: Sequence[Channel], failed: Sequence[Attempt], now: datetime) -> Channel | None:
    """Whose turn it is after these failures in a row; None where it is too early for another try."""
    number = len(failed)
    if failed:
        new_round = number % (_TRIES * len(channels)) == 0
        wait = _ROUND if new_round else timedelta() if number % _TRIES == 0 else _AGAIN
        if now - failed[-1].at < wait:
            return None
    return channels[number // _TRIES % len(channels)]


def worded(sending: Sending) -> tuple[str, str]:
    """Title and text, without what the channel is not cleared for; what was left out is said."""
    allowed = [[text for grade, text in one.lines if grade <= sending.channel.grade] for one in sending.notices]
    hidden = sum(grade > sending.channel.grade for one in sending.notices for grade, _ in one.lines)
    subjects = list(dict.fromkeys(one.subject for one in sending.notices))
    title = (
        allowed[0][0] if len(sending.notices) == 1 else f"巡检通知 {len(sending.notices)} 条：{'、'.join(subjects[:5])}"
    )
    lines = [line for one in allowed for line in one]
    if hidden:
        lines.append(f"（另有 {hidden} 行密级高于本渠道，请到界面查看）")
    return title, "\n".join(lines)


def delivery(sending: Sending, message: str, *, ok: bool, answer: str, seconds: float, text: str) -> dict[str, Any]:
    """The body of the event that records a try."""
    return {
        "message": message,
        "notices": [one.id for one in sending.notices],
        "level": sending.level,
        "channel": sending.channel.id,
        "ok": ok,
        "answer": answer,
        "seconds": round(seconds, 3),
        "text": text,
    }
