"""States, findings, and the words in which they are said."""

import pytest
from pydantic import ValidationError

from checks.finding import Finding, Reason, State, worst


@pytest.mark.parametrize(
    ("states", "wins"),
    [
        ([State.OK], State.OK),
        ([State.OK, State.WARN], State.WARN),
        ([State.WARN, State.UNKNOWN, State.OK], State.UNKNOWN),
        ([State.UNKNOWN, State.CRIT], State.CRIT),
        ([], State.UNKNOWN),
    ],
)
def test_which_state_wins(states: list[State], wins: State) -> None:
    assert worst(iter(states)) is wins


def test_every_word_is_chinese() -> None:
    labels = [one.label for one in (*State, *Reason)]
    assert len(set(labels)) == len(labels)
    assert not any(label.isascii() for label in labels)


@pytest.mark.parametrize("summary", ["", "  ", "两\n行", "两\u2028行", "两\r行"])
def test_a_summary_is_one_line(summary: str) -> None:
    with pytest.raises(ValidationError, match="one non-empty line"):
        Finding(check="PG01", state=State.OK, summary=summary)


@pytest.mark.parametrize(("state", "reason"), [(State.UNKNOWN, None), (State.OK, Reason.BUG), (State.CRIT, Reason.BUG)])
def test_unknown_and_only_unknown_has_a_reason(state: State, reason: Reason | None) -> None:
    with pytest.raises(ValidationError, match="reason"):
        Finding(check="PG01", state=state, summary="x", reason=reason)
