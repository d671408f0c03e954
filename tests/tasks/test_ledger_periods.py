"""What a report of a period reads from the ledger, on SQLite and on a real PostgreSQL: what was not well, and facts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from checks.finding import Finding, Reason, State
from checks.period_faults import Fault
from checks.slots import HOST_INSPECTION, PAGE_INSPECTION, Slot
from checks.visit import HostVisit
from tasks.ledger import Ledger

T0 = datetime(2026, 11, 2, 4, tzinfo=UTC)


def slot(duty: str, target: str, day: int) -> Slot:
    opens = T0 + timedelta(days=day)
    return Slot(f"{duty}/{target}/{day}", duty, target, opens.date(), opens, opens + timedelta(days=1))


def told(check: str, state: State) -> Finding:
    return Finding(check=check, state=state, summary="看到", reason=Reason.TIMEOUT if state is State.UNKNOWN else None)


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


def ran(ledger: Ledger, of: Slot, *attempts: list[Finding], visit: HostVisit | None = None, minutes: int = 0) -> str:
    """A run of which each attempt gives verdicts."""
    at = of.opens_at + timedelta(minutes=minutes)
    ledger.expect([of], at)
    run = ledger.begin(
        of, flow_run_id="", trigger="schedule", who="x", why="x", parameters={}, code_version="1", contract_hash="c",
        calendar_version="1", now=at,
    )  # fmt: skip
    for number, findings in enumerate(attempts, start=1):
        target = of.target if of.duty == HOST_INSPECTION else f"{of.target}/todo"
        ledger.add(run, target, number, findings, visit=visit, evidence=(), now=at)
    ledger.end(run, State.OK, at)
    return run


def seen(faults: list[Fault]) -> list[tuple[str, str, State, bool]]:
    return [(one.slot.rpartition("/")[2], one.check, one.state, one.newest) for one in faults]


def days(first: int, last: int) -> tuple[date, date]:
    return (T0 + timedelta(days=first)).date(), (T0 + timedelta(days=last)).date()


def test_the_last_verdict_of_each_slot_counts_and_the_last_of_all_stands(ledger: Ledger) -> None:
    page = [slot(PAGE_INSPECTION, "oa", day) for day in range(4)]
    ran(ledger, page[0], [told("PG01", State.CRIT), told("PG02", State.WARN)])
    # a second attempt that was well, and a second run that was not
    ran(ledger, page[1], [told("PG01", State.CRIT)], [told("PG01", State.OK)])
    ran(ledger, page[2], [told("PG01", State.OK), told("PG03", State.UNKNOWN)])
    ran(ledger, page[2], [told("PG01", State.WARN)], minutes=30)
    ran(ledger, page[3], [told("PG01", State.CRIT)])
    ran(ledger, slot(HOST_INSPECTION, "oa-db-01", 1), [told("OS01", State.CRIT)])
    found = seen(ledger.faults([PAGE_INSPECTION], *days(0, 2)))
    assert found == [
        ("0", "PG01", State.CRIT, False),
        ("0", "PG02", State.WARN, True),  # nobody has looked at it since
        ("2", "PG03", State.UNKNOWN, False),
        ("2", "PG01", State.WARN, True),  # as of the last of these days
    ]
    assert seen(ledger.faults([PAGE_INSPECTION, HOST_INSPECTION], *days(1, 1))) == [("1", "OS01", State.CRIT, True)]
    assert ledger.faults([PAGE_INSPECTION], *days(5, 9)) == []


def test_what_nobody_could_look_at_since_still_stands(ledger: Ledger) -> None:
    for day, state in enumerate((State.CRIT, State.UNKNOWN, State.UNKNOWN)):
        ran(ledger, slot(PAGE_INSPECTION, "oa", day), [told("PG01", state)])
    assert seen(ledger.faults([PAGE_INSPECTION], *days(0, 2))) == [
        ("0", "PG01", State.CRIT, True),
        ("1", "PG01", State.UNKNOWN, False),
        ("2", "PG01", State.UNKNOWN, False),
    ]


def test_facts_of_some_items_oldest_first(ledger: Ledger) -> None:
    runs = []
    for day in (7, 0):
        of = slot(HOST_INSPECTION, "oa-db-01", day)
        facts = {"OS04": {"busy": day}, "OS06": {"total": 1}, "OS09": {"much": "more"}}
        visit = HostVisit(target="oa-db-01", attempt=1, started_at=of.opens_at, seconds=1, facts=facts)
        runs.append(ran(ledger, of, [told("OS04", State.OK)], visit=visit))
    found = ledger.facts(HOST_INSPECTION, *days(0, 7), ["OS04", "OS06", "OS08"])
    assert [(one.run, one.target, one.facts) for one in found] == [
        (runs[1], "oa-db-01", {"OS04": {"busy": 0}, "OS06": {"total": 1}}),
        (runs[0], "oa-db-01", {"OS04": {"busy": 7}, "OS06": {"total": 1}}),
    ]
    assert ledger.facts(HOST_INSPECTION, *days(1, 6), ["OS04"]) == []
