"""What has to be told, to whom and when: computed from what is on record; what was delivered is never told again.

Annex 4, 巡检反馈及时性: reported within 15 minutes of discovery, results on the same day. At half and at four fifths of
every clock, and at the breach, the next person in the contract's list hears of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from checks.channels import Channel
from checks.clocks import Clock, clocks
from checks.contract import Contract
from checks.downtime import SupportPeriod, Window
from checks.incidents import Incident
from checks.records import EventRecord
from checks.secrecy import Grade

DELIVERY, NOTICE = "delivery", "notice"
"""Kinds of events: what became of one message on one channel; something to be told that is no incident."""

_WARNINGS = ((0.5, "已过半"), (0.8, "已过八成"), (1.0, "已超时"))
_TRIES = 2  # on one channel, before the next
_AGAIN = timedelta(seconds=15)
_ROUND = timedelta(minutes=5)  # after all channels have failed
_BURST = 2  # messages to the same person within
_TOGETHER = timedelta(minutes=2)  # then what comes is gathered for as long
_NEWS = timedelta(days=7)  # what nobody could be told for so long is on record, and no news any more
_AT_ONCE = 10  # notices in one message
_DETAILS = 10  # symptoms of one incident
_SOON = timedelta(hours=1)  # before a planned downtime that nobody has approved yet
_BEFORE_SUPPORT = timedelta(days=1)  # without a plan on record


class Notice(NamedTuple):
    """Something that has to be told. `id`: the same whenever it is computed; `level`: in the escalation list;
    `lines`: with their grade of secrecy."""

    id: str
    subject: str
    level: int
    due: datetime
    lines: tuple[tuple[Grade, str], ...]


class Attempt(NamedTuple):
    """One try at delivering notices to somebody on a channel."""

    notices: frozenset[str]
    channel: str
    who: str
    at: datetime
    ok: bool


def attempts(events: Iterable[EventRecord]) -> list[Attempt]:
    """All tries on record, oldest first."""
    return [
        Attempt(frozenset(one.body["notices"]), one.body["channel"], one.who, one.at, one.body["ok"]) for one in events
    ]


def notified_at(tried: Iterable[Attempt]) -> dict[str, datetime]:
    """When each incident was first told to anybody."""
    first: dict[str, datetime] = {}
    for attempt in tried:
        for notice in attempt.notices if attempt.ok else ():
            incident = notice.partition("/")[0]
            first[incident] = min(first.get(incident, attempt.at), attempt.at)
    return first


class Person(NamedTuple):
    """One rung of the escalation list with its channels; `at_once`: hears of everything at once, as the first does."""

    who: str
    channels: Sequence[Channel]
    at_once: bool = False


def people(contract: Contract) -> list[Person]:
    """Whom the contract names, in its order."""
    channels = {channel.id: channel for channel in contract.channels}
    return [
        Person(one.who, [channels[name] for name in one.channels], at_once=one.at_once or number == 0)
        for number, one in enumerate(contract.escalation)
    ]


def owed(
    notices: Iterable[Notice], those: Sequence[Person], tried: Sequence[Attempt], now: datetime
) -> dict[int, list[Notice]]:
    """What each person, by place in the list, should have been told by now and was not: oldest first.

    A level beyond the last is the last.
    """
    told = {(notice, attempt.who) for attempt in tried if attempt.ok for notice in attempt.notices}
    heard = {notice for notice, _ in told}
    found: dict[int, list[Notice]] = {}
    for one in sorted(notices, key=lambda one: (one.due, one.id)):
        if not now - _NEWS <= one.due <= now:
            continue
        if one.level:
            if one.id not in heard:
                found.setdefault(min(one.level, len(those) - 1), []).append(one)
            continue
        for number, person in enumerate(those):
            if person.at_once and (one.id, person.who) not in told:
                found.setdefault(number, []).append(one)
    return found


def of_incidents(
    contract: Contract, known: Iterable[Incident], told: Mapping[str, datetime], now: datetime
) -> Iterator[Notice]:
    """What there is to tell of incidents.

    Args:
        told: when each was first told, from `notified_at`.
    """
    names = {system.id: system.name for system in contract.systems}
    for one in known:
        if not one.void or one.id in told:  # nobody is told of a false alarm, but for who has heard of it
            yield from _of(contract, one, names.get(one.system, one.system), told.get(one.id), now)


def _of(contract: Contract, one: Incident, name: str, told: datetime | None, now: datetime) -> Iterator[Notice]:
    # By whom it is read: names of systems are of the lowest grade; hosts, addresses and answers are not.
    details = [(Grade.MEDIUM, f"　{s.target} {s.summary}") for s in one.symptoms[:_DETAILS]]
    if len(one.symptoms) > _DETAILS:
        details.append((Grade.LEAST, f"　共 {len(one.symptoms)} 个现象"))
    running = clocks(one, told, contract.deadlines)

    def until(clock: Clock) -> str:
        due = clock.due(now)
        return f"，至 {due.astimezone(contract.tz):%m-%d %H:%M}" if due else ""

    def notice(what: str, level: int, due: datetime, text: str, more: Iterable[tuple[Grade, str]] = ()) -> Notice:
        return Notice(f"{one.id}/{what}", one.id, level, due, ((Grade.LEAST, f"【{one.id}】{name}：{text}"), *more))

    limits = "；".join(f"{clock.title}{until(clock)}" for clock in running if clock.done is None and clock.started)
    more = [*details, *([(Grade.LEAST, f"　时限：{limits}")] if limits else [])]
    if one.void_at:
        yield notice("void", 0, one.void_at, "已作废，不是故障")
        return
    yield notice("open", 0, one.discovered_at, f"发现故障（{one.discovered_at.astimezone(contract.tz):%H:%M}）", more)
    for number, at in enumerate(one.reopened, 1):
        yield notice(f"reopened-{number}", 0, at, f"第 {number} 次再发生（{at.astimezone(contract.tz):%H:%M}）", more)
    if one.restored_at:
        yield notice(f"restored-{len(one.reopened)}", 0, one.restored_at, "已恢复，观察中")
    if one.cleared_at:
        yield notice(f"cleared-{len(one.reopened)}", 0, one.cleared_at, "已解除")
    for clock in running:
        for level, (share, word) in enumerate(_WARNINGS, 1):
            if reached := clock.reaches(share, now):
                text = f"{clock.title}时限（{_length(clock.limit)}{until(clock)}）{word}"
                yield notice(f"{clock.name}-{share:g}", level, reached, text)


def _length(limit: timedelta) -> str:
    minutes = int(limit.total_seconds() // 60)
    return f"{minutes // 60} 小时" if minutes % 60 == 0 else f"{minutes} 分钟"


def of_plans(
    contract: Contract, windows: Iterable[Window], periods: Iterable[SupportPeriod], now: datetime
) -> Iterator[Notice]:
    """What is about to begin without its paper: a downtime that would count, a support period without a plan."""
    names = {system.id: system.name for system in contract.systems}

    def text(one: Window | SupportPeriod, said: str) -> tuple[tuple[Grade, str], ...]:
        start = f"{one.start.astimezone(contract.tz):%m-%d %H:%M}"
        systems = "、".join(names.get(system, system) for system in one.systems)
        return ((Grade.LEAST, f"【{one.id}】{systems}：{start} 开始的{said}"),)

    for window in windows:
        if window.approved_at is None and window.cancelled_at is None and window.requested_at < window.start:
            due = max(window.requested_at, window.start - _SOON)
            if due <= now < window.start:  # once it has begun, only the client's signature helps
                lines = text(window, "停机还没有批准，停机将计入中断")
                yield Notice(f"{window.id}/unapproved", window.id, 0, due, lines)
    for period in periods:
        if period.planned_at is None and period.cancelled_at is None and now < period.end:
            said = f"{period.name}还没有登记保障计划"
            yield Notice(f"{period.id}/plan", period.id, 0, period.start - _BEFORE_SUPPORT, text(period, said))
            yield Notice(f"{period.id}/no-plan", period.id, 1, period.start, text(period, said))


def of_events(events: Iterable[EventRecord]) -> Iterator[Notice]:
    """What was put on record in order to be told: a day's results."""
    for one in events:
        lines = tuple((Grade(grade), text) for grade, text in one.body["lines"])
        yield Notice(one.subject, one.subject, 0, one.at, lines)


class Sending(NamedTuple):
    """One message to be sent now: these notices, to this person, by this channel."""

    notices: tuple[Notice, ...]
    person: Person
    channel: Channel


def sendings(
    waiting: Mapping[int, Sequence[Notice]], those: Sequence[Person], tried: Sequence[Attempt], now: datetime
) -> list[Sending]:
    """What to send now: what waits for one person together, by the channel whose turn it is.

    A channel is tried twice, then the next; when all have failed they wait five minutes. After two messages in
    a short time what comes next is gathered: a storm is a handful of messages.

    Args:
        waiting: from `owed`.
    """
    found = []
    for number, notices in sorted(waiting.items()):
        person = those[number]
        mine = [attempt for attempt in tried if attempt.who == person.who]
        lately = sum(attempt.ok and _recent(attempt.at, now) for attempt in mine)
        if lately >= _BURST and len(notices) < _AT_ONCE and all(_recent(one.due, now) for one in notices):
            continue
        sent = max((attempt.at for attempt in mine if attempt.ok), default=None)
        channel = _turn(person.channels, [one for one in mine if sent is None or one.at > sent], now)
        if channel is not None:
            found.append(Sending(tuple(notices[:_AT_ONCE]), person, channel))
    return found


def _recent(at: datetime, now: datetime) -> bool:
    """What lies in the future was written before the clock was set back: that must not keep anything waiting."""
    return timedelta() <= now - at < _TOGETHER


def _turn(channels: Sequence[Channel], failed: Sequence[Attempt], now: datetime) -> Channel | None:
    """Whose turn it is after these failures in a row; None where it is too early for another try."""
    number = len(failed)
    if failed:
        new_round = number % (_TRIES * len(channels)) == 0
        wait = _ROUND if new_round else timedelta() if number % _TRIES == 0 else _AGAIN
        if timedelta() <= now - failed[-1].at < wait:
            return None
    return channels[number // _TRIES % len(channels)]


def worded(sending: Sending) -> tuple[str, str]:
    """Title and text, without what the channel is not cleared for; what was left out is said.

    The first line of each notice comes before all details: a channel that cuts what is too long cuts those.
    """
    allowed = [[text for grade, text in one.lines if grade <= sending.channel.grade] for one in sending.notices]
    hidden = sum(grade > sending.channel.grade for one in sending.notices for grade, _ in one.lines)
    subjects = list(dict.fromkeys(one.subject for one in sending.notices))
    several = len(sending.notices) > 1
    title = f"巡检通知 {len(sending.notices)} 条：{'、'.join(subjects[:5])}" if several else allowed[0][0]
    lines = [details[0] for details in allowed]
    if hidden:
        lines.append(f"（另有 {hidden} 行密级高于本渠道，请到界面查看）")
    for details in allowed:
        lines += details if several and len(details) > 1 else details[1:]  # under whose name they stand
    return title, "\n".join(lines)


def delivery(sending: Sending, message: str, *, ok: bool, answer: str, seconds: float, text: str) -> dict[str, Any]:
    """The body of the event that records a try."""
    return {
        "message": message,
        "notices": [one.id for one in sending.notices],
        "channel": sending.channel.id,
        "ok": ok,
        "answer": answer,
        "seconds": round(seconds, 3),
        "text": text,
    }
