"""A restore check: one item of the restore drill, and how what a drill found out is judged by all of them.

Adding one is adding a file to `checks.restores`; nothing here or elsewhere names it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import NamedTuple

from checks.backup import Backup, Restore
from checks.finding import Finding, Reason, State, Verdict
from checks.registry import discover
from checks.visit import RestoreVisit

MOST_NAMED = 5
"""Tables that a summary names."""


class Drilled(NamedTuple):
    """What an item judges: a drill, beside the source or the drill before.

    last: the last drill that restored something. zone: in which times are shown.
    """

    visit: RestoreVisit
    backup: Backup
    last: RestoreVisit | None
    zone: tzinfo

    @property
    def terms(self) -> Restore:
        """What the contract demands."""
        return self.backup.restore or Restore()

    @property
    def unit(self) -> tuple[str, str]:
        """What the copy consists of, and what is counted in it."""
        return {"folder": ("目录", "个文件"), "redis": ("库", "个键")}.get(self.backup.kind.engine, ("表", "行"))

    def beside(self) -> tuple[str, Mapping[str, int]] | None:
        """Against what counts are judged, by name and as counts: the source's, or else the last drill's."""
        if self.visit.source is not None:
            return "源库", self.visit.source
        return (f"上次（{self.when(self.last.started_at):%Y-%m-%d}）", self.last.tables) if self.last else None

    def note(self) -> str:
        """What a comparison lacks."""
        return f"；源库没有看全：{self.visit.source_unseen}" if self.visit.source_unseen else ""

    def when(self, at: datetime) -> datetime:
        """A moment as it is shown."""
        return at.astimezone(self.zone)


@dataclass(frozen=True)
class RestoreCheck:
    """One item. `due` tells from the contract alone. Most are asked only where the copy was restored.

    tells_failure: it is the one that says that it was not. always: asked of every drill that had a place.
    """

    id: str
    title: str
    evaluate: Callable[[Drilled], Verdict]
    due: Callable[[Backup], bool] = lambda backup: True
    tells_failure: bool = False
    always: bool = False


@cache
def restore_checks() -> tuple[RestoreCheck, ...]:
    """All items, by id: the modules of `checks.restores`."""
    from checks import restores

    return discover(restores, RestoreCheck)


def planned(backup: Backup) -> tuple[RestoreCheck, ...]:
    """The items that are due for a backup, from the contract alone."""
    return tuple(check for check in restore_checks() if check.due(backup))


def judge(drilled: Drilled) -> list[Finding]:
    """Judge one drill by every item that is due. A bug in one item is one UNKNOWN; the others go on."""
    return [_judged(check, drilled) for check in planned(drilled.backup)]


def _judged(check: RestoreCheck, drilled: Drilled) -> Finding:
    visit = drilled.visit
    try:
        if visit.reason and not (visit.opened and check.always):
            verdict = Verdict(State.UNKNOWN, visit.obstacle, visit.reason)
        elif visit.failed and not (check.tells_failure or (check.always and visit.opened)):
            verdict = Verdict(State.UNKNOWN, "没有恢复出来，见“恢复成功”", Reason.BLOCKED)
        else:
            verdict = check.evaluate(drilled)
        state, summary, reason = verdict
        return Finding(check=check.id, state=state, summary=summary, reason=reason)
    except Exception as error:  # whatever a check does wrong must not cost the other checks
        summary = f"检查程序出错：{type(error).__name__}"
        return Finding(check=check.id, state=State.UNKNOWN, summary=summary, reason=Reason.BUG)


def not_looked(backup: Backup, reason: Reason, message: str) -> list[Finding]:
    """One UNKNOWN for every item that is due, where there was no drill."""
    return [Finding(check=one.id, state=State.UNKNOWN, summary=message, reason=reason) for one in planned(backup)]


def a_database(backup: Backup) -> bool:
    """Whether it has tables that can be asked."""
    return backup.kind.engine in ("postgresql", "mariadb")


def named(those: Sequence[str]) -> str:
    """Some of them, and how many there are."""
    more = f" 等 {len(those)} 个" if len(those) > MOST_NAMED else ""
    return "、".join(those[:MOST_NAMED]) + more


def span(seconds: float) -> str:
    """A length of time in words."""
    if seconds < 120:
        return f"{seconds:.1f} 秒" if seconds < 10 else f"{seconds:.0f} 秒"
    return f"{seconds / 60:.0f} 分钟" if seconds < 7200 else f"{seconds / 3600:.1f} 小时"
