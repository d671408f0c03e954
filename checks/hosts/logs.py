"""OS26 日志: errors and warnings since the last reading, as templates (contract, clause 6).

The section of the host holds lines; `tasks.log_mining.mined` replaces it by templates before it is judged.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Section
from checks.host_check import Params as Common
from checks.log_facts import DAY, Counted, Logs, compared
from checks.log_script import COMMAND, USUAL

Path = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*[^\x00-\x1f/]$")]


class Params(Common):
    """Growth: field practice; a few lines more are noise."""

    files: tuple[Path, ...] = Field((), max_length=20, title="日志文件", description="绝对路径；不写就读常见的系统日志")
    growth: float = Field(3, gt=1, title="增多几倍算告警", description="按天平均，与前七天比")
    least: int = Field(10, ge=1, title="至少多少条才算增多")
    crit: tuple[Annotated[str, StringConstraints(min_length=2)], ...] = Field(
        (), title="严重", description="出现这些文字（错误代码）就算严重"
    )


def parse(section: Section) -> Logs:
    """Made by `tasks.log_mining.mined`."""
    return Logs.model_validate_json(section.out)


def evaluate(logs: Logs, look: Look[Logs], params: Params) -> Verdict:
    """What is new counts, and what has become much more; what has always been there does not."""
    found = compared(logs, [one.facts for one in look.past])
    bad = [one for one in found if any(word in one.template.text for word in params.crit)]
    if bad:
        return Verdict(State.CRIT, f"{_told(bad)}，期望没有")
    if logs.denied:
        names = "、".join("系统日志（journal）" if name == "journal" else name for name in logs.denied)
        raise NotTaken(Reason.PERMISSION, f"没有权限或读不了日志：{names}")
    if logs.missing:
        raise NotTaken(Reason.CONFIGURATION, f"合同里写的日志文件不存在：{'、'.join(logs.missing)}")
    if not logs.sources:
        raise NotTaken(Reason.UNSUPPORTED, "没有找到系统日志，请在合同里写明日志文件")
    left_out = "（日志过多或已轮转，部分从略）" if logs.cut or logs.gaps else ""
    amount = f"错误和警告 {logs.lines} 条"
    if not logs.since:
        return Verdict(State.OK, f"首次巡检，作为基线：{amount}{left_out}")
    new = [one for one in found if one.template.new and one.template.level == "error"]
    if new:
        return Verdict(State.WARN, f"新出现 {len(new)} 种错误：{_told(new)}，期望没有新的{left_out}")
    more = [one for one in found if _grew(one, logs, params)]
    if more:
        usual = (_most(more).per_day or 0) * _days(logs)
        return Verdict(State.WARN, f"{len(more)} 种明显增多：{_told(more)}，期望约 {usual:.0f} 条{left_out}")
    return Verdict(State.OK, f"{amount}，没有新的错误，没有明显增多{left_out}")


def _grew(one: Counted, logs: Logs, params: Params) -> bool:
    if one.per_day is None or one.template.new or one.template.count < params.least or _days(logs) <= 0:
        return False  # days can only be none where the host's clock was set back
    return one.template.count >= params.growth * one.per_day * _days(logs)


def _days(logs: Logs) -> float:
    return (logs.until - logs.since) / DAY


def _most(found: list[Counted]) -> Counted:
    return max(found, key=lambda one: one.template.count)


def _told(found: list[Counted]) -> str:
    most = _most(found).template
    text = most.text if len(most.text) <= 80 else f"{most.text[:79]}…"
    return f"{text}（{most.count} 条）"


CHECK = HostCheck(
    "OS26", "日志", COMMAND, parse, evaluate, Logs, Params, arguments=lambda params: params.files, large=True
)


def last_reading(facts: Mapping[str, Any]) -> Logs | None:
    """The reading among the facts, by item, of an earlier inspection; None if there is none, or an old kind of it."""
    try:
        return Logs.model_validate(facts[CHECK.id]) if CHECK.id in facts else None
    except ValidationError:
        return None


def marks(facts: Mapping[str, Any], files: Sequence[str] = ()) -> str:
    """How far logs were read, for the head of the next script: `TIME:0`, then `inode:size` of each file in order.

    Args:
        facts: by item, of the last inspection in which this item was read. files: as the parameter says now.
    """
    if (last := last_reading(facts)) is None:
        return ""
    known = {file.path: f"{file.inode}:{file.size}" for file in last.files}
    return ",".join([f"{last.until}:0", *(known.get(path, "0:0") for path in files or USUAL)])
