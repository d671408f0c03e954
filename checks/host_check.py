"""A host check: one item of the host inspection, and how a host's answer is judged by all of them.

Adding one is adding a file to `checks.hosts`; nothing here or elsewhere names it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Reversible, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Generic, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from checks.finding import Finding, Reason, State, Verdict
from checks.registry import discover
from checks.visit import Facts


class Section(NamedTuple):
    """What one command answered."""

    out: str
    err: str
    status: int  # exit status
    digest: str = ""  # of what was asked


class NotTaken(Exception):
    """An item could not be read; becomes UNKNOWN with this reason. `what` is one line for the operator."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason, self.what = reason, what


class Params(BaseModel):
    """What the contract may set for an item, per group of hosts or per host. Defaults: inspection-items."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    not_applicable: str = Field("", title="不适用", description="这一项不适用的原因；写了就不检查，报告里写明")


class Band(BaseModel):
    """Two thresholds where more is worse; reaching one counts (以上 includes the number)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    warn: float = Field(title="告警")
    crit: float = Field(title="严重")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.warn < self.crit:
            raise ValueError("要满足 warn < crit")
        return self

    def state(self, value: float) -> State:
        """The state of a value."""
        return State.CRIT if value >= self.crit else State.WARN if value >= self.warn else State.OK


class Rising(Band, Params):
    """An item with one such measure."""


class Falling(Params):
    """Two thresholds where less is worse; falling below one counts."""

    warn: float = Field(title="告警")
    crit: float = Field(title="严重")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.crit < self.warn:
            raise ValueError("要满足 crit < warn")
        return self

    def state(self, value: float) -> State:
        """The state of a value."""
        return State.CRIT if value < self.crit else State.WARN if value < self.warn else State.OK


F = TypeVar("F", bound=Facts)
T = TypeVar("T")
P = TypeVar("P", bound=Params)


class Past(NamedTuple, Generic[F]):
    """What an earlier inspection found out."""

    at: datetime
    facts: F


@dataclass(frozen=True)
class Look(Generic[F]):
    """In the light of what facts are judged. `now`: UTC, the middle of the round trip, which took `round_trip`
    seconds; `past`: earlier inspections in which the item was read, oldest first."""

    now: datetime
    round_trip: float = 0.0
    past: Reversible[Past[F]] = ()

    @property
    def last(self) -> Past[F] | None:
        """The inspection before this one."""
        return next(iter(reversed(self.past)), None)


@dataclass(frozen=True)
class HostCheck(Generic[F, P]):
    """One item.

    early: constant POSIX shell that runs before all sections; its output comes before the command's.
    command: constant POSIX shell, run in a subshell with `set -- arguments`; may use `limit SECONDS command…`,
        `as_root command…`, `line FILE` (its first), `$NOW` and `$SINCE` (Unix times: the script's start, the last
        inspection). Items with the same command and arguments
        share one section. Only programs of `checks.allowlist`, only reading.
    parse: section to facts; raises NotTaken, or ValueError on what it does not know.
    evaluate: facts to a verdict; may raise NotTaken.
    private: what it answers names people or accounts: judged, and not kept as evidence.
    at_once: the command reads what the kernel or a small file of the root file system answers at once. All such are
        asked first, and answered together.
    large: the command may print much: what it prints is sent as it comes, not as a whole.
    service: the item is due where the contract names this service ("mysql"); empty: on every host.
    due: whether there is anything to look at, from the contract alone.
    """

    id: str
    title: str
    command: str
    parse: Callable[[Section], F]
    evaluate: Callable[[F, Look[F], P], Verdict]
    facts: type[F]
    params: type[P]
    service: str = ""
    arguments: Callable[[P], Sequence[str]] = lambda params: ()
    due: Callable[[P], bool] = lambda params: True
    early: str = ""
    private: bool = False
    at_once: bool = False
    large: bool = False


AnyCheck = HostCheck[Any, Any]


@cache
def host_checks() -> tuple[AnyCheck, ...]:
    """All items, by id: the modules of `checks.hosts`."""
    from checks import hosts

    return discover(hosts, HostCheck)


class Planned(NamedTuple):
    """An item that is due on a host, with the parameters that hold there."""

    check: AnyCheck
    params: Any


@dataclass(frozen=True)
class Answer:
    """What came back from a host: sections by key, and what broke it off if it is not whole."""

    sections: Mapping[str, Section]
    now: datetime
    round_trip: float
    broken: tuple[Reason, str] | None = None
    stale: Collection[str] = ()  # keys under which the host was asked something else than we would have


@dataclass
class Judged:
    """Findings, one for each planned item, and the facts that were read, as JSON by item."""

    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)


def judge(
    planned: Sequence[Planned],
    key_of: Callable[[Planned], str],
    answer: Answer,
    past: Sequence[tuple[datetime, Mapping[str, Any]]] = (),
) -> Judged:
    """Judge an answer by every planned item. A bug in one item is one UNKNOWN; the others go on.

    Args:
        key_of: under which key an item's section stands.
        past: when earlier inspections were, and their facts by item, oldest first.
    """
    judged = Judged()
    for one in planned:
        check = one.check
        try:
            facts = _read(one, answer, key_of(one))
            judged.facts[check.id] = facts.model_dump(mode="json")
            look = Look(answer.now, answer.round_trip, _Remembered(check, past))
            state, summary, reason = check.evaluate(facts, look, one.params)
            judged.findings.append(Finding(check=check.id, state=state, summary=summary, reason=reason))
        except NotTaken as error:
            judged.findings.append(_unknown(check, error.reason, error.what))
        except Exception as error:  # whatever a check does wrong must not cost the other checks
            judged.findings.append(_unknown(check, Reason.BUG, f"检查程序出错：{type(error).__name__}"))
    return judged


def not_looked(planned: Sequence[Planned], reason: Reason, message: str) -> list[Finding]:
    """One UNKNOWN for every planned item, where there is no answer to judge."""
    return [_unknown(one.check, reason, message) for one in planned]


def _unknown(check: AnyCheck, reason: Reason, message: str) -> Finding:
    return Finding(check=check.id, state=State.UNKNOWN, summary=message, reason=reason)


_STALE = "主机上安装的巡检脚本不是现在这份合同的；请主机管理员用 xunjian host-script --forced 重新安装"
_DENIED, _NOT_FOUND, _KILLED = 77, 127, (124, 137, 143)


def _read(one: Planned, answer: Answer, key: str) -> Facts:
    section = answer.sections.get(key)
    if section is None and answer.broken:
        raise NotTaken(*answer.broken)
    if section is None or key in answer.stale:
        raise NotTaken(Reason.CONFIGURATION, _STALE)
    facts: Facts = heard(section, one.check.parse)
    return facts


def heard(section: Section, parse: Callable[[Section], T]) -> T:
    """What a command's answer says.

    Raises:
        NotTaken: it was refused, stopped or could not be started, or `parse` raises ValueError or LookupError.
    """
    refused = next((line for line in section.err.splitlines() if line.startswith("sudo: ")), "")
    if section.status == _DENIED or (section.status and refused):
        raise NotTaken(Reason.PERMISSION, f"需要 root 权限：{refused or '合同没有允许 sudo'}")
    if section.status in _KILLED:
        raise NotTaken(Reason.TIMEOUT, "主机上的命令没有在时限内完成")
    if section.status == _NOT_FOUND:
        raise NotTaken(Reason.UNSUPPORTED, f"主机上没有所需的程序：{_last_line(section.err) or '未知'}")
    try:
        return parse(section)
    except (ValueError, LookupError) as error:
        said = _last_line(section.err) or _last_line(section.out) or "没有输出"
        raise NotTaken(Reason.UNSUPPORTED, f"看不懂主机的回答（退出码 {section.status}）：{said}") from error


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:120] if lines else ""


class _Remembered:
    """The facts of one item, read only when it asks for them: few do, and a year is long."""

    def __init__(self, check: AnyCheck, past: Sequence[tuple[datetime, Mapping[str, Any]]]) -> None:
        self._check, self._past = check, past

    def __iter__(self) -> Iterator[Past[Any]]:
        return self._read(self._past)

    def __reversed__(self) -> Iterator[Past[Any]]:
        return self._read(reversed(self._past))

    def _read(self, past: Iterable[tuple[datetime, Mapping[str, Any]]]) -> Iterator[Past[Any]]:
        for at, facts in past:
            if self._check.id in facts:
                try:
                    yield Past(at.astimezone(UTC), self._check.facts.model_validate(facts[self._check.id]))
                except ValidationError:
                    continue  # written by a version that kept other facts
