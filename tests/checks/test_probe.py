"""An hour of probes, packed and unpacked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.availability import Sight, stretches
from checks.probe import Probe, ProbeHour, Reading

T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
READINGS = st.lists(
    st.tuples(st.integers(-30, 200), st.sampled_from(Sight), st.integers(0, 30_000), st.sampled_from(["", "拒绝连接"])),
    min_size=1,
    max_size=70,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(READINGS)
def test_what_was_packed_is_what_comes_out(drawn: list[tuple[int, Sight, int, str]]) -> None:
    at, readings = T0, []
    for gap, sight, ms, fault in drawn:
        at += timedelta(seconds=gap)  # the clock may have been set back
        readings.append(Reading(at, sight, ms, fault))
    hour = ProbeHour.model_validate_json(ProbeHour.of("oa", 60, readings).model_dump_json())
    assert list(hour.readings()) == readings
    pairs = [(int(one.at.timestamp()), one.sight) for one in readings]
    assert hour.stretches() == stretches(pairs, 60)


def test_an_ordinary_hour_is_small() -> None:
    readings = [Reading(T0 + timedelta(minutes=n), Sight.UP, 40 + n) for n in range(60)]
    assert len(ProbeHour.of("oa", 60, readings).model_dump_json()) < 7 * 60


@pytest.mark.parametrize(("every", "timeout", "fits"), [(60, 10, True), (30, 15, False), (10, 4, True), (10, 5, False)])
def test_two_tries_fit_between_two_probes(every: int, timeout: float, fits: bool) -> None:
    fields = {"every": every, "every_in_support": every, "timeout": timeout}
    if fits:
        Probe.model_validate(fields)
    else:
        with pytest.raises(ValidationError, match="时限太长"):
            Probe.model_validate(fields)
