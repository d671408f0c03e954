"""A backup check: one item of the backup check, and how a look at one backup is judged by all of them.

Adding one is adding a file to `checks.backups`; nothing here or elsewhere names it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from checks.backup import Backup, Kind
from checks.finding import Finding, Reason, State, Verdict
from checks.registry import discover
from checks.visit import BackupVisit, Contents, Copy

SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of a backup's place may be."""

Past = Sequence[BackupVisit]
"""Earlier looks at the same backup, oldest first."""


@dataclass(frozen=True)
class BackupCheck:
    """One item. `evaluate` is asked only where the place could be looked at, with the time in the contract's zone;
    `due` tells from the contract alone."""

    id: str
    title: str
    evaluate: Callable[[BackupVisit, Backup, Past, datetime], Verdict]
    due: Callable[[Backup], bool] = lambda backup: True


@cache
def backup_checks() -> tuple[BackupCheck, ...]:
    """All items, by id: the modules of `checks.backups`."""
    from checks import backups

    return discover(backups, BackupCheck)


def planned(backup: Backup) -> tuple[BackupCheck, ...]:
    """The items that are due for a backup, from the contract alone."""
    return tuple(check for check in backup_checks() if check.due(backup))


def judge(visit: BackupVisit, backup: Backup, past: Past, now: datetime) -> list[Finding]:
    """Judge one look by every item that is due. A bug in one item is one UNKNOWN; the others go on."""
    if visit.reason:
        return not_looked(backup, visit.reason, visit.obstacle)
    found = []
    for check in planned(backup):
        try:
            state, summary, reason = check.evaluate(visit, backup, past, now)
            found.append(Finding(check=check.id, state=state, summary=summary, reason=reason))
        except Exception as error:  # whatever a check does wrong must not cost the other checks
            summary = f"检查程序出错：{type(error).__name__}"
            found.append(Finding(check=check.id, state=State.UNKNOWN, summary=summary, reason=Reason.BUG))
    return found


def not_looked(backup: Backup, reason: Reason, message: str) -> list[Finding]:
    """One UNKNOWN for every item that is due, where nothing could be looked at."""
    return [Finding(check=one.id, state=State.UNKNOWN, summary=message, reason=reason) for one in planned(backup)]


def no_copy(visit: BackupVisit) -> Verdict:
    """What depends on there being a copy, where none is listed: why that is so is on record as BK01 or BK05."""
    why = "仓库已损坏，列不出快照，见“可读到末尾”" if visit.contents else "没有备份可看，见“备份存在”"
    return Verdict(State.UNKNOWN, why, Reason.BLOCKED)


def a_file(backup: Backup) -> bool:
    """Whether one copy is one file: no mirror, and no snapshot within a repository."""
    return backup.kind is not Kind.FILES and not backup.kind.repository


def wanted(backup: Backup, pattern: str = "") -> str:
    """What a place should have, as operators call it."""
    named = {Kind.FILES: "文件", Kind.RESTIC: "快照", Kind.BORG: "快照"}
    return named.get(backup.kind) or f" {pattern or backup.pattern}"


def has_read(visit: BackupVisit) -> Contents | Verdict:
    """What reading the newest copy has shown, or the verdict of an item that needs it and does not have it."""
    if visit.contents:
        return visit.contents
    if not visit.copies:
        return no_copy(visit)
    return Verdict(State.UNKNOWN, visit.unread or "没有读取内容", visit.unread_reason or Reason.BUG)


def known_copies(visit: BackupVisit, backup: Backup, past: Past) -> list[Copy]:
    """The copies that are there, and of those that earlier looks have listed what has since been rotated out; newest
    first. What is gone while older ones are still there was taken back: it tells nothing any more.

    One copy counts once, also where it was renamed since (told by its time), or listed while it was being written
    (the same name, and less than half an interval older than what became of it).
    """
    oldest = min((copy.at for copy in visit.copies), default=visit.started_at)
    gone = {_second(copy.at): copy for look in past for copy in look.copies if copy.at < oldest}
    half = timedelta(hours=backup.every_hours / 2 if a_file(backup) else 0)
    found: list[Copy] = []
    for copy in sorted([*visit.copies, *gone.values()], key=lambda one: one.at, reverse=True):
        if copy in visit.copies or not any(copy.name == one.name and one.at - copy.at < half for one in found):
            found.append(copy)
    return found


def read_before(visit: BackupVisit, backup: Backup, past: Past) -> dict[datetime, tuple[Copy, Contents]]:
    """What earlier looks have read of the copies that count, but the newest; by time."""
    counting = {_second(copy.at) for copy in known_copies(visit, backup, past)[1:]}
    read = [(look.copies[0], look.contents) for look in past if look.copies and look.contents]
    return {_second(copy.at): (copy, contents) for copy, contents in read if _second(copy.at) in counting}


def same_bytes(visit: BackupVisit, backup: Backup, past: Past) -> Copy | None:
    """The earlier copy that had the bytes of the newest, as far as earlier looks know."""
    now = visit.contents
    before = read_before(visit, backup, past).values() if now else ()
    return next((copy for copy, then in before if now and (then.sha256, then.whole) == (now.sha256, now.whole)), None)


def alike(visit: BackupVisit, backup: Backup, past: Past) -> Copy | None:
    """The newest earlier copy that may have the bytes of the newest: it is as long, and nobody has read it."""
    known = read_before(visit, backup, past)
    those = [copy for copy in visit.copies[1:] if _second(copy.at) not in known]
    return next((copy for copy in those if copy.size == visit.copies[0].size), None)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def clock(at: datetime, now: datetime) -> str:
    """A copy's time, as operators read it: in the zone of `now`."""
    return f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"


def hours(span: timedelta) -> str:
    """A span: "26 小时", or in days where it is long."""
    value = span.total_seconds() / 3600
    return f"{value:.1f} 小时".replace(".0 ", " ") if value < 72 else f"{value / 24:.1f} 天".replace(".0 ", " ")


def bytes_of(size: float) -> str:
    """A size: "1,024 字节", "3.4 MiB"."""
    if size < 10240:
        return f"{size:,.0f} 字节"
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"
