"""What one host check says to one answer: through `judge`, as in an inspection."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checks.finding import Finding
from checks.host_check import Answer, AnyCheck, Planned, Section, judge
from checks.visit import Facts

NOW = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)


def see(
    check: AnyCheck, out: str, err: str = "", status: int = 0, past: Sequence[tuple[float, Facts]] = (), **params: Any
) -> Finding:
    """The finding on this answer; `past`: days ago and what was found out then, oldest first."""
    planned = Planned(check, check.params(**params))
    before = [(NOW - timedelta(days=ago), {check.id: facts.model_dump(mode="json")}) for ago, facts in past]
    judged = judge([planned], lambda _: "x", Answer({"x": Section(out, err, status)}, NOW, 0.1), before)
    return judged.findings[0]


def captured(path: Path) -> str:
    """A captured output without its first line, which says where it is from."""
    return path.read_text(encoding="utf-8").partition("\n")[2]
