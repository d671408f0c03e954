"""Probes in the ledger, on SQLite and on a real PostgreSQL: on record at once, packed and sealed with their run."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from checks.availability import Sight
from checks.finding import State
from checks.probe import ProbeHour, Reading, SeenHour
from checks.records import Event
from checks.slots import AVAILABILITY_PROBE, Slot
from tasks.ledger import Ledger, LedgerError, RunClosedError, probes
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify

T0 = datetime(2026, 11, 22, 4, tzinfo=UTC)
SLOT = Slot(
    f"{AVAILABILITY_PROBE}/all/2026-11-22", AVAILABILITY_PROBE, "all", date(2026, 11, 22), T0, T0 + timedelta(days=1)
)
READINGS = [
    Reading(T0 + timedelta(minutes=n), Sight.UP if n < 3 else Sight.DOWN, 40 + n, "" if n < 3 else "拒绝连接")
    for n in range(5)
]


@pytest.fixture
def ledger(url: str) -> Ledger:
    made = Ledger(url)
    made.expect([SLOT], T0)
    return made


def begun(ledger: Ledger) -> str:
    return ledger.begin(
        SLOT, flow_run_id="", trigger="schedule", who="计划任务", why="按计划执行", parameters={}, code_version="1",
        contract_hash="c", calendar_version="1", now=T0,
    )  # fmt: skip


def taken(ledger: Ledger, system: str = "oa") -> list[Reading]:
    hours = ledger.probe_hours(system, T0 - timedelta(hours=1), T0 + timedelta(hours=1))
    return [reading for hour in hours for reading in hour.readings()]


def test_a_reading_is_there_at_once_and_stays_the_same_when_its_run_ends(
    ledger: Ledger, url: str, tmp_path: Path
) -> None:
    run = begun(ledger)
    for reading in READINGS:
        ledger.probed(run, "oa", 60, reading)
        ledger.probed(run, "mobile", 60, reading._replace(ms=7))
    assert taken(ledger) == READINGS
    # When
    ledger.end(run, State.CRIT, T0 + timedelta(hours=1))
    # Then: nothing is left beside the sealed rows
    assert taken(ledger) == READINGS
    assert {reading.ms for reading in taken(ledger, "mobile")} == {7}
    with sa.create_engine(url).connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM probe")).scalar() == 0
    with stored(url, tmp_path) as book:
        verdict = verify(book)
    assert (verdict.problems, verdict.counted["visit"]) == ([], 2)


def test_a_run_that_was_killed_keeps_what_it_had_seen(ledger: Ledger, url: str) -> None:
    run = begun(ledger)
    for reading in READINGS[:3]:
        ledger.probed(run, "oa", 60, reading)
    # When: the next start finds it
    again = Ledger(url)
    assert again.close_cut_off(T0 + timedelta(hours=2)) == [SLOT.id]
    # Then
    assert taken(again) == READINGS[:3]
    with pytest.raises(LedgerError, match="已作为中断关闭"):
        again.probed(run, "oa", 60, READINGS[3])
    assert taken(again) == READINGS[:3]


def test_a_reading_that_comes_while_its_run_is_closed_is_packed_or_refused(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a thread that goes on probing as its run is closed, then nothing that was acknowledged is lost."""
    run, other = begun(ledger), Ledger(url)
    for reading in READINGS[:2]:
        ledger.probed(run, "oa", 60, reading)
    acknowledged = READINGS[:2]

    def late() -> None:
        with suppress(RunClosedError):
            other.probed(run, "oa", 60, READINGS[2])
            acknowledged.append(READINGS[2])

    thread, packed = Thread(target=late), probes._packed

    def slowly(rows: Iterable[Any]) -> Iterable[ProbeHour]:
        read = list(rows)
        thread.start()
        thread.join(0.5)
        return packed(read)

    monkeypatch.setattr(probes, "_packed", slowly)
    # When
    ledger.end(run, State.OK, T0 + timedelta(hours=1))
    thread.join()
    # Then
    monkeypatch.undo()
    assert taken(ledger) == acknowledged


def test_another_interval_within_a_run_is_packed_apart(ledger: Ledger) -> None:
    run = begun(ledger)
    for number, reading in enumerate(READINGS):
        ledger.probed(run, "oa", 60 if number < 2 else 30, reading)
    ledger.end(run, State.CRIT, T0 + timedelta(hours=1))
    hours = ledger.probe_hours("oa", T0 - timedelta(hours=1), T0 + timedelta(hours=1))
    seen = ledger.seen_hours("oa", T0 - timedelta(hours=1), T0 + timedelta(hours=1))
    assert seen == [SeenHour(every=hour.every, first=hour.first, gaps=hour.gaps, seen=hour.seen) for hour in hours]
    assert [(hour.every, hour.attempt, len(hour.ms)) for hour in hours] == [(60, 1, 2), (30, 2, 3)]


def test_two_cases_get_two_numbers(ledger: Ledger) -> None:
    event = Event(kind="incident", subject="G-2026-", at=T0, who="甲", why="乙", via="ui", body={})
    for _ in range(2):
        ledger.enter(event, T0, numbered=True)
    assert [one.subject for one in ledger.events("incident")] == ["G-2026-0001", "G-2026-0002"]
