"""变更: planned downtimes of the period, and versions of the contract folder that came into force in it."""

from checks.downtime import DOWNTIME
from checks.number import row
from checks.period_lines import VersionLine, WindowLine
from checks.records import CONTRACT, EventRecord
from flows.queries import query
from flows.queries.facts import Facts

_NAMED = 6
"""Files that are named."""


@query("changes.downtimes", "本期的计划内停机：编号、系统、起止、原因、是否从可用率中扣除")
def downtimes(facts: Facts) -> tuple[WindowLine, ...]:
    """By start."""
    return tuple(
        WindowLine(
            number=one.id,
            systems="、".join(facts.system_name(system) for system in one.systems),
            start=facts.here(one.start),
            end=facts.here(one.end),
            why=one.why,
            state=one.state(facts.as_of),
            rows=(row(DOWNTIME, one.id),),
        )
        for one in facts.windows
        if one.start < facts.end and one.end > facts.start
    )


@query("changes.contract", "本期登记的合同目录的变更：时间、登记人、哪些文件变了")
def contract(facts: Facts) -> tuple[VersionLine, ...]:
    """Oldest first."""
    known = facts.ledger.events(CONTRACT)
    return tuple(
        VersionLine(at=facts.here(one.at), who=one.who, what=_what(before, one), rows=(row("event", one.id),))
        for before, one in zip([None, *known], known, strict=False)
        if facts.start <= one.at < facts.end
    )


def _what(before: EventRecord | None, after: EventRecord) -> str:
    if before is None:
        return "首次登记"
    old, new = before.body["files"], after.body["files"]
    kinds = {
        "增加": sorted(new.keys() - old.keys()),
        "修改": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
        "删除": sorted(old.keys() - new.keys()),
    }
    said = [
        f"{what} {'、'.join(names[:_NAMED])}{' 等' if len(names) > _NAMED else ''}"
        for what, names in kinds.items()
        if names
    ]
    return "；".join(said) or "内容没有变化"
