"""States and findings: the words in which every check gives its verdict."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator


class State(StrEnum):
    """The four verdicts. UNKNOWN means "could not look": it is never OK and never CRIT."""

    OK = "OK"
    WARN = "WARN"
    CRIT = "CRIT"
    UNKNOWN = "UNKNOWN"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _LABELS[self]


_LABELS = {State.OK: "正常", State.WARN: "告警", State.CRIT: "严重", State.UNKNOWN: "未取得"}

# Not an ordered integer on purpose: a known fault outranks "could not look", which outranks a warning.
_WINS = (State.CRIT, State.UNKNOWN, State.WARN, State.OK)


def worst(states: Iterable[State]) -> State:
    """Say which state wins: CRIT, then UNKNOWN, then WARN. Nothing at all is UNKNOWN, never OK."""
    present = set(states)
    return next((state for state in _WINS if state in present), State.UNKNOWN)


class Reason(StrEnum):
    """Why it could not be looked at."""

    UNREACHABLE = "unreachable"
    AUTHENTICATION = "authentication"
    TIMEOUT = "timeout"
    PERMISSION = "permission"
    BLOCKED = "blocked"  # what it depends on is itself at fault, and on record in the same run
    MANUAL = "manual"  # waits for a person
    NO_BROWSER = "no-browser"
    CONFIGURATION = "configuration"  # a secret is missing, a mask is no selector
    HOST_KEY = "host-key"  # not on record, or not the one on record
    UNSUPPORTED = "unsupported"  # the host lacks what would tell, or speaks what we do not understand
    INCOMPLETE = "incomplete"  # the answer broke off
    BUG = "bug"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _REASONS[self]


_REASONS = {
    Reason.UNREACHABLE: "无法到达",
    Reason.AUTHENTICATION: "登录被拒",
    Reason.TIMEOUT: "超时",
    Reason.PERMISSION: "权限不足",
    Reason.BLOCKED: "受阻",
    Reason.MANUAL: "待人工确认",
    Reason.NO_BROWSER: "浏览器不可用",
    Reason.CONFIGURATION: "配置有误",
    Reason.HOST_KEY: "主机密钥不符",
    Reason.UNSUPPORTED: "不支持",
    Reason.INCOMPLETE: "回答不完整",
    Reason.BUG: "程序错误",
}


class Verdict(NamedTuple):
    """What a check says: a state, one line that shows the actual beside the expected, a reason if UNKNOWN."""

    state: State
    summary: str
    reason: Reason | None = None


class Finding(BaseModel):
    """One verdict of one check. `summary` is one line and shows the actual beside the expected.

    Raises:
        ValueError: the summary is empty or has several lines, or UNKNOWN and `reason` do not go together.
    """

    model_config = ConfigDict(frozen=True)

    check: str
    state: State
    summary: str
    reason: Reason | None = None

    @field_validator("summary")
    @classmethod
    def _one_line(cls, summary: str) -> str:
        if not summary.strip() or len(summary.splitlines()) != 1:
            raise ValueError(f"a summary is one non-empty line, not {summary!r}")
        return summary

    @model_validator(mode="after")
    def _reason_belongs_to_unknown(self) -> Self:
        if (self.state is State.UNKNOWN) != (self.reason is not None):
            raise ValueError("UNKNOWN needs a reason, and only UNKNOWN has one")
        return self
