"""Availability under faults: each case of the drill, with real systems, a real mail server and a real web hook."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checks.slots import RequestError
from flows.availability_drill import CASES, Case, Result, chosen, run
from rehearsal.estate import Estate
from tasks.settings import Settings


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_case_passes(
    case: Case, estate: Estate, sample_contract: Path, settings_for: Callable[[Path], Settings]
) -> None:
    told: list[Result] = []
    passed = run(estate, settings_for(sample_contract), [case], lambda _, result: told.append(result))
    assert passed, told


def test_a_case_can_fail(
    estate: Estate, sample_contract: Path, settings_for: Callable[[Path], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a watch that never tells anybody, then the case that is about telling does not pass."""
    monkeypatch.setattr("flows.watch.Teller.tell", lambda self: None)
    [case] = chosen(["duplicates"])
    told: list[Result] = []
    assert not run(estate, settings_for(sample_contract), [case], lambda _, result: told.append(result))
    assert "0 人" in told[0].seen


def test_an_unknown_case_is_refused_with_the_names() -> None:
    with pytest.raises(RequestError, match="all-channels-down"):
        chosen(["nonsense"])
