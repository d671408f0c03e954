"""The whole drill: every fault of the practice estate is caught as it should be, and is gone when it is cleared.

This is the proof that a green mark means something, so nothing is left out.
"""

from collections.abc import Callable
from pathlib import Path

from flows import drill
from rehearsal.estate import Estate
from rehearsal.faults import FAULTS
from tasks.settings import Settings


def test_every_fault_is_caught_and_the_clean_estate_is_clean(
    estate: Estate, sample_contract: Path, settings_for: Callable[[Path], Settings]
) -> None:
    # Given: the limits as in earnest (3 and 10 seconds); only what is down for good is waited for less long
    for file in sample_contract.glob("systems/*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}\nlimits: {{ warn: 3, crit: 10, down: 13 }}\n", encoding="utf-8")
    settings = settings_for(sample_contract)
    # Then
    assert [f"{target} {one.check} {one.summary}" for target, one in drill._unclean(settings)] == []
    # When
    told: list[str] = []
    results = drill.run(estate, settings, FAULTS, lambda result: told.append(result.fault.name))
    # Then
    assert len(results) >= 15
    assert sorted(told) == sorted(fault.name for fault in FAULTS)
    assert {result.fault.name: result.found for result in results if not result.caught} == {}
    assert [result.fault.name for result in results if not result.cleared] == []
